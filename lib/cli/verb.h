/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs with verbs: "ktstr-runs list". */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "cli/opt.h"

struct verb {
	const char *name; /* the last row has none */
	int (*run)(int argc, char **argv);
};

/* Run the verb that argv[1] names, with its own argv; the exit code. p is the
 * program's row, its tail set. A word that is no verb is a usage error. */
int verb_main(struct program *p, const struct verb *verbs, int argc, char **argv);

#endif
