/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool-tool: make a pool of many results, quickly and always the same.
 *
 *	pool-tool DIR RUNS RESULTS <RESULT.json
 *
 * RESULTS files of about 6 KB in RUNS run directories of ten kernels, each of
 * four jobs (sub-directories) that try the same tests. The result on stdin is
 * what all of them are varied from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/opt.h"
#include "result/sidecar.h"

#define JOBS 4

static const char *const topologies[] = { "1n1l4c1t", "1n2l4c1t", "1n2l4c2t", "2n4l4c1t", "1n4l2c2t" };
static const char *const work_types[] = { "SpinWait", "YieldHeavy", "Bursty", "PageFaultChurn", "IoSync" };
static const char *const schedulers[] = { "eevdf", "scx_rusty", "scx_lavd" };

static uint64_t state = 1;

/* Between 0 and 1 (xorshift64*). */
static double chance(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (double)((state * 0x2545f4914f6cdd1d) >> 11) / 9007199254740992.0;
}

/* About v, by a tenth up or down, with digits as measurements have. */
static double about(double v)
{
	return (double)(long)(v * (0.9 + 0.2 * chance()) * 10000) / 10000;
}

static void put(char **field, char *value)
{
	free(*field);
	*field = value;
}

static void vary(struct sidecar *s, int run, int number)
{
	put(&s->test_name, xasprintf("scenario_%02d", number % 40));
	put(&s->topology, xstrdup(topologies[number / 40 % ARRAY_SIZE(topologies)]));
	put(&s->work_type, xstrdup(work_types[number / 200 % ARRAY_SIZE(work_types)]));
	put(&s->scheduler, xstrdup(schedulers[number / 1000 % ARRAY_SIZE(schedulers)]));
	put(&s->kernel_version, xasprintf("6.%d.%d", 10 + run % 10, run % 7));
	put(&s->project_commit, xasprintf("%07x", 0xabc0000 + run / 10));
	put(&s->run_id, xasprintf("20260418T%06dZ-%d-%08x", run, number, (unsigned)(chance() * 4e9)));
	s->passed = chance() > 0.02;
	s->stats.worst_spread = about(8.25);
	s->stats.worst_gap_ms = (uint64_t)(about(41) * (1 + run % 3));
	s->stats.total_migrations = (uint64_t)about(212);
	s->stats.worst_p99_wake_latency_us = about(640);
	s->stats.worst_median_wake_latency_us = about(80);
	s->stats.worst_wake_latency_cv = about(0.62);
	s->stats.total_iterations = (uint64_t)about(40000);
	s->stats.worst_run_delay_us = about(310);
	s->stats.worst_iterations_per_worker = about(10000);
	s->monitor->max_imbalance_ratio = about(2);
	s->monitor->event_deltas->total_fallback = (int64_t)about(7);
}

static void store(const struct sidecar *s, const char *dir)
{
	auto_free char *name = sidecar_file_name(s), *path = xasprintf("%s/%s", dir, name);
	auto_str struct str text = { 0 };
	FILE *f = fopen(path, "we");

	sidecar_print(s, &text);
	if (!f || fwrite(text.s, 1, text.len, f) != text.len || fclose(f) != 0)
		die_sys("write %s", path);
}

static void make_run(struct sidecar *s, const char *pool, int run, int results)
{
	for (int job = 0; job < JOBS; job++) {
		auto_free char *dir =
			xasprintf("%s/6.%d.%d-%07x/job-%d", pool, 10 + run % 10, run % 7, 0xabc0000 + run / 10, job);
		struct err e;

		if (make_dirs(dir, &e) < 0)
			die_err(&e);
		for (int i = job; i < results; i += JOBS) {
			vary(s, run, i / JOBS);
			store(s, dir);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct program program = { .name = "pool-tool",
						.args = "DIR RUNS RESULTS",
						.about = "make a pool of many results",
						.min_args = 3,
						.max_args = 3 };
	auto_str struct str text = { 0 };
	struct sidecar s;
	struct err e;
	int runs, results, n;

	argv = start(&program, argc, argv, &n);
	runs = atoi(argv[1]);
	results = atoi(argv[2]);
	if (runs < 1 || read_fd(STDIN_FILENO, &text, &e) < 0 || sidecar_parse(&s, str_c(&text), text.len, &e) < 0)
		die_err(&e);
	for (int run = 0; run < runs; run++)
		make_run(&s, argv[0], run, results / runs + (run < results % runs));
	sidecar_release(&s);
	return 0;
}
