#ifndef JOBJOKER_RUNNER_TREE_H
#define JOBJOKER_RUNNER_TREE_H

#include "run.h"

/* All processes of a run: the worker and whatever it has started. */

/* SIGTERM to all, once; r->kill_at_ms is then the end of the grace period. One that is paused goes on, to hear it. */
void tree_stop(struct run *r);

/* SIGKILL to all. Returns when none is left; should some not end (in uninterruptible sleep), r->kill_at_ms says when to
 * call it again. */
void tree_kill(struct run *r);

/* Freezes all, and lets them go on; the time that they may run stands still meanwhile. Each says so in the report and
 * does nothing where it is so already, or where the run is ending. */
void tree_pause(struct run *r);
void tree_resume(struct run *r);

/* Is nothing of it left? Corpses that were not reaped do not count. */
bool tree_is_empty(struct run *r);

/* The limit of CPU time counts for all together. Stops the tree when it is used up, else sets r->look_at_cpu_ms. */
void tree_look_at_cpu(struct run *r);
/* `used_ms` are used up: when can the limit be reached at the earliest? Sets r->look_at_cpu_ms. */
void tree_plan_look_at_cpu(struct run *r, int64_t used_ms);

#endif
