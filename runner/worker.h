#ifndef JOBJOKER_RUNNER_WORKER_H
#define JOBJOKER_RUNNER_WORKER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/spawn.h"
#include "ticket.h"

/* The worker as a child process. */

enum { WORKER_REASON_SIZE = 512 };

struct worker_process {
    pid_t pid;
    int out, err;  /* ends of its pipes to read from; non-blocking; the caller's */
    bool has_user; /* it runs as another user */
    struct spawn_user user;
    char cgroup[PATH_MAX]; /* its own, below the ticket's; the caller removes it; "": none */
};

/* Starts it as DESIGN.md, section 7 says, in a new folder run/ID/work, with a new folder run/ID/tmp for its temporary
 * files, and run/ID/secrets where it gets secrets as files. `library` is the folder of this program.
 * -1: it could not be; `reason` says why, for the job; of *out only the cgroup may be set. */
int worker_start(const struct ticket *t, const char *library, struct worker_process *out,
                 char reason[WORKER_REASON_SIZE]);

#endif
