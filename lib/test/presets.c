/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "test/select.h"

/* The table is part of the library, so that a test program needs no file. */
__asm__(".pushsection .rodata\n"
	"ktstr_presets_text:\n"
	".incbin \"share/gauntlet/presets\"\n"
	".byte 0\n"
	".popsection\n");
extern const char presets_text[] __asm__("ktstr_presets_text");

static struct preset table[64];
static size_t count;

/* "NAME TOPOLOGY" */
static void add_line(const char *line)
{
	struct preset *p = &table[count];
	char topo[32];
	struct err e;

	if (*line == '#' || sscanf(line, "%31s %31s", p->name, topo) != 2)
		return;
	if (topology_parse(&p->topo, topo, &e))
		die("gauntlet preset %s: %s", p->name, e.text);
#ifdef __aarch64__
	if (p->topo.threads > 1)
		return; /* Arm cores have one thread */
#endif
	if (count < ARRAY_SIZE(table) - 1)
		count++;
}

const struct preset *presets(size_t *n)
{
	if (!count)
		for (const char *p = presets_text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
			char line[128];

			snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
			add_line(line);
		}
	*n = count;
	return table;
}

const struct preset *preset_find(const char *name)
{
	size_t n;
	const struct preset *p = presets(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return &p[i];
	return NULL;
}
