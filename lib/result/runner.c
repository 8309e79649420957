/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"

#define STAT_PARENT  4
#define STAT_STARTED 22

char *run_new_id(void)
{
	time_t now = time(NULL);
	unsigned int noise = 0;
	char stamp[32];
	struct tm tm;

	if (getrandom(&noise, sizeof(noise), 0) < 0)
		noise = (unsigned int)now;
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	return xasprintf("%s-%d-%08x", stamp, (int)getpid(), noise);
}

/* The process in an id made by run_new_id; 0 in any other text. */
static long pid_in(const char *id)
{
	long pid = 0;
	int end = 0;

	if (!id || sscanf(id, "%*8[0-9]T%*6[0-9]Z-%ld-%*8[0-9a-f]%n", &pid, &end) != 1 || !end || id[end])
		return 0;
	return pid;
}

/* Field n (from 1) of /proc/PID/stat behind the name, which may hold blanks. */
static unsigned long long stat_field(long pid, int n)
{
	auto_free char *path = xasprintf("/proc/%ld/stat", pid);
	auto_str struct str text = { 0 };
	struct err ignored;
	char *p;

	if (read_file(path, &text, &ignored) < 0 || !text.s)
		return 0;
	p = strrchr(text.s, ')');
	for (int i = 2; p && i < n; i++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

static long parent_of(long pid)
{
	return (long)stat_field(pid, STAT_PARENT);
}

static char *identity(long pid)
{
	auto_str struct str boot = { 0 };
	struct err ignored;

	read_file("/proc/sys/kernel/random/boot_id", &boot, &ignored);
	return xasprintf("%s:%ld:%llu", boot.s ? trim(boot.s) : "", pid, stat_field(pid, STAT_STARTED));
}

char *run_token(void)
{
	const char *id = env_get(ENV_RUN_ID) ? env_get(ENV_RUN_ID) : env_get(ENV_NEXTEST_RUN_ID);
	long starter;

	if (id)
		return xstrdup(id);
	/* our parent is the test program; its parent runs all of them */
	starter = parent_of(getppid());
	return identity(starter ? starter : getppid());
}

/* Whether it was started with nextest's run id: a test, or a wrapper of it. */
static bool is_below_nextest(long pid)
{
	auto_free char *path = xasprintf("/proc/%ld/environ", pid);
	auto_str struct str text = { 0 };
	struct err ignored;

	if (read_file(path, &text, &ignored) < 0)
		return false;
	for (size_t at = 0; at < text.len; at += strlen(text.s + at) + 1)
		if (starts_with(text.s + at, "NEXTEST_RUN_ID="))
			return true;
	return false;
}

char *runner_find(void)
{
	long wanted = pid_in(env_get(ENV_RUN_ID)), pid = getppid();

	for (long p = pid; wanted > 1 && p > 1; p = parent_of(p))
		if (p == wanted)
			return identity(p);
	if (!env_get(ENV_NEXTEST_RUN_ID))
		return NULL;
	while (pid > 1 && is_below_nextest(pid))
		pid = parent_of(pid);
	return pid > 1 ? identity(pid) : NULL;
}

long runner_alive(const char *runner)
{
	const char *colon = strchr(runner, ':');
	long pid = colon ? strtol(colon + 1, NULL, 10) : 0;
	auto_free char *now = pid > 0 ? identity(pid) : NULL;

	return now && strcmp(now, runner) == 0 ? pid : 0;
}
