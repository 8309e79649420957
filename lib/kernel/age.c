/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/age.h"

#include <string.h>
#include <time.h>

int stamp_parse(const char *s, int64_t *seconds)
{
	struct tm tm = { 0 }, back;
	const char *end = strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t t;

	if (!end || *end || strlen(s) != strlen("YYYY-MM-DDTHH:MM:SSZ"))
		return -1;
	back = tm;
	t = timegm(&back);
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon) /* the 31st of February */
		return -1;
	*seconds = t;
	return 0;
}

void str_add_age(struct str *out, uint64_t seconds)
{
	static const struct {
		uint64_t size;
		const char *one, *many;
	} units[] = {
		{ 31557600, "year", "years" },
		{ 2630016, "month", "months" },
		{ 86400, "day", "days" },
		{ 3600, "h", "h" },
		{ 60, "m", "m" },
		{ 1, "s", "s" },
	};
	size_t from = out->len;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t n = seconds / units[i].size;

		seconds %= units[i].size;
		if (n)
			str_addf(out, "%s%llu%s", out->len > from ? " " : "", (unsigned long long)n,
				 n == 1 ? units[i].one : units[i].many);
	}
	if (out->len == from)
		str_add(out, "0s");
}
