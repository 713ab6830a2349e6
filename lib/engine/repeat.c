/* Jobs that are over: deleted, or made once more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/follow.h"
#include "engine/tidy.h"

/* A job in a line counts as one of its worker's, so another one may be let into its own now. What cannot be asked waits for the
 * next look. */
static void let_next_in(struct engine *e, const struct job *job)
{
    char first[ULID_SIZE] = "";
    struct error problem = {0};

    store_refresh(e->store);
    if (job->max_active > 0 && store_gate_first(e->store, job->worker, first, &problem) == 0 && first[0])
        engine_follow_later(e, first);
}

int engine_delete(struct engine *e, const char *id, struct job *job, struct error *err)
{
    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0)
        return -1;
    if (job->state == JOB_ACTIVE)
        return error_set(err, 409, "job_active", "job %s is running: stop or kill it first", job->id);
    if (job->state == JOB_IDLE && (job->chain & CHAIN_IS_FOLLOWED))
        return error_set(err, 409, "job_followed", "other jobs wait for job %s: stop it first", job->id);
    if (store_job_delete(e->store, job, err) < 0 || store_commit(e->store, err) < 0)
        return -1;
    tidy_run(e, id);
    if (job->waiting == WAITING_SLOT) {
        engine_follow_queue(e, job->queue); /* who stood behind it may be the first now */
        let_next_in(e, job);
    }
    return 0;
}

static int copy_text(char **to, const char *from, struct error *err)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* What somebody has said of it; what the administrator has lowered since counts. */
static int copy_wishes(const struct engine *e, const struct job *from, struct job *to, struct error *err)
{
    int64_t max_ms = e->settings->timeout_max_ms;

    memcpy(to->worker, from->worker, sizeof to->worker);
    memcpy(to->queue, from->queue, sizeof to->queue);
    to->timeout_ms = max_ms && (!from->timeout_ms || from->timeout_ms > max_ms) ? max_ms : from->timeout_ms;
    to->limits = from->limits;
    limits_lower_to_ceiling(e->settings, &to->limits);
    to->on_lost = from->on_lost;
    to->slots = from->slots;
    to->priority = from->priority;
    to->max_active = from->max_active;
    if (copy_text(&to->name, from->name, err) < 0 || copy_text(&to->parameters, from->parameters, err) < 0)
        return -1;
    if (copy_text(&to->retries, from->retries, err) < 0)
        return -1;
    return copy_text(&to->notify, from->notify, err);
}

int engine_repeat(struct engine *e, const char *id, struct job *job, struct error *err)
{
    AUTO(job) struct job before = {0};

    if (store_job_get(e->store, id, &before, err) < 0)
        return -1;
    if (!job_state_is_over(before.state))
        return error_set(err, 409, before.state == JOB_ACTIVE ? "job_active" : "job_idle", "job %s is not over", id);
    if (copy_wishes(e, &before, job, err) < 0)
        return -1;
    return engine_create(e, job, true, err);
}
