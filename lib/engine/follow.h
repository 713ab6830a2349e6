#ifndef JOBJOKER_ENGINE_FOLLOW_H
#define JOBJOKER_ENGINE_FOLLOW_H

#include "engine/engine.h"

/* What follows when a job has come to its end, or no longer waits: others may run now. A job that stands in no line and that
 * nobody waits for costs nothing here but the look at it. What cannot be done is logged, and left to the next look. */

/* Does what follows from the job as it is now, an update of which was committed; in the static program, has it done (twin.h).
 * Outside of a transaction. */
void engine_follow(struct engine *e, const struct job *job);
void engine_follow_id(struct engine *e, const char *id);

/* The same, but never here: for a runner that waits for our answer, and holds what the next attempt of its own job needs. */
void engine_follow_apart(struct engine *e, const struct job *job);

/* Has it done, and waits for nothing. */
void engine_follow_later(struct engine *e, const char *id);

/* The same for all jobs that wait in a queue that has been changed. */
void engine_follow_queue(struct engine *e, const char *queue);

/* Does all of what follows from a job (or a queue, its id being NULL) and comes back when that is done: the twin's part. */
int follow_through(struct engine *e, const char *id, const char *queue, struct error *err);

/* A job that waits for nothing any more is moved on: who should have done it has died. Once in a request is enough. */
int engine_look_at_waiting(struct engine *e, const char *id, struct error *err);

#endif
