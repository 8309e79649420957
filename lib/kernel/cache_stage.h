/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into the cache, in steps that cache_store and cache_adopt share: the
 * slot of a key is opened and locked, a stage beside it is filled, and the
 * stage takes the slot by rename. A killed process leaves at most the stage,
 * which the next cache_sweep takes away.
 */
#ifndef KERNEL_CACHE_STAGE_H
#define KERNEL_CACHE_STAGE_H

#include "base/file.h"
#include "base/lock.h"

struct cache_slot {
	const char *key;
	char *root, *final;
	struct lock lock;
};

/* Check the key, make the root, sweep it: 0 or -1; close it either way. */
int cache_slot_open(struct cache_slot *s, const char *key, struct err *e);
/* Wait until nobody uses what is in the slot: 0 or -1. */
int cache_slot_lock(struct cache_slot *s, struct err *e);
void cache_slot_close(struct cache_slot *s);

/* An empty directory beside the slot. */
int cache_slot_stage(const struct cache_slot *s, struct temp_dir *stage, struct err *e);

/* With the lock held: sync the stage and what it holds, and put it in the
 * slot. 0 with the stage released of it; what was in the slot goes with
 * temp_dir_remove. */
int cache_slot_publish(const struct cache_slot *s, struct temp_dir *stage, struct err *e);

#endif
