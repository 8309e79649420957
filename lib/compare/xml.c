/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/xml.h"

#include <string.h>

#include "json/read.h"

void xml_text(struct str *out, const char *text)
{
	const char *end = text + strlen(text);

	for (const char *p = text; p < end;) {
		size_t n = (unsigned char)*p < 0x80 ? 1 : utf8_sequence(p, end);

		if (*p == '&')
			str_add(out, "&amp;");
		else if (*p == '<')
			str_add(out, "&lt;");
		else if (*p == '>')
			str_add(out, "&gt;");
		else if (*p == '"')
			str_add(out, "&quot;");
		else if (*p == '\'')
			str_add(out, "&#39;");
		else if (!n || (unsigned char)*p < 0x20 || *p == 0x7f ||
			 (n == 3 && memcmp(p, "\xef\xbf", 2) == 0 && (unsigned char)p[2] >= 0xbe))
			str_addc(out, '?');
		else
			str_addn(out, p, n);
		p += n ? n : 1;
	}
}
