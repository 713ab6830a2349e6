#ifndef JOBJOKER_ENGINE_KEEPER_H
#define JOBJOKER_ENGINE_KEEPER_H

#include "engine/engine.h"

/* The keeper is a process that sleeps until the next thing is due, and then has a pass made (runner/keeper.c). There is one for a
 * data folder, and only while something lies ahead: the file `keeper` is there as long, and is locked (flock(2)) as long as a
 * keeper lives. Who removes the file ends the keeper. */

/* Something has been scheduled, and is committed: a keeper that sleeps looks again, and where there is none one is started. What
 * cannot be done is logged: the next request tries again. */
void engine_wake(const struct engine *e);

/* Starts a keeper where something lies ahead and none lives, after a start of the machine, say. For each request: one look at a
 * file that is not there, more often than not. */
void engine_keep(const struct engine *e);

#endif
