#ifndef JOBJOKER_ENGINE_START_H
#define JOBJOKER_ENGINE_START_H

#include <stdint.h>

#include "base/error.h"

struct engine;

/* Starts a job once more whose runner was lost in that attempt, under the lease `lock`, which stays the caller's: with
 * the same version of its worker, a new lease, and so that the earlier runner is refused should it come back.
 * 0: it was started, or has ended as error because no runner could be. 1: it is not to be started: it was moved
 * meanwhile, is wanted to stop, or its code cannot be made ready. -1: 404, 500, 503; nothing has changed. */
int start_again(struct engine *e, const char *id, int64_t attempt, const char *reason, int lock, struct error *err);

#endif
