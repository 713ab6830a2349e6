#ifndef JOBJOKER_RUNNER_RUN_H
#define JOBJOKER_RUNNER_RUN_H

#include "deliver.h"
#include "output.h"
#include "ticket.h"
#include "worker.h"

/* One run of a worker, as supervise.c looks after it. */

/* How the worker is being ended, each step harder than the one before. */
enum ending { ENDING_NONE, ENDING_STOP /* SIGTERM was sent */, ENDING_KILL };

struct run {
    const struct ticket *ticket;
    struct delivery delivery;
    struct output output;
    struct worker_process worker; /* pid 0: it has ended, or never began */
    pid_t had_pid;                /* that the worker has, or had */
    int signals;                  /* signalfd */
    enum ending ending;
    int64_t timeout_at_ms;  /* monotonic; INT64_MAX: none */
    int64_t kill_at_ms;     /* when the grace period is over; INT64_MAX: none */
    int64_t look_at_cpu_ms; /* when the limit of CPU time may be reached; INT64_MAX: none */
    int64_t started_ms;     /* monotonic */
    bool paused;
    int64_t timeout_left_ms; /* while it is paused */
    bool was_wanted;         /* it ends because somebody asked for it */
    bool child_ended;        /* since it was looked for last */
    bool ask;                /* something is wanted: a report is to go off at once */
    bool said_end;
    int64_t ended_at_ms; /* when the end was said; monotonic */
    int status;          /* of the worker, as waitpid(2) gives it */
    bool has_status;
    bool we_killed;         /* when the worker ended, SIGKILL had been sent to all */
    struct job_usage usage; /* of the whole tree, as far as it was reaped */
    char reason[WORKER_REASON_SIZE];
};

/* Is the worker's own process there? What it has started may live longer. */
static inline bool run_lives(const struct run *r)
{
    return r->worker.pid > 0;
}

#endif
