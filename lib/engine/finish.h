#ifndef JOBJOKER_ENGINE_FINISH_H
#define JOBJOKER_ENGINE_FINISH_H

#include "engine/engine.h"

/* Ends the attempt that a job is at: the job is over, or waits for its next attempt where it has failed and its `retries` say
 * so. Its outcome (exit_code, signal, reason) stands in the job, and what was said is appended. Whoever is asked to
 * stop ends as that, whatever the outcome. Inside of a transaction; the caller updates the job. */
int finish_attempt(struct engine *e, struct job *job, enum job_event event, int64_t stopped_ms, struct error *err);

/* The job is over, without a retry: it was never started, or not by us, or cannot be. Of an active or idle job. */
void finish_job(struct job *job, enum job_event event, int64_t stopped_ms);

#endif
