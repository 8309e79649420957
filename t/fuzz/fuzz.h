/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fuzz target defines: the two functions libFuzzer calls. replay.c
 * calls them with files instead, for compilers without libFuzzer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
