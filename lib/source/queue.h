/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded queue of bytes between two threads: one writes, one reads. The
 * writer waits while it is full, the reader while it is empty.
 */
#ifndef SOURCE_QUEUE_H
#define SOURCE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue;

/* A queue of at most n pieces of size bytes. */
struct queue *queue_new(size_t n, size_t size);
void queue_free(struct queue *q);

/* Writer: 0, or -1 when the reader has given up. */
int queue_put(struct queue *q, const void *p, size_t n);
/* Writer: no more will come; broken says that the stream is not whole. */
void queue_end(struct queue *q, bool broken);

/* Reader: the next piece, valid until the next call: its size, 0 at the end,
 * -1 when the stream broke off. */
long queue_get(struct queue *q, const void **p);
/* Reader: wants no more; the writer's next queue_put fails. */
void queue_refuse(struct queue *q);

#endif
