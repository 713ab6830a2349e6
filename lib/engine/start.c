/* How a job begins to run: made, put in line, claimed, its runner launched; and launched once more when that was lost. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "engine/chain.h"
#include "engine/engine.h"
#include "engine/launch.h"
#include "engine/finish.h"
#include "engine/follow.h"
#include "engine/keeper.h"
#include "engine/lease.h"
#include "engine/line.h"
#include "engine/start.h"
#include "engine/sweep.h"
#include "engine/tell.h"
#include "store/audit.h"
#include "worker/worker.h"

enum {
    BURST_MAX = 4, /* of starts that a request does for others while it is at its own */
    LEASE_TIMEOUT_MS = 2000,
};

/* Why a job is to run now. */
enum cause {
    CAUSE_NEW,    /* it is made for that, and inserted */
    CAUSE_WANTED, /* somebody says so */
    CAUSE_TURN    /* what it has waited for is there */
};

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

static void wait_no_more(struct job *job)
{
    job->waiting = WAITING_NOT;
    job->waiting_since_ms = job->due_ms = 0;
}

/* Of one that waits for its worker alone the counters decide, when it is claimed. */
static int is_its_turn(const struct engine *e, const struct job *job, bool *turn, struct error *err)
{
    char first[ULID_SIZE] = "";
    int result = 0;

    if (job->waiting == WAITING_SLOT)
        result = store_line_first(e->store, job->queue, first, err);
    else if (job->waiting == WAITING_WORKER)
        result = store_gate_first(e->store, job->worker, first, err);
    *turn = strcmp(first, job->id) == 0 || (job->due_ms && job->due_ms <= e->now_ms && job->waiting != WAITING_JOBS);
    return result;
}

/* As the job stands in the store, inside of the transaction that moves it. */
static int check_cause(const struct engine *e, const struct job *job, enum cause cause, struct error *err)
{
    bool turn = true;

    if (job->state != JOB_IDLE)
        return not_idle(job, err);
    if (cause == CAUSE_WANTED && job->waiting && job->waiting != WAITING_TIME && job->waiting != WAITING_RETRY)
        return error_set(err, 409, "job_waiting", "job %s was started, and waits for its turn", job->id);
    if (cause == CAUSE_TURN && is_its_turn(e, job, &turn, err) < 0)
        return -1;
    return turn ? 0 : error_set(err, 409, "job_moved", "job %s has just changed its state: look again", job->id);
}

/* The job cannot run: it ends as error, and says why. */
static int fail_job(struct engine *e, struct job *job, enum job_state from, const char *reason, struct error *err)
{
    if (store_begin(e->store, err) < 0 || read_anew(e, job, err) < 0)
        return -1;
    if (job->state != from)
        return not_idle(job, err);
    finish_job(job, EVENT_FAILURE, e->now_ms);
    job->started_ms = job->started_ms ? job->started_ms : e->now_ms;
    if (set_reason(job, reason, err) < 0 || tell_update(e, job, from, err) < 0 || tell_commit(e, err) < 0)
        return -1;
    if (job->chain & CHAIN_IS_FOLLOWED)
        engine_follow_later(e, job->id);
    return 0;
}

/* What the attempt before has done is done again. */
static void forget_outcome(struct job *job)
{
    free(job->reason);
    free(job->progress);
    job->reason = job->progress = NULL;
    job->percent = job->exit_code = -1;
    job->signal = 0;
    job->usage = (struct job_usage){0};
}

static void claim(struct engine *e, struct job *job, int64_t version, struct tokens *t)
{
    struct utsname host;

    uname(&host);
    job->state = JOB_ACTIVE;
    job->version = version;
    if (!job->attempt)
        job->started_ms = e->now_ms;
    else
        forget_outcome(job);
    job->attempt_ms = e->now_ms;
    job->attempt++;
    job->held = true;
    job->wanted = WANT_RUN;
    job->report = 0;
    job->seen_ms = e->now_ms;
    job->pid = 0;
    job->pause_wanted = job->paused = false;
    wait_no_more(job);
    free(job->suspicion);
    job->suspicion = NULL;
    snprintf(job->host, sizeof job->host, "%.64s", host.nodename);
    job->has_lease = true;
    make_token(JOB_LEASE_PREFIX, job->id, t->lease, job->lease_hash);
    make_token(JOB_TOKEN_PREFIX, job->id, t->worker, job->token_hash);
}

/* Opens the transaction that moves a job, and sees that it may be moved. */
static int begin_move(struct engine *e, struct job *job, enum cause cause, struct error *err)
{
    if (store_begin(e->store, err) < 0)
        return -1;
    if (cause != CAUSE_NEW && (read_anew(e, job, err) < 0 || check_cause(e, job, cause, err) < 0)) {
        store_rollback(e->store);
        return -1;
    }
    return 0;
}

/* With the key that it is made under. */
static int insert_alone(struct engine *e, struct job *job, struct error *err)
{
    if (job->once && store_once_put(e->store, job->once, e->now_ms, job->id, err) < 0)
        return -1;
    return tell_insert(e, job, err);
}

static int insert(struct engine *e, struct job *job, struct error *err)
{
    return insert_alone(e, job, err) < 0 ? -1 : store_after_put(e->store, job, err);
}

static int end_move(struct engine *e, struct job *job, enum cause cause, struct error *err)
{
    int result = cause == CAUSE_NEW ? insert(e, job, err) : tell_update(e, job, JOB_IDLE, err);

    if (result == 0)
        return tell_commit(e, err);
    store_rollback(e->store);
    return -1;
}

/* The claim and the insert of a new job are one transaction, and so are the look at one that was there and its claim. */
static int claim_in_store(struct engine *e, struct job *job, enum cause cause, int64_t version, struct tokens *t,
                          struct error *err)
{
    if (begin_move(e, job, cause, err) < 0)
        return -1;
    e->now_ms = clock_now_ms(); /* the end that made room for it was before this, and perhaps after we began to look */
    claim(e, job, version, t);
    return end_move(e, job, cause, err);
}

static int check_queue(const struct engine *e, const struct job *job, struct error *err)
{
    struct queue queue;
    bool found = true;

    if (job->queue[0] && store_queue_get(e->store, job->queue, &queue, &found, err) < 0)
        return -1;
    return found ? 0 : error_set(err, 409, "queue_unknown", "the queue %s of this job was deleted", job->queue);
}

/* Instead of the claim, of a job that others may have to wait for: it waits where it has to, be it for a moment. */
static int put_in_line(struct engine *e, struct job *job, enum cause cause, struct error *err)
{
    struct waiting_facts facts = {.now_ms = e->now_ms};
    int64_t count = 0;

    if (begin_move(e, job, cause, err) < 0)
        return -1;
    if (check_queue(e, job, err) < 0 ||
        (job->max_active > 0 && store_gate_count(e->store, job->worker, &count, err) < 0)) {
        store_rollback(e->store);
        return -1;
    }
    facts.worker_full = count >= job->max_active;
    wait_no_more(job);
    job->waiting = waiting_settle(job, &facts);
    if (!job->waiting)
        job->waiting = WAITING_WORKER; /* which has room for it */
    job->waiting_since_ms = e->now_ms;
    return end_move(e, job, cause, err);
}

/* Nothing of it runs: it ends as error, and its folder goes. What `launch` said stays in err. */
static void end_failed_launch(struct engine *e, struct job *job, const struct error *err)
{
    bool tells = strcmp(err->code, "secret_unreadable") == 0 || strcmp(err->code, "data_in_site") == 0;
    const char *reason = tells ? err->message : "its runner could not be started: the server's error log says why";
    struct error problem = {0};

    if (fail_job(e, job, JOB_ACTIVE, reason, &problem) < 0) {
        store_rollback(e->store); /* who looks at the job next finds that its runner is lost */
        return;
    }
    lease_remove_folder(e->settings->data, job->id);
}

/* Does the job still stand where whoever found its lease taken saw it? */
static bool is_still_idle(struct engine *e, const char *id)
{
    struct job_peek job;
    struct error problem = {0};

    store_refresh(e->store);
    return store_job_peek(e->store, id, &job, &problem) == 0 && job.state == JOB_IDLE;
}

/* The runner of the attempt before holds its lock until it has tidied up, a moment after it has told its end: an idle job
 * may be started then, as its state says. */
static int take_lease(struct engine *e, const char *id, int *lock, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + LEASE_TIMEOUT_MS;
    struct error problem = {0};

    while (lease_take(e->settings->data, id, lock, &problem) < 0) {
        if (problem.status != 409 || clock_monotonic_ms() >= deadline || !is_still_idle(e, id)) {
            *err = problem;
            return -1;
        }
        poll(NULL, 0, 1);
    }
    return 0;
}

/* Claims and launches. The lock is ours from before the claim until the runner has it. */
static int run(struct engine *e, struct job *job, enum cause cause, const struct worker *w, const char *code,
               struct error *err)
{
    struct tokens tokens;
    struct launch launch = {.code = code, .worker = w, .lease = tokens.lease, .token = tokens.worker};
    char id[ULID_SIZE];
    int result;

    memcpy(id, job->id, sizeof id);
    if (take_lease(e, id, &launch.lock, err) < 0)
        return -1;
    if (claim_in_store(e, job, cause, w->version, &tokens, err) < 0) {
        lease_drop(e->settings->data, id, launch.lock);
        return -1;
    }
    result = launch_runner(e, job, &launch, err);
    if (result < 0)
        end_failed_launch(e, job, err);
    close(launch.lock);
    return result;
}

/* Finds the code of a version of its worker (0: the current one). 0: ready. 1: the job cannot run, `reason` says why. -1: error. */
static int find_code(struct engine *e, const struct job *job, int64_t version, struct worker *w, char *path,
                     char *reason, size_t reason_size, struct error *err)
{
    struct worker_place place = {e->settings, e->app_folder};
    struct error problem = {0};

    if (store_worker_get(e->store, job->worker, version, true, w, &problem) == 0 &&
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

/* Finds its code, claims and launches it. */
static int run_current(struct engine *e, struct job *job, enum cause cause, struct error *err)
{
    char path[PATH_MAX], reason[JOB_REASON_MAX];
    AUTO(worker) struct worker w = {0};
    int found = find_code(e, job, 0, &w, path, reason, sizeof reason, err);

    if (found > 0 && cause == CAUSE_NEW)
        return error_set(err, 422, "worker_broken", "%s", reason);
    if (found > 0)
        return fail_job(e, job, JOB_IDLE, reason, err);
    return found < 0 ? -1 : run(e, job, cause, &w, path, err);
}

/* Puts it in line, and starts who is first there: itself, more often than not. What is wrong with others is not told to
 * who started this one. */
static int run_in_line(struct engine *e, struct job *job, enum cause cause, struct error *err)
{
    struct error problem = {0};
    int more;

    if (put_in_line(e, job, cause, err) < 0)
        return -1;
    more = line_advance(e, job, BURST_MAX, &problem);
    if (more < 0)
        store_rollback(e->store);
    store_refresh(e->store);
    if (read_anew(e, job, err) < 0)
        return -1;
    if (more < 0 && job->state == JOB_IDLE)
        log_line("job %s waits, and who is before it cannot be started: %s", job->id, problem.message);
    else if (more < 0 && job->state == JOB_ERROR)
        *err = problem;
    if (more > 0)
        engine_follow_later(e, job->id);
    return more < 0 && job->state == JOB_ERROR ? -1 : 0;
}

static int run_now(struct engine *e, struct job *job, enum cause cause, struct error *err)
{
    return waiting_is_bounded(job) ? run_in_line(e, job, cause, err) : run_current(e, job, cause, err);
}

/* It is only written down: for somebody who starts it, or for its time. */
static int put_down(struct engine *e, struct job *job, struct error *err)
{
    if (store_begin(e->store, err) < 0 || insert(e, job, err) < 0)
        return -1;
    return store_commit(e->store, err);
}

/* What every new job has. */
static void prepare(const struct engine *e, struct job *job)
{
    unsigned char random[10];

    if (!job->id[0]) {
        secret_random(random, sizeof random);
        ulid_make(e->now_ms, random, job->id);
    }
    job->state = JOB_IDLE;
    job->created_ms = e->now_ms;
    job->percent = -1;
    job->exit_code = -1;
    job->slots = job->slots ? job->slots : 1;
    job->waiting = job->after_count ? WAITING_JOBS : job->due_ms > e->now_ms ? WAITING_TIME : WAITING_NOT;
    job->waiting_since_ms = job->waiting ? e->now_ms : 0;
}

/* Those before it may be over already. */
static int create_after(struct engine *e, struct job *job, struct error *err)
{
    if (put_down(e, job, err) < 0 || chain_advance(e, job->id, err) < 0)
        return -1;
    return read_anew(e, job, err);
}

static int create(struct engine *e, struct job *job, bool start, struct error *err)
{
    audit_about(e->store, job->id);
    if (job->after_count)
        return create_after(e, job, err);
    if (job->waiting) {
        if (put_down(e, job, err) < 0)
            return -1;
        engine_wake(e);
        return 0;
    }
    start = start || job->due_ms;
    job->due_ms = 0;
    return start ? run_now(e, job, CAUSE_NEW, err) : put_down(e, job, err);
}

int engine_create(struct engine *e, struct job *job, bool start, struct error *err)
{
    bool is_swept = job->is_swept;
    int result;

    prepare(e, job);
    result = create(e, job, start, err);
    if (result == 0 && is_swept)
        engine_sweep_soon(e);
    return result;
}

/* It is started by itself, after all of its list were made. Should that not happen, its time has come: so whoever looks, or the
 * keeper, starts it. */
static void make_due(const struct engine *e, struct job *job, bool start)
{
    if (job->after_count || job->waiting || !(start || job->due_ms))
        return;
    job->waiting = WAITING_TIME;
    job->waiting_since_ms = e->now_ms;
    job->due_ms = e->now_ms;
}

/* All of them or none. Who goes before another must be there when that is written down. */
static int put_all_down(struct engine *e, struct job *jobs, const bool *start, size_t count, struct error *err)
{
    if (store_begin(e->store, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        prepare(e, &jobs[i]);
        make_due(e, &jobs[i], start[i]);
        if (insert_alone(e, &jobs[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (store_after_put(e->store, &jobs[i], err) < 0)
            return -1;
    }
    return store_commit(e->store, err);
}

/* They are there, so what becomes of one is told by itself. */
static void begin_one(struct engine *e, struct job *job)
{
    struct error problem = {0};
    int result = 0;

    if (job->after_count)
        result = chain_advance(e, job->id, &problem);
    else if (job->waiting && job->due_ms <= e->now_ms)
        result = run_now(e, job, CAUSE_WANTED, &problem);
    else if (job->waiting)
        engine_wake(e);
    if (result == 0)
        return;
    store_rollback(e->store);
    engine_wake(e);
    if (problem.status != 409) /* somebody who looked has started it */
        log_line("job %s was made, and cannot be started: %s", job->id, problem.message);
}

int engine_create_all(struct engine *e, struct job *jobs, const bool *start, size_t count, struct error *err)
{
    bool is_swept = false;

    audit_about(e->store, jobs[0].id);
    if (put_all_down(e, jobs, start, count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        is_swept = is_swept || jobs[i].is_swept;
        begin_one(e, &jobs[i]);
    }
    if (is_swept)
        engine_sweep_soon(e);
    store_refresh(e->store);
    for (size_t i = 0; i < count; i++) {
        if (read_anew(e, &jobs[i], err) < 0)
            return -1;
    }
    return 0;
}

int engine_start(struct engine *e, const char *id, struct job *job, struct error *err)
{
    if (store_job_get(e->store, id, job, err) < 0 || check_cause(e, job, CAUSE_WANTED, err) < 0)
        return -1;
    return run_now(e, job, CAUSE_WANTED, err);
}

/* From its time a job comes to a line; from there to its run. */
static int run_in_turn(struct engine *e, struct job *job, struct error *err)
{
    struct error problem = {0};

    if (!job->due_ms)
        return run_current(e, job, CAUSE_TURN, err);
    if (run_now(e, job, CAUSE_TURN, &problem) == 0)
        return 0;
    if (strcmp(problem.code, "queue_unknown") == 0) /* nobody is there to be told but the job itself */
        return fail_job(e, job, JOB_IDLE, problem.message, err);
    *err = problem;
    return -1;
}

int start_in_turn(struct engine *e, const char *id, struct error *err)
{
    AUTO(job) struct job job = {0};

    if (store_job_get(e->store, id, &job, err) < 0 || check_cause(e, &job, CAUSE_TURN, err) < 0)
        return -1;
    return run_in_turn(e, &job, err);
}

/* One transaction: the lost attempt is noted in the log, and the next one claimed. 1: it is no job to start again. */
static int claim_again(struct engine *e, struct job *job, int64_t attempt, const char *reason, struct tokens *t,
                       struct error *err)
{
    char text[JOB_REASON_MAX + 64];
    struct entry entry = {.time_ms = e->now_ms, .stream = STREAM_SYSTEM, .bytes = text};

    if (store_begin(e->store, err) < 0 || read_anew(e, job, err) < 0)
        return -1;
    if (job->state != JOB_ACTIVE || !job->held || job->attempt != attempt || job->wanted != WANT_RUN)
        return 1;
    entry.size =
        (size_t)snprintf(text, sizeof text, "LOST: %s. This is attempt %lld.", reason, (long long)job->attempt + 1);
    job->stopped_ms = e->now_ms;
    if (set_reason(job, reason, err) < 0 || store_entry_append(e->store, job, ENTRY_LOG, &entry, 1, err) < 0 ||
        store_attempt_put(e->store, job, JOB_ERROR, err) < 0 || tell_retry(e, job, err) < 0)
        return -1;
    job->stopped_ms = 0;
    claim(e, job, job->version, t);
    return store_job_update(e->store, job, JOB_ACTIVE, err) < 0 ? -1 : tell_commit(e, err);
}

int start_again(struct engine *e, const char *id, int64_t attempt, const char *reason, int lock, struct error *err)
{
    char path[PATH_MAX], problem[JOB_REASON_MAX];
    AUTO(job) struct job job = {0};
    AUTO(worker) struct worker w = {0};
    struct tokens tokens;
    struct launch launch = {.code = path, .worker = &w, .lease = tokens.lease, .token = tokens.worker, .lock = lock};
    int result;

    if (store_job_get(e->store, id, &job, err) < 0)
        return -1;
    result = find_code(e, &job, job.version, &w, path, problem, sizeof problem, err);
    if (result > 0)
        log_line("job %s is not started again: %s", id, problem);
    if (result == 0)
        result = claim_again(e, &job, attempt, reason, &tokens, err);
    if (result > 0)
        store_rollback(e->store);
    if (result != 0)
        return result;
    if (launch_runner(e, &job, &launch, err) < 0) {
        end_failed_launch(e, &job, err);
        engine_follow_id(e, id);
    }
    return 0;
}
