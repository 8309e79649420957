/* SPDX-License-Identifier: GPL-2.0-only */
#include "net/attempt.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/env.h"
#include "base/stop.h"
#include "base/term.h"

#define STALL_MS 60000
#define LOW_RATE 1024 /* bytes a second; less counts as standing still */

static CURLcode ready;

static void start_curl(void)
{
	ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int transfer_start(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_curl);
	return ready == CURLE_OK ? 0 : err_set(e, "libcurl does not start: %s", curl_easy_strerror(ready));
}

static bool is_html(const struct call *c)
{
	char *type = NULL;

	curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
	return type && strcasestr(type, "text/html") && !c->t->html && c->a->fd < 0;
}

static bool is_good(long status)
{
	return status >= 200 && status <= 299;
}

/* The head of the answer is there: is it one we want? */
static bool accept_answer(struct call *c)
{
	struct transfer *t = c->t;
	curl_off_t length = -1;
	uint64_t whole = 0;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &t->status);
	c->html = is_html(c);
	if (!is_good(t->status) || c->html)
		return false;
	if (t->status == 206 && c->range_start != (long long)t->received) {
		c->bad_range = true;
		return false;
	}
	if (t->status != 206 && t->received && !answer_restart(c))
		return false;
	curl_easy_getinfo(c->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length > 0)
		whole = t->received + (uint64_t)length;
	t->too_long = t->max && whole > t->max;
	if (t->too_long)
		return false;
	answer_keep(c);
	if (!c->a->begun && t->begin)
		t->begin(t->ctx, whole);
	c->a->begun = c->accepted = true;
	return true;
}

static uint64_t stall_ms(const struct call *c)
{
	return (uint64_t)(c->t->stall_ms ? c->t->stall_ms : STALL_MS);
}

static void mark(struct call *c, uint64_t bytes)
{
	if (bytes - c->mark < stall_ms(c) * LOW_RATE / 1000)
		return;
	c->mark = bytes;
	c->mark_ms = now_ms();
}

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;
	long long began = now_ms();

	n *= size;
	if (!c->accepted && !accept_answer(c))
		return CURL_WRITEFUNC_ERROR;
	c->t->too_long = c->t->max && c->t->received + n > c->t->max;
	if (c->t->too_long)
		return CURL_WRITEFUNC_ERROR;
	c->t->received += n;
	if (c->t->data && c->t->data(c->t->ctx, p, n) < 0) {
		c->t->refused = true;
		return CURL_WRITEFUNC_ERROR;
	}
	/* time the consumer takes is not the server's */
	c->mark_ms += now_ms() - began;
	mark(c, c->t->received);
	return n;
}

static size_t on_upload(char *p, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;
	ssize_t got = pread(c->a->fd, p, size * n, (off_t)c->sent);

	if (got < 0)
		return CURL_READFUNC_ABORT;
	c->sent += (uint64_t)got;
	mark(c, c->sent);
	return (size_t)got;
}

/* A connection that was used before may be closed by the time we send. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct call *c = ctx;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	c->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* libcurl calls this about once a second, also when nothing comes. */
static int on_progress(void *ctx, curl_off_t w, curl_off_t x, curl_off_t y, curl_off_t z)
{
	struct call *c = ctx;
	long long now = now_ms();

	(void)w, (void)x, (void)y, (void)z;
	c->t->stalled = now - c->mark_ms > (long long)stall_ms(c);
	c->late = c->a->until_ms && now > c->a->until_ms;
	return c->t->stalled || c->late || stop_wanted();
}

/* The value of header name in "Name: value\r\n", the caller's to free. */
static char *header_value(const char *line, size_t n, const char *name)
{
	size_t name_n = strlen(name);
	auto_free char *value = NULL;

	if (n <= name_n || strncasecmp(line, name, name_n) != 0 || line[name_n] != ':')
		return NULL;
	value = xstrndup(line + name_n + 1, n - name_n - 1);
	return xstrdup(trim(value));
}

static void read_range(struct call *c, const char *value)
{
	const char *slash = strchr(value, '/');

	if (!starts_with(value, "bytes "))
		return;
	if (value[6] >= '0' && value[6] <= '9')
		c->range_start = strtoll(value + 6, NULL, 10);
	if (slash && slash[1] >= '0' && slash[1] <= '9')
		c->range_total = strtoll(slash + 1, NULL, 10);
}

static void forget(struct call *c)
{
	free(c->etag);
	free(c->modified);
	c->etag = c->modified = NULL;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;
	auto_free char *range = NULL;
	char *etag, *modified;

	n *= size;
	if (n > 5 && strncmp(p, "HTTP/", 5) == 0) { /* another answer, behind a redirect */
		forget(c);
		c->range_start = c->range_total = -1;
	}
	etag = header_value(p, n, "etag");
	modified = header_value(p, n, "last-modified");
	range = header_value(p, n, "content-range");
	if (etag) {
		free(c->etag);
		c->etag = etag;
	}
	if (modified) {
		free(c->modified);
		c->modified = modified;
	}
	if (range)
		read_range(c, range);
	return n;
}

static void trust(CURL *curl)
{
	const char *bundle = env_get(ENV_CURL_CA_BUNDLE), *dir = env_get(ENV_SSL_CERT_DIR);

	if (!bundle)
		bundle = env_get(ENV_SSL_CERT_FILE);
	if (bundle)
		curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
	if (dir)
		curl_easy_setopt(curl, CURLOPT_CAPATH, dir);
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
	auto_free char *line = value ? xasprintf("%s: %s", name, value) : NULL;

	return line ? curl_slist_append(list, line) : list;
}

static struct curl_slist *request_headers(const struct call *c, const char *validator)
{
	const struct transfer *t = c->t;
	struct curl_slist *list = NULL;
	auto_free char *range = NULL;

	for (char *const *h = t->headers; h && *h; h++)
		list = curl_slist_append(list, *h);
	list = header(list, "If-None-Match", t->if_none_match);
	list = header(list, "If-Modified-Since", t->if_modified_since);
	if (t->received && validator && c->a->fd < 0) {
		range = xasprintf("bytes=%llu-", (unsigned long long)t->received);
		list = header(list, "Range", range);
		list = header(list, "If-Range", validator);
	}
	if (c->a->fd >= 0)
		list = curl_slist_append(list, "Expect:");
	return list;
}

static void set_direction(struct call *c)
{
	CURL *curl = c->curl;

	if (c->a->fd >= 0) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
		curl_easy_setopt(curl, CURLOPT_READDATA, c);
		curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(curl, CURLOPT_SEEKDATA, c);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)c->a->length);
	} else if (c->t->head) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	}
}

static void set_options(struct call *c, struct curl_slist *headers)
{
	CURL *curl = c->curl;

	curl_easy_setopt(curl, CURLOPT_URL, c->t->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, MAX_HOPS);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->why);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, c);
	set_direction(c);
	trust(curl);
}

/* An answer without a body has not been looked at yet. */
static CURLcode look(struct call *c, CURLcode code)
{
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &c->t->status);
	if (code == CURLE_OK && !c->accepted && is_good(c->t->status) && c->a->fd < 0 && !accept_answer(c))
		return CURLE_WRITE_ERROR;
	return code;
}

enum outcome attempt_run(struct attempt *a, struct err *e)
{
	struct transfer *t = a->t;
	struct call c = { .a = a, .t = t, .mark_ms = now_ms(), .mark = a->fd < 0 ? t->received : 0 };
	auto_free char *validator = NULL;
	struct curl_slist *headers;
	enum outcome o;

	if (transfer_validator(t) || t->validator)
		validator = xstrdup(transfer_validator(t) ? transfer_validator(t) : t->validator);
	t->status = 0;
	t->stalled = t->too_long = false;
	c.range_start = c.range_total = -1;
	c.curl = curl_easy_init();
	if (!c.curl) {
		err_set(e, "%s %s: out of memory", a->what, t->url);
		return OUTCOME_FAILED;
	}
	headers = request_headers(&c, validator);
	set_options(&c, headers);
	o = answer_judge(&c, look(&c, curl_easy_perform(c.curl)), e);
	forget(&c);
	curl_easy_cleanup(c.curl);
	curl_slist_free_all(headers);
	return o;
}
