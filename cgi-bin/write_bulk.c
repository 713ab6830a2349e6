/* POST /bulk: the same done to many jobs, each for itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "body.h"
#include "handlers.h"
#include "store/audit.h"

enum { BULK_MAX = 1000, BULK_TIME_MS = 30000 };

static int stop_one(struct engine *e, const char *id, struct job *job, struct error *err)
{
    return engine_end(e, id, WANT_STOP, job, err);
}

static int kill_one(struct engine *e, const char *id, struct job *job, struct error *err)
{
    return engine_end(e, id, WANT_KILL, job, err);
}

static const struct action {
    const char *name;
    int (*run)(struct engine *e, const char *id, struct job *job, struct error *err);
    bool makes; /* another job, which *job is then */
    bool deletes;
} actions[] = {
    {.name = "start", .run = engine_start},
    {.name = "stop", .run = stop_one},
    {.name = "kill", .run = kill_one},
    {.name = "delete", .run = engine_delete, .deletes = true},
    {.name = "retry", .run = engine_repeat, .makes = true},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

/* Jobs that are meant, the oldest first. */
struct targets {
    char (*ids)[ULID_SIZE];
    size_t count, room;
    int64_t total;        /* that match */
    enum job_state state; /* that all of them are to be in; 0: any */
};

static void targets_clear(struct targets *t)
{
    free(t->ids);
}

static int invalid(struct error *err, const char *sentence)
{
    return error_set(err, 422, "bulk_invalid", "%s", sentence);
}

static const struct action *find_action(const struct json *given)
{
    for (int i = 0; json_string(given) && i < ACTIONS; i++) {
        if (strcmp(actions[i].name, json_string(given)) == 0)
            return &actions[i];
    }
    return NULL;
}

/* -- which -- */

static int read_ids(const struct json *list, struct targets *t, struct error *err)
{
    if (json_type(list) != JSON_ARRAY || json_count(list) > t->room)
        return error_set(err, 422, "bulk_invalid", "`ids` must be a list of at most %d ids of jobs", BULK_MAX);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        if (!json_string(item) || !ulid_is(json_string(item)))
            return invalid(err, "`ids` must hold ids of jobs alone");
        snprintf(t->ids[t->count++], ULID_SIZE, "%s", json_string(item));
    }
    t->total = (int64_t)t->count;
    return 0;
}

static int read_text(const struct json *filter, const char *name, const char **out, struct error *err)
{
    const struct json *given = json_member(filter, name);

    *out = json_string(given);
    return !given || (*out && **out) ? 0 : error_set(err, 422, "bulk_invalid", "`%s` must be a text", name);
}

static int read_time(const struct json *filter, const char *name, int64_t *out, struct error *err)
{
    const char *text;

    if (read_text(filter, name, &text, err) < 0)
        return -1;
    if (text && text_to_time(text, out) < 0)
        return error_set(err, 422, "bulk_invalid", "`%s` must be a time such as 2026-11-24T03:43:00Z, or a date", name);
    return 0;
}

/* Without any condition it would be all jobs, which nobody should say by leaving something out. */
static int read_filter(const struct json *given, struct job_filter *f, struct error *err)
{
    const char *status;

    if (json_type(given) != JSON_OBJECT || json_count(given) == 0)
        return invalid(err, "`filter` must be an object with at least one of status, worker, name, schedule, queue, q, "
                            "since, until");
    if (body_check_members(given, "status worker name schedule queue q since until", "bulk_invalid", err) < 0 ||
        read_text(given, "status", &status, err) < 0 || read_text(given, "worker", &f->worker, err) < 0 ||
        read_text(given, "name", &f->name, err) < 0 || read_text(given, "schedule", &f->schedule, err) < 0 ||
        read_text(given, "queue", &f->queue, err) < 0 || read_text(given, "q", &f->text, err) < 0 ||
        read_time(given, "since", &f->since_ms, err) < 0 || read_time(given, "until", &f->until_ms, err) < 0)
        return -1;
    if (status && !(f->state = job_state_from_name(status)))
        return invalid(err, "`status` must be idle, active, stop, error or done");
    return 0;
}

static int add_target(const struct job *job, void *context)
{
    struct targets *t = context;

    memcpy(t->ids[t->count++], job->id, ULID_SIZE);
    return t->count == t->room;
}

static void turn_round(struct targets *t)
{
    for (size_t i = 0; i < t->count / 2; i++) {
        char id[ULID_SIZE];

        memcpy(id, t->ids[i], sizeof id);
        memcpy(t->ids[i], t->ids[t->count - 1 - i], sizeof id);
        memcpy(t->ids[t->count - 1 - i], id, sizeof id);
    }
}

static int find_targets(const struct json *body, const struct context *ctx, const struct store *db, struct targets *t,
                        struct error *err)
{
    const struct json *ids = json_member(body, "ids"), *filter = json_member(body, "filter");
    struct job_filter f = {.grant = &ctx->who->grant, .limit = BULK_MAX};

    t->room = BULK_MAX;
    t->ids = calloc(t->room, sizeof *t->ids);
    if (!t->ids)
        return error_set(err, 500, "internal", "the server ran out of memory");
    if (!ids == !filter)
        return invalid(err, "say which jobs: either `ids` or `filter`");
    if (ids)
        return read_ids(ids, t, err);
    if (read_filter(filter, &f, err) < 0 || store_job_count(db, &f, &t->total, err) < 0 ||
        store_job_each(db, &f, add_target, t, err) < 0)
        return -1;
    t->state = f.state;
    turn_round(t);
    return 0;
}

/* -- what is done to each -- */

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_result(const struct action *action, const char *id, const struct job *job, const struct error *problem,
                       struct json_writer *w)
{
    bool done = problem->status == 0;

    json_begin(w, '{');
    put_text(w, "id", id);
    json_name(w, "success");
    json_put_bool(w, done);
    put_text(w, "status", done && !action->deletes ? job_state_name(job->state) : NULL);
    put_text(w, "job", done && action->makes ? job->id : NULL);
    put_text(w, "code", done ? NULL : problem->code);
    put_text(w, "message", done ? NULL : problem->message);
    json_end(w, '}');
}

/* What was done to those before it may have moved it. */
static int check_one(const struct context *ctx, const struct store *db, const struct targets *t, const char *id,
                     struct error *err)
{
    struct job_peek job;

    if (!ctx->who->grant.limited && !t->state)
        return 0;
    if (store_job_peek(db, id, &job, err) < 0)
        return -1;
    if (!grant_allows(&ctx->who->grant, job.worker))
        return error_set(err, 404, "job_unknown", "there is no job %s", id);
    if (t->state && t->state != job.state)
        return error_set(err, 409, "job_moved", "job %s is not %s any more", id, job_state_name(t->state));
    return 0;
}

/* Each is a change by itself, and the caller may have lost the right to it meanwhile. */
static int run_guarded(const struct action *action, const struct context *ctx, struct store *db, const char *id,
                       struct job *job, struct error *err)
{
    store_guard_again(db);
    return action->run(ctx->engine, id, job, err);
}

static void do_one(const struct action *action, const struct context *ctx, struct store *db, const struct targets *t,
                   const char *id, struct response *res)
{
    AUTO(job) struct job job = {0};
    struct error problem = {0};

    audit_next(db, id);
    ctx->engine->now_ms = clock_now_ms();
    if (check_one(ctx, db, t, id, &problem) < 0 || engine_reap_job(ctx->engine, id, &problem) < 0 ||
        run_guarded(action, ctx, db, id, &job, &problem) < 0)
        store_rollback(db);
    if (problem.status >= 500)
        log_line("%s of job %s: %s: %s", action->name, id, problem.code, problem.message);
    store_refresh(db);
    put_result(action, id, &job, &problem, &res->json);
}

/* A request does not take for ever: those that it does not come to are told. */
static void do_all(const struct action *action, const struct context *ctx, struct store *db, const struct targets *t,
                   struct response *res)
{
    const struct error late = {.status = 503, .code = "time_over", .message = "there was no time left: ask again"};
    int64_t deadline = clock_monotonic_ms() + BULK_TIME_MS;

    for (size_t i = 0; i < t->count; i++) {
        if (clock_monotonic_ms() < deadline)
            do_one(action, ctx, db, t, t->ids[i], res);
        else
            put_result(action, t->ids[i], NULL, &late, &res->json);
    }
}

/* POST /bulk. 200, and how each one fared; 422 bulk_invalid. */
int write_bulk(struct request *req, const struct context *ctx, struct store *db, struct response *res,
               struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    AUTO(targets) struct targets targets = {0};
    const struct action *action;
    int result;

    if (!body)
        return -1;
    result = body_check_members(body, "action ids filter", "bulk_invalid", err);
    action = find_action(json_member(body, "action"));
    if (result == 0 && !action)
        result = invalid(err, "`action` must be start, stop, kill, delete or retry");
    if (result == 0)
        result = find_targets(body, ctx, db, &targets, err);
    json_free(body);
    if (result < 0)
        return -1;
    res->total = targets.total;
    do_all(action, ctx, db, &targets, res);
    audit_about(db, ""); /* where nothing was done, the row is about none of them */
    return 0;
}
