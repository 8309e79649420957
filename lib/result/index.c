/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* Goes up with each change of the entries or of what a row says. */
#define FORMAT 1

#define READ_BYTES  262144
#define WRITE_BYTES 262144
#define ENTRY_MAX   (64u << 20)

struct header {
	char magic[8];
	uint32_t format, order; /* order tells another byte order */
	uint64_t stamp;
};
static const struct header header = { "ktstrix", FORMAT, 0x01020304, 0 };

char *index_path(const char *pool, const char *run)
{
	return xasprintf("%s/" INDEX_DIR "/%s.rows", pool, run);
}

/* --- reading ----------------------------------------------------------- */

/* Have n bytes in the buffer; false when there are no more. */
static bool have(struct index_in *in, size_t n)
{
	while (!in->end && in->buf.len - in->at < n) {
		ssize_t got;

		if (in->at) {
			memmove(in->buf.s, in->buf.s + in->at, in->buf.len - in->at);
			in->buf.len -= in->at;
			in->at = 0;
		}
		got = read(in->fd, str_room(&in->buf, READ_BYTES), READ_BYTES);
		if (got <= 0)
			in->end = true;
		else
			in->buf.len += (size_t)got;
	}
	return in->buf.len - in->at >= n;
}

void index_open(struct index_in *in, const char *path)
{
	struct header h;

	*in = (struct index_in){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	in->end = in->fd < 0;
	if (!have(in, sizeof(h)))
		return;
	memcpy(&h, in->buf.s, sizeof(h));
	in->stamp = h.stamp;
	h.stamp = 0;
	if (memcmp(&h, &header, sizeof(h)) == 0) {
		in->at = sizeof(h);
		return;
	}
	in->stamp = 0;
	in->end = true;
	in->at = in->buf.len;
}

const struct entry *index_next(struct index_in *in)
{
	const struct entry *en;
	size_t n;

	if (!have(in, sizeof(*en)))
		return NULL;
	/* entries are multiples of eight, as is what was moved to the front */
	en = (const struct entry *)(in->buf.s + in->at);
	if (en->name_n > ENTRY_MAX || en->text_n > ENTRY_MAX || (en->kind != ENTRY_HOST && !en->name_n))
		return NULL;
	n = entry_bytes(en);
	if (!have(in, n))
		return NULL;
	en = (const struct entry *)(in->buf.s + in->at);
	in->at += n;
	return en;
}

void index_close(struct index_in *in)
{
	close_fd(&in->fd);
	str_release(&in->buf);
}

/* --- writing ----------------------------------------------------------- */

void index_begin(struct index_out *out, const char *path)
{
	auto_free char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	int fd;

	*out = (struct index_out){ .path = xstrdup(path) };
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return;
	out->temp = xasprintf("%s.tmp.%d.XXXXXX", path, (int)getpid());
	fd = mkostemp(out->temp, O_CLOEXEC);
	if (fd < 0)
		return;
	out->f = fdopen(fd, "w");
	if (!out->f) {
		close(fd);
		return;
	}
	setvbuf(out->f, NULL, _IOFBF, WRITE_BYTES);
	fwrite(&header, sizeof(header), 1, out->f);
}

void index_put(struct index_out *out, const struct entry *en)
{
	if (out->f)
		fwrite(en, entry_bytes(en), 1, out->f);
}

void index_end(struct index_out *out, uint64_t stamp, bool complete)
{
	struct header h = header;
	mode_t mask = umask(0);

	umask(mask);
	h.stamp = stamp;
	if (out->f) {
		complete = complete && fseek(out->f, 0, SEEK_SET) == 0 && fwrite(&h, sizeof(h), 1, out->f) == 1 &&
			   fchmod(fileno(out->f), 0666 & ~mask) == 0;
		complete = complete && !ferror(out->f);
		complete = fclose(out->f) == 0 && complete;
		if (!complete || rename(out->temp, out->path) < 0)
			unlink(out->temp);
	}
	free(out->temp);
	free(out->path);
	*out = (struct index_out){ 0 };
}

/* --- sweeping ---------------------------------------------------------- */

/* "RUN.rows" whose run is there, or "RUN.rows.tmp.PID.x" whose writer is. */
static bool is_wanted(const char *pool, const char *name)
{
	const char *temp = strstr(name, ".rows.tmp.");
	auto_free char *run = NULL;

	if (temp)
		return kill(atoi(temp + strlen(".rows.tmp.")), 0) == 0 || errno == EPERM;
	if (!ends_with(name, ".rows"))
		return true;
	run = xasprintf("%s/%.*s", pool, (int)(strlen(name) - strlen(".rows")), name);
	return is_dir(run);
}

void index_sweep(const char *pool)
{
	auto_free char *path = xasprintf("%s/" INDEX_DIR, pool);
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.' && !is_wanted(pool, d->d_name))
			unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
}
