/* SPDX-License-Identifier: GPL-2.0-only */
#include "plot/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/term.h"
#include "compare/xml.h"
#include "json/read.h"

const char svg_style[] =
	".plot{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}"
	".plot .bg{fill:#fff}.plot .head{font-size:14px;font-weight:600}.plot .dim{fill:#59636e;font-size:11px}"
	".plot .axis{stroke:#818b98;stroke-width:1}.plot .grid{stroke:#818b98;stroke-opacity:.25}"
	".plot .a{fill:#0969da;stroke:#0969da}.plot .b{fill:#bc4c00;stroke:#bc4c00}"
	".plot rect.a,.plot rect.b{fill-opacity:.25}.plot line.a,.plot line.b{stroke-width:2}"
	".plot line.thin{stroke-width:1}.plot circle{fill-opacity:.55;stroke:none}"
	".plot text.a,.plot text.b{stroke:none}"
	".plot .mark{stroke:#cf222e;fill:#cf222e}.plot line.mark{stroke-width:1.5;stroke-dasharray:4 3}"
	".plot text.mark{stroke:none}"
	"@media(prefers-color-scheme:dark){.plot{fill:#e6edf3}.plot .bg{fill:#0d1117}.plot .dim{fill:#9198a1}"
	".plot .a{fill:#4493f8;stroke:#4493f8}.plot .b{fill:#f0883e;stroke:#f0883e}"
	".plot .mark{stroke:#ff7b72;fill:#ff7b72}}";

/* Room for a height that is not known yet, and the quote behind it. */
static size_t leave_room(struct svg *s)
{
	size_t at = s->out.len;

	str_addf(&s->out, "%9s", "");
	return at;
}

void svg_open(struct svg *s, double width, const char *title, bool alone)
{
	*s = (struct svg){ .width = width };
	str_addf(&s->out,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" width=\"%.0f\" height=\"",
		 width);
	s->height_at[0] = leave_room(s);
	str_addf(&s->out, " viewBox=\"0 0 %.0f ", width);
	s->height_at[1] = leave_room(s);
	str_add(&s->out, ">\n<title>");
	xml_text(&s->out, title);
	str_add(&s->out, "</title>\n");
	if (alone)
		str_addf(&s->out, "<style>%s</style>\n", svg_style);
	str_add(&s->out, "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n");
}

void svg_close(struct svg *s, double height)
{
	char text[16];
	int n = snprintf(text, 9, "%.0f\"", fmin(height, 9999999));

	for (size_t i = 0; i < ARRAY_SIZE(s->height_at); i++)
		memcpy(s->out.s + s->height_at[i], text, (size_t)n);
	str_add(&s->out, "</svg>\n");
}

void svg_release(struct svg *s)
{
	str_release(&s->out);
}

void svg_line(struct svg *s, const char *class, double x1, double y1, double x2, double y2)
{
	str_addf(&s->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2,
		 y2);
}

void svg_rect(struct svg *s, const char *class, double x, double y, double w, double h)
{
	str_addf(&s->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", class, x, y, w,
		 h);
}

void svg_dot(struct svg *s, const char *class, double x, double y, double r, const char *title)
{
	str_addf(&s->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", class, x, y, r);
	if (!title) {
		str_add(&s->out, "/>\n");
		return;
	}
	str_add(&s->out, "><title>");
	xml_text(&s->out, title);
	str_add(&s->out, "</title></circle>\n");
}

static void text_start(struct svg *s, const char *class, double x, double y, enum anchor a)
{
	static const char *const words[] = { "start", "middle", "end" };

	str_addf(&s->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y, words[a]);
}

void svg_text(struct svg *s, const char *class, double x, double y, enum anchor a, const char *text)
{
	text_start(s, class, x, y, a);
	xml_text(&s->out, text);
	str_add(&s->out, "</text>\n");
}

void svg_label(struct svg *s, const char *class, double x, double y, enum anchor a, const char *text, size_t max)
{
	size_t n = text_fit(text, max);
	auto_free char *cut = NULL;

	if (!text[n]) {
		svg_text(s, class, x, y, a, text);
		return;
	}
	cut = xstrndup(text, text_fit(text, max - 1));
	text_start(s, class, x, y, a);
	str_add(&s->out, "<title>");
	xml_text(&s->out, text);
	str_add(&s->out, "</title>");
	xml_text(&s->out, cut);
	str_add(&s->out, "…</text>\n");
}

void str_add_value(struct str *out, double v, const char *unit)
{
	static const struct {
		double from;
		const char *prefix;
	} large[] = { { 1e12, "T" }, { 1e9, "G" }, { 1e6, "M" }, { 1e4, "k" } };
	const char *prefix = "";

	for (size_t i = 0; i < ARRAY_SIZE(large) && !*prefix; i++)
		if (fabs(v) >= large[i].from) {
			prefix = large[i].prefix;
			v /= i == 3 ? 1e3 : large[i].from;
		}
	str_addf(out, "%.4g%s", v, prefix);
	if (unit && *unit)
		str_addf(out, "%s%s", *unit == '%' || *unit == 'x' ? "" : " ", unit);
}

/* 1, 2 or 5 times a power of ten, about a fifth of the span. */
static double round_step(double span)
{
	double raw = span / 5, power = pow(10, floor(log10(raw))), f = raw / power;

	return (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10) * power;
}

struct scale scale_over(double min, double max, double from, double to)
{
	struct scale c = { .from = from, .to = to };

	if (!(max > min)) {
		double room = min != 0 ? fabs(min) * 0.1 : 1;

		max = min + room;
		min -= room;
	}
	/* from zero, unless that leaves the values in a corner */
	if (min > 0 && min < max / 2)
		min = 0;
	c.step = round_step(max - min);
	c.lo = floor(min / c.step) * c.step;
	c.hi = ceil(max / c.step) * c.step;
	return c;
}

double scale_at(const struct scale *c, double v)
{
	return c->from + (v - c->lo) / (c->hi - c->lo) * (c->to - c->from);
}
