/* GET /jobs, /jobs/ID, /jobs/ID/status. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/text.h"
#include "handlers.h"

struct listing {
    struct response *res;
    bool csv;
    int64_t left; /* of the page; the one after it shows that there is a next page */
    char last[ULID_SIZE];
    bool more;
};

static int put_job(const struct job *job, void *context)
{
    struct listing *l = context;

    if (l->left-- == 0 || l->res->data.size + l->res->text.size > RESPONSE_PAGE_MAX) {
        l->more = true;
        return 1;
    }
    memcpy(l->last, job->id, sizeof l->last);
    if (l->csv)
        job_put_csv(job, &l->res->text);
    else
        job_put_json(job, &l->res->json);
    return 0;
}

static void begin_csv(struct response *res)
{
    struct csv_writer w = {.out = response_text(res, "text/csv")};

    csv_header(&w, job_columns);
}

static int read_filter(const struct request *req, struct job_filter *f, struct error *err)
{
    const char *status = request_query(req, "status");

    f->worker = request_query(req, "worker");
    f->name = request_query(req, "name");
    f->schedule = request_query(req, "schedule");
    f->queue = request_query(req, "queue");
    f->text = request_query(req, "q");
    f->before_id = request_query(req, "cursor");
    if (f->text && !*f->text)
        f->text = NULL;
    if (status && *status && !(f->state = job_state_from_name(status)))
        return error_set(err, 400, "bad_parameter", "status must be idle, active, stop, error or done");
    if (f->before_id && !ulid_is(f->before_id))
        return error_set(err, 400, "bad_parameter", "this is no cursor of this list");
    if (request_query_time(req, "since", &f->since_ms, err) < 0)
        return -1;
    return request_query_time(req, "until", &f->until_ms, err);
}

/* How many jobs are in each state, whatever the filter: the page's tabs. */
static int put_counts(const struct context *ctx, const struct store *db, struct response *res, struct error *err)
{
    struct json_writer w = {.out = &res->extra, .comma = true};
    int64_t counts[JOB_STATES];

    if (store_job_counts(db, &ctx->who->grant, counts, err) < 0)
        return -1;
    json_name(&w, "counts");
    json_begin(&w, '{');
    for (enum job_state s = JOB_IDLE; s < JOB_STATES; s++) {
        json_name(&w, job_state_name(s));
        json_put_int(&w, counts[s]);
    }
    json_end(&w, '}');
    return 0;
}

int read_jobs(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
              struct error *err)
{
    struct listing l = {.res = res, .csv = req->format == FORMAT_CSV};
    struct job_filter filter = {.grant = &ctx->who->grant};

    if (request_query_int(req, "limit", 1, 1000, 50, &l.left, err) < 0 || read_filter(req, &filter, err) < 0)
        return -1;
    filter.limit = (int)l.left + 1;
    if (l.csv)
        begin_csv(res);
    if (store_job_count(db, &filter, &res->total, err) < 0 || store_job_each(db, &filter, put_job, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return put_counts(ctx, db, res, err);
}

int check_reader(const struct request *req, const struct context *ctx, const struct store *db, struct error *err)
{
    const struct auth_caller caller = {req, ctx->settings, ctx->who};

    return ctx->who->job_right ? 0 : auth_check_again(db, &caller, err);
}

/* Short jobs are seen at once, long ones cost little: a look takes some 20 microseconds. */
static int pause_before_look(int look)
{
    enum { SHORT = 16, LONGEST_MS = 50 };

    return look < SHORT ? 1 : look < SHORT + LONGEST_MS ? look - SHORT + 1 : LONGEST_MS;
}

int wait_for_job(const struct request *req, const struct context *ctx, const struct store *db, const char *id,
                 int64_t seconds, struct job *job, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + seconds * 1000;
    bool wanted = true;

    for (int look = 0;; look++) {
        int64_t left = deadline - clock_monotonic_ms();
        int pause_ms = pause_before_look(look);

        if (store_job_get(db, id, job, err) < 0)
            return -1;
        if (job_state_is_over(job->state) || left <= 0 || !wanted)
            return 0;
        job_clear(job);
        wanted = gateway_pause(req->gateway, left < pause_ms ? (int)left : pause_ms);
        store_refresh(db);
        if (check_reader(req, ctx, db, err) < 0 || engine_reap_job(ctx->engine, id, err) < 0)
            return -1;
    }
}

int read_job(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
             struct error *err)
{
    AUTO(job) struct job job = {0};
    int64_t wait;

    if (request_query_int(req, "wait", 0, 60, 0, &wait, err) < 0 ||
        wait_for_job(req, ctx, db, request_path(req, "id"), wait, &job, err) < 0 ||
        store_line_position(db, &job, &job.position, err) < 0 ||
        ((job.chain & CHAIN_COMES_AFTER) && store_after_get(db, &job, err) < 0))
        return -1;
    if (req->format == FORMAT_CSV) {
        begin_csv(res);
        job_put_csv(&job, &res->text);
    } else {
        job_put_json(&job, &res->json);
    }
    return 0;
}

int read_job_status(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                    struct error *err)
{
    struct job_peek job;

    (void)db;
    if (engine_peek_job(ctx->engine, request_path(req, "id"), &job, err) < 0)
        return -1;
    if (req->format == FORMAT_TEXT) {
        buf_printf(response_text(res, "text/plain"), "%s\n", job_state_name(job.state));
        return 0;
    }
    json_begin(&res->json, '{');
    json_name(&res->json, "status");
    json_put_string(&res->json, job_state_name(job.state));
    json_end(&res->json, '}');
    return 0;
}
