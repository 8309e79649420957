/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "test/guest.h"

static int guest_fd(void)
{
	const char *s = env_get(ENV_GUEST_FD);
	unsigned long long fd;

	return s && parse_u64(s, &fd) == 0 && fd < 1024 ? (int)fd : -1;
}

bool guest_connected(void)
{
	return guest_fd() >= 0;
}

void guest_send(const char *json)
{
	auto_free char *line = NULL;
	int fd = guest_fd();

	if (fd < 0)
		return;
	line = xasprintf("%s\n", json);
	if (write_all(fd, line, strlen(line)) < 0)
		warn("the host does not listen any more");
}

void guest_deadline(long long ms)
{
	auto_free char *line = xasprintf("{\"type\":\"deadline\",\"ms\":%lld}", ms);

	guest_send(line);
}
