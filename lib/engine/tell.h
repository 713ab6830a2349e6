#ifndef JOBJOKER_ENGINE_TELL_H
#define JOBJOKER_ENGINE_TELL_H

#include "engine/engine.h"
#include "job/notify.h"

/* Who is told of what becomes of a job. It is noted in the transaction that changes the job, and delivered afterwards by another
 * program (notifier.h): no job waits for that. */

/* As store_job_update() and store_job_insert(), and notes what is to be told of the state that the job comes to. */
int tell_update(struct engine *e, const struct job *job, enum job_state from, struct error *err);
int tell_insert(struct engine *e, struct job *job, struct error *err);
/* In a transaction: notes that an attempt has failed and another one follows. */
int tell_retry(struct engine *e, const struct job *job, struct error *err);
/* As store_commit(), and sees that what was noted is delivered: does not wait for that. */
int tell_commit(struct engine *e, struct error *err);
/* In a tick: has delivered what is due. *next_ms: when to look again; 0: nothing waits. */
int tell_due(struct engine *e, int64_t *next_ms, struct error *err);
/* Starts the notifier, or lets the one that runs look again. */
void tell_wake(const struct engine *e);

#endif
