/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/vmlinux.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/str.h"

static const char *const needed[] = { "runqueues", "__per_cpu_offset" };

struct image {
	const char *bytes;
	size_t size;
};

/* count pieces of that size at the offset, or NULL when the file ends before. */
static const void *piece(const struct image *f, uint64_t offset, uint64_t count, uint64_t size)
{
	if (offset > f->size || offset % 8 || (size && count > (f->size - offset) / size))
		return NULL;
	return f->bytes + offset;
}

static bool has_symbol(const Elf64_Sym *symbols, size_t n, const char *names, size_t size, const char *wanted)
{
	size_t len = strlen(wanted) + 1;

	for (size_t i = 0; i < n; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && symbols[i].st_name < size && size - symbols[i].st_name >= len &&
		    memcmp(names + symbols[i].st_name, wanted, len) == 0)
			return true;
	return false;
}

static int check_symbols(const struct image *f, const Elf64_Shdr *sections, size_t n, const Elf64_Shdr *table,
			 struct err *e)
{
	const Elf64_Shdr *strings = table->sh_link < n ? &sections[table->sh_link] : NULL;
	size_t count = table->sh_size / sizeof(Elf64_Sym);
	const Elf64_Sym *symbols = piece(f, table->sh_offset, count, sizeof(*symbols));

	if (!strings || !symbols || strings->sh_offset > f->size || strings->sh_size > f->size - strings->sh_offset)
		return err_set(e, "its symbols are cut");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!has_symbol(symbols, count, f->bytes + strings->sh_offset, strings->sh_size, needed[i]))
			return err_set(e, "it has no symbol %s", needed[i]);
	return 0;
}

static int check(const struct image *f, struct err *e)
{
	const Elf64_Ehdr *head = piece(f, 0, 1, sizeof(*head));
	const Elf64_Shdr *sections;

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_ident[EI_DATA] != ELFDATA2LSB)
		return err_set(e, "it is no ELF file of this machine");
	sections = piece(f, head->e_shoff, head->e_shnum, sizeof(*sections));
	if (!sections || head->e_shentsize != sizeof(*sections))
		return err_set(e, "its sections are cut");
	for (size_t i = 0; i < head->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB)
			return check_symbols(f, sections, head->e_shnum, &sections[i], e);
	return err_set(e, "it has no symbols");
}

int vmlinux_check(const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct image f = { 0 };
	struct stat st;
	void *map;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf64_Ehdr))
		return err_set(e, "%s: it is no ELF file of this machine", path);
	f.size = (size_t)st.st_size;
	map = mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "read %s", path);
	f.bytes = map;
	rc = check(&f, e);
	munmap(map, f.size);
	return rc < 0 ? err_wrap(e, "%s", path) : 0;
}
