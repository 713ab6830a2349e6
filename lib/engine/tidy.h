#ifndef JOBJOKER_ENGINE_TIDY_H
#define JOBJOKER_ENGINE_TIDY_H

#include "engine/engine.h"

/* Removes what a runner left of a job that is over, should it have died when all was delivered and its folder was not yet
 * gone. Does nothing while it lives. */
void tidy_run(const struct engine *e, const char *id);

/* The same for who holds the lock of the run, which goes as well. */
void tidy_locked_run(const struct engine *e, const char *id);

#endif
