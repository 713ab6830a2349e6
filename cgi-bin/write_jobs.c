/* POST /jobs; PUT /jobs/ID/status, pid, progress; DELETE /jobs/ID. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "handlers.h"
#include "job/schema.h"
#include "worker/options.h"

static int wrong(struct error *err, const char *sentence)
{
    return error_set(err, 422, "job_invalid", "%s", sentence);
}

static int check_keys(const struct json *body, struct error *err)
{
    static const char *const known[] = {"worker", "parameters", "name", "start", "timeout", "limits", "on_lost"};

    if (json_type(body) != JSON_OBJECT)
        return wrong(err, "a job is a JSON object such as {\"worker\":\"NAME\",\"parameters\":{}}");
    for (const struct json *m = json_first(body); m; m = json_next(m)) {
        bool found = false;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || strcmp(json_key(m), known[i]) == 0;
        if (!found)
            return error_set(err, 422, "job_invalid", "a job has no member `%.60s`", json_key(m));
    }
    return 0;
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

/* The parameters as they will be given to the worker: checked against its schema, with its defaults. */
static int settle_parameters(const struct json *given, const struct worker *w, int64_t max, struct job *job,
                             struct response *res, struct error *err)
{
    struct schema_faults faults = {0};
    struct json *schema = NULL, *none = NULL;
    struct buf text = {0};
    int result = 0;

    if (!given || json_type(given) == JSON_NULL)
        given = none = json_parse("{}", 2, err);
    if (!given)
        return -1;
    if (json_type(given) != JSON_OBJECT)
        return wrong(err, "`parameters` must be a JSON object");
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

    if (!given || json_type(given) == JSON_NULL)
        return 0;
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

static int read_on_lost(const struct json *given, struct job *job, struct error *err)
{
    if (!given || json_type(given) == JSON_NULL)
        return 0;
    if (!json_string(given) || job_on_lost_from_name(json_string(given), &job->on_lost) < 0)
        return wrong(err, "`on_lost` must be \"fail\" or \"requeue\"");
    return 0;
}

/* What the job asks for itself, over what its worker and the settings say. */
static int settle_wishes(const struct json *body, const struct worker *w, const struct settings *settings,
                         struct job *job, struct error *err)
{
    struct worker_options options;

    if (worker_options_parse(w->options, &options, err) < 0)
        return -1;
    worker_options_preset(&options, settings, job);
    if (read_timeout(json_member(body, "timeout"), settings, job, err) < 0 ||
        read_limits(json_member(body, "limits"), settings, job, err) < 0)
        return -1;
    return read_on_lost(json_member(body, "on_lost"), job, err);
}

static int read_name(const struct json *given, struct job *job, struct error *err)
{
    const char *name = json_string(given);

    if (!given || json_type(given) == JSON_NULL)
        return 0;
    if (!name || !*name || strlen(name) > JOB_NAME_MAX)
        return wrong(err, "`name` must be a text of 1 to 200 bytes");
    job->name = strdup(name);
    return job->name ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

static int build_job(const struct json *body, const struct context *ctx, const struct store *db, struct job *job,
                     bool *start, struct response *res, struct error *err)
{
    const struct json *name = json_member(body, "worker"), *started = json_member(body, "start");
    AUTO(worker) struct worker w = {0};

    if (check_keys(body, err) < 0)
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
    if (read_name(json_member(body, "name"), job, err) < 0 || settle_wishes(body, &w, ctx->settings, job, err) < 0)
        return -1;
    return settle_parameters(json_member(body, "parameters"), &w, ctx->settings->parameters_max, job, res, err);
}

/* The job, or as text its bare id. */
static void answer_job(const struct request *req, const struct job *job, bool as_id, struct response *res)
{
    if (req->format == FORMAT_TEXT)
        buf_printf(response_text(res, "text/plain"), "%s\n", as_id ? job->id : job_state_name(job->state));
    else
        job_put_json(job, &res->json);
}

/* POST /jobs. 201; 422 job_invalid, worker_unknown, parameters_invalid; 500 runner_failed. */
int write_job(struct request *req, const struct context *ctx, struct store *db, struct response *res, struct error *err)
{
    AUTO(job) struct job job = {0};
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    bool start = false;
    int result;

    if (!body)
        return -1;
    result = build_job(body, ctx, db, &job, &start, res, err);
    json_free(body);
    res->status = 201;
    if (result < 0 || engine_create(ctx->engine, &job, start, err) < 0)
        return -1;
    response_location(res, req, "/jobs/%s", job.id);
    answer_job(req, &job, true, res);
    return 0;
}

/* The body as a text, without the white space around it. NULL: there is none. */
static char *body_word(struct request *req)
{
    char *text = req->body.data, *end;

    if (!text || strlen(text) != req->body.size) /* nothing, or a NUL in it */
        return NULL;
    end = text + req->body.size;
    while (end > text && strchr(" \t\r\n", end[-1]))
        *--end = '\0';
    return text + strspn(text, " \t\r\n");
}

/* 202: its runner has not done it yet, and will. */
static int pause_job(const struct context *ctx, const char *id, bool pause, struct job *job, struct response *res,
                     struct error *err)
{
    if (engine_pause(ctx->engine, id, pause, job, err) < 0)
        return -1;
    if (job->state == JOB_ACTIVE && job->paused != pause)
        res->status = 202;
    return 0;
}

/* PUT /jobs/ID/status. 200; 202; 404; 409; 422 status_unknown. */
int write_job_status(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                     struct error *err)
{
    AUTO(job) struct job job = {0};
    const char *id = request_path(req, "id"), *word = body_word(req);
    enum job_state told = word ? job_state_from_name(word) : 0;
    int result;

    (void)db;
    if (word && strcmp(word, "start") == 0)
        result = engine_start(ctx->engine, id, &job, err);
    else if (word && (strcmp(word, "stop") == 0 || strcmp(word, "kill") == 0))
        result = engine_end(ctx->engine, id, *word == 's' ? WANT_STOP : WANT_KILL, &job, err);
    else if (word && (strcmp(word, "pause") == 0 || strcmp(word, "resume") == 0))
        result = pause_job(ctx, id, *word == 'p', &job, res, err);
    else if (told == JOB_ACTIVE || told == JOB_DONE || told == JOB_ERROR)
        result = engine_tell_state(ctx->engine, id, told, &job, err);
    else
        return error_set(err, 422, "status_unknown",
                         "the status must be start, stop, kill, pause, resume, active, done or error");
    if (result < 0)
        return -1;
    answer_job(req, &job, false, res);
    return 0;
}

/* PUT /jobs/ID/pid, for a job that is reported from outside. 200; 404; 409 job_held, job_over; 422. */
int write_job_pid(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                  struct error *err)
{
    AUTO(job) struct job job = {0};
    const char *word = body_word(req);
    long long pid;

    (void)ctx;
    if (!word || text_to_int(word, 1, INT32_MAX, &pid) < 0)
        return error_set(err, 422, "pid_invalid", "the body must be a process id");
    if (store_begin(db, err) < 0 || store_job_get(db, request_path(req, "id"), &job, err) < 0)
        return -1;
    if (job.held)
        return error_set(err, 409, "job_held", "a runner of ours has this job and tells its pid itself");
    if (job_state_is_over(job.state))
        return error_set(err, 409, "job_over", "job %s is over", job.id);
    job.pid = pid;
    if (store_job_update(db, &job, job.state, err) < 0 || store_commit(db, err) < 0)
        return -1;
    job_put_json(&job, &res->json);
    return 0;
}

/* PUT /jobs/ID/progress: `42` or `42 message`. 200; 404; 409 job_over; 422. */
int write_job_progress(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                       struct error *err)
{
    AUTO(job) struct job job = {0};
    char *word = body_word(req), *message = word ? strpbrk(word, " \t") : NULL;
    long long percent;

    (void)ctx;
    if (message) {
        *message++ = '\0';
        message += strspn(message, " \t");
    }
    if (!word || text_to_int(word, 0, 100, &percent) < 0)
        return error_set(err, 422, "progress_invalid", "the body must be `42` or `42 message`, from 0 to 100");
    if (store_begin(db, err) < 0 || store_job_get(db, request_path(req, "id"), &job, err) < 0)
        return -1;
    if (job_state_is_over(job.state))
        return error_set(err, 409, "job_over", "job %s is over", job.id);
    job.percent = (int)percent;
    free(job.progress);
    job.progress = message ? strdup(message) : NULL;
    if (store_job_update(db, &job, job.state, err) < 0 || store_commit(db, err) < 0)
        return -1;
    job_put_json(&job, &res->json);
    return 0;
}

/* DELETE /jobs/ID. 200; 404; 409 job_active. */
int write_job_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                     struct error *err)
{
    AUTO(job) struct job job = {0};

    (void)ctx;
    if (store_begin(db, err) < 0 || store_job_get(db, request_path(req, "id"), &job, err) < 0)
        return -1;
    if (job.state == JOB_ACTIVE)
        return error_set(err, 409, "job_active", "job %s is running: stop or kill it first", job.id);
    if (store_job_delete(db, &job, err) < 0 || store_commit(db, err) < 0)
        return -1;
    job_put_json(&job, &res->json);
    return 0;
}
