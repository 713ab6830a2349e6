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

/* Starts a job that waits, if it is its turn: it is the first in line and there is room for it, or its time has come. What
 * has waited for a time may go to a line then. 0: so it was; also when it has ended as error, since its code cannot be made
 * ready. -1: 404 job_unknown; 409 job_active, job_over, job_moved, queue_full, worker_full: it is not its turn, or
 * somebody else is at it; 500 runner_failed, secret_unreadable: it has ended as error; 500, 503. */
int start_in_turn(struct engine *e, const char *id, struct error *err);

#endif
