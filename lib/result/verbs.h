/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs of ktstr-runs; each parses its own command line. */
#ifndef RESULT_VERBS_H
#define RESULT_VERBS_H

int runs_list(int argc, char **argv);
int runs_values(int argc, char **argv);
int runs_host(int argc, char **argv);
int runs_explain(int argc, char **argv);
int runs_prune(int argc, char **argv);

#endif
