/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk of funify: JSON documents from a descriptor, the same documents
 * with pet names in out. A token is written as soon as it is read; only with
 * sort a whole document is kept.
 */
#ifndef FUNIFY_COSTUME_H
#define FUNIFY_COSTUME_H

#include "base/str.h"
#include "funify/names.h"
#include "funify/words.h"
#include "json/stream.h"

/* Where a value stands: what becomes of it, and the namespace of its name. */
struct place {
	enum key_class class;
	bool field; /* the key is a word of a format */
	struct siphash space;
};

struct costume {
	bool pretty, sort, keys; /* set by the caller */
	struct namer names;      /* namer_init is the caller's */
	struct str out;
	size_t whole; /* bytes of out that are whole documents */

	/* the walk's own */
	struct js in;
	struct place place;
	struct level {
		struct place outer;
		bool object, any;
		size_t members; /* sort: index of its first one */
	} levels[JS_DEPTH + 1];
	bool after_key;
	struct seen_key *cache;
	struct sorter *sorter;
};

/* Walk to the end of input: 0, or -1 with e; name is the input's, for
 * messages. before_read is called when everything that was read is in out; it
 * may take text from out's start. */
int costume_walk(struct costume *c, int fd, const char *name, void (*before_read)(void *), struct err *e);
void costume_release(struct costume *c);

/* Objects in the order of their keys. A member's text begins where out ends;
 * the last of several with one key stays. */
void sorter_member(struct costume *c, const char *key, size_t len);
void sorter_object(struct costume *c, int depth);
void sorter_release(struct costume *c);

/* The line end and the blanks in front of a member at this depth. */
void costume_indent(struct costume *c, int depth);

#endif
