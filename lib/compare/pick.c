/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/pick.h"

#include "compare/revspec.h"
#include "result/rows.h"

int commits_resolve(struct side_filter *f, const char *prefix, struct err *e)
{
	for (int d = DIM_PROJECT_COMMIT; d <= DIM_KERNEL_COMMIT; d++) {
		auto_free char *option = xasprintf("%s%s", prefix, dimension_names[d]);
		enum revspec_tree tree = d == DIM_KERNEL_COMMIT ? REVSPEC_KERNEL : REVSPEC_PROJECT;

		if (revspec_resolve(&f->values[d], option, tree, e) < 0)
			return -1;
	}
	return 0;
}

int pick_resolve(struct pick *p, struct err *e)
{
	for (int d = 0; d < DIM_COUNT; d++)
		if (p->side.values[d].n)
			strv_addv(&p->said.values[d], p->side.values[d].v);
	return commits_resolve(&p->side, "", e);
}

void pick_rows(const struct pick *p, const struct rows *rows, struct selection *s)
{
	size_t kept = 0;

	side_select(rows, &p->side, s);
	for (size_t i = 0; i < s->n; i++) {
		const struct row *r = s->v[i];

		if (has_text(r->test, r->topology, r->scheduler, r->work_type, p->text))
			s->v[kept++] = r;
	}
	s->n = kept;
}

void pick_say(const struct pick *p, struct str *out)
{
	size_t from = out->len;

	for (int d = 0; d < DIM_COUNT; d++) {
		const struct strv *l = &p->said.values[d];

		for (size_t i = 0; i < l->n; i++)
			if (i)
				str_addf(out, "|%s", l->v[i]);
			else
				str_addf(out, "%s%s %s", out->len > from ? ", " : "", dimension_names[d], l->v[i]);
	}
	if (p->text)
		str_addf(out, "%s\"%s\"", out->len > from ? ", " : "", p->text);
}
