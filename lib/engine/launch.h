#ifndef JOBJOKER_ENGINE_LAUNCH_H
#define JOBJOKER_ENGINE_LAUNCH_H

#include "engine/engine.h"

/* What a run needs besides its job. */
struct launch {
    const char *code; /* path of the worker's file */
    const struct worker *worker;
    const char *lease; /* the runner's token, as text */
    const char *token; /* the worker's token */
    int lock;          /* the lease; stays the caller's, and is the runner's too from then on */
};

/* Starts the runner of a job that was claimed, and waits until it says that it is there. The format of its ticket is in
 * DESIGN.md, section 5. -1: 500 runner_failed, secret_unreadable (the message may stand in the job), or internal where its
 * ticket or its lock could not be written; then nothing of it runs. */
int launch_runner(const struct engine *e, const struct job *job, const struct launch *launch, struct error *err);

#endif
