#ifndef JOBJOKER_ENGINE_SWEEP_H
#define JOBJOKER_ENGINE_SWEEP_H

#include "engine/engine.h"

/* Retention: jobs that are over go when they are older, or more, than the settings keep_days, keep_jobs and keep_jobs_all say, or the
 * options of their worker; those that ended first go first. One that a waiting job comes after stays until that has begun. Where nothing
 * is limited, nothing is done. */

/* A pass: deletes jobs with all that is left of them, and then makes the database's file smaller, in transactions of a few
 * milliseconds each, and comes back after some of them; *more: it has done something, and there is more. Readers are in nobody's way,
 * and who writes waits for one such transaction. `until_ms`: when something else is due, for which it makes room; 0: nothing is.
 * Several may do so at once. -1: 500, 503; then *more is false, and what was committed is. */
int engine_sweep(struct engine *e, int64_t until_ms, bool *more, struct error *err);

/* For who has made a job that is not kept for ever: has a pass made by the keeper, where none was for an hour. What cannot be done is
 * left to the next one. */
void engine_sweep_soon(const struct engine *e);

#endif
