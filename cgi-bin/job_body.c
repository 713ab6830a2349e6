/* From the body of a request to a job. */
#include "job_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "job/reference.h"
#include "job/schema.h"
#include "worker/options.h"
#include "worker/targets.h"

static int wrong(struct error *err, const char *sentence)
{
    return error_set(err, 422, "job_invalid", "%s", sentence);
}

/* Wrong parameters are listed in `data`, one by one. */
static void put_faults(const struct schema_faults *faults, struct response *res)
{
    for (size_t i = 0; i < faults->count; i++) {
        json_begin(&res->json, '{');
        json_name(&res->json, "field");
        json_put_string(&res->json, faults->fault[i].field);
        json_name(&res->json, "message");
        json_put_string(&res->json, faults->fault[i].message);
        json_end(&res->json, '}');
    }
}

/* Is this one of those that go before the job? Others could read what is not theirs. */
static int check_reference(const struct reference *r, void *context, struct error *err)
{
    const struct job *job = context;

    for (size_t i = 0; i < job->after_count; i++) {
        if (strcmp(job->after[i].name, r->name) == 0)
            return 0;
    }
    return error_set(err, 422, "job_invalid", "the parameters name the job %s, which is not in `after`", r->name);
}

/* The responses that they name are not there yet: the schema is asked when they are. */
static int keep_references(const struct json *given, struct job *job, bool *kept, struct error *err)
{
    struct buf text = {0};

    *kept = false;
    if (!job->after_count || !given)
        return 0;
    json_print(given, &text);
    *kept = reference_may_be_in(buf_text(&text));
    if (!*kept) {
        buf_clear(&text);
        return 0;
    }
    if (reference_each(given, "job_invalid", check_reference, job, err) < 0) {
        buf_clear(&text);
        return -1;
    }
    job->parameters = buf_take(&text);
    return job->parameters ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* The parameters as they will be given to the worker: checked against its schema, with its defaults. */
static int settle_parameters(const struct json *given, const struct worker *w, int64_t max, struct job *job,
                             struct response *res, struct error *err)
{
    struct schema_faults faults = {0};
    struct json *schema = NULL, *none = NULL;
    struct buf text = {0};
    int result = 0;
    bool kept;

    if (!given || json_type(given) == JSON_NULL)
        given = none = json_parse("{}", 2, err);
    if (!given)
        return -1;
    if (json_type(given) != JSON_OBJECT)
        return wrong(err, "`parameters` must be a JSON object");
    if (keep_references(given, job, &kept, err) < 0 || kept) {
        json_free(none);
        return kept && job->parameters ? 0 : -1;
    }
    if (w->parameters && !(schema = json_parse(w->parameters, strlen(w->parameters), err))) {
        json_free(none);
        return -1;
    }
    if (schema && schema_validate(schema, given, &faults, err) < 0) {
        put_faults(&faults, res);
        result = -1;
    } else {
        schema_apply_defaults(schema, given, &text);
        if ((int64_t)text.size > max)
            result = error_set(err, 413, "body_too_large", "the parameters are larger than %lld bytes", (long long)max);
        else if (!(job->parameters = buf_take(&text)))
            result = error_set(err, 500, "internal", "the server ran out of memory");
    }
    buf_clear(&text);
    json_free(schema);
    json_free(none);
    return result;
}

static int read_timeout(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    double seconds = json_number(given);
    int64_t max_ms = settings->timeout_max_ms;

    if (json_type(given) != JSON_NUMBER || !(seconds >= 0 && seconds <= 31536000))
        return wrong(err, "`timeout` must be a number of seconds from 0 (none) to 31536000 (a year)");
    job->timeout_ms = (int64_t)(seconds * 1000 + 0.5);
    if (seconds > 0 && job->timeout_ms == 0) /* 0 is none */
        job->timeout_ms = 1;
    if (max_ms && (!job->timeout_ms || job->timeout_ms > max_ms))
        return error_set(err, 422, "job_invalid", "`timeout` must be no more than %g seconds here",
                         (double)max_ms / 1000);
    return 0;
}

static int read_limits(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    enum limit above;

    if (limits_read_json(given, "job_invalid", &job->limits, err) < 0)
        return -1;
    above = limits_above_ceiling(settings, &job->limits);
    if (above != LIMITS)
        return error_set(err, 422, "job_invalid", "the limit `%s` is above what the administrator allows",
                         limit_name(above));
    return 0;
}

static int read_on_lost(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    (void)settings;
    if (!json_string(given) || job_on_lost_from_name(json_string(given), &job->on_lost) < 0)
        return wrong(err, "`on_lost` must be \"fail\" or \"requeue\"");
    return 0;
}

static int read_name(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    const char *name = json_string(given);

    (void)settings;
    if (!name || !*name || strlen(name) > JOB_NAME_MAX)
        return wrong(err, "`name` must be a text of 1 to 200 bytes");
    job->name = strdup(name);
    return job->name ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

static int read_queue(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    const char *name = json_string(given);

    (void)settings;
    job->queue[0] = '\0';
    if (json_type(given) == JSON_NULL)
        return 0;
    if (!name || !text_is_name(name))
        return wrong(err, "`queue` must be the name of a queue");
    snprintf(job->queue, sizeof job->queue, "%s", name);
    return 0;
}

static int read_whole(const struct json *given, const char *name, int64_t low, int64_t high, int64_t *out,
                      struct error *err)
{
    double number = json_number(given);

    if (json_type(given) != JSON_NUMBER || !(number >= (double)low && number <= (double)high) ||
        number != (double)(int64_t)number)
        return error_set(err, 422, "job_invalid", "`%s` must be a whole number from %lld to %lld", name, (long long)low,
                         (long long)high);
    *out = (int64_t)number;
    return 0;
}

static int read_slots(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    (void)settings;
    return read_whole(given, "slots", 1, JOB_SLOTS_MAX, &job->slots, err);
}

static int read_priority(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    (void)settings;
    return read_whole(given, "priority", -JOB_PRIORITY_MAX, JOB_PRIORITY_MAX, &job->priority, err);
}

/* One that has passed is as good as now. */
static int read_run_at(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    (void)settings;
    if (!json_string(given) || text_to_time(json_string(given), &job->due_ms) < 0 || job->due_ms <= 0)
        return wrong(err, "`run_at` must be a time such as 2026-12-24T18:00:00Z");
    job->scheduled_ms = job->due_ms;
    return 0;
}

static int read_notify(const struct json *given, const struct settings *settings, struct job *job, struct error *err)
{
    return targets_read(given, "job_invalid", settings, &job->notify, err);
}

/* A member that is null is as good as none, but for those where null says something. */
static const struct {
    const char *name;
    int (*read)(const struct json *given, const struct settings *settings, struct job *job, struct error *err);
    bool takes_null;
} members[] = {
    {.name = "worker"},
    {.name = "parameters"},
    {.name = "start"},
    {"name", read_name, false},
    {"timeout", read_timeout, false},
    {"limits", read_limits, false},
    {"on_lost", read_on_lost, false},
    {.name = "retries"},
    {.name = "after"},
    {.name = "ref"},
    {"queue", read_queue, true},
    {"slots", read_slots, false},
    {"priority", read_priority, false},
    {"run_at", read_run_at, false},
    {"notify", read_notify, false},
};

enum { MEMBERS = sizeof members / sizeof *members };

static int check_members(const struct json *body, struct error *err)
{
    if (json_type(body) != JSON_OBJECT)
        return wrong(err, "a job is a JSON object such as {\"worker\":\"NAME\",\"parameters\":{}}");
    for (const struct json *m = json_first(body); m; m = json_next(m)) {
        int i = 0;

        while (i < MEMBERS && strcmp(json_key(m), members[i].name) != 0)
            i++;
        if (i == MEMBERS)
            return error_set(err, 422, "job_invalid", "a job has no member `%.60s`", json_key(m));
    }
    return 0;
}

/* What its worker says of that holds for a job that says something else too: which exit status means that it is no use. */
static int settle_retries(const struct json *given, const struct worker_options *options, struct job *job,
                          struct error *err)
{
    struct retries retries = options->retries;
    struct buf text = {0};

    if (given ? json_type(given) == JSON_NULL : !options->has_retries)
        return 0;
    retries.no_retry = options->no_retry;
    if (given && retries_read_json(given, "job_invalid", &retries, err) < 0)
        return -1;
    retries_to_text(&retries, &text);
    job->retries = buf_take(&text);
    return job->retries ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* What the job asks for itself, over what its worker and the settings say. */
static int settle_wishes(const struct json *body, const struct worker *w, const struct settings *settings,
                         struct job *job, struct error *err)
{
    AUTO(worker_options) struct worker_options options = {0};

    if (worker_options_parse(w->options, &options, err) < 0)
        return -1;
    worker_options_preset(&options, settings, job);
    if (targets_add(options.notify, &job->notify, err) < 0)
        return -1;
    for (int i = 0; i < MEMBERS; i++) {
        const struct json *given = json_member(body, members[i].name);

        if (!given || !members[i].read || (json_type(given) == JSON_NULL && !members[i].takes_null))
            continue;
        if (members[i].read(given, settings, job, err) < 0)
            return -1;
    }
    return settle_retries(json_member(body, "retries"), &options, job, err);
}

/* A name that is misspelt would be a queue of its own, without limits. */
static int check_queue(const struct store *db, const struct job *job, struct error *err)
{
    struct queue queue;
    bool found = true;

    if (job->queue[0] && store_queue_get(db, job->queue, &queue, &found, err) < 0)
        return -1;
    return found ? 0 : error_set(err, 422, "queue_unknown", "there is no queue %s", job->queue);
}

static int read_after(const struct json *given, struct job *job, struct error *err)
{
    if (!given || json_type(given) == JSON_NULL)
        return 0;
    return chain_read_json(given, "job_invalid", &job->after, &job->after_count, err);
}

int job_body_read_listed(const struct json *body, const struct context *ctx, const struct store *db, struct job *job,
                         bool *start, struct response *res, struct error *err)
{
    const struct json *name = json_member(body, "worker"), *started = json_member(body, "start");
    AUTO(worker) struct worker w = {0};

    if (check_members(body, err) < 0)
        return -1;
    if (!json_string(name) || !text_is_name(json_string(name)))
        return wrong(err, "`worker` must be the name of a worker");
    if (started && json_type(started) != JSON_BOOL)
        return wrong(err, "`start` must be true or false");
    *start = json_is_true(started);
    if (!grant_allows(&ctx->who->grant, json_string(name)))
        return error_set(err, 422, "worker_unknown", "there is no worker %s", json_string(name));
    if (store_worker_get(db, json_string(name), 0, false, &w, err) < 0) {
        err->status = err->status == 404 ? 422 : err->status; /* the path is right, the body is not */
        return -1;
    }
    memcpy(job->worker, w.name, sizeof job->worker);
    if (read_after(json_member(body, "after"), job, err) < 0)
        return -1;
    if (settle_wishes(body, &w, ctx->settings, job, err) < 0 || check_queue(db, job, err) < 0)
        return -1;
    return settle_parameters(json_member(body, "parameters"), &w, ctx->settings->parameters_max, job, res, err);
}

int job_body_find_after(const struct context *ctx, const struct store *db, const struct after *after, struct error *err)
{
    struct error problem = {0};
    struct job_peek peek;

    if (ulid_is(after->name) && store_job_peek(db, after->name, &peek, &problem) == 0 &&
        grant_allows(&ctx->who->grant, peek.worker))
        return 0;
    if (problem.status >= 500) {
        *err = problem;
        return -1;
    }
    return error_set(err, 422, "job_unknown", "`after`: there is no job %s", after->name);
}

int job_body_read(const struct json *body, const struct context *ctx, const struct store *db, struct job *job,
                  bool *start, struct response *res, struct error *err)
{
    if (json_member(body, "ref"))
        return wrong(err, "`ref` is for jobs in a list, which come after one another");
    if (job_body_read_listed(body, ctx, db, job, start, res, err) < 0)
        return -1;
    for (size_t i = 0; i < job->after_count; i++) {
        if (job_body_find_after(ctx, db, &job->after[i], err) < 0)
            return -1;
    }
    return 0;
}
