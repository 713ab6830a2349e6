/* From the end of one job to the start of the next. */
#include "engine/follow.h"

#include <limits.h>

#include "base/cleanup.h"
#include "engine/due.h"
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

/* A retry, or a time that has come. */
static int start_due(struct engine *e, const struct job *job, struct error *err)
{
    struct error problem = {0};

    if (job->state != JOB_IDLE || !job->due_ms || job->due_ms > e->now_ms || start_in_turn(e, job->id, &problem) == 0)
        return 0;
    store_rollback(e->store);
    if (problem.status == 404 || problem.status == 409) /* somebody else has done it */
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
    if (store_job_get(e->store, id, &job, err) < 0)
        return -1;
    if (start_due(e, &job, err) < 0 || make_queued(e, &job, err) < 0)
        return -1;
    return line_advance(e, &job, INT_MAX, err) < 0 ? -1 : 0;
}

void engine_follow(struct engine *e, const char *id)
{
    AUTO(job) struct job job = {0};
    struct error err = {0};

    store_refresh(e->store);
    if (store_job_get(e->store, id, &job, &err) < 0 || !(waiting_is_bounded(&job) || engine_schedule_waits(e, &job)))
        return;
    if (!json_is_there()) {
        engine_follow_later(e, id);
        return;
    }
    if (follow_through(e, id, NULL, &err) < 0) {
        store_rollback(e->store);
        log_line("what follows from %s waits for the next look: %s", id, err.message);
    }
}

int engine_look_at_waiting(struct engine *e, const char *id, struct error *err)
{
    AUTO(job) struct job job = {0};
    bool stuck;

    if (e->has_pushed)
        return 0;
    if (store_job_get(e->store, id, &job, err) < 0)
        return err->status == 404 ? 0 : -1;
    if (line_is_stuck(e, &job, &stuck, err) < 0)
        return -1;
    e->has_pushed = stuck;
    if (stuck)
        engine_follow_later(e, id);
    return 0;
}
