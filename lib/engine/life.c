/* A job's life: made, started, asked to end. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/process_tree.h"
#include "engine/engine.h"
#include "engine/launch.h"
#include "engine/lease.h"
#include "worker/worker.h"

enum { KILL_TIMEOUT_MS = 10000 };

/* Tokens of one run, as text and as what the store keeps. */
struct tokens {
    char lease[64 + SECRET_TOKEN_SIZE];
    char worker[64 + SECRET_TOKEN_SIZE];
};

static void make_token(const char *prefix, const char *id, char out[64 + SECRET_TOKEN_SIZE],
                       unsigned char hash[SECRET_HASH_SIZE])
{
    char random[SECRET_TOKEN_SIZE];

    secret_token(random);
    snprintf(out, 64 + SECRET_TOKEN_SIZE, "%s%s_%s", prefix, id, random);
    secret_hash(out, strlen(out), hash);
}

static int set_reason(struct job *job, const char *reason, struct error *err)
{
    free(job->reason);
    job->reason = strndup(reason, JOB_REASON_MAX);
    return job->reason ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* Reads the job again, inside of a transaction: others may have written its log, or moved it, since it was read. */
static int read_anew(struct engine *e, struct job *job, struct error *err)
{
    char id[ULID_SIZE];

    memcpy(id, job->id, sizeof id);
    job_clear(job);
    return store_job_get(e->store, id, job, err);
}

static int not_idle(const struct job *job, struct error *err)
{
    if (job->state == JOB_ACTIVE)
        return error_set(err, 409, "job_active", "job %s is running", job->id);
    return error_set(err, 409, "job_over", "job %s is over: make a new one", job->id);
}

/* The job cannot run: it ends as error, and says why. */
static int fail_job(struct engine *e, struct job *job, enum job_state from, const char *reason, struct error *err)
{
    if (store_begin(e->store, err) < 0 || read_anew(e, job, err) < 0)
        return -1;
    if (job->state != from)
        return not_idle(job, err);
    job->state = job_state_next(from, job->wanted != WANT_RUN ? EVENT_KILLED : EVENT_FAILURE);
    job->started_ms = job->started_ms ? job->started_ms : e->now_ms;
    job->stopped_ms = e->now_ms;
    job->held = false;
    if (set_reason(job, reason, err) < 0 || store_job_update(e->store, job, from, err) < 0)
        return -1;
    return store_commit(e->store, err);
}

static void claim(struct engine *e, struct job *job, int64_t version, struct tokens *t)
{
    struct utsname host;

    uname(&host);
    job->state = JOB_ACTIVE;
    job->version = version;
    job->started_ms = e->now_ms;
    job->attempt++;
    job->held = true;
    job->wanted = WANT_RUN;
    job->report = 0;
    job->pid = 0;
    snprintf(job->host, sizeof job->host, "%.64s", host.nodename);
    job->has_lease = true;
    make_token("jjl_", job->id, t->lease, job->lease_hash);
    make_token("jjw_", job->id, t->worker, job->token_hash);
}

/* The claim and the insert of a new job are one transaction, and so are the look at one that was there and its claim. */
static int claim_in_store(struct engine *e, struct job *job, bool insert, int64_t version, struct tokens *t,
                          struct error *err)
{
    if (store_begin(e->store, err) < 0)
        return -1;
    if (!insert && read_anew(e, job, err) < 0)
        goto roll_back;
    if (job->state != JOB_IDLE) { /* another start was faster */
        not_idle(job, err);
        goto roll_back;
    }
    claim(e, job, version, t);
    if (insert ? store_job_insert(e->store, job, err) < 0 : store_job_update(e->store, job, JOB_IDLE, err) < 0)
        goto roll_back;
    return store_commit(e->store, err);
roll_back:
    store_rollback(e->store);
    return -1;
}

/* Nothing of it runs: it ends as error, and its folder goes. What `launch` said stays in err. */
static void end_failed_launch(struct engine *e, struct job *job)
{
    struct error problem = {0};
    char folder[LEASE_PATH_SIZE];

    if (fail_job(e, job, JOB_ACTIVE, "its runner could not be started: the server's error log says why", &problem) <
        0) {
        store_rollback(e->store); /* who looks at the job next finds that its runner is lost */
        return;
    }
    lease_folder(e->settings->data, job->id, folder);
    (void)io_remove_tree(folder);
}

/* Claims and launches. The lock is ours from before the claim until the runner has it. */
static int run(struct engine *e, struct job *job, bool insert, const struct worker *w, const char *code,
               struct error *err)
{
    struct tokens tokens;
    struct launch launch = {.code = code, .kind = w->kind, .lease = tokens.lease, .token = tokens.worker};
    char id[ULID_SIZE];
    int result;

    memcpy(id, job->id, sizeof id);
    if (lease_take(e->settings->data, id, &launch.lock, err) < 0)
        return -1;
    if (claim_in_store(e, job, insert, w->version, &tokens, err) < 0) {
        lease_drop(e->settings->data, id, launch.lock);
        return -1;
    }
    result = launch_runner(e, job, &launch, err);
    if (result < 0)
        end_failed_launch(e, job);
    close(launch.lock);
    return result;
}

/* Finds the worker's code. 0: ready. 1: the job cannot run, `reason` says why. -1: error. */
static int find_code(struct engine *e, const struct job *job, struct worker *w, char *path, char *reason,
                     size_t reason_size, struct error *err)
{
    struct worker_place place = {e->settings, e->app_folder};
    struct error problem = {0};

    if (store_worker_get(e->store, job->worker, 0, true, w, &problem) == 0 &&
        worker_make_files(&place, w, path, PATH_MAX, NULL, &problem) == 0)
        return 0;
    if (problem.status >= 500) {
        *err = problem;
        return -1;
    }
    if (problem.status == 404)
        snprintf(reason, reason_size, "the worker %s was deleted before the job was started", job->worker);
    else
        snprintf(reason, reason_size, "%s", problem.message);
    return 1;
}

int engine_create(struct engine *e, struct job *job, bool start, struct error *err)
{
    unsigned char random[10];
    char path[PATH_MAX], reason[JOB_REASON_MAX];
    AUTO(worker) struct worker w = {0};
    int found;

    secret_random(random, sizeof random);
    ulid_make(e->now_ms, random, job->id);
    job->state = JOB_IDLE;
    job->created_ms = e->now_ms;
    job->percent = -1;
    job->exit_code = -1;
    if (!start) {
        if (store_begin(e->store, err) < 0 || store_job_insert(e->store, job, err) < 0)
            return -1;
        return store_commit(e->store, err);
    }
    found = find_code(e, job, &w, path, reason, sizeof reason, err);
    if (found > 0)
        return error_set(err, 422, "worker_broken", "%s", reason);
    return found < 0 ? -1 : run(e, job, true, &w, path, err);
}

int engine_start(struct engine *e, const char *id, struct job *job, struct error *err)
{
    char path[PATH_MAX], reason[JOB_REASON_MAX];
    AUTO(worker) struct worker w = {0};
    int found;

    if (store_job_get(e->store, id, job, err) < 0)
        return -1;
    if (job->state != JOB_IDLE)
        return not_idle(job, err);
    found = find_code(e, job, &w, path, reason, sizeof reason, err);
    if (found > 0)
        return fail_job(e, job, JOB_IDLE, reason, err);
    return found < 0 ? -1 : run(e, job, false, &w, path, err);
}

/* Notes what is wanted. A job from outside has no runner to be told: it is asked by stop_requested, and killing it can
 * only mean that it is not waited for any more. */
static int note_wanted(struct engine *e, const char *id, enum job_wanted wanted, struct job *job, struct error *err)
{
    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0)
        return -1;
    if (job->state == JOB_IDLE)
        return error_set(err, 409, "job_idle", "job %s is not running", job->id);
    if (job->state != JOB_ACTIVE)
        return error_set(err, 409, "job_over", "job %s is over", job->id);
    if (job->wanted < wanted)
        job->wanted = wanted;
    if (!job->held && wanted == WANT_KILL) {
        job->state = job_state_next(job->state, EVENT_KILLED);
        job->stopped_ms = e->now_ms;
    }
    if (store_job_update(e->store, job, JOB_ACTIVE, err) < 0)
        return -1;
    return store_commit(e->store, err);
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

/* The runner does not do it (it is stopped, or hangs): its whole tree is ended over its head. */
static int end_by_force(int pidfd, pid_t pid, struct error *err)
{
    log_line("runner %ld does not kill its job: ending it and its tree", (long)pid);
    if (process_tree_kill(pid, 0, KILL_TIMEOUT_MS, err) < 0)
        return -1;
    signal_holder(pidfd, SIGKILL);
    if (ended_within(pidfd, KILL_TIMEOUT_MS))
        return 0;
    return error_set(err, 503, "still_alive", "the job's processes do not end: try again");
}

/* The runner of a job, as a pidfd: once it listens to signals, where there is time to wait for that. -1: there is none. */
static int find_runner(const struct engine *e, const char *id, int wait_ms, pid_t *pid, bool *ready)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;

    for (;;) {
        int pidfd = lease_open_holder(e->settings->data, id, pid, ready);

        if ((pidfd >= 0 && *ready) || clock_monotonic_ms() >= deadline || !lease_is_held(e->settings->data, id))
            return pidfd;
        if (pidfd >= 0)
            close(pidfd);
        poll(NULL, 0, 2);
    }
}

/* Tells the runner that something is wanted of it, and waits for its end when that is to die. One that is not ready yet
 * hears of it with the answer to its first report. */
static int tell_runner(struct engine *e, const char *id, enum job_wanted wanted, struct error *err)
{
    bool ready = false;
    pid_t pid = 0;
    int pidfd = find_runner(e, id, wanted == WANT_KILL ? KILL_TIMEOUT_MS : 0, &pid, &ready), result = 0;

    if (pidfd < 0)
        return 0;
    if (ready)
        signal_holder(pidfd, SIGUSR1);
    if (wanted == WANT_KILL && !(ready && ended_within(pidfd, KILL_TIMEOUT_MS)))
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

int engine_tell_state(struct engine *e, const char *id, enum job_state state, struct job *job, struct error *err)
{
    enum job_state from;

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0)
        return -1;
    from = job->state;
    if (job->held && from == JOB_ACTIVE)
        return error_set(err, 409, "job_held", "a runner of ours has this job and tells its state itself");
    if (job_state_is_over(from))
        return error_set(err, 409, "job_over", "job %s is over", job->id);
    if (state == JOB_ACTIVE) {
        job->state = JOB_ACTIVE;
    } else {
        enum job_event event = job->wanted != WANT_RUN ? EVENT_KILLED
                               : state == JOB_DONE     ? EVENT_SUCCESS
                                                       : EVENT_FAILURE;

        job->state = job_state_next(from, event);
        job->stopped_ms = e->now_ms;
    }
    job->started_ms = job->started_ms ? job->started_ms : e->now_ms;
    if (store_job_update(e->store, job, from, err) < 0)
        return -1;
    return store_commit(e->store, err);
}

int engine_append(struct engine *e, const char *id, enum entry_kind kind, struct entry *entries, size_t count,
                  struct error *err)
{
    AUTO(job) struct job job = {0};

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, &job, err) < 0)
        return -1;
    if (store_entry_append(e->store, &job, kind, entries, count, err) < 0 ||
        store_job_update(e->store, &job, job.state, err) < 0)
        return -1;
    return store_commit(e->store, err);
}
