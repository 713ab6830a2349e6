/* GET /jobs/ID/attempts: those that are over, from the store, and the one that the job itself tells of. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/csv.h"
#include "base/text.h"
#include "handlers.h"
#include "listing.h"

static const char *const columns[] = {"attempt",   "status", "version",  "host",          "starttime", "stoptime",
                                      "exit_code", "signal", "log_size", "response_size", "reason",    NULL};

/* What came before the attempt that is put next. */
struct attempts {
    struct listing l;
    struct extent log, response;
};

static const char *time_or_null(int64_t time_ms, char text[TEXT_TIME_SIZE])
{
    if (time_ms)
        text_from_time(time_ms, text);
    return time_ms ? text : NULL;
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_number(struct json_writer *w, const char *name, int64_t number, bool there)
{
    json_name(w, name);
    if (there)
        json_put_int(w, number);
    else
        json_put_null(w);
}

static void put_json(const struct attempt *a, int64_t log_size, int64_t response_size, struct json_writer *w)
{
    char time[TEXT_TIME_SIZE];

    json_begin(w, '{');
    put_number(w, "attempt", a->number, true);
    put_text(w, "status", job_state_name(a->state));
    put_number(w, "version", a->version, a->version > 0);
    put_text(w, "host", a->host[0] ? a->host : NULL);
    put_text(w, "starttime", time_or_null(a->started_ms, time));
    put_text(w, "stoptime", time_or_null(a->stopped_ms, time));
    put_number(w, "exit_code", a->exit_code, a->exit_code >= 0);
    put_number(w, "signal", a->signal, a->signal > 0);
    put_number(w, "log_size", log_size, true);
    put_number(w, "response_size", response_size, true);
    put_text(w, "reason", a->reason[0] ? a->reason : NULL);
    json_end(w, '}');
}

static void csv_number(struct csv_writer *w, int64_t number, bool there)
{
    if (there)
        csv_int(w, number);
    else
        csv_text(w, NULL);
}

static void put_csv(const struct attempt *a, int64_t log_size, int64_t response_size, struct buf *out)
{
    struct csv_writer w = {.out = out};
    char time[TEXT_TIME_SIZE];

    csv_int(&w, a->number);
    csv_text(&w, job_state_name(a->state));
    csv_number(&w, a->version, a->version > 0);
    csv_text(&w, a->host[0] ? a->host : NULL);
    csv_text(&w, time_or_null(a->started_ms, time));
    csv_text(&w, time_or_null(a->stopped_ms, time));
    csv_number(&w, a->exit_code, a->exit_code >= 0);
    csv_number(&w, a->signal, a->signal > 0);
    csv_int(&w, log_size);
    csv_int(&w, response_size);
    csv_text(&w, a->reason[0] ? a->reason : NULL);
    csv_end_row(&w);
}

static int put_attempt(const struct attempt *a, void *context)
{
    struct attempts *s = context;
    int64_t log_size = a->log.size - s->log.size, response_size = a->response.size - s->response.size;

    if (listing_is_full(&s->l))
        return 1;
    s->log = a->log;
    s->response = a->response;
    snprintf(s->l.last, sizeof s->l.last, "%lld", (long long)a->number);
    if (s->l.csv)
        put_csv(a, log_size, response_size, &s->l.res->text);
    else
        put_json(a, log_size, response_size, &s->l.res->json);
    return 0;
}

/* The attempt that the job is at, or was when it ended. */
static struct attempt last_attempt(const struct job *job)
{
    struct attempt a = {.number = job->attempt,
                        .version = job->version,
                        .state = job->state,
                        .started_ms = job->attempt_ms ? job->attempt_ms : job->started_ms,
                        .stopped_ms = job->stopped_ms,
                        .exit_code = job->exit_code,
                        .signal = job->signal,
                        .log = {job->log_count, job->log_size},
                        .response = {job->response_count, job->response_size}};

    snprintf(a.host, sizeof a.host, "%s", job->host);
    snprintf(a.reason, sizeof a.reason, "%s", job->reason ? job->reason : "");
    return a;
}

/* GET /jobs/ID/attempts. 200; 400 bad_parameter; 404 job_unknown. */
int read_attempts(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                  struct error *err)
{
    AUTO(job) struct job job = {0};
    struct attempt before, last;
    struct attempts s = {0};
    int64_t after;
    bool found;

    (void)ctx;
    if (listing_begin(req, columns, res, &s.l, err) < 0 ||
        request_query_int(req, "cursor", 0, INT64_MAX, 0, &after, err) < 0 ||
        store_job_get(db, request_path(req, "id"), &job, err) < 0 ||
        store_attempt_get(db, job.number, after, &before, &found, err) < 0)
        return -1;
    s.log = before.log;
    s.response = before.response;
    res->total = job.attempt;
    if (store_attempt_each(db, job.number, after, s.l.left + 1, put_attempt, &s, err) < 0 ||
        store_attempt_get(db, job.number, job.attempt, &last, &found, err) < 0)
        return -1;
    last = last_attempt(&job);
    if (!found && !s.l.more && after < job.attempt) /* it is not among those that are over */
        put_attempt(&last, &s);
    if (s.l.more)
        response_next(res, req, s.l.last);
    return 0;
}
