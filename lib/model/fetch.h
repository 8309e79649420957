/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Downloading the model: streamed to disk and hashed on the way, gone on with
 * after a break, in place only when it is what the pin says.
 */
#ifndef MODEL_FETCH_H
#define MODEL_FETCH_H

#include "model/pin.h"

/*
 * Make the file at path what the pin says. A copy that is there is hashed and
 * kept when it is good. Otherwise KTSTR_MODEL_OFFLINE refuses; a second fetch
 * waits for the first; what a broken transfer left is gone on with; a wrong
 * digest leaves the old copy as it was and nothing else. A server from which
 * nothing comes for stall_ms is given up.
 */
int model_fetch(const struct pin *p, const char *path, int stall_ms, struct err *e);

#endif
