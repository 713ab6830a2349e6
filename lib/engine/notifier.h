#ifndef JOBJOKER_ENGINE_NOTIFIER_H
#define JOBJOKER_ENGINE_NOTIFIER_H

#include "engine/engine.h"

/* Delivers what is due, until nothing is; then sees to it that it is started again when the next is. `lock`: the file `notify` of the data
 * folder, locked, or -1: it is locked here, and when another notifier has it, that is told to look again and nothing else is done. Closes
 * it. -1: 500, 503 of the store. */
int notifier_run(struct engine *e, int lock, struct error *err);

#endif
