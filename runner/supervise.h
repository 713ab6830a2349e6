#ifndef JOBJOKER_RUNNER_SUPERVISE_H
#define JOBJOKER_RUNNER_SUPERVISE_H

#include "ticket.h"
#include "worker.h"

/* The signals that the runner is told things by, as a descriptor of signalfd(2). To be called early: from then on
 * they wait there, while before one of them ends us. -1: errno. */
int supervise_signals(void);

/* Runs one worker, which *worker then tells of, from its start until nothing of it is left and all that was said about it is delivered (or lies in
 * the spool). `library` is the folder of this program, `signals` comes from supervise_signals(). Writes the byte 'R' to
 * `ready` when it watches over the run, just before the worker is started, and closes it. */
void supervise(const struct ticket *t, const char *library, int ready, int signals, struct worker_process *worker);

#endif
