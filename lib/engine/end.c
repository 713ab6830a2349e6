/* How a job is told to stop, to die, to pause or to go on: what is wanted is noted in the store, and its runner told to
 * ask. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/process_tree.h"
#include "engine/engine.h"
#include "engine/finish.h"
#include "engine/follow.h"
#include "engine/lease.h"
#include "engine/tell.h"

enum {
    KILL_TIMEOUT_MS = 10000,
    PAUSE_TIMEOUT_MS = 5000, /* how long a request waits for what its runner is about to do */
};

/* Only a job that runs can be told something. */
static int check_active(const struct job *job, struct error *err)
{
    if (job->state == JOB_IDLE)
        return error_set(err, 409, "job_idle", "job %s is not running", job->id);
    if (job->state != JOB_ACTIVE)
        return error_set(err, 409, "job_over", "job %s is over", job->id);
    return 0;
}

/* A job that waits to run is not to run any more. */
static int end_waiting(struct job *job, int64_t now_ms, struct error *err)
{
    char reason[64];

    snprintf(reason, sizeof reason, job->waiting ? "stopped while it waited (%s)" : "stopped before it was started",
             waiting_name(job->waiting));
    free(job->reason);
    job->reason = strdup(reason);
    if (!job->reason)
        return error_set(err, 500, "internal", "the server ran out of memory");
    finish_job(job, EVENT_KILLED, now_ms);
    return 0;
}

/* Notes what is wanted. A job from outside has no runner to be told: it is asked by stop_requested, and killing it can
 * only mean that it is not waited for any more. */
static int note_wanted(struct engine *e, const char *id, enum job_wanted wanted, struct job *job, struct error *err)
{
    enum job_state from;
    bool waits; /* or others wait for it */

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0)
        return -1;
    from = job->state;
    waits = job->state == JOB_IDLE && (job->waiting || (job->chain & CHAIN_IS_FOLLOWED));
    if (!waits && check_active(job, err) < 0)
        return -1;
    if (job->wanted < wanted)
        job->wanted = wanted;
    if (waits) {
        if (end_waiting(job, e->now_ms, err) < 0)
            return -1;
    } else if (!job->held && wanted == WANT_KILL) {
        finish_job(job, EVENT_KILLED, e->now_ms);
    }
    if (tell_update(e, job, from, err) < 0 || tell_commit(e, err) < 0)
        return -1;
    if (job->state != JOB_ACTIVE)
        engine_follow(e, job); /* who stood behind it may be the first now */
    return 0;
}

static void signal_holder(int pidfd, int number)
{
    (void)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

static bool ended_within(int pidfd, int timeout_ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

/* The runner does not do it (it is stopped, or hangs): its whole tree is ended over its head. It is ended itself also if some
 * of that is beyond our rights: then its worker ends with it, and whoever looks at the job next settles the rest. */
static int end_by_force(int pidfd, pid_t pid, struct error *err)
{
    struct process_tree tree = {.root = pid};
    int result;

    log_line("runner %ld does not kill its job: ending it and its tree", (long)pid);
    result = process_tree_kill(&tree, KILL_TIMEOUT_MS, err);
    signal_holder(pidfd, SIGKILL);
    if (ended_within(pidfd, KILL_TIMEOUT_MS))
        return result;
    return error_set(err, 503, "still_alive", "the job's processes do not end: try again");
}

/* The runner of a job, as a pidfd; one that is just being started is waited for. -1: there is none. */
static int find_runner(const struct engine *e, const char *id, int wait_ms, pid_t *pid)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;

    for (;;) {
        int pidfd = lease_open_holder(e->settings->data, id, pid);

        if (pidfd >= 0 || clock_monotonic_ms() >= deadline || !lease_is_held(e->settings->data, id))
            return pidfd;
        poll(NULL, 0, 2);
    }
}

/* Tells the runner that something is wanted of it, and waits for its end when that is to die. For one that does not listen
 * yet the signal waits (launch.c); one that is not there yet hears of it with the answer to its first report. */
static int tell_runner(struct engine *e, const char *id, enum job_wanted wanted, struct error *err)
{
    pid_t pid = 0;
    int pidfd = find_runner(e, id, wanted == WANT_KILL ? KILL_TIMEOUT_MS : 0, &pid), result = 0;

    if (pidfd < 0)
        return 0;
    signal_holder(pidfd, SIGUSR1);
    if (wanted == WANT_KILL && !ended_within(pidfd, KILL_TIMEOUT_MS))
        result = end_by_force(pidfd, pid, err);
    close(pidfd);
    return result;
}

int engine_end(struct engine *e, const char *id, enum job_wanted wanted, struct job *job, struct error *err)
{
    if (note_wanted(e, id, wanted, job, err) < 0)
        return -1;
    if (!job->held)
        return 0;
    if (tell_runner(e, id, wanted, err) < 0 || (wanted == WANT_KILL && engine_reap_job(e, id, err) < 0))
        return -1;
    job_clear(job);
    if (store_job_get(e->store, id, job, err) < 0)
        return -1;
    if (wanted == WANT_KILL && job->state == JOB_ACTIVE)
        return error_set(err, 503, "still_alive", "the job is still being started: try again");
    return 0;
}

/* -- pause -- */

static int note_pause(struct engine *e, const char *id, bool pause, struct job *job, struct error *err)
{
    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0 || check_active(job, err) < 0)
        return -1;
    if (!job->held)
        return error_set(err, 409, "job_not_held", "no runner of ours has this job: it cannot be paused or resumed");
    if (job->wanted != WANT_RUN)
        return error_set(err, 409, "job_stopping", "job %s is being stopped", job->id);
    job->pause_wanted = pause;
    if (store_job_update(e->store, job, JOB_ACTIVE, err) < 0)
        return -1;
    return store_commit(e->store, err);
}

/* The runner says when it is done; a job that ends meanwhile is not waited for. */
static int wait_for_pause(struct engine *e, const char *id, bool pause, struct job *job, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + PAUSE_TIMEOUT_MS;

    for (;;) {
        job_clear(job);
        store_refresh(e->store);
        if (engine_reap_job(e, id, err) < 0 || store_job_get(e->store, id, job, err) < 0)
            return -1;
        if (job->paused == pause || job->state != JOB_ACTIVE || job->pause_wanted != pause ||
            clock_monotonic_ms() >= deadline)
            return 0;
        poll(NULL, 0, 2);
    }
}

int engine_pause(struct engine *e, const char *id, bool pause, struct job *job, struct error *err)
{
    if (note_pause(e, id, pause, job, err) < 0 || tell_runner(e, id, WANT_RUN, err) < 0)
        return -1;
    return wait_for_pause(e, id, pause, job, err);
}
