/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#if defined(__aarch64__)
static const char *const names[] = { "Image", "arch/arm64/boot/Image", NULL };
#define MAGIC_AT 56 /* arm64 Documentation: "ARM\x64", image_size at 16 */
#define MAGIC    "ARM\x64"
#define SIZE_AT  16
#define SIZE_LEN 8
#else
static const char *const names[] = { "bzImage", "arch/x86/boot/bzImage", NULL };
#define MAGIC_AT 0x202 /* the x86 boot protocol's header: magic, init_size */
#define MAGIC    "HdrS"
#define SIZE_AT  0x260
#define SIZE_LEN 4
#endif

static char *in_dir(const char *dir)
{
	for (const char *const *name = names; *name; name++) {
		char *path = xasprintf("%s/%s", dir, *name);

		if (is_file(path))
			return path;
		free(path);
	}
	return NULL;
}

static int read_header(struct kernel_image *k, struct err *e)
{
	auto_fd int fd = open(k->path, O_RDONLY | O_CLOEXEC);
	unsigned char head[0x268] = { 0 };
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "read kernel image %s", k->path);
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_sys(e, "read kernel image %s", k->path);
	if (memcmp(head + MAGIC_AT, MAGIC, 4) != 0)
		return err_set(e, "%s is not a bootable kernel image (%s)", k->path, names[0]);
	for (int i = SIZE_LEN - 1; i >= 0; i--)
		k->init_size = k->init_size << 8 | head[SIZE_AT + i];
	return 0;
}

int kernel_image_find(struct kernel_image *k, const char *path, struct err *e)
{
	*k = (struct kernel_image){ 0 };
	if (!path_exists(path))
		return err_set(e, "kernel path not found: %s", path);
	k->path = is_dir(path) ? in_dir(path) : xstrdup(path);
	if (!k->path) {
		err_set(e, "no kernel image in %s (looked for %s and %s)", path, names[0], names[1]);
		return err_hint(e, "build it with: cargo ktstr kernel build --source %s", path);
	}
	if (read_header(k, e) < 0) {
		kernel_image_release(k);
		return -1;
	}
	return 0;
}

void kernel_image_release(struct kernel_image *k)
{
	free(k->path);
	*k = (struct kernel_image){ 0 };
}
