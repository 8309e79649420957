/* SPDX-License-Identifier: GPL-2.0-only */
#include "funify/shortest.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

/* A decimal: value digits * 10^-places. */
struct decimal {
	uint64_t digits;
	unsigned n, places; /* significant digits; digits behind the point */
};

/* Read "123.45"; false for another notation, too many digits or a zero that
 * json_f64 would not write. */
static bool read_decimal(const char *s, const char *end, struct decimal *d)
{
	const char *point = NULL;

	*d = (struct decimal){ 0 };
	for (; s < end; s++) {
		if (*s == '.') {
			point = s;
			continue;
		}
		if (*s < '0' || *s > '9' || d->n >= 17)
			return false;
		d->digits = d->digits * 10 + (uint64_t)(*s - '0');
		d->n += d->n || *s != '0';
	}
	if (!point)
		return false;
	d->places = (unsigned)(end - point - 1);
	return end[-1] != '0' || d->places == 1;
}

static u128 distance(u128 a, u128 b)
{
	return a > b ? a - b : b - a;
}

/*
 * The double is m * 2^-bits. Times 2^bits * 10^places everything is whole: the
 * double is m * 10^places, the text digits * 2^bits, and what reads back as the
 * double lies within half of 10^places around it. Edges are left to others.
 */
static bool nearest_and_shortest(const struct decimal *d, double v)
{
	int exponent;
	uint64_t m = (uint64_t)ldexp(frexp(v, &exponent), 53);
	unsigned bits = (unsigned)(53 - exponent);
	u128 ten = 1, unit, value, text, low;

	if (exponent > 52 || bits > 69 || d->places > 22 || m == (uint64_t)1 << 52)
		return false;
	for (unsigned i = 0; i < d->places; i++)
		ten *= 10;
	unit = (u128)1 << bits;
	value = m * ten;
	text = d->digits * unit;
	low = d->digits / 10 * 10 * unit;
	return distance(text, value) < ten / 2 && distance(text, value) < unit / 2 && distance(low, value) > ten / 2 &&
	       distance(low + 10 * unit, value) > ten / 2;
}

bool is_shortest(const char *s, size_t n)
{
	const char *end = s + n;
	struct decimal d;

	s += *s == '-';
	if (!read_decimal(s, end, &d))
		return false;
	if (!d.n)
		return end - s == 3;
	/* below 0.00001 an exponent is written */
	if (*s == '0' && strspn(s + 2, "0") > 4)
		return false;
	/* 15 digits tell all doubles apart, so none of them is one too many */
	return d.n <= 15 || nearest_and_shortest(&d, strtod(s, NULL));
}
