#ifndef JOBJOKER_ENGINE_LINE_H
#define JOBJOKER_ENGINE_LINE_H

#include "engine/engine.h"

/* The lines in which jobs wait for slots of their queue, and for room among the jobs of their worker. A job that is the first
 * in line is claimed with its slots in one transaction, by whoever finds it first: the request that started it, or the
 * program that took in the end of the one before. Nobody else watches over a line. */

/* Starts the first in a queue's line as long as there is room, `most` at most. 0: nobody is left who may be started. 1: there
 * may be more. -1: 500, 503; one could not be started (it is over then, and the rest is left alone, as it might fare no
 * better). */
int line_advance_queue(struct engine *e, const char *queue, int most, struct error *err);

/* The same for those that wait for others of their worker: they are started, or go to the line of their queue, which
 * advances then. */
int line_advance_worker(struct engine *e, const char *worker, int most, struct error *err);

/* Both, for a job that has come or gone. */
int line_advance(struct engine *e, const struct job *job, int most, struct error *err);

/* All lines. -1: one could not be moved on, and the others were. */
int line_advance_all(struct engine *e, struct error *err);

/* Is nothing in the way of a job that waits? Then whoever should have started it has died over that. */
int line_is_stuck(const struct engine *e, const struct job *job, bool *stuck, struct error *err);

#endif
