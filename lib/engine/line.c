/* Who is next. A program that dies between the end of one job and the start of the next leaves a line that stands still: the
 * next look at one of its jobs, its next job, and the next tick move it on. */
#include "engine/line.h"

#include <limits.h>
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/start.h"

enum { TURN_TIMEOUT_MS = 2000 };

enum outcome { STARTED, TAKEN, FAILED };

/* As many of its worker's jobs are active as may be, which was not so when it came: it waits for them, and lets others pass. */
static int send_back(struct engine *e, const char *id, struct error *err)
{
    AUTO(job) struct job job = {0};

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, &job, err) < 0)
        return -1;
    if (job.state != JOB_IDLE || job.waiting != WAITING_SLOT) {
        store_rollback(e->store);
        return 0;
    }
    job.waiting = WAITING_WORKER;
    return store_job_update(e->store, &job, JOB_IDLE, err) < 0 ? -1 : store_commit(e->store, err);
}

/* TAKEN: somebody else is at it, or it is no longer the first. */
static enum outcome try_first(struct engine *e, const char *id, struct error *err)
{
    struct error problem = {0};
    bool full;

    e->now_ms = clock_now_ms();
    if (start_in_turn(e, id, &problem) == 0)
        return STARTED;
    store_rollback(e->store);
    full = strcmp(problem.code, "worker_full") == 0;
    if (full && send_back(e, id, &problem) < 0)
        store_rollback(e->store);
    else if (full || problem.status == 404 || problem.status == 409)
        return TAKEN;
    *err = problem;
    return FAILED;
}

/* Of many who come at once, one has the first. The others wait for the moment that this takes, since there may be room for
 * the second, but not for long. */
struct turns {
    int left;
    int64_t deadline_ms;
};

static struct turns begin_turns(int most)
{
    return (struct turns){most, clock_monotonic_ms() + TURN_TIMEOUT_MS};
}

static bool next_turn(struct engine *e, struct turns *t, enum outcome last)
{
    if (last == STARTED)
        *t = begin_turns(t->left - 1);
    else
        poll(NULL, 0, 1);
    store_refresh(e->store);
    return t->left > 0 && clock_monotonic_ms() < t->deadline_ms;
}

int line_advance_queue(struct engine *e, const char *queue, int most, struct error *err)
{
    struct turns turns = begin_turns(most);
    enum outcome outcome;
    char id[ULID_SIZE];

    store_refresh(e->store);
    do {
        if (store_line_first(e->store, queue, id, err) < 0)
            return -1;
        if (!id[0])
            return 0;
        outcome = try_first(e, id, err);
        if (outcome == FAILED)
            return -1;
    } while (next_turn(e, &turns, outcome));
    return 1;
}

/* 0: passed on to the line of its queue. 1: there is no room, or it was moved meanwhile. */
static int pass_on(struct engine *e, struct job *seen, struct error *err)
{
    AUTO(job) struct job job = {0};
    int64_t count;

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, seen->id, &job, err) < 0 ||
        store_gate_count(e->store, job.worker, &count, err) < 0)
        return -1;
    if (job.state != JOB_IDLE || job.waiting != WAITING_WORKER || count >= job.max_active) {
        store_rollback(e->store);
        return 1;
    }
    job.waiting = WAITING_SLOT;
    return store_job_update(e->store, &job, JOB_IDLE, err) < 0 ? -1 : store_commit(e->store, err);
}

/* The first of those that wait for their worker, if there is room for it. */
static enum outcome let_in(struct engine *e, struct job *job, struct error *err)
{
    struct error problem = {0};
    int result;

    if (!job->queue[0])
        return try_first(e, job->id, err);
    result = pass_on(e, job, &problem);
    if (result < 0)
        store_rollback(e->store);
    if (result == 1 || problem.status == 404 || problem.status == 409)
        return TAKEN;
    if (result == 0 && line_advance_queue(e, job->queue, 1, &problem) >= 0)
        return STARTED;
    *err = problem;
    return FAILED;
}

int line_advance_worker(struct engine *e, const char *worker, int most, struct error *err)
{
    struct turns turns = begin_turns(most);
    enum outcome outcome;
    char id[ULID_SIZE];

    store_refresh(e->store);
    do {
        AUTO(job) struct job job = {0};
        int64_t count;

        if (store_gate_first(e->store, worker, id, err) < 0)
            return -1;
        if (!id[0])
            return 0;
        if (store_job_get(e->store, id, &job, err) < 0 || store_gate_count(e->store, worker, &count, err) < 0)
            return -1;
        if (count >= job.max_active)
            return 0;
        outcome = let_in(e, &job, err);
        if (outcome == FAILED)
            return -1;
    } while (next_turn(e, &turns, outcome));
    return 1;
}

int line_advance(struct engine *e, const struct job *job, int most, struct error *err)
{
    int more = 0, result;

    if (job->max_active > 0 && (more = line_advance_worker(e, job->worker, most, err)) < 0)
        return -1;
    if (!job->queue[0])
        return more;
    result = line_advance_queue(e, job->queue, most, err);
    return result < 0 ? -1 : more || result;
}

/* The name of the next queue, "" after the last: nothing is written while a list is read. */
static int note_name(const struct queue *queue, void *context)
{
    memcpy(context, queue->name, JOB_QUEUE_SIZE);
    return 1;
}

static int advance_queues(struct engine *e, struct error *err)
{
    char name[JOB_QUEUE_SIZE] = "", after[JOB_QUEUE_SIZE];
    struct error problem = {0};
    int result = 0;

    for (;;) {
        memcpy(after, name, sizeof after);
        if (store_queue_each(e->store, after, 1, note_name, name, err) < 0)
            return -1;
        if (strcmp(name, after) == 0)
            return result;
        if (line_advance_queue(e, name, INT_MAX, result == 0 ? err : &problem) < 0)
            result = -1;
    }
}

int line_advance_all(struct engine *e, struct error *err)
{
    char worker[JOB_WORKER_SIZE] = "";
    struct error problem = {0};
    int result = 0;

    for (;;) {
        if (store_gate_next(e->store, worker, worker, err) < 0)
            return -1;
        if (!worker[0])
            break;
        if (line_advance_worker(e, worker, INT_MAX, result == 0 ? err : &problem) < 0)
            result = -1;
    }
    return advance_queues(e, result == 0 ? err : &problem) < 0 ? -1 : result;
}

int line_is_stuck(const struct engine *e, const struct job *job, bool *stuck, struct error *err)
{
    char id[ULID_SIZE];
    int64_t count;

    *stuck = false;
    switch (job->waiting) {
    case WAITING_SLOT:
        if (store_line_first(e->store, job->queue, id, err) < 0)
            return -1;
        *stuck = id[0] != '\0';
        return 0;
    case WAITING_WORKER:
        if (store_gate_count(e->store, job->worker, &count, err) < 0)
            return -1;
        *stuck = count < job->max_active;
        return 0;
    case WAITING_TIME:
    case WAITING_RETRY:
        *stuck = job->due_ms <= e->now_ms;
        return 0;
    default:
        return 0;
    }
}
