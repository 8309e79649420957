/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/pin.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/where.h"
#include "json/shape.h"

static const struct shape_field fields[] = {
	FIELD(struct pin, file, SHAPE_STR),
	FIELD(struct pin, url, SHAPE_STR),
	FIELD(struct pin, size, SHAPE_U64),
	FIELD(struct pin, sha256, SHAPE_STR),
	{ 0 },
};
static const struct shape shape = { .size = sizeof(struct pin), .fields = fields };

void pin_release(struct pin *p)
{
	shape_release(&shape, p);
	*p = (struct pin){ 0 };
}

/* The name becomes a path below the cache. */
static bool plain_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static int parse(struct pin *p, const struct str *text, struct err *e)
{
	struct jr r;

	jr_init(&r, str_c(text), text->len);
	shape_read(&r, &shape, p, SHAPE_STRICT);
	if (jr_end(&r, e) < 0)
		return -1;
	if (!plain_name(p->file))
		return err_set(e, "\"file\" must be a plain file name, not '%s'", p->file);
	if (!p->size)
		return err_set(e, "\"size\" must be more than 0");
	return 0;
}

int pin_read(struct pin *p, const char *path, struct err *e)
{
	auto_free char *ours = where_share("model/pin.json");
	auto_str struct str text = { 0 };

	*p = (struct pin){ 0 };
	if (!path)
		path = env_get(ENV_MODEL_PIN) ? env_get(ENV_MODEL_PIN) : ours;
	if (read_file(path, &text, e) < 0)
		return -1;
	if (parse(p, &text, e) == 0)
		return 0;
	pin_release(p);
	err_wrap(e, "pin %s", path);
	return err_hint(e, "a pin is {\"file\":NAME,\"url\":URL,\"size\":BYTES,\"sha256\":64 HEX DIGITS}");
}

bool pin_has_digest(const struct pin *p)
{
	return strlen(p->sha256) == 64 && strspn(p->sha256, "0123456789abcdefABCDEF") == 64;
}

/* What never leaves this machine needs no TLS. */
static bool is_loopback(const char *url)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]" };

	if (!starts_with(url, "http://"))
		return false;
	url += strlen("http://");
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (starts_with(url, hosts[i]) && strchr(":/", url[strlen(hosts[i])]))
			return true;
	return false;
}

int pin_check(const struct pin *p, struct err *e)
{
	if (!pin_has_digest(p)) {
		err_set(e, "the pinned SHA-256 is a placeholder or malformed: '%s'", p->sha256);
		return err_hint(e, "put the 64 hexadecimal digits of `sha256sum FILE` into the pin");
	}
	if (!starts_with(p->url, "https://") && !is_loopback(p->url))
		return err_set(e, "model cache fetcher refuses non-HTTPS URL: %s", p->url);
	return 0;
}
