/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/strip.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum fate { DROP, KEEP, EMPTY };

struct section {
	enum fate fate;
	size_t index; /* in the copy */
	GElf_Shdr head;
	Elf_Scn *in, *out;
};

struct strip {
	Elf *in, *out;
	struct section *sections;
	size_t n, names;   /* names: index of the section names' section */
	GElf_Sym *symbols; /* those that stay */
	size_t kept, locals, named;
	void *symbol_bytes;
};

static int elf_fail(const char *what, struct err *e)
{
	return err_set(e, "%s: %s", what, elf_errmsg(-1));
}

static bool any_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static enum fate fate_small(const char *name, const GElf_Shdr *head)
{
	static const char *const keep[] = { ".shstrtab", ".symtab", ".strtab", ".bss", ".rodata", ".BTF", NULL };
	static const char *const empty[] = { ".data", ".data..percpu", ".init.data", NULL };

	if (any_of(name, keep))
		return KEEP;
	return any_of(name, empty) || (head->sh_flags & SHF_EXECINSTR) ? EMPTY : DROP;
}

static enum fate fate_debug(const char *name, const GElf_Shdr *head)
{
	static const char *const drop[] = { ".debug_", ".rela.", ".rel.", ".relr.", ".crel.", NULL };

	(void)head;
	for (size_t i = 0; drop[i]; i++)
		if (starts_with(name, drop[i]))
			return DROP;
	return strcmp(name, ".comment") == 0 ? DROP : KEEP;
}

static int choose(struct strip *s, enum fate (*fate)(const char *, const GElf_Shdr *), struct err *e)
{
	size_t next = 1;

	for (size_t i = 1; i < s->n; i++) {
		struct section *sec = &s->sections[i];
		const char *name;

		sec->in = elf_getscn(s->in, i);
		if (!sec->in || !gelf_getshdr(sec->in, &sec->head))
			return elf_fail("read a section", e);
		name = elf_strptr(s->in, s->names, sec->head.sh_name);
		if (!name)
			return elf_fail("read a section's name", e);
		sec->fate = i == s->names ? KEEP : fate(name, &sec->head);
		sec->index = sec->fate == DROP ? 0 : next++;
	}
	return 0;
}

/* Keep a symbol unless its section is gone; sections are numbered anew. */
static void keep_symbol(struct strip *s, GElf_Sym *sym)
{
	bool special = sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE;

	if (!special && (sym->st_shndx >= s->n || s->sections[sym->st_shndx].fate == DROP))
		return;
	if (!special)
		sym->st_shndx = (GElf_Section)s->sections[sym->st_shndx].index;
	s->locals += GELF_ST_BIND(sym->st_info) == STB_LOCAL;
	s->named += sym->st_name != 0;
	s->symbols[s->kept++] = *sym;
}

static int choose_symbols(struct strip *s, const struct section *table, struct err *e)
{
	Elf_Data *data = elf_getdata(table->in, NULL);
	size_t size = gelf_fsize(s->in, ELF_T_SYM, 1, EV_CURRENT);
	GElf_Sym sym;

	if (!data || !size)
		return elf_fail("read symbols", e);
	s->symbols = xcalloc(data->d_size / size + 1, sizeof(*s->symbols));
	for (size_t i = 0; i < data->d_size / size; i++) {
		if (!gelf_getsym(data, (int)i, &sym))
			return elf_fail("read a symbol", e);
		keep_symbol(s, &sym);
	}
	return 0;
}

static int find_symbols(struct strip *s, struct err *e)
{
	for (size_t i = 1; i < s->n; i++)
		if (s->sections[i].head.sh_type == SHT_SYMTAB && s->sections[i].fate == KEEP &&
		    choose_symbols(s, &s->sections[i], e) < 0)
			return -1;
	return s->named ? 0 : err_set(e, "no symbol would be left");
}

static int write_symbols(struct strip *s, Elf_Data *out, struct err *e)
{
	size_t size = gelf_fsize(s->in, ELF_T_SYM, 1, EV_CURRENT);

	out->d_type = ELF_T_SYM;
	out->d_size = s->kept * size;
	out->d_buf = s->symbol_bytes = xcalloc(s->kept ? s->kept : 1, size);
	for (size_t i = 0; i < s->kept; i++)
		if (!gelf_update_sym(out, (int)i, &s->symbols[i]))
			return elf_fail("write a symbol", e);
	return 0;
}

static int write_data(struct strip *s, const struct section *sec, struct err *e)
{
	Elf_Data *out = elf_newdata(sec->out), *in;

	if (!out)
		return elf_fail("write a section", e);
	out->d_version = EV_CURRENT;
	out->d_align = sec->head.sh_addralign ? sec->head.sh_addralign : 1;
	out->d_type = ELF_T_BYTE;
	if (sec->fate == EMPTY)
		return 0;
	if (sec->head.sh_type == SHT_SYMTAB)
		return write_symbols(s, out, e);
	/* raw: bytes of a section go over as they are, whatever its type */
	in = sec->head.sh_type == SHT_NOBITS ? elf_getdata(sec->in, NULL) : elf_rawdata(sec->in, NULL);
	if (!in)
		return elf_fail("read a section", e);
	out->d_buf = in->d_buf;
	out->d_size = in->d_size;
	return 0;
}

static int write_section(struct strip *s, struct section *sec, struct err *e)
{
	GElf_Shdr head = sec->head;

	sec->out = elf_newscn(s->out);
	if (!sec->out)
		return elf_fail("write a section", e);
	if (write_data(s, sec, e) < 0)
		return -1;
	if (sec->fate == EMPTY) {
		head.sh_type = SHT_NOBITS;
		head.sh_size = 0;
	}
	head.sh_link = sec->head.sh_link < s->n ? (GElf_Word)s->sections[sec->head.sh_link].index : 0;
	if (head.sh_type == SHT_SYMTAB)
		head.sh_info = (GElf_Word)s->locals;
	else if (sec->head.sh_flags & SHF_INFO_LINK)
		head.sh_info = sec->head.sh_info < s->n ? (GElf_Word)s->sections[sec->head.sh_info].index : 0;
	return gelf_update_shdr(sec->out, &head) ? 0 : elf_fail("write a section", e);
}

static int write_head(struct strip *s, struct err *e)
{
	GElf_Ehdr in, out;

	if (!gelf_getehdr(s->in, &in) || !gelf_newehdr(s->out, gelf_getclass(s->in)) || !gelf_getehdr(s->out, &out))
		return elf_fail("write the header", e);
	memcpy(out.e_ident, in.e_ident, EI_NIDENT);
	out.e_type = in.e_type;
	out.e_machine = in.e_machine;
	out.e_version = in.e_version;
	out.e_entry = in.e_entry;
	out.e_flags = in.e_flags;
	out.e_shstrndx = (GElf_Half)s->sections[s->names].index;
	return gelf_update_ehdr(s->out, &out) ? 0 : elf_fail("write the header", e);
}

static int write_copy(struct strip *s, int fd, struct err *e)
{
	s->out = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!s->out)
		return elf_fail("write", e);
	if (write_head(s, e) < 0)
		return -1;
	for (size_t i = 1; i < s->n; i++)
		if (s->sections[i].fate != DROP && write_section(s, &s->sections[i], e) < 0)
			return -1;
	errno = 0;
	if (elf_update(s->out, ELF_C_WRITE) < 0)
		return errno ? err_sys(e, "write") : elf_fail("write", e);
	sync_soon(fd);
	return 0;
}

static int strip_with(Elf *in, enum fate (*fate)(const char *, const GElf_Shdr *), const char *dst, struct err *e)
{
	struct strip s = { .in = in };
	auto_fd int fd = -1;
	int rc = 0;

	if (elf_getshdrnum(in, &s.n) < 0 || elf_getshdrstrndx(in, &s.names) < 0)
		return elf_fail("read sections", e);
	s.sections = xcalloc(s.n + 1, sizeof(*s.sections));
	rc = choose(&s, fate, e);
	if (rc == 0)
		rc = find_symbols(&s, e);
	if (rc == 0) {
		fd = open(dst, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		rc = fd < 0 ? err_sys(e, "write %s", dst) : write_copy(&s, fd, e);
		if (fd >= 0 && rc < 0)
			unlink(dst);
	}
	elf_end(s.out);
	free(s.sections);
	free(s.symbols);
	free(s.symbol_bytes);
	return rc;
}

int strip_vmlinux(const char *src, const char *dst, struct err *e)
{
	auto_fd int fd = open(src, O_RDONLY | O_CLOEXEC);
	Elf *in;
	int rc;

	if (fd < 0)
		return err_sys(e, "read %s", src);
	elf_version(EV_CURRENT);
	in = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!in || elf_kind(in) != ELF_K_ELF) {
		elf_end(in);
		return err_set(e, "strip %s: not an ELF file", src);
	}
	rc = strip_with(in, fate_small, dst, e);
	if (rc < 0)
		rc = strip_with(in, fate_debug, dst, e);
	elf_end(in);
	return rc < 0 ? err_wrap(e, "strip %s", src) : 0;
}
