/* Attempts of a job that are over, with another one after them. What the last attempt has done stands in the job itself. */
#include "store/query.h"
#include "store/store.h"

#define ATTEMPT_COLUMNS                                                                                             \
    "attempt, version, state, host, started, stopped, exit_code, \"signal\", log_count, log_size, response_count, " \
    "response_size, reason"

enum { ATTEMPT_PUT, ATTEMPT_GET, ATTEMPT_EACH, STATEMENTS };

static const struct statement sql[STATEMENTS] = {
    [ATTEMPT_PUT] = {"INSERT INTO attempt (job, " ATTEMPT_COLUMNS
                     ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"},
    [ATTEMPT_GET] = {"SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE job = ?1 AND attempt = ?2"},
    [ATTEMPT_EACH] = {"SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE job = ?1 AND attempt > ?2 ORDER BY attempt"
                      " LIMIT ?3"},
};

int store_attempt_put(struct store *s, const struct job *job, enum job_state state, struct error *err)
{
    struct query *q = query_prepare(s, &sql[ATTEMPT_PUT], err);

    query_set_number(q, 1, job->number);
    query_set_number(q, 2, job->attempt);
    query_set_number(q, 3, job->version);
    query_set_number(q, 4, state);
    query_set_text(q, 5, job->host);
    query_set_number(q, 6, job->attempt_ms);
    query_set_number(q, 7, job->stopped_ms);
    query_set_number(q, 8, job->exit_code);
    query_set_number(q, 9, job->signal);
    query_set_number(q, 10, job->log_count);
    query_set_number(q, 11, job->log_size);
    query_set_number(q, 12, job->response_count);
    query_set_number(q, 13, job->response_size);
    query_set_text(q, 14, job->reason);
    return query_run(q, err);
}

static void read_attempt(struct query *q, struct attempt *out)
{
    *out = (struct attempt){0};
    out->number = query_number(q, 0);
    out->version = query_number(q, 1);
    out->state = (enum job_state)query_int(q, 2);
    query_read_text(q, 3, out->host, sizeof out->host);
    out->started_ms = query_number(q, 4);
    out->stopped_ms = query_number(q, 5);
    out->exit_code = query_int(q, 6);
    out->signal = query_int(q, 7);
    out->log.count = query_number(q, 8);
    out->log.size = query_number(q, 9);
    out->response.count = query_number(q, 10);
    out->response.size = query_number(q, 11);
    query_read_text(q, 12, out->reason, sizeof out->reason);
}

int store_attempt_get(const struct store *s, int64_t job, int64_t number, struct attempt *out, bool *found,
                      struct error *err)
{
    struct query *q = query_prepare(s, &sql[ATTEMPT_GET], err);

    *out = (struct attempt){0};
    query_set_number(q, 1, job);
    query_set_number(q, 2, number);
    if (query_find(q, found, "read an attempt", err) < 0)
        return -1;
    if (*found)
        read_attempt(q, out);
    query_end(q);
    return 0;
}

int store_attempt_each(const struct store *s, int64_t job, int64_t after, int64_t limit,
                       int (*each)(const struct attempt *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[ATTEMPT_EACH], err);
    struct attempt attempt;
    int result = 0, stop = 0;

    query_set_number(q, 1, job);
    query_set_number(q, 2, after);
    query_set_number(q, 3, limit);
    while (!stop && query_next(q, "list attempts", &result, err)) {
        read_attempt(q, &attempt);
        stop = each(&attempt, context);
    }
    query_end(q);
    return result;
}
