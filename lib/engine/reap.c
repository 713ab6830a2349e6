/* Jobs whose runner is gone. On this host a held lock is the only proof of life (lease.h). Who looks after such a job
 * holds its lock himself meanwhile, so that two do not, and so that nothing is removed that a new attempt has made. */
#include <errno.h>
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
#include "base/oom.h"
#include "base/process_tree.h"
#include "engine/engine.h"
#include "engine/finish.h"
#include "engine/follow.h"
#include "engine/lease.h"
#include "engine/silence.h"
#include "engine/start.h"
#include "engine/tell.h"
#include "engine/tidy.h"
#include "engine/twin.h"
#include "job/log_tail.h"
#include "job/report_format.h"

enum { SPOOL_MAX = 1 << 30, LEFTOVERS_TIMEOUT_MS = 1000, SETTLE_TIMEOUT_MS = 2000 };

/* Jobs to look after: their ids, since nothing is written while the list is read. */
struct suspects {
    struct engine *e;
    char host[JOB_HOST_SIZE];
    char (*ids)[ULID_SIZE];
    size_t count, room;
    bool failed;
};

/* -- what a lost runner left -- */

/* Its worker dies with it, but not what that has started: these carry the job's token in their environment. */
static void end_leftovers(const struct engine *e, const char *id)
{
    struct error err = {0};
    char mark[64], cgroup[PATH_MAX + 48];
    struct process_tree tree = {.mark = mark};

    snprintf(mark, sizeof mark, "JOBJOKER_TOKEN=" JOB_TOKEN_PREFIX "%s_", id);
    if (e->settings->cgroup[0]) {
        snprintf(cgroup, sizeof cgroup, "%s/%s", e->settings->cgroup, id);
        tree.cgroup = cgroup;
    }
    if (process_tree_kill(&tree, LEFTOVERS_TIMEOUT_MS, &err) < 0)
        log_line("job %s: what its lost runner left running does not end", id);
}

/* 1: it was taken, or had been before. 0: it is refused, and so is what follows. */
static int take_report(struct engine *e, const char *id, const char *body, size_t size, struct error *err)
{
    const char *wanted;

    if (engine_report(e, id, NULL, body, size, &wanted, err) == 0)
        return 1;
    store_rollback(e->store);
    return err->status >= 500 ? -1 : 0;
}

/* A list of reports, one after another. Each is applied by its number, so what was delivered after all is not applied
 * twice; of a last one that is cut short (the disk was full) what is whole is taken. */
static int take_reports(struct engine *e, const char *id, const struct buf *spool, struct error *err)
{
    struct report_reader reader = {buf_text(spool), buf_text(spool) + spool->size};
    const char *begin = reader.at;
    struct report_record r;
    int got;

    do {
        const char *at = reader.at;
        struct error cut = {0};

        got = report_read_next(&reader, &r, &cut);
        if ((got <= 0 || r.verb == REPORT_NUMBER) && at > begin) {
            int result = take_report(e, id, begin, (size_t)(at - begin), err);

            if (result <= 0)
                return result;
            begin = at;
        }
    } while (got > 0);
    return 0;
}

static int take_spool(struct engine *e, const char *id, struct error *err)
{
    char path[LEASE_PATH_SIZE + 8], folder[LEASE_PATH_SIZE];
    AUTO(buf) struct buf spool = {0};

    lease_folder(e->settings->data, id, folder);
    snprintf(path, sizeof path, "%s/spool", folder);
    if (io_read_file(path, SPOOL_MAX, &spool) < 0)
        return errno == ENOENT ? 0 : error_errno(err, path); /* what cannot be read now must not be removed */
    return take_reports(e, id, &spool, err);
}

/* One of the two files with the end of a log that was cut. */
struct tail_file {
    struct buf bytes;
    size_t at; /* where the next part begins */
    struct log_tail_head head;
};

static void tail_file_clear(struct tail_file *f)
{
    buf_clear(&f->bytes);
}

static int read_tail_file(const char *folder, int number, struct tail_file *f, struct error *err)
{
    char path[LEASE_PATH_SIZE + 8];

    log_tail_path(folder, number, path, sizeof path);
    if (io_read_file(path, LOG_TAIL_FILE_MAX, &f->bytes) < 0 && errno != ENOENT)
        return error_errno(err, path); /* as of the spool */
    f->at = log_tail_read_head(buf_text(&f->bytes), f->bytes.size, &f->head);
    if (f->at == 0)
        f->at = f->bytes.size;
    return 0;
}

static size_t rest_of(const struct tail_file *f)
{
    return f->bytes.size - f->at;
}

/* As the parts that the runner would have delivered. 1: go on. */
static int take_tail_file(struct engine *e, const char *id, struct tail_file *f, int64_t *part,
                          const struct log_gap *gap, struct error *err)
{
    int result = 1;
    size_t size;

    while (result > 0 && (size = log_tail_part(buf_text(&f->bytes) + f->at, rest_of(f))) > 0) {
        AUTO(buf) struct buf body = {0};

        log_tail_put_report(&body, (*part)++, gap, e->now_ms, f->bytes.data + f->at, size);
        if (body.failed)
            return error_set(err, 500, "internal", "the server ran out of memory");
        result = take_report(e, id, body.data, body.size, err);
        f->at += size;
    }
    return result;
}

static int take_tail_files(struct engine *e, const char *id, struct tail_file *older, struct tail_file *newer,
                           struct error *err)
{
    struct log_gap gap = {.left_out = older->head.before};
    AUTO(job) struct job job = {0};
    int64_t part = 0;
    int result;

    if (store_job_get(e->store, id, &job, err) < 0)
        return -1;
    gap.and_more = job.report < older->head.report;
    result = take_tail_file(e, id, older, &part, &gap, err);
    if (result > 0)
        result = take_tail_file(e, id, newer, &part, &gap, err);
    return result < 0 ? -1 : 0;
}

/* The end of a log that was longer than its limit. */
static int take_tail(struct engine *e, const char *id, struct error *err)
{
    char folder[LEASE_PATH_SIZE];
    AUTO(tail_file) struct tail_file a = {0};
    AUTO(tail_file) struct tail_file b = {0};

    lease_folder(e->settings->data, id, folder);
    if (read_tail_file(folder, 0, &a, err) < 0 || read_tail_file(folder, 1, &b, err) < 0)
        return -1;
    if (rest_of(&a) == 0 && rest_of(&b) == 0)
        return 0;
    store_refresh(e->store); /* the spool was taken in */
    if (rest_of(&a) == 0 || (rest_of(&b) > 0 && b.head.before.bytes < a.head.before.bytes))
        return take_tail_files(e, id, &b, &a, err);
    return take_tail_files(e, id, &a, &b, err);
}

/* -- the job -- */

static int end_lost_job(struct engine *e, const char *id, int64_t attempt, const char *reason, struct error *err)
{
    AUTO(job) struct job job = {0};

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, &job, err) < 0)
        return -1;
    /* Otherwise its spool had its end, or somebody else was here. */
    if (job.state != JOB_ACTIVE || !job.held || job.attempt != attempt) {
        store_rollback(e->store);
        return 0;
    }
    free(job.reason);
    job.reason = strdup(reason);
    if (!job.reason)
        return error_set(err, 500, "internal", "the server ran out of memory");
    job.exit_code = -1;
    if (finish_attempt(e, &job, EVENT_FAILURE, e->now_ms, err) < 0 || tell_update(e, &job, JOB_ACTIVE, err) < 0)
        return -1;
    return tell_commit(e, err);
}

/* Is it to be started once more, should its runner be lost? */
static bool is_requeued(const struct engine *e, const struct job *job)
{
    return job->state == JOB_ACTIVE && job->held && job->wanted == WANT_RUN && job->on_lost == ON_LOST_REQUEUE &&
           job->attempt <= e->settings->requeue_max;
}

/* Is what was judged of a runner on another host still all that is known? Our lease keeps nobody on a third one from it. */
static int stands(struct engine *e, const struct job *judged, bool *still, struct error *err)
{
    AUTO(job) struct job job = {0};

    *still = true;
    if (!judged)
        return 0;
    store_refresh(e->store);
    if (store_job_get(e->store, judged->id, &job, err) < 0)
        return -1;
    *still = job.state == JOB_ACTIVE && job.held && job.attempt == judged->attempt && job.report == judged->report &&
             strcmp(job.host, judged->host) == 0;
    return 0;
}

/* Under the lease. What its runner wrote down comes first: its end may be among it, which it says when nothing of the job is
 * left but what the worker has detached. */
static int settle(struct engine *e, const char *id, const struct job *judged, const char *reason, int lock,
                  struct error *err)
{
    AUTO(job) struct job job = {0};
    bool still;

    if (stands(e, judged, &still, err) < 0)
        return -1;
    if (!still)
        return 0;
    if (take_spool(e, id, err) < 0 || take_tail(e, id, err) < 0)
        return -1;
    store_refresh(e->store);
    if (store_job_get(e->store, id, &job, err) < 0)
        return -1;
    if (job.state == JOB_ACTIVE)
        end_leftovers(e, id);
    if (is_requeued(e, &job)) {
        int result;

        lease_empty_folder(e->settings->data, id);
        result = start_again(e, id, job.attempt, reason, lock, err);
        if (result <= 0)
            return result;
    }
    if (end_lost_job(e, id, job.attempt, reason, err) < 0)
        return -1;
    tidy_locked_run(e, id);
    return 0;
}

static const char *why_lost(const struct engine *e, const char *id)
{
    if (lease_is_from_before_boot(e->settings->data, id))
        return "machine restarted";
    if (oom_was_killed(lease_noted_pid(e->settings->data, id)))
        return "out of memory: the kernel ended its runner";
    return "runner lost";
}

/* To start a worker takes reading JSON, which the static program cannot: its twin does all of it. */
static int run_twin(const struct engine *e, struct error *err)
{
    int result = twin_run(e, (const char *const[]){"tick", NULL}, err);

    store_refresh(e->store);
    return result;
}

/* What went wrong there may have to do with other jobs alone. */
static int let_twin_tick(const struct engine *e, const char *id, struct error *err)
{
    int failed = run_twin(e, err);
    struct job_peek peek;

    if (failed <= 0)
        return failed;
    if (store_job_peek(e->store, id, &peek, err) < 0)
        return -1;
    if (peek.state != JOB_ACTIVE || !lease_is_lost(e->settings->data, id))
        return 0;
    return error_set(err, 500, "internal", "the server could not look after this job: its error log says why");
}

static int needs_twin(const struct engine *e, const char *id, bool *needs, struct error *err)
{
    AUTO(job) struct job job = {0};

    *needs = false;
    if (json_is_there())
        return 0;
    if (store_job_get(e->store, id, &job, err) < 0)
        return -1;
    *needs = is_requeued(e, &job);
    return 0;
}

static int take_and_settle(struct engine *e, const char *id, const struct job *judged, const char *reason,
                           struct error *err)
{
    int lock, result;

    if (lease_take(e->settings->data, id, &lock, err) < 0)
        return -1;
    result = settle(e, id, judged, reason, lock, err);
    if (result < 0)
        store_rollback(e->store);
    close(lock); /* before a next attempt wants it */
    if (result == 0)
        engine_follow_id(e, id);
    return result;
}

/* Does it run, or is it over? While somebody else looks after it, neither. */
static bool is_settled(const struct engine *e, const char *id)
{
    struct error ignored = {0};
    struct job_peek job;

    store_refresh(e->store);
    return store_job_peek(e->store, id, &job, &ignored) < 0 || job.state != JOB_ACTIVE || !job.held ||
           !lease_is_lost(e->settings->data, id);
}

/* Of two that find a lost runner one looks after the job. The other waits for that, and does not tell what is no longer
 * true meanwhile; but not for long, should the store be locked. */
static int settle_in_turn(struct engine *e, const char *id, const struct job *judged, const char *reason,
                          struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + SETTLE_TIMEOUT_MS;

    for (;;) {
        struct error problem = {0};
        int result = take_and_settle(e, id, judged, reason, &problem);

        if (result < 0 && problem.status == 409 && clock_monotonic_ms() >= deadline)
            return error_set(err, 503, "store_busy", "job %s is being looked after: try again", id);
        if (result == 0 || problem.status != 409 || is_settled(e, id)) {
            *err = problem;
            return result;
        }
        poll(NULL, 0, 2);
    }
}

/* `judged` NULL: the lease tells, and why. */
static int reap_one(struct engine *e, const char *id, const struct job *judged, const char *reason, struct error *err)
{
    struct error problem = {0};
    bool twin;
    int result = needs_twin(e, id, &twin, &problem);

    if (result == 0)
        result = twin ? let_twin_tick(e, id, &problem)
                      : settle_in_turn(e, id, judged, judged ? reason : why_lost(e, id), &problem);
    /* It was deleted meanwhile, or somebody else is at it, or has been. */
    if (result == 0 || problem.status == 404 || problem.status == 409)
        return 0;
    *err = problem;
    return -1;
}

/* -- runners on other hosts -- */

static int note_suspicion(struct engine *e, struct job *seen, struct error *err)
{
    AUTO(job) struct job job = {0};

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, seen->id, &job, err) < 0)
        return -1;
    if (job.state != JOB_ACTIVE || job.report != seen->report) {
        store_rollback(e->store);
        return 0;
    }
    free(job.suspicion);
    job.suspicion = seen->suspicion;
    seen->suspicion = NULL;
    if (store_job_update(e->store, &job, JOB_ACTIVE, err) < 0)
        return -1;
    return store_commit(e->store, err);
}

static int look_at_remote(struct engine *e, const char *id, struct error *err)
{
    char boot_id[CLOCK_BOOT_ID_SIZE], reason[JOB_REASON_MAX];
    AUTO(job) struct job job = {0};
    int result = 0;

    if (store_job_get(e->store, id, &job, err) < 0)
        return err->status == 404 ? 0 : -1;
    if (job.state != JOB_ACTIVE || !job.held)
        return 0;
    clock_boot_id(boot_id);
    switch (silence_judge(&job, e->settings->heartbeat_ms, e->now_ms, clock_monotonic_ms(), boot_id)) {
    case SILENCE_SUSPECTED:
        result = note_suspicion(e, &job, err);
        break;
    case SILENCE_LOST:
        snprintf(reason, sizeof reason, "runner lost: no word from %s", job.host);
        result = reap_one(e, id, &job, reason, err);
        break;
    default:
        break;
    }
    if (result < 0)
        store_rollback(e->store);
    return result;
}

/* -- who is looked at -- */

static void host_name(char out[JOB_HOST_SIZE])
{
    struct utsname host;

    uname(&host);
    snprintf(out, JOB_HOST_SIZE, "%.64s", host.nodename);
}

/* Is it worth a closer look? */
static bool is_suspect(const struct engine *e, const char *id, const char *job_host, const char *own_host)
{
    if (strcmp(job_host, own_host) != 0)
        return e->settings->heartbeat_ms > 0;
    return lease_is_doubtful(e->settings->data, id);
}

static int look_at(struct engine *e, const char *id, const char *job_host, const char *own_host, struct error *err)
{
    e->now_ms = clock_now_ms(); /* who asks may have waited, or followed the log, for long */
    if (strcmp(job_host, own_host) != 0)
        return look_at_remote(e, id, err);
    return reap_one(e, id, NULL, NULL, err);
}

/* What was seen is true, unless *looked: then it may be another state by now. */
static int look_if_needed(struct engine *e, const char *id, const struct job_peek *seen, bool *looked,
                          struct error *err)
{
    char host[JOB_HOST_SIZE];

    *looked = true;
    if (seen->waiting)
        return engine_look_at_waiting(e, id, err);
    if (seen->state == JOB_ACTIVE && seen->held) {
        host_name(host);
        if (is_suspect(e, id, seen->host, host))
            return look_at(e, id, seen->host, host, err);
    }
    *looked = false;
    if (job_state_is_over(seen->state))
        tidy_run(e, id);
    return 0;
}

int engine_peek_job(struct engine *e, const char *id, struct job_peek *job, struct error *err)
{
    bool looked;

    if (store_job_peek(e->store, id, job, err) < 0 || look_if_needed(e, id, job, &looked, err) < 0)
        return -1;
    return looked ? store_job_peek(e->store, id, job, err) : 0;
}

int engine_reap_job(struct engine *e, const char *id, struct error *err)
{
    struct error problem = {0};
    struct job_peek job;
    bool looked;

    if (store_job_peek(e->store, id, &job, &problem) < 0) {
        if (problem.status == 404)
            return 0;
        *err = problem;
        return -1;
    }
    return look_if_needed(e, id, &job, &looked, err);
}

static int gather(const struct job *job, void *context)
{
    struct suspects *s = context;

    if (!job->held || !is_suspect(s->e, job->id, job->host, s->host))
        return 0;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        char(*ids)[ULID_SIZE] = realloc(s->ids, room * sizeof *ids);

        s->failed = !ids;
        if (!ids)
            return 1;
        s->ids = ids;
        s->room = room;
    }
    memcpy(s->ids[s->count++], job->id, ULID_SIZE);
    return 0;
}

/* One that cannot be looked after does not keep the others from it; *err tells of the first. What is no fault of the job
 * itself (503) would be so for all. */
static int look_at_all(const struct suspects *s, struct error *err)
{
    int result = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct error problem = {0};

        if (engine_reap_job(s->e, s->ids[i], &problem) == 0)
            continue;
        if (result == 0)
            *err = problem;
        result = -1;
        if (problem.status == 503)
            break;
    }
    return result;
}

int engine_reap(struct engine *e, struct error *err)
{
    struct job_filter active = {.state = JOB_ACTIVE, .limit = INT_MAX};
    struct suspects s = {.e = e};
    int result;

    host_name(s.host);
    result = store_job_each(e->store, &active, gather, &s, err);
    if (result == 0 && s.failed)
        result = error_set(err, 500, "internal", "the server ran out of memory");
    if (result == 0)
        result = look_at_all(&s, err);
    free(s.ids);
    return result;
}
