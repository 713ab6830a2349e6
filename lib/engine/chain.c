/* From the end of jobs to those that come after them. */
#include "engine/chain.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/finish.h"
#include "engine/keeper.h"
#include "engine/start.h"
#include "engine/tell.h"
#include "job/reference.h"
#include "job/schema.h"

/* -- parameters -- */

/* What a job has answered in its last attempt. */
struct response {
    struct buf *out;
    size_t max;
    bool open; /* the last entry: no newline follows */
    bool is_first;
};

static int add_entry(const struct entry *entry, void *context)
{
    struct response *r = context;

    if (!r->is_first && !r->open)
        buf_putc(r->out, '\n');
    buf_put(r->out, entry->bytes, entry->size);
    r->open = entry->open;
    r->is_first = false;
    return r->out->failed || r->out->size > r->max;
}

/* 0: it is there. 422: it cannot be used, and *err says why. */
static int read_response(const struct engine *e, const char *id, struct buf *out, struct error *err)
{
    struct response r = {.out = out, .max = (size_t)e->settings->parameters_max, .is_first = true};
    AUTO(job) struct job job = {0};
    struct attempt before = {0};
    bool found;

    if (store_job_get(e->store, id, &job, err) < 0)
        return err->status == 404 ? error_set(err, 422, "chain_broken", "job %s was deleted, with its response", id)
                                  : -1;
    if (job.attempt > 1 && store_attempt_get(e->store, job.number, job.attempt - 1, &before, &found, err) < 0)
        return -1;
    if (store_entry_each(e->store, job.number, ENTRY_RESPONSE, before.response.count, INT64_MAX, add_entry, &r, err) <
        0)
        return -1;
    if (out->size > r.max)
        return error_set(err, 422, "chain_broken", "the response of job %s is larger than %zu bytes", id, r.max);
    if (memchr(buf_text(out), '\0', out->size) || !text_is_utf8(buf_text(out), out->size))
        return error_set(err, 422, "chain_broken", "the response of job %s is no text in UTF-8", id);
    return 0;
}

static int get_response(const struct reference *r, struct buf *out, void *context, struct error *err)
{
    AUTO(buf) struct buf text = {0};

    if (read_response(context, r->name, &text, err) < 0)
        return -1;
    buf_puts(out, buf_text(&text));
    return 0;
}

/* Checks what was filled in as what is posted is checked. */
static int fit_schema(const struct engine *e, struct job *job, const struct buf *filled, struct error *err)
{
    struct json *schema = NULL, *value = json_parse(buf_text(filled), filled->size, err);
    AUTO(worker) struct worker w = {0};
    AUTO(buf) struct buf text = {0};
    struct schema_faults faults = {0};
    int result = value ? store_worker_get(e->store, job->worker, 0, false, &w, err) : -1;

    if (result == 0 && w.parameters && !(schema = json_parse(w.parameters, strlen(w.parameters), err)))
        result = -1;
    if (result == 0 && schema && schema_validate(schema, value, &faults, err) < 0)
        result = faults.count ? error_set(err, 422, "chain_broken", "its parameters: %.60s: %.100s",
                                          faults.fault[0].field, faults.fault[0].message)
                              : -1;
    if (result == 0) {
        schema_apply_defaults(schema, value, &text);
        free(job->parameters);
        job->parameters = buf_take(&text);
        result = job->parameters ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
    }
    json_free(schema);
    json_free(value);
    return result;
}

/* 422, 404: it cannot run, and *err says why. */
static int fill_in(struct engine *e, struct job *job, struct error *err)
{
    AUTO(buf) struct buf filled = {0};
    struct json *value;
    int result;

    if (!reference_may_be_in(job->parameters))
        return 0;
    value = json_parse(job->parameters, strlen(job->parameters), err);
    if (!value)
        return -1;
    result = reference_replace(value, "chain_broken", get_response, e, &filled, err);
    json_free(value);
    if (result < 0)
        return -1;
    if (filled.size > (size_t)e->settings->parameters_max)
        return error_set(err, 422, "chain_broken",
                         "its parameters with the responses in them are larger than %lld bytes",
                         (long long)e->settings->parameters_max);
    return fit_schema(e, job, &filled, err);
}

/* -- one job -- */

static int set_reason(struct job *job, const char *reason, struct error *err)
{
    free(job->reason);
    job->reason = strndup(reason, JOB_REASON_MAX);
    return job->reason ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* Inside of a transaction: it goes on as one whose time has come, so that whoever finds it then can start it; or it is over. */
static int settle(struct engine *e, struct job *job, struct error *err)
{
    const struct after *culprit = NULL;
    enum chain_verdict verdict = chain_judge(job->after, job->after_count, &culprit);
    char reason[JOB_REASON_MAX];
    struct error problem = {0};

    if (verdict == CHAIN_CANCEL) {
        snprintf(reason, sizeof reason, "not run: job %s before it ended as %s", culprit->name,
                 job_state_name(culprit->outcome));
        finish_job(job, EVENT_KILLED, e->now_ms);
        return set_reason(job, reason, err);
    }
    if (fill_in(e, job, &problem) < 0) {
        if (problem.status >= 500) {
            *err = problem;
            return -1;
        }
        finish_job(job, EVENT_FAILURE, e->now_ms);
        return set_reason(job, problem.message, err);
    }
    job->waiting = WAITING_TIME;
    if (job->due_ms < e->now_ms)
        job->due_ms = e->now_ms;
    return store_job_set_parameters(e->store, job, err);
}

/* 0: it was moved on. 1: there is nothing to be done. */
static int move_on(struct engine *e, const char *id, struct job *job, struct error *err)
{
    const struct after *ignored;

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0)
        return -1;
    if (job->state != JOB_IDLE || job->waiting != WAITING_JOBS)
        return 1;
    if (store_after_get(e->store, job, err) < 0)
        return -1;
    if (chain_judge(job->after, job->after_count, &ignored) == CHAIN_WAIT)
        return 1;
    if (settle(e, job, err) < 0 || tell_update(e, job, JOB_IDLE, err) < 0)
        return -1;
    return tell_commit(e, err);
}

/* 1: it is over by that. */
static int advance(struct engine *e, const char *id, struct error *err)
{
    AUTO(job) struct job job = {0};
    struct error problem = {0};
    struct job_peek now;
    int result;

    e->now_ms = clock_now_ms();
    result = move_on(e, id, &job, &problem);
    if (result != 0)
        store_rollback(e->store);
    store_refresh(e->store);
    if (result < 0 && problem.status != 404 && problem.status != 409) {
        *err = problem;
        return -1;
    }
    if (result != 0 || job_state_is_over(job.state))
        return result == 0;
    if (job.due_ms > e->now_ms) {
        engine_wake(e);
        return 0;
    }
    if (start_in_turn(e, id, &problem) < 0) {
        store_rollback(e->store);
        if (problem.status >= 500)
            log_line("job %s, whose turn it is, cannot be started: %s", id, problem.message);
    }
    store_refresh(e->store);
    return store_job_peek(e->store, id, &now, &problem) == 0 && job_state_is_over(now.state);
}

/* -- those that come after -- */

/* Ids of jobs that are over and whose followers are to be looked at; so that a long chain takes no deep stack. */
struct ids {
    char (*ids)[ULID_SIZE];
    size_t count, room;
    bool failed;
};

static void ids_clear(struct ids *l)
{
    free(l->ids);
    *l = (struct ids){0};
}

static int add_id(struct ids *l, const char *id)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 16;
        char(*ids)[ULID_SIZE] = realloc(l->ids, room * sizeof *ids);

        l->failed = !ids;
        if (!ids)
            return 1;
        l->ids = ids;
        l->room = room;
    }
    memcpy(l->ids[l->count++], id, ULID_SIZE);
    return 0;
}

static int add_follower(int64_t number, const char *id, void *context)
{
    (void)number;
    return add_id(context, id);
}

/* Adds those that are over by this to `over`. */
static int advance_followers_of(struct engine *e, const char *id, struct ids *over, struct error *err)
{
    AUTO(ids) struct ids followers = {0};
    AUTO(job) struct job job = {0};

    if (store_job_get(e->store, id, &job, err) < 0)
        return err->status == 404 ? 0 : -1;
    if (!(job.chain & CHAIN_IS_FOLLOWED) || !job_state_is_over(job.state))
        return 0;
    if (store_follower_each(e->store, job.number, 0, INT_MAX, add_follower, &followers, err) < 0)
        return -1;
    for (size_t i = 0; i < followers.count; i++) {
        int result = advance(e, followers.ids[i], err);

        if (result < 0)
            return -1;
        if (result > 0)
            over->failed = add_id(over, followers.ids[i]) != 0;
    }
    return followers.failed || over->failed ? error_set(err, 500, "internal", "the server ran out of memory") : 0;
}

int chain_advance_followers(struct engine *e, const char *id, struct error *err)
{
    AUTO(ids) struct ids over = {0};

    if (add_id(&over, id) != 0)
        return error_set(err, 500, "internal", "the server ran out of memory");
    while (over.count > 0) {
        char next[ULID_SIZE];

        memcpy(next, over.ids[--over.count], sizeof next);
        store_refresh(e->store);
        if (advance_followers_of(e, next, &over, err) < 0)
            return -1;
    }
    return 0;
}

int chain_advance(struct engine *e, const char *id, struct error *err)
{
    int result = advance(e, id, err);

    return result > 0 ? chain_advance_followers(e, id, err) : result;
}

int chain_is_stuck(const struct engine *e, struct job *job, bool *stuck, struct error *err)
{
    const struct after *ignored;

    if (store_after_get(e->store, job, err) < 0)
        return -1;
    *stuck = chain_judge(job->after, job->after_count, &ignored) != CHAIN_WAIT;
    return 0;
}

int chain_advance_all(struct engine *e, struct error *err)
{
    char id[ULID_SIZE];
    int64_t number = 0;

    for (;;) {
        store_refresh(e->store);
        if (store_chain_next(e->store, number, &number, id, err) < 0)
            return -1;
        if (!id[0])
            return 0;
        if (chain_advance(e, id, err) < 0)
            return -1;
    }
}
