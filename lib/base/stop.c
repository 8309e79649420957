/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/stop.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "base/str.h"

static volatile sig_atomic_t held, got;

static void end_by(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	raise(sig);
	/* inside the handler the signal is blocked until we let it through */
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_signal(int sig)
{
	got = sig;
	if (!held)
		end_by(sig);
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static bool is_ignored(int sig)
{
	struct sigaction old;

	return sigaction(sig, NULL, &old) < 0 || old.sa_handler == SIG_IGN;
}

void stop_watch(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!is_ignored(signals[i]))
			sigaction(signals[i], &act, NULL);
}

/* Blocked, a signal that is ignored would arrive all the same. */
int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!is_ignored(signals[i]))
			sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

void stop_hold(void)
{
	held = 1;
}

bool stop_wanted(void)
{
	return got != 0;
}

void stop_release(void)
{
	held = 0;
	if (got)
		end_by(got);
}
