/* SPDX-License-Identifier: GPL-2.0-only */
/* The runtime's functions from the command line, for tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/label.h"
#include "test/checks.h"
#include "test/select.h"

/* "label RAW": the form test names use. */
static int do_label(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		auto_free char *label = label_sanitize(argv[i]);

		puts(label);
	}
	return 0;
}

/* "topology TEXT": its CPUs. */
static int do_topology(int argc, char **argv)
{
	struct topology t;
	struct err e;

	if (topology_parse(&t, argc ? argv[0] : "", &e))
		die_err(&e);
	printf("%llu\n", (unsigned long long)topology_cpus(&t));
	return 0;
}

static unsigned long number(const char *s)
{
	return strtoul(s, NULL, 10);
}

/* The value of "key=" among the arguments, or none. */
static const char *value(int argc, char **argv, const char *key, const char *none)
{
	size_t n = strlen(key);

	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], key, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
	return none;
}

static uint32_t count_of(int argc, char **argv, const char *key, const char *none)
{
	return (uint32_t)number(value(argc, argv, key, none));
}

/* "presets [min_llcs=N] [max_llcs=N] [min_cpus=N] [max_cpus=N] [max_numa=N] [smt=1] [cpus=N] [llcs=N] [width=N]
 * [no_perf=1]": names that fit, on a host of those CPUs. */
static int do_presets(int argc, char **argv)
{
	struct ktstr_constraints given = {
		.max_numa_nodes = count_of(argc, argv, "max_numa", "0"),
		.min_llcs = count_of(argc, argv, "min_llcs", "0"),
		.max_llcs = count_of(argc, argv, "max_llcs", "0"),
		.min_cpus = count_of(argc, argv, "min_cpus", "0"),
		.max_cpus = count_of(argc, argv, "max_cpus", "0"),
		.requires_smt = count_of(argc, argv, "smt", "0"),
	};
	struct ktstr_test t = { .name = "t", .constraints = given };
	struct ktstr_constraints c = test_constraints(&t);
	struct host_limits h = { count_of(argc, argv, "cpus", "1024"), count_of(argc, argv, "llcs", "64"),
				 count_of(argc, argv, "width", "64") };
	size_t n;
	const struct preset *p = presets(&n);

	for (size_t i = 0; i < n; i++)
		if (preset_fits(&p[i], &c, &h, count_of(argc, argv, "no_perf", "0")))
			puts(p[i].name);
	return 0;
}

/* "cpus LIST": as sets are printed. */
static int do_cpus(int argc, char **argv)
{
	auto_str struct str out = { 0 };
	struct cpus c;

	if (cpus_parse(argc ? argv[0] : "", &c))
		die("'%s' is not a list of CPUs", argv[0]);
	cpus_print(&c, &out);
	printf("%s %u\n", str_c(&out), cpus_count(&c));
	return 0;
}

static void read_worker(char *line, struct worker_report *r)
{
	char *words[32];
	int n = 0;

	for (char *w; (w = strsep(&line, " ")) && n < 32;)
		if (*w)
			words[n++] = w;
	*r = (struct worker_report){
		.tid = (int32_t)count_of(n, words, "tid", "1"),
		.completed = !count_of(n, words, "lost", "0"),
		.exit_code = (int32_t)count_of(n, words, "lost", "0"),
		.work_units = number(value(n, words, "work", "1000")),
		.iterations = number(value(n, words, "iterations", "100")),
		.cpu_time_ns = number(value(n, words, "cpu_ms", "1000")) * 1000000,
		.wall_time_ns = number(value(n, words, "wall_ms", "1000")) * 1000000,
		.off_cpu_ns = number(value(n, words, "off_ms", "0")) * 1000000,
		.migration_count = number(value(n, words, "migrations", "0")),
		.max_gap_ms = number(value(n, words, "gap_ms", "0")),
		.max_gap_cpu = count_of(n, words, "gap_cpu", "0"),
		.max_gap_at_ms = number(value(n, words, "gap_at_ms", "0")),
		.schedstat_run_delay_ns = number(value(n, words, "delay_us", "0")) * 1000,
	};
	cpus_parse(value(n, words, "on", "0"), &r->cpus_used);
}

static void set_threshold(struct ktstr_assert *a, const struct threshold *row, const char *text)
{
	char *at = (char *)a + row->offset;

	if (row->is_switch)
		*(enum ktstr_switch *)at = strcmp(text, "on") == 0 ? KTSTR_ON : KTSTR_OFF;
	else
		*(struct ktstr_limit *)at = (struct ktstr_limit)KTSTR_LIMIT(strtod(text, NULL));
}

/* "check [release=1] [cpuset=LIST] [FIELD=VALUE]…" with a worker a line on
 * standard input, "tid=1 work=0 …": the result message. */
static int do_check(int argc, char **argv)
{
	static struct worker_report reports[64];
	const struct worker_report *list[64];
	struct group g = { .name = "cell", .reports = list };
	const char *set = value(argc, argv, "cpuset", NULL);
	struct ktstr_assert a = { 0 };
	struct result r = { 0 };
	struct str out = { 0 };
	struct cpus cpuset;
	char line[512];

	for (size_t i = 0; i < thresholds_n; i++)
		if (value(argc, argv, thresholds[i].name, NULL))
			set_threshold(&a, &thresholds[i], value(argc, argv, thresholds[i].name, NULL));
	while (g.n < ARRAY_SIZE(list) && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		read_worker(line, &reports[g.n]);
		list[g.n] = &reports[g.n];
		g.n++;
	}
	if (set && cpus_parse(set, &cpuset) == 0)
		g.cpuset = &cpuset;
	check_group(&g, &a, count_of(argc, argv, "release", "0"), &r);
	result_write(&out, &r);
	puts(str_c(&out));
	str_release(&out);
	result_release(&r);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = { { "label", do_label },
		      { "topology", do_topology },
		      { "presets", do_presets },
		      { "cpus", do_cpus },
		      { "check", do_check } };

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return finish(verbs[i].run(argc - 2, argv + 2));
	die("no such verb");
}
