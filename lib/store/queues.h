#ifndef JOBJOKER_STORE_QUEUES_H
#define JOBJOKER_STORE_QUEUES_H

#include "store/store.h"

/* Of this folder alone. What the state of a job means for its queue and its worker: who becomes active takes slots, who ends
 * gives them back. `from` 0: it is new. To be called after the counters of its worker were changed (jobs.c), in the same
 * transaction. -1: 409 queue_full, queue_unknown, worker_full, as store_job_update() says. */
int queues_follow_state(struct store *s, const struct job *job, enum job_state from, struct error *err);

#endif
