/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "test/guest.h"
#include "test/run.h"

/* What the command line says; unknown words are nextest's business. */
struct args {
	bool schedulers, list, ignored, exact_given;
	const char *exact, *fn, *topo, *thresholds;
};

/* --name VALUE or --name=VALUE: the value, moving *i over it. */
static const char *value_of(int argc, char **argv, int *i, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n] || *i + 1 >= argc || !argv[*i + 1])
		return NULL;
	return argv[++*i];
}

static void read_args(int argc, char **argv, struct args *a)
{
	for (int i = 1; i < argc && argv[i]; i++) {
		const char *v;

		if (strcmp(argv[i], "--ktstr-list-schedulers") == 0)
			a->schedulers = true;
		else if (strcmp(argv[i], "--list") == 0)
			a->list = true;
		else if (strcmp(argv[i], "--ignored") == 0)
			a->ignored = true;
		else if ((v = value_of(argc, argv, &i, "--ktstr-test-fn")))
			a->fn = v;
		else if ((v = value_of(argc, argv, &i, "--ktstr-topo")))
			a->topo = v;
		else if ((v = value_of(argc, argv, &i, "--ktstr-show-thresholds")))
			a->thresholds = v;
		else if (strcmp(argv[i], "--exact") == 0) {
			a->exact_given = true;
			if (i + 1 < argc && argv[i + 1][0] != '-')
				a->exact = argv[++i];
		}
	}
}

static int fail(const struct err *e)
{
	print_err(e);
	return 1;
}

/* --ktstr-test-fn: inside the VM the body, outside a VM of that topology. */
static int test_fn(const struct args *a)
{
	struct choice c = { .test = test_find(a->fn) };
	struct err e;

	if (!c.test) {
		err_set(&e, "unknown test: %s", a->fn);
		return fail(&e);
	}
	c.topo = test_topology(c.test);
	if (a->topo && topology_parse(&c.topo, a->topo, &e))
		return fail(&e);
	if (a->topo && !guest_connected())
		return run_test(&c);
	return guest_main(&c);
}

static int usage(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	auto_free char *text = xasprintf("usage: %s --list --format terse [--ignored]\n"
					 "       %s --exact <test_name> --nocapture\n",
					 name, name);

	write_all(STDERR_FILENO, text, strlen(text));
	return 1;
}

int ktstr_main(int argc, char **argv)
{
	struct args a = { 0 };
	struct choice c;
	struct err e;

	prog_name = "ktstr";
	read_args(argc, argv, &a);
	if (a.schedulers) {
		list_schedulers();
		return finish(0);
	}
	if (a.thresholds)
		return finish(show_thresholds(a.thresholds, &e) ? fail(&e) : 0);
	if (a.fn)
		return finish(test_fn(&a));
	if (a.list) {
		warn_duplicate_tests();
		list_tests(a.ignored);
		return finish(0);
	}
	if (a.exact)
		return finish(choice_parse(a.exact, &c, &e) ? fail(&e) : run_test(&c));
	if (a.exact_given) {
		err_set(&e, "--exact requires a test name");
		return fail(&e);
	}
	return usage(argc > 0 ? argv[0] : "ktstr-test");
}
