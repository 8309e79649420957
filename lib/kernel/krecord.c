/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/krecord.h"

#include <stdlib.h>
#include <string.h>

#include "json/write.h"
#include "kernel/spec.h"

static void keep(char **to, char *s)
{
	free(*to);
	*to = s;
}

static void parse_error(struct krecord *k, struct jr *r)
{
	struct jkey key;

	if (jr_null(r))
		return;
	for (jr_object(r); jr_key(r, &key);)
		if (key_is(&key, "stage"))
			keep(&k->failed_stage, jr_str_or_null(r));
		else if (key_is(&key, "message"))
			keep(&k->failure, jr_str_or_null(r));
		else
			jr_skip(r);
}

static bool parse_flag(struct krecord *k, const struct jkey *key, struct jr *r)
{
	const struct {
		const char *name;
		bool *to;
	} flags[] = {
		{ "lean", &k->lean },     { "temp", &k->temp },   { "dirty", &k->dirty },
		{ "is_git", &k->is_git }, { "force", &k->force },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (key_is(key, flags[i].name)) {
			*flags[i].to = jr_null(r) ? false : jr_bool(r);
			return true;
		}
	return false;
}

static bool parse_text(struct krecord *k, const struct jkey *key, struct jr *r)
{
	const struct {
		const char *name;
		char **to;
	} texts[] = {
		{ "spec", &k->spec },         { "kind", &k->kind },
		{ "version", &k->version },   { "label", &k->label },
		{ "key", &k->key },           { "state", &k->state },
		{ "src", &k->src },           { "dir", &k->dir },
		{ "git_hash", &k->git_hash }, { "tarball", &k->tarball },
		{ "sha256", &k->sha256 },     { "url", &k->url },
		{ "ref", &k->ref },           { "refname", &k->refname },
		{ "commit", &k->commit },     { "extra_kconfig", &k->extra_kconfig },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (key_is(key, texts[i].name)) {
			keep(texts[i].to, jr_str_or_null(r));
			return true;
		}
	return false;
}

static int check(const struct record *rec, const struct krecord *k, struct err *e)
{
	const char *lacks = NULL;

	if (!k->state)
		lacks = "state";
	else if (!k->spec)
		lacks = "spec";
	else if (!k->label && strcmp(k->state, "error") != 0)
		lacks = "label";
	else if (!k->key && strcmp(k->state, "error") != 0)
		lacks = "key";
	if (lacks)
		return err_set(e, "line %lu: the kernel record has no \"%s\"", rec->number, lacks);
	if (k->index >= k->total)
		return err_set(e, "line %lu: kernel record %llu of %llu cannot be", rec->number,
			       (unsigned long long)k->index, (unsigned long long)k->total);
	return 0;
}

int krecord_parse(const struct record *rec, struct krecord *k, struct err *e)
{
	struct jkey key;
	struct jr r;

	*k = (struct krecord){ 0 };
	jr_init(&r, rec->line.s, rec->line.n);
	for (jr_object(&r); jr_key(&r, &key);)
		if (key_is(&key, "index"))
			k->index = jr_u64(&r);
		else if (key_is(&key, "total"))
			k->total = jr_u64(&r);
		else if (key_is(&key, "error"))
			parse_error(k, &r);
		else if (!parse_flag(k, &key, &r) && !parse_text(k, &key, &r))
			jr_skip(&r);
	if (jr_end(&r, e) < 0)
		err_wrap(e, "line %lu of the record stream is no kernel record", rec->number);
	else if (check(rec, k, e) == 0)
		return 0;
	krecord_release(k);
	return -1;
}

void krecord_release(struct krecord *k)
{
	char *all[] = { k->spec,    k->kind, k->version,  k->label,   k->key,    k->state,
			k->src,     k->dir,  k->git_hash, k->tarball, k->sha256, k->failed_stage,
			k->failure, k->url,  k->ref,      k->refname, k->commit, k->extra_kconfig };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
	*k = (struct krecord){ 0 };
}

bool krecord_wants_source(const struct krecord *k)
{
	if (strcmp(k->state, "missing") != 0 || !k->kind)
		return false;
	return (k->version && strcmp(k->kind, "version") == 0) ||
	       (k->tarball && k->sha256 && strcmp(k->kind, "tarball") == 0) ||
	       (k->url && k->ref && k->commit && strcmp(k->kind, "git") == 0);
}

static void say_failure(const struct record *rec, const struct err *why)
{
	auto_free char *spec = json_get_str(rec->line.s, rec->line.n, "spec");
	auto_free char *version = json_get_str(rec->line.s, rec->line.n, "version");

	if (spec && version && spec_is_range(spec))
		note_err(version, why);
	else
		print_err(why);
}

int krecord_fail(const struct record *rec, const char *stage, const struct err *why, struct err *e)
{
	auto_str struct str text = { 0 };
	struct edit d;
	struct jw w;

	say_failure(rec, why);
	jw_init(&w, &text, 0);
	jw_object(&w);
	jw_key_str(&w, "stage", stage);
	jw_key_str(&w, "message", why->text);
	jw_key_str(&w, "hint", why->hint);
	jw_end(&w);
	edit_init(&d, rec->line);
	edit_str(&d, "state", "error");
	edit_raw(&d, "error", text.s);
	return edit_emit(&d, e);
}
