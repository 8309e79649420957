/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/download.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/stop.h"
#include "base/term.h"

#define STALL_MS  60000
#define TEXT_MAX  (64u << 20)
#define TEXT_SECS 30

struct transfer {
	struct download *d;
	CURL *curl;
	bool begun, stalled, html;
	long long last_ms; /* when the last byte came */
};

static bool is_html(CURL *curl)
{
	char *type = NULL;

	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	return type && strcasestr(type, "text/html");
}

/* First bytes of a body: decide whether it is one we want. */
static bool begin(struct transfer *t)
{
	curl_off_t length = -1;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->d->status);
	t->html = is_html(t->curl);
	if (t->d->status < 200 || t->d->status > 299 || t->html)
		return false;
	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->begun = true;
	if (t->d->begin)
		t->d->begin(t->d->ctx, length > 0 ? (uint64_t)length : 0);
	return true;
}

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	n *= size;
	if (!t->begun && !begin(t))
		return 0;
	t->d->received += n;
	if (t->d->data(t->d->ctx, p, n) < 0) {
		t->d->refused = true;
		return 0;
	}
	t->last_ms = now_ms();
	return n;
}

/* libcurl calls this about once a second, also when nothing comes. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct transfer *t = ctx;
	int limit = t->d->stall_ms ? t->d->stall_ms : STALL_MS;

	(void)a, (void)b, (void)c, (void)d;
	t->stalled = now_ms() - t->last_ms > limit;
	return t->stalled || stop_wanted();
}

static void set_options(struct transfer *t, char *why)
{
	CURL *curl = t->curl;

	curl_easy_setopt(curl, CURLOPT_URL, t->d->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	if (env_get(ENV_SSL_CERT_FILE))
		curl_easy_setopt(curl, CURLOPT_CAINFO, env_get(ENV_SSL_CERT_FILE));
}

/* Say what went wrong; 0 when nothing did. */
static int judge(struct transfer *t, CURLcode code, const char *why, struct err *e)
{
	struct download *d = t->d;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &d->status);
	if (d->refused)
		return -1;
	if (stop_wanted())
		return err_set(e, "download %s: interrupted", d->url);
	if (t->stalled)
		return err_set(e, "download stalled: no body bytes for %llds after %llu bytes received",
			       (now_ms() - t->last_ms) / 1000, (unsigned long long)d->received);
	if (d->status && (d->status < 200 || d->status > 299))
		return err_set(e, "download %s: HTTP %ld", d->url, d->status);
	if (t->html || (code == CURLE_OK && is_html(t->curl)))
		return err_set(e, "download %s: server returned HTML instead of tarball (URL may be invalid)", d->url);
	if (code != CURLE_OK)
		return err_set(e, "download %s: %s", d->url, *why ? why : curl_easy_strerror(code));
	return 0;
}

int download_run(struct download *d, struct err *e)
{
	static bool ready;
	char why[CURL_ERROR_SIZE] = "";
	struct transfer t = { .d = d, .last_ms = now_ms() };
	CURLcode code;
	int rc;

	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, "download %s: libcurl does not start", d->url);
	ready = true;
	d->received = 0;
	d->status = 0;
	d->refused = false;
	t.curl = curl_easy_init();
	if (!t.curl)
		return err_set(e, "download %s: out of memory", d->url);
	set_options(&t, why);
	code = curl_easy_perform(t.curl);
	rc = judge(&t, code, why, e);
	curl_easy_cleanup(t.curl);
	return rc;
}

struct text {
	struct str *out;
	long long until_ms;
};

static int add_text(void *ctx, const void *p, size_t n)
{
	struct text *t = ctx;

	if (t->out->len + n > TEXT_MAX || now_ms() > t->until_ms)
		return -1;
	str_addn(t->out, p, n);
	return 0;
}

int download_text(const char *url, struct str *out, long *status, struct err *e)
{
	struct text t = { out, now_ms() + TEXT_SECS * 1000 };
	struct download d = { .url = url, .stall_ms = TEXT_SECS * 1000, .data = add_text, .ctx = &t };
	int rc = download_run(&d, e);

	if (status)
		*status = d.status;
	if (d.refused)
		return err_set(e, "download %s: the answer is too long or takes longer than %ds", url, TEXT_SECS);
	return rc;
}
