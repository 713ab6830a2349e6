#ifndef JOBJOKER_ENGINE_DUE_H
#define JOBJOKER_ENGINE_DUE_H

#include "engine/engine.h"

/* Starts the jobs whose time has come (job->due_ms), the earliest first, `most` at most; those of a queue go to its line.
 * Of several who do so at once, each job is started by one. *next_ms is when the next one is due, in the past when there were
 * more than `most`; 0: none is. Returns how many were taken. -1: 500, 503; one that could not be started is over then, and
 * those after it are left for the next call. */
int engine_due(struct engine *e, int most, int64_t *next_ms, struct error *err);

#endif
