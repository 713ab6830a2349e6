#ifndef JOBJOKER_RUNNER_WORKER_H
#define JOBJOKER_RUNNER_WORKER_H

#include <sys/types.h>

#include "ticket.h"

/* The worker as a child process. */

enum { WORKER_REASON_SIZE = 512 };

struct worker_process {
    pid_t pid;
    int out, err; /* ends of its pipes to read from; non-blocking; the caller's */
};

/* Starts it as DESIGN.md, section 7 says, in a new folder run/ID/work. `library` is the folder of this program.
 * -1: it could not be; `reason` says why, for the job, and *out is as it was. */
int worker_start(const struct ticket *t, const char *library, struct worker_process *out,
                 char reason[WORKER_REASON_SIZE]);

#endif
