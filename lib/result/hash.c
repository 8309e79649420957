/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/hash.h"

#include "base/siphash.h"
#include "json/write.h"

static void sorted(struct jw *w, const char *key, const struct strv *list)
{
	auto_strv struct strv copy = { 0 };

	if (list->n)
		strv_addv(&copy, list->v);
	strv_sort(&copy);
	jw_key(w, key);
	jw_array(w);
	for (size_t i = 0; i < copy.n; i++)
		jw_str(w, copy.v[i]);
	jw_end(w);
}

uint64_t variant_hash(const struct strv *kargs, const char *payload, const char *scheduler, const struct strv *sysctls,
		      const char *topology, const char *work_type)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 0);
	jw_object(&w);
	sorted(&w, "kargs", kargs);
	jw_key_str(&w, "payload", payload);
	jw_key_str(&w, "scheduler", scheduler);
	sorted(&w, "sysctls", sysctls);
	jw_key_str(&w, "topology", topology);
	jw_key_str(&w, "work_type", work_type);
	jw_end(&w);
	return siphash13(text.s, text.len);
}
