/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/elfdeps.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"

#if defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#define PLATFORM  "aarch64"
#define CACHE_ABI 0x0a03 /* FLAG_AARCH64_LIB64 | ELF_LIBC6 of glibc's ldconfig.h */
#else
#define MULTIARCH "x86_64-linux-gnu"
#define PLATFORM  "x86_64"
#define CACHE_ABI 0x0303 /* FLAG_X8664_LIB64 | ELF_LIBC6 */
#endif

/* The first few are what a linker searches that has no ld.so.cache. */
static const char *const default_dirs[] = {
	"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH, "/lib", "/usr/lib", "/lib64", "/usr/lib64",
	"/usr/local/lib",  "/usr/local/lib64",    NULL,
};
#define BUILTIN_DIRS 6

/* What one ELF file says about its needs. */
struct needs {
	char *file;
	struct strv sonames;
	char *rpath, *runpath, *interp;
	int machine;
};

static void needs_release(struct needs *n)
{
	free(n->file);
	free(n->rpath);
	free(n->runpath);
	free(n->interp);
	strv_release(&n->sonames);
}

void elf_closure_release(struct elf_closure *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].path);
		free(c->v[i].real);
	}
	free(c->v);
	strv_release(&c->seen);
	strv_release(&c->dirs);
	str_release(&c->ld_cache);
	*c = (struct elf_closure){ 0 };
}

static Elf *open_elf(int fd, GElf_Ehdr *h)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getclass(elf) == ELFCLASS64 && gelf_getehdr(elf, h))
		return elf;
	elf_end(elf);
	return NULL;
}

static bool find_segment(Elf *elf, unsigned type, GElf_Phdr *out)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, out) && out->p_type == type)
			return true;
	return false;
}

/* The string at a virtual address and everything behind it in its segment. */
static Elf_Data *at_address(Elf *elf, GElf_Addr addr)
{
	GElf_Phdr p;
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_LOAD && addr >= p.p_vaddr &&
		    addr - p.p_vaddr < p.p_filesz)
			return elf_getdata_rawchunk(elf, (int64_t)(p.p_offset + (addr - p.p_vaddr)),
						    p.p_filesz - (addr - p.p_vaddr), ELF_T_BYTE);
	return NULL;
}

static char *string_at(const Elf_Data *strings, GElf_Xword at)
{
	if (!strings || at >= strings->d_size || !memchr((char *)strings->d_buf + at, '\0', strings->d_size - at))
		return NULL;
	return xstrdup((char *)strings->d_buf + at);
}

static void set_once(char **field, char *value)
{
	if (*field)
		free(value);
	else
		*field = value;
}

static void read_dynamic(Elf *elf, Elf_Data *dyn, struct needs *n)
{
	Elf_Data *strings = NULL;
	GElf_Dyn d;

	for (int i = 0; gelf_getdyn(dyn, i, &d) && d.d_tag != DT_NULL; i++)
		if (d.d_tag == DT_STRTAB)
			strings = at_address(elf, d.d_un.d_ptr);
	for (int i = 0; gelf_getdyn(dyn, i, &d) && d.d_tag != DT_NULL; i++) {
		if (d.d_tag != DT_NEEDED && d.d_tag != DT_RPATH && d.d_tag != DT_RUNPATH)
			continue;
		char *text = string_at(strings, d.d_un.d_val);

		if (!text)
			continue;
		if (d.d_tag == DT_NEEDED)
			strv_give(&n->sonames, text);
		else
			set_once(d.d_tag == DT_RPATH ? &n->rpath : &n->runpath, text);
	}
}

static void read_needs(const char *file, struct needs *n)
{
	auto_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
	Elf_Data *data;
	GElf_Ehdr h;
	GElf_Phdr p;
	Elf *elf = fd < 0 ? NULL : open_elf(fd, &h);

	*n = (struct needs){ .file = xstrdup(file) };
	if (!elf)
		return;
	n->machine = h.e_machine;
	if (find_segment(elf, PT_INTERP, &p)) {
		data = elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_BYTE);
		n->interp = string_at(data, 0);
	}
	if (find_segment(elf, PT_DYNAMIC, &p)) {
		data = elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_DYN);
		if (data)
			read_dynamic(elf, data, n);
	}
	elf_end(elf);
}

/* Whether a linker running `machine` code would take this file. */
static bool fits(const char *file, int machine)
{
	auto_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	GElf_Ehdr h = { .e_type = ET_NONE };

	if (fd >= 0)
		elf_end(open_elf(fd, &h));
	return h.e_machine == machine && h.e_type == ET_DYN;
}

/* Replace $ORIGIN, $LIB and $PLATFORM, with or without braces. */
static void add_expanded(struct str *out, const char *s, size_t n, const char *file)
{
	static const char *const tokens[] = { "ORIGIN", "LIB", "PLATFORM" };
	const char *slash = strrchr(file, '/');
	auto_free char *origin = slash ? xstrndup(file, (size_t)(slash - file)) : xstrdup(".");
	const char *values[] = { *origin ? origin : "/", "lib/" MULTIARCH, PLATFORM };

	while (n) {
		size_t i = ARRAY_SIZE(tokens), len = 0;
		bool brace = n > 1 && s[0] == '$' && s[1] == '{';

		for (i = 0; s[0] == '$' && i < ARRAY_SIZE(tokens); i++) {
			len = strlen(tokens[i]) + 1 + 2 * brace;
			if (len <= n && memcmp(s + 1 + brace, tokens[i], strlen(tokens[i])) == 0 &&
			    (!brace || s[len - 1] == '}'))
				break;
		}
		if (s[0] == '$' && i < ARRAY_SIZE(tokens)) {
			str_add(out, values[i]);
		} else {
			str_addc(out, *s);
			len = 1;
		}
		s += len;
		n -= len;
	}
}

static char *in_path(const char *path, const char *soname, const struct needs *n)
{
	while (path && *path) {
		size_t len = strcspn(path, ":;");
		auto_str struct str file = { 0 };

		add_expanded(&file, path, len, n->file);
		if (!file.len)
			str_addc(&file, '.');
		str_addf(&file, "/%s", soname);
		if (fits(file.s, n->machine))
			return str_take(&file);
		path += len + (path[len] != '\0');
	}
	return NULL;
}

/* Where an interpreter of its own (Nix, Guix, a private prefix) keeps its
 * libraries: beside it, and in lib and lib64 beside that directory. */
static char *near_interp(const char *interp, const char *soname, const struct needs *n)
{
	const char *slash = interp ? strrchr(interp, '/') : NULL;
	auto_free char *path = NULL;
	int len = slash ? (int)(slash - interp) : 0;

	if (!slash || strcmp(interp, "/lib64/ld-linux-x86-64.so.2") == 0 ||
	    strcmp(interp, "/lib/ld-linux-aarch64.so.1") == 0)
		return NULL;
	path = xasprintf("%.*s:%.*s/../lib:%.*s/../lib64", len, interp, len, interp, len, interp);
	return in_path(path, soname, n);
}

/* glibc's cache, new format: "glibc-ld.so.cache1.1", two 32-bit counts, 20
 * more bytes, then entries; string offsets count from the magic. */
struct cache_row {
	int32_t flags;
	uint32_t key, value, os;
	uint64_t hwcap;
};
#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define CACHE_HEAD  48

static const char *cache_string(const struct str *c, size_t base, uint32_t at)
{
	size_t pos = base + at;

	return pos < c->len ? c->s + pos : "";
}

static char *in_cache(struct elf_closure *c, const char *soname, const struct needs *n)
{
	const struct str *t = &c->ld_cache;
	struct cache_row row;
	struct err ignored;
	const char *magic;
	uint32_t rows;
	size_t base;

	if (!c->cache_read) {
		c->cache_read = true;
		if (read_file("/etc/ld.so.cache", &c->ld_cache, &ignored) < 0)
			str_clear(&c->ld_cache);
	}
	magic = t->len ? memmem(t->s, t->len, CACHE_MAGIC, strlen(CACHE_MAGIC)) : NULL;
	base = magic ? (size_t)(magic - t->s) : 0;
	if (!magic || base + CACHE_HEAD > t->len)
		return NULL;
	memcpy(&rows, magic + 20, sizeof(rows));
	for (size_t i = 0; i < rows && base + CACHE_HEAD + (i + 1) * sizeof(row) <= t->len; i++) {
		memcpy(&row, magic + CACHE_HEAD + i * sizeof(row), sizeof(row));
		if (row.flags == CACHE_ABI && !row.hwcap && strcmp(cache_string(t, base, row.key), soname) == 0 &&
		    fits(cache_string(t, base, row.value), n->machine))
			return xstrdup(cache_string(t, base, row.value));
	}
	return NULL;
}

static char *in_defaults(const char *soname, const struct needs *n)
{
	for (const char *const *dir = default_dirs; *dir; dir++) {
		char *file = xasprintf("%s/%s", *dir, soname);

		if (fits(file, n->machine))
			return file;
		free(file);
	}
	return NULL;
}

static char *find_library(struct elf_closure *c, const char *soname, const struct needs *n, const char *interp)
{
	char *file = NULL;

	if (strchr(soname, '/'))
		return fits(soname, n->machine) ? xstrdup(soname) : NULL;
	if (!n->runpath)
		file = in_path(n->rpath, soname, n);
	if (!file)
		file = in_path(env_get(ENV_LD_LIBRARY_PATH), soname, n);
	if (!file)
		file = in_path(n->runpath, soname, n);
	if (!file)
		file = near_interp(interp, soname, n);
	if (!file)
		file = in_cache(c, soname, n);
	return file ? file : in_defaults(soname, n);
}

static void add_dep(struct elf_closure *c, const char *path)
{
	char *real = real_path(path), *dir;
	size_t i;

	if (!real)
		return;
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	for (i = 0; i < BUILTIN_DIRS; i++)
		if (strcmp(default_dirs[i], dir) == 0)
			break;
	if (i == BUILTIN_DIRS && !strv_has(&c->dirs, dir))
		strv_add(&c->dirs, dir);
	free(dir);
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct elf_dep){ xstrdup(path), real };
}

/* The name a library was found by, without "..", "." and empty parts: such a
 * path keeps its name in the directory it means. NULL when that is gone. */
static char *clean_path(char *path)
{
	auto_free char *dir = NULL, *real = NULL;
	char *slash = strrchr(path, '/'), *clean;

	if (*path == '/' && !strstr(path, "/../") && !strstr(path, "/./") && !strstr(path, "//"))
		return path;
	dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	real = real_path(dir);
	clean = real ? xasprintf("%s/%s", real, slash ? slash + 1 : path) : NULL;
	free(path);
	return clean;
}

static void add_needed(struct elf_closure *c, const struct needs *n, const char *interp, struct str *missing)
{
	for (size_t i = 0; i < n->sonames.n; i++) {
		char *found;

		if (strv_has(&c->seen, n->sonames.v[i]))
			continue;
		strv_add(&c->seen, n->sonames.v[i]);
		found = find_library(c, n->sonames.v[i], n, interp);
		if (found)
			found = clean_path(found);
		if (found)
			add_dep(c, found);
		else
			str_addf(missing, "%s%s", missing->len ? ", " : "", n->sonames.v[i]);
		free(found);
	}
}

int elf_closure_add(struct elf_closure *c, const char *file, struct err *e)
{
	auto_str struct str missing = { 0 };
	auto_free char *interp = NULL, *real = real_path(file);
	size_t next = c->n;
	struct needs n;

	/* $ORIGIN of a program is where it lies, not a link to it */
	read_needs(real ? real : file, &n);
	interp = n.interp;
	n.interp = NULL;
	if (interp && *interp == '/' && !strv_has(&c->seen, interp)) {
		strv_add(&c->seen, interp);
		if (path_exists(interp))
			add_dep(c, interp);
		else
			str_add(&missing, interp);
	}
	for (;;) {
		add_needed(c, &n, interp, &missing);
		needs_release(&n);
		if (next >= c->n)
			break;
		read_needs(c->v[next++].path, &n);
	}
	if (missing.len)
		return err_set(e, "%s: missing shared libraries: %s", file, missing.s);
	return 0;
}
