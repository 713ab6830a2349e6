#ifndef JOBJOKER_STORE_DELIVERIES_H
#define JOBJOKER_STORE_DELIVERIES_H

#include "job/delivery.h"
#include "store/store.h"

/* What is to be told, and was. As in store.h. */

int store_delivery_insert(struct store *s, const struct delivery *d, struct error *err);
/* Of a job, in the order of their making, from the first after `after` on (NULL: from the start), without bodies. each() borrows the
 * delivery; it returns 0 to go on. */
int store_delivery_each(const struct store *s, int64_t job, const char *after, int limit,
                        int (*each)(const struct delivery *, void *), void *context, struct error *err);
int store_delivery_count(const struct store *s, int64_t job, int64_t *count, struct error *err);
/* One of a job, without its body. 404 delivery_unknown. */
int store_delivery_get(const struct store *s, int64_t job, const char *id, struct delivery *out, struct error *err);
/* The time of the one that is due first; 0: none waits. */
int store_delivery_due(const struct store *s, int64_t *due_ms, struct error *err);
/* In a transaction: takes the one that is due first by now, with its body, and counts the try; it is due again at until_ms unless it
 * is settled before. *found false: none is due. delivery_clear() it. */
int store_delivery_claim(struct store *s, int64_t now_ms, int64_t until_ms, struct delivery *out, bool *found,
                         struct error *err);
/* In a transaction: notes how the try went, if it is still ours; one that is over goes where its job is gone. */
int store_delivery_settle(struct store *s, struct delivery *d, struct error *err);
/* In a transaction: one that is over is to be tried anew. 409 delivery_waiting. */
int store_delivery_again(struct store *s, struct delivery *d, int64_t now_ms, struct error *err);
/* With its job: those that are over. What waits is delivered all the same. */
int deliveries_forget(struct store *s, const struct job *job, struct error *err);

/* How a job of a series has ended the last time, as far as a target has heard, under a hash of both; 0: it has heard of none. */
int store_outcome_get(const struct store *s, const unsigned char *series, enum job_state *state, struct error *err);
int store_outcome_put(struct store *s, const unsigned char *series, enum job_state state, bool is_new, int64_t now_ms,
                      struct error *err);
int store_outcome_sweep(struct store *s, int64_t before_ms, struct error *err); /* those that were noted before */

#endif
