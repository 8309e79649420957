/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text inside XML and HTML, as content and as an attribute's value.
 */
#ifndef COMPARE_XML_H
#define COMPARE_XML_H

#include "base/str.h"

/* Append text escaped; what XML 1.0 forbids becomes '?'. */
void xml_text(struct str *out, const char *text);

#endif
