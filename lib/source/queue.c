/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Slots between read and read + filled hold data; the writer fills the one
 * behind them on its own, and the reader keeps the one it looks at. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t slots, size;
	size_t read, filled;
	size_t *used;   /* bytes in each slot */
	size_t pending; /* bytes in the slot being filled */
	bool reading, ended, broken, refused;
	char *bytes;
};

struct queue *queue_new(size_t n, size_t size)
{
	struct queue *q = xcalloc(1, sizeof(*q));

	q->slots = n;
	q->size = size;
	q->used = xcalloc(n, sizeof(*q->used));
	q->bytes = xmalloc(n * size);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->moved, NULL);
	return q;
}

void queue_free(struct queue *q)
{
	pthread_cond_destroy(&q->moved);
	pthread_mutex_destroy(&q->lock);
	free(q->used);
	free(q->bytes);
	free(q);
}

static size_t writing(const struct queue *q)
{
	return (q->read + q->filled) % q->slots;
}

/* With the lock held: hand the slot over and wait for the next to be free. */
static void publish(struct queue *q)
{
	q->used[writing(q)] = q->pending;
	q->pending = 0;
	q->filled++;
	pthread_cond_signal(&q->moved);
}

int queue_put(struct queue *q, const void *p, size_t n)
{
	const char *from = p;

	while (n) {
		size_t slot, take;

		pthread_mutex_lock(&q->lock);
		while (q->filled == q->slots && !q->refused)
			pthread_cond_wait(&q->moved, &q->lock);
		slot = writing(q);
		if (q->refused) {
			pthread_mutex_unlock(&q->lock);
			return -1;
		}
		pthread_mutex_unlock(&q->lock);
		take = q->size - q->pending < n ? q->size - q->pending : n;
		memcpy(q->bytes + slot * q->size + q->pending, from, take);
		q->pending += take;
		from += take;
		n -= take;
		if (q->pending < q->size)
			continue;
		pthread_mutex_lock(&q->lock);
		publish(q);
		pthread_mutex_unlock(&q->lock);
	}
	return 0;
}

void queue_end(struct queue *q, bool broken)
{
	pthread_mutex_lock(&q->lock);
	if (q->pending)
		publish(q);
	q->ended = true;
	q->broken = broken;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->lock);
}

long queue_get(struct queue *q, const void **p)
{
	long n;

	pthread_mutex_lock(&q->lock);
	if (q->reading) {
		q->read = (q->read + 1) % q->slots;
		q->filled--;
		q->reading = false;
		pthread_cond_signal(&q->moved);
	}
	while (!q->filled && !q->ended)
		pthread_cond_wait(&q->moved, &q->lock);
	if (q->filled) {
		q->reading = true;
		*p = q->bytes + q->read * q->size;
		n = (long)q->used[q->read];
	} else {
		n = q->broken ? -1 : 0;
	}
	pthread_mutex_unlock(&q->lock);
	return n;
}

void queue_refuse(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->refused = true;
	pthread_cond_signal(&q->moved);
	pthread_mutex_unlock(&q->lock);
}
