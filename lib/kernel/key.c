/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/arch.h"
#include "kernel/key.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "base/where.h"
#include "kernel/cache.h"

void crc32_hex(uint32_t crc, char hex[9])
{
	snprintf(hex, 9, "%08x", crc);
}

int crc32_file(const char *path, char hex[9], struct err *e)
{
	auto_str struct str text = { 0 };

	hex[0] = '\0';
	if (read_file(path, &text, e) < 0)
		return -1;
	crc32_hex(crc32_bytes(0, text.s, text.len), hex);
	return 0;
}

static int crc32_share(const char *name, char hex[9], struct err *e)
{
	auto_free char *path = where_share(name);

	return crc32_file(path, hex, e);
}

int key_config_load(struct key_config *c, bool lean, const char *extra, struct err *e)
{
	*c = (struct key_config){ 0 };
	if (crc32_share("kconfig/ktstr.kconfig", c->kconfig, e) < 0)
		return -1;
	if (lean && crc32_share("kconfig/lean.kconfig", c->lean, e) < 0)
		return -1;
	return extra ? crc32_file(extra, c->extra, e) : 0;
}

char *key_tail(const struct key_config *c)
{
	return xasprintf("kc%s%s%s%s%s%s%s", c->kconfig, c->lean[0] ? "-lean" : "", c->lean,
			 c->toolchain[0] ? "-tc" : "", c->toolchain, c->extra[0] ? "-xkc" : "", c->extra);
}

char *key_of_version(const struct key_config *c, const char *version)
{
	auto_free char *tail = key_tail(c);

	return xasprintf("%s-tarball-%s-%s", version, kernel_arch(), tail);
}

#define REF_MAX 96 /* of a file name's 255 */

char *key_escape(const char *ref)
{
	struct str out = { 0 };

	for (const char *p = ref; *p; p++) {
		bool plain = isalnum((unsigned char)*p) || strchr("_+=@,-", *p) || (*p == '.' && p > ref);

		if (out.len > REF_MAX) {
			str_addf(&out, "~%08x", crc32_bytes(0, ref, strlen(ref)));
			break;
		}
		if (plain)
			str_addc(&out, *p);
		else
			str_addf(&out, "%%%02X", (unsigned char)*p);
	}
	return str_take(&out);
}

char *key_unescape(const char *text, size_t n)
{
	struct str out = { 0 };

	for (size_t i = 0; i < n; i++) {
		char hex[3] = "";

		if (text[i] == '%' && i + 2 < n && isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			memcpy(hex, text + i + 1, 2);
			str_addc(&out, (char)strtoul(hex, NULL, 16));
			i += 2;
		} else {
			str_addc(&out, text[i]);
		}
	}
	return str_take(&out);
}

char *key_of_git(const struct key_config *c, const char *ref, const char *commit)
{
	auto_free char *tail = key_tail(c);
	auto_free char *name = key_escape(ref);

	return xasprintf("%s-git-%.7s-%s-%s", name, commit, kernel_arch(), tail);
}

char *key_of_tree(const struct key_config *c, const char *path, const char *hash7, const char *user_config)
{
	auto_free char *tail = key_tail(c);
	char path_hash[9];

	if (!hash7[0]) {
		crc32_hex(crc32_bytes(0, path, strlen(path)), path_hash);
		return xasprintf("local-unknown-%s-%s-%s", path_hash, kernel_arch(), tail);
	}
	return xasprintf("local-%s-%s%s%s-%s", hash7, kernel_arch(), user_config ? "-cfg" : "",
			 user_config ? user_config : "", tail);
}

char *key_of_tarball(const struct key_config *c, const char *sha256)
{
	auto_free char *tail = key_tail(c);

	return xasprintf("local-%.7s-%s-%s", sha256, kernel_arch(), tail);
}
