/* From the end of one job to the start of the next. */
#include "engine/follow.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/chain.h"
#include "engine/due.h"
#include "engine/keeper.h"
#include "engine/line.h"
#include "engine/schedules.h"
#include "engine/start.h"
#include "engine/twin.h"

static void have_done(struct engine *e, const char *const words[])
{
    struct error err = {0};

    if (twin_start(e, words, &err) < 0)
        log_line("what follows from %s waits for the next look: %s", words[1], err.message);
}

void engine_follow_later(struct engine *e, const char *id)
{
    have_done(e, (const char *const[]){"follow", id, NULL});
}

void engine_follow_queue(struct engine *e, const char *queue)
{
    have_done(e, (const char *const[]){"follow", "--queue", queue, NULL});
}

static bool is_followed(const struct job *job)
{
    return (job->chain & CHAIN_IS_FOLLOWED) && job_state_is_over(job->state);
}

static bool is_due(const struct engine *e, const struct job *job)
{
    return job->state == JOB_IDLE && job->waiting != WAITING_JOBS && job->due_ms && job->due_ms <= e->now_ms;
}

static bool lies_ahead(const struct engine *e, const struct job *job)
{
    return job->state == JOB_IDLE && job->due_ms > e->now_ms;
}

/* A retry, or a time that has come; or somebody else has done it. */
static int start_due(struct engine *e, const char *id, struct error *err)
{
    struct error problem = {0};

    if (start_in_turn(e, id, &problem) == 0)
        return 0;
    store_rollback(e->store);
    store_refresh(e->store);
    if (problem.status == 404 || problem.status == 409)
        return 0;
    *err = problem;
    return -1;
}

/* A time of its schedule that has waited for its end. */
static int make_queued(struct engine *e, const struct job *job, struct error *err)
{
    int64_t next_ms;

    if (!engine_schedule_waits(e, job))
        return 0;
    return engine_schedule_follow(e, job->schedule, err) < 0 || engine_due(e, INT_MAX, &next_ms, err) < 0 ? -1 : 0;
}

int follow_through(struct engine *e, const char *id, const char *queue, struct error *err)
{
    AUTO(job) struct job job = {0};

    if (!id)
        return line_advance_queue(e, queue, INT_MAX, err) < 0 ? -1 : 0;
    if (store_job_get(e->store, id, &job, err) < 0 || (is_due(e, &job) && start_due(e, id, err) < 0) ||
        make_queued(e, &job, err) < 0)
        return -1;
    if (job.waiting == WAITING_JOBS && chain_advance(e, id, err) < 0)
        return -1;
    if (is_followed(&job) && chain_advance_followers(e, id, err) < 0)
        return -1;
    return line_advance(e, &job, INT_MAX, err) < 0 ? -1 : 0;
}

/* Is anything to be done now? What lies ahead, a retry say, is the keeper's, which may have to be told. */
static bool has_consequences(const struct engine *e, const struct job *job)
{
    if (lies_ahead(e, job))
        engine_wake(e);
    return waiting_is_bounded(job) || is_due(e, job) || is_followed(job) || engine_schedule_waits(e, job);
}

void engine_follow_apart(struct engine *e, const struct job *job)
{
    if (has_consequences(e, job))
        engine_follow_later(e, job->id);
}

void engine_follow(struct engine *e, const struct job *job)
{
    struct error err = {0};

    if (!has_consequences(e, job))
        return;
    if (!json_is_there()) {
        engine_follow_later(e, job->id);
        return;
    }
    store_refresh(e->store);
    if (follow_through(e, job->id, NULL, &err) < 0) {
        store_rollback(e->store);
        log_line("what follows from %s waits for the next look: %s", job->id, err.message);
    }
}

void engine_follow_id(struct engine *e, const char *id)
{
    AUTO(job) struct job job = {0};
    struct error err = {0};

    store_refresh(e->store);
    if (store_job_get(e->store, id, &job, &err) == 0 && job.state != JOB_ACTIVE)
        engine_follow(e, &job);
}

int engine_look_at_waiting(struct engine *e, const char *id, struct error *err)
{
    AUTO(job) struct job job = {0};
    bool stuck;

    if (e->has_pushed)
        return 0;
    if (store_job_get(e->store, id, &job, err) < 0)
        return err->status == 404 ? 0 : -1;
    if (line_is_stuck(e, &job, &stuck, err) < 0 ||
        (job.waiting == WAITING_JOBS && chain_is_stuck(e, &job, &stuck, err) < 0))
        return -1;
    e->has_pushed = stuck;
    if (stuck)
        engine_follow_later(e, id);
    return 0;
}
