#ifndef JOBJOKER_RUNNER_SUPERVISE_H
#define JOBJOKER_RUNNER_SUPERVISE_H

#include "ticket.h"

/* Runs one worker from its start until nothing of it is left and all that was said about it is delivered (or lies in
 * the spool). `library` is the folder of this program. Writes the byte 'R' to `ready` when it watches
 * over the run, just before the worker is started, and closes it. */
void supervise(const struct ticket *t, const char *library, int ready);

#endif
