/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which tests there are and what they are called: the registry with its
 * defaults, topologies and presets, kernels, and the names cargo-nextest sees.
 *
 * Registered tests and schedulers are the program's; nothing here frees them.
 */
#ifndef TEST_SELECT_H
#define TEST_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/topology.h"
#include "test/ktstr.h"

/* --- presets ---------------------------------------------------------- */

struct preset {
	char name[32];
	struct topology topo;
};
/* The presets of this machine's architecture, in listing order. */
const struct preset *presets(size_t *n);
const struct preset *preset_find(const char *name);

/* What the host can carry; a preset beyond it is not listed. */
struct host_limits {
	uint32_t cpus, llcs, llc_width; /* width: CPUs of the widest LLC */
};
const struct host_limits *host_limits(void);
bool preset_fits(const struct preset *p, const struct ktstr_constraints *c, const struct host_limits *h, bool no_perf);

/* --- the registry ----------------------------------------------------- */

/* Tests in registration order; of several with one name only the first. */
size_t test_count(void);
const struct ktstr_test *test_at(size_t i);
const struct ktstr_test *test_find(const char *name);
/* The registered name nearest to a mistyped one, or NULL. */
const char *test_suggest(const char *name);
/* One warning for each name registered more than once. */
void warn_duplicate_tests(void);
size_t scheduler_count(void);
const struct ktstr_scheduler *scheduler_at(size_t i);

/* A test's values with defaults and its scheduler's filled in. */
const struct ktstr_scheduler *test_scheduler(const struct ktstr_test *t);
struct topology test_topology(const struct ktstr_test *t);
struct topology scheduler_topology(const struct ktstr_scheduler *s);
struct ktstr_constraints test_constraints(const struct ktstr_test *t);
struct ktstr_constraints scheduler_constraints(const struct ktstr_scheduler *s);
uint64_t test_duration_s(const struct ktstr_test *t);
uint64_t test_watchdog_s(const struct ktstr_test *t);
uint64_t test_memory_mb(const struct ktstr_test *t, const struct topology *topo);
bool test_no_perf(const struct ktstr_test *t);

/* "eevdf", the binary, or "kernel": how messages call the scheduler. */
const char *scheduler_display(const struct ktstr_scheduler *s);
/* Whether it is something other than the kernel's own. */
bool scheduler_active(const struct ktstr_scheduler *s);

/* 0, or -1 with the first thing wrong with the declarations. */
int test_validate(const struct ktstr_test *t, struct err *e);
int scheduler_validate(const struct ktstr_scheduler *s, struct err *e);

/* --- kernels of a run ------------------------------------------------- */

struct kernel_ref {
	char *raw, *label, *path; /* "6.14.2", "kernel_6_14_2", directory */
};
/* KTSTR_KERNEL_LIST, read once. */
const struct kernel_ref *kernel_list(size_t *n);
/* Whether names carry a kernel: two or more, and not plain cargo test. */
bool multi_kernel(void);

/* --- names ------------------------------------------------------------ */

/* One test as nextest names it. */
struct choice {
	const struct ktstr_test *test;
	const struct preset *preset;     /* NULL for the declared topology */
	const struct kernel_ref *kernel; /* NULL unless the name says one */
	struct topology topo;
};
/* "ktstr/NAME", "gauntlet/NAME/PRESET", each with a kernel's label behind it
 * when there are several; or a bare NAME. 0 or -1. */
int choice_parse(const char *name, struct choice *c, struct err *e);

/* Print what --list [--ignored] shows. */
void list_tests(bool ignored);
/* The JSON array of declared schedulers, one line. */
void list_schedulers(void);

#endif
