/* POST /workers/NAME/run: a job made, started, and waited for in one request, for scripts and for what calls from elsewhere. */
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"
#include "job_body.h"
#include "once.h"

/* What POST /jobs would be sent. A name needs no escape, and what is parsed by itself cannot end its member early. */
static struct json *read_wish(const struct request *req, struct error *err)
{
    AUTO(buf) struct buf text = {0};
    struct json *parameters = NULL;

    if (req->body.size) {
        parameters = json_parse(buf_text(&req->body), req->body.size, err);
        if (!parameters)
            return NULL;
        json_free(parameters);
    }
    buf_printf(&text, "{\"worker\":\"%s\",\"start\":true,\"parameters\":", request_path(req, "name"));
    buf_put(&text, req->body.size ? buf_text(&req->body) : "{}", req->body.size ? req->body.size : 2);
    buf_puts(&text, "}");
    return json_parse(buf_text(&text), text.size, err);
}

/* The key stands for this worker with these parameters: another request with the same body is another one. */
static int read_key(const struct request *req, const struct context *ctx, struct once *once, struct error *err)
{
    int keyed = once_read(req, ctx, once, err);
    AUTO(buf) struct buf all = {0};

    if (keyed <= 0)
        return keyed;
    buf_printf(&all, "run %s ", request_path(req, "name"));
    buf_put(&all, once->body, sizeof once->body);
    secret_hash(buf_text(&all), all.size, once->body);
    return 1;
}

/* The worker is what the path names, so where there is none nothing is found, rather than the body wrong. */
static int read_body(const struct json *wish, const struct context *ctx, const struct store *db, struct job *job,
                     struct response *res, struct error *err)
{
    bool start;

    if (job_body_read(wish, ctx, db, job, &start, res, err) == 0)
        return 0;
    if (strcmp(err->code, "worker_unknown") == 0)
        err->status = 404;
    return -1;
}

static int make(const struct request *req, const struct context *ctx, struct store *db, const struct once *once,
                struct job *job, struct response *res, struct error *err)
{
    struct json *wish = read_wish(req, err);
    int result;

    if (!wish)
        return -1;
    job->once = once;
    result = read_body(wish, ctx, db, job, res, err);
    json_free(wish);
    return result < 0 ? -1 : engine_create(ctx->engine, job, true, err);
}

static int make_or_find(const struct request *req, const struct context *ctx, struct store *db, struct job *job,
                        bool *is_new, struct response *res, struct error *err)
{
    struct error problem = {0};
    struct once once;
    int keyed = read_key(req, ctx, &once, err), found = keyed > 0 ? once_find(db, ctx, &once, job, err) : keyed;

    *is_new = false;
    if (found != 0)
        return found < 0 ? -1 : 0;
    *is_new = true;
    if (make(req, ctx, db, keyed ? &once : NULL, job, res, &problem) == 0)
        return 0;
    *err = problem;
    if (strcmp(problem.code, "key_used") != 0)
        return -1;
    store_rollback(db);
    store_refresh(db); /* of two at once the other was faster */
    job_clear(job);
    *is_new = false;
    found = once_find(db, ctx, &once, job, err);
    if (found == 0)
        error_set(err, 503, "store_busy", "a job of this key is just being made: try again");
    return found > 0 ? 0 : -1;
}

/* Its response is a view of that resource (RFC 9110 section 8.7); what is not one leads to the job. With a 200, a server takes
 * Location for a place that it is to answer from (RFC 3875 section 6.2.2). */
static int answer_outcome(const struct request *req, const struct context *ctx, const struct store *db, const char *id,
                          int64_t wait, struct response *res, struct error *err)
{
    AUTO(buf) struct buf base = {0};
    AUTO(job) struct job job = {0};

    if (wait_for_job(req, ctx, db, id, wait, &job, err) < 0)
        return -1;
    if (job.state == JOB_DONE) {
        request_put_base(req, &base);
        response_header(res, "Content-Location", "%s/jobs/%s/response", buf_text(&base), id);
    } else {
        response_location(res, req, "/jobs/%s", id);
    }
    if (!job_state_is_over(job.state))
        return error_set(err, 504, "job_not_over", "job %s is %s, and goes on", id, job_state_name(job.state));
    return answer_response(req, ctx, db, id, 0, res, err);
}

/* POST /workers/NAME/run. 201 the job; with ?wait 200 its response, 424 job_failed, 504 job_not_over; 404 worker_unknown; else as POST
 * /jobs. */
int write_run(struct request *req, const struct context *ctx, struct store *db, struct response *res, struct error *err)
{
    AUTO(job) struct job job = {0};
    bool is_new;
    int64_t wait;

    if (request_query_int(req, "wait", 0, 60, -1, &wait, err) < 0)
        return -1;
    res->status = wait < 0 ? 201 : 200;
    if (make_or_find(req, ctx, db, &job, &is_new, res, err) < 0)
        return -1;
    if (wait < 0) {
        answer_made(req, &job, is_new, res);
        return 0;
    }
    store_refresh(db);
    return answer_outcome(req, ctx, db, job.id, wait, res, err);
}
