/* POST /jobs; PUT /jobs/ID/status, pid, progress; DELETE /jobs/ID. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "handlers.h"
#include "job_body.h"
#include "once.h"
#include "store/audit.h"
#include "workflow.h"

/* The job, or as text its bare id. */
static void answer_job(const struct request *req, const struct job *job, bool as_id, struct response *res)
{
    if (req->format == FORMAT_TEXT)
        buf_printf(response_text(res, "text/plain"), "%s\n", as_id ? job->id : job_state_name(job->state));
    else
        job_put_json(job, &res->json);
}

/* The job, and whether it was made by this request. With a 200, a server takes Location for a place that it is to answer from
 * (RFC 3875 section 6.2.2). */
void answer_made(const struct request *req, const struct job *job, bool is_new, struct response *res)
{
    res->status = is_new ? 201 : 200;
    if (is_new)
        response_location(res, req, "/jobs/%s", job->id);
    else
        response_header(res, "Idempotency-Replayed", "true");
    answer_job(req, job, true, res);
}

static int make_job(struct request *req, const struct context *ctx, const struct store *db, const struct json *body,
                    const struct once *once, struct response *res, struct error *err)
{
    AUTO(job) struct job job = {.once = once};
    bool start = false;

    res->status = 201;
    if (job_body_read(body, ctx, db, &job, &start, res, err) < 0 || engine_create(ctx->engine, &job, start, err) < 0)
        return -1;
    answer_made(req, &job, true, res);
    return 0;
}

static void answer_list(const struct request *req, const struct job *job, bool is_new, struct response *res)
{
    res->status = is_new ? 201 : 200;
    if (req->format == FORMAT_TEXT)
        buf_printf(response_text(res, "text/plain"), "%s\n", job->id);
    else
        job_put_json(job, &res->json);
}

static int make_list(struct request *req, const struct context *ctx, const struct store *db, const struct json *body,
                     const struct once *once, struct response *res, struct error *err)
{
    AUTO(workflow) struct workflow w = {0};

    if (workflow_read(body, ctx, db, &w, res, err) < 0 || (once && workflow_set_once(&w, once, err) < 0))
        return -1;
    res->status = 201;
    if (engine_create_all(ctx->engine, w.jobs, w.start, w.count, err) < 0)
        return -1;
    res->total = (int64_t)w.count;
    for (size_t i = 0; i < w.count; i++)
        answer_list(req, &w.jobs[i], true, res);
    return 0;
}

/* As once_find(), for all that the body asks for. */
static int answer_before(const struct request *req, const struct context *ctx, struct store *db,
                         const struct json *body, const struct once *once, struct response *res, struct error *err)
{
    bool is_list = json_type(body) == JSON_ARRAY;
    size_t count = is_list ? json_count(body) : 1;

    for (size_t i = 0; i < count; i++) {
        AUTO(job) struct job job = {0};
        struct once own;
        int found;

        once_of_list(once, i, &own);
        found = once_find(db, ctx, &own, &job, err);
        if (found <= 0)
            return found;
        if (is_list)
            answer_list(req, &job, false, res);
        else
            answer_made(req, &job, false, res);
        audit_about(db, job.id);
    }
    if (is_list) {
        response_header(res, "Idempotency-Replayed", "true");
        res->total = (int64_t)count;
    }
    return 1;
}

static int make(struct request *req, const struct context *ctx, struct store *db, const struct json *body,
                const struct once *once, struct response *res, struct error *err)
{
    struct error problem = {0};
    int found = once ? answer_before(req, ctx, db, body, once, res, err) : 0;

    if (found != 0)
        return found < 0 ? -1 : 0;
    if ((json_type(body) == JSON_ARRAY ? make_list : make_job)(req, ctx, db, body, once, res, &problem) == 0)
        return 0;
    if (strcmp(problem.code, "key_used") != 0) {
        *err = problem;
        return -1;
    }
    store_rollback(db);
    store_refresh(db); /* of two at once the other was faster */
    found = answer_before(req, ctx, db, body, once, res, err);
    if (found == 0)
        error_set(err, 503, "store_busy", "a job of this key is just being made: try again");
    return found > 0 ? 0 : -1;
}

/* POST /jobs: one, or a list of them. 201; 200 for what was made under the same Idempotency-Key; 400 key_invalid;
 * 410 job_deleted; 422 job_invalid, job_unknown, queue_unknown, worker_unknown, parameters_invalid, chain_cycle, key_reused;
 * 500 runner_failed. */
int write_job(struct request *req, const struct context *ctx, struct store *db, struct response *res, struct error *err)
{
    struct json *body;
    struct once once;
    int keyed = once_read(req, ctx, &once, err), result;

    if (keyed < 0)
        return -1;
    body = json_parse(buf_text(&req->body), req->body.size, err);
    if (!body)
        return -1;
    result = make(req, ctx, db, body, keyed ? &once : NULL, res, err);
    json_free(body);
    return result;
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
    if (job.waiting) /* it was started, and its turn will come */
        res->status = 202;
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

/* DELETE /jobs/ID. 200; 404; 409 job_active, job_followed. */
int write_job_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                     struct error *err)
{
    AUTO(job) struct job job = {0};

    (void)db;
    if (engine_delete(ctx->engine, request_path(req, "id"), &job, err) < 0)
        return -1;
    job_put_json(&job, &res->json);
    return 0;
}
