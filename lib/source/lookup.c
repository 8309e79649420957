/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/where.h"
#include "json/read.h"

void lookup_release(struct lookup *l)
{
	strv_release(&l->versions);
}

static int read_answer(struct lookup *l, const char *line, size_t n, struct err *e)
{
	auto_free char *message = NULL, *hint = NULL;
	struct jkey k;
	struct jr r;

	jr_init(&r, line, n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, "versions"))
			for (jr_array(&r); jr_item(&r);)
				strv_give(&l->versions, jr_str(&r));
		else if (key_is(&k, "message") && !message)
			message = jr_str(&r);
		else if (key_is(&k, "hint") && !hint)
			hint = jr_str_or_null(&r);
		else
			jr_skip(&r);
	if (jr_end(&r, e) < 0)
		return err_wrap(e, "ktstr-releases");
	l->failed = !l->versions.n;
	if (l->failed)
		err_set(&l->why, "%s", message ? message : "no release found");
	if (l->failed && hint)
		err_hint(&l->why, "%s", hint);
	return 0;
}

/* The answers come in the order asked, the newest release's first. */
static int read_answers(struct lookup *v, size_t n, char *text, struct err *e)
{
	for (int latest = 1; latest >= 0; latest--)
		for (size_t i = 0; i < n; i++) {
			char *line;

			if ((v[i].spec == NULL) != latest)
				continue;
			line = strsep(&text, "\n");
			if (!line || !*line)
				return err_set(e, "ktstr-releases has not answered for all kernels");
			if (read_answer(&v[i], line, strlen(line), e) < 0)
				return -1;
		}
	return 0;
}

int lookup_run(struct lookup *v, size_t n, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	auto_str struct str out = { 0 };
	size_t latest = 0;

	strv_give(&argv, where_libexec("ktstr-releases"));
	strv_add(&argv, "--json");
	for (size_t i = 0; i < n; i++)
		if (!v[i].spec && !latest++)
			strv_add(&argv, "--latest");
	for (size_t i = 0; i < n; i++)
		if (v[i].spec)
			strv_add(&argv, v[i].spec);
	if (child_run(argv.v, NULL, &out, e) < 0)
		return -1;
	return read_answers(v, n, out.s, e);
}
