/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What another program's help lists: a line that begins with an option, and
 * the first words of a section of commands, each with its text behind two
 * blanks or on the line below, as clap and most others write it.
 */
#ifndef CLI_HELPTEXT_H
#define CLI_HELPTEXT_H

/* Call say for each option ("-E", "--retries") and each command, with its line
 * of help, "" for none. What is no such line is passed over. */
void helptext_each(const char *text, void (*say)(const char *name, const char *help));

#endif
