#ifndef JOBJOKER_ENGINE_TWIN_H
#define JOBJOKER_ENGINE_TWIN_H

#include "engine/engine.h"

/* To start a worker takes reading JSON, which the static program cannot: its twin, the command `jobjoker`, does that
 * (cgi-bin/answer.c). It gets the settings, and nothing of this request, whose credentials are not its business. `words`
 * are its arguments and end in NULL. */

/* Runs it to its end. 0: it ended well. 1: it did not; what it said is in the error log. -1: 500, it could not be run. */
int twin_run(const struct engine *e, const char *const words[], struct error *err);

/* Starts it, and waits for nothing: it outlives us. What it has to say goes to runner.log. -1: 500. */
int twin_start(const struct engine *e, const char *const words[], struct error *err);
/* The same, with a descriptor as its 3. */
int twin_start_locked(const struct engine *e, const char *const words[], int lock, struct error *err);

#endif
