/* Deliveries. One is made in the transaction of what it tells of, so it is there if, and only if, that has happened. */
#include "store/deliveries.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/query.h"

#define DELIVERY_COLUMNS "job, id, due, turn, target, record"

enum {
    DELIVERY_INSERT,
    DELIVERY_EACH,
    DELIVERY_COUNT,
    DELIVERY_GET,
    DELIVERY_DUE,
    DELIVERY_NEXT,
    DELIVERY_CHANGE,
    DELIVERY_ORPHAN,
    DELIVERY_FORGET,
    OUTCOME_GET,
    OUTCOME_ADD,
    OUTCOME_CHANGE,
    OUTCOME_SWEEP,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [DELIVERY_INSERT] = {"INSERT INTO delivery (" DELIVERY_COLUMNS ", body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    [DELIVERY_EACH] = {"SELECT " DELIVERY_COLUMNS " FROM delivery WHERE job = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    [DELIVERY_COUNT] = {"SELECT count(*) FROM delivery WHERE job = ?1"},
    [DELIVERY_GET] = {"SELECT " DELIVERY_COLUMNS " FROM delivery WHERE job = ?1 AND id = ?2"},
    [DELIVERY_DUE] = {"SELECT coalesce(min(due), 0) FROM delivery WHERE due > 0"},
    [DELIVERY_NEXT] = {"SELECT " DELIVERY_COLUMNS
                       ", body FROM delivery WHERE due > 0 AND due <= ?1 ORDER BY due LIMIT 1"},
    [DELIVERY_CHANGE] = {"UPDATE delivery SET due = ?4, turn = turn + 1, record = ?5 WHERE job = ?1 AND id = ?2"
                         " AND turn = ?3"},
    [DELIVERY_ORPHAN] = {"DELETE FROM delivery WHERE job = ?1 AND due = 0 AND job NOT IN (SELECT number FROM job"
                         " WHERE number = ?1)"},
    [DELIVERY_FORGET] = {"DELETE FROM delivery WHERE job = ?1 AND due = 0"},
    [OUTCOME_GET] = {"SELECT state FROM outcome WHERE series = ?1"},
    [OUTCOME_ADD] = {"INSERT INTO outcome (series, state, noted) VALUES (?1, ?2, ?3)"},
    [OUTCOME_CHANGE] = {"UPDATE outcome SET state = ?2, noted = ?3 WHERE series = ?1"},
    [OUTCOME_SWEEP] = {"DELETE FROM outcome WHERE noted < ?1"},
};

enum { BODY_COLUMN = 6, TARGET_SIZE = NOTIFY_TO_SIZE + 256, RECORD_SIZE = DELIVERY_FAULT_SIZE + 128 };

static void read_delivery(struct query *q, struct delivery *d)
{
    char target[TARGET_SIZE], record[RECORD_SIZE];

    *d = (struct delivery){.job = query_number(q, 0), .due_ms = query_number(q, 2), .turn = query_number(q, 3)};
    query_read_text(q, 1, d->id, sizeof d->id);
    query_read_text(q, 4, target, sizeof target);
    query_read_text(q, 5, record, sizeof record);
    if (delivery_read_target(target, d) < 0 || delivery_read_record(record, d) < 0)
        log_line("delivery %s is not readable", d->id);
}

int store_delivery_insert(struct store *s, const struct delivery *d, struct error *err)
{
    struct query *q = query_prepare(s, &sql[DELIVERY_INSERT], err);
    AUTO(buf) struct buf target = {0};
    AUTO(buf) struct buf record = {0};

    delivery_put_target(d, &target);
    delivery_put_record(d, &record);
    query_set_number(q, 1, d->job);
    query_set_text(q, 2, d->id);
    query_set_number(q, 3, d->due_ms);
    query_set_number(q, 4, d->turn);
    query_set_text(q, 5, buf_text(&target));
    query_set_text(q, 6, buf_text(&record));
    query_set_bytes(q, 7, d->body, d->body_size);
    return query_run(q, err);
}

int store_delivery_each(const struct store *s, int64_t job, const char *after, int limit,
                        int (*each)(const struct delivery *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[DELIVERY_EACH], err);
    int result = 0, stop = 0;
    struct delivery d;

    query_set_number(q, 1, job);
    query_set_text(q, 2, after ? after : "");
    query_set_number(q, 3, limit);
    while (!stop && query_next(q, "list deliveries", &result, err)) {
        read_delivery(q, &d);
        stop = each(&d, context);
    }
    query_end(q);
    return result;
}

int store_delivery_count(const struct store *s, int64_t job, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[DELIVERY_COUNT], err);

    query_set_number(q, 1, job);
    return query_count(q, count, err);
}

int store_delivery_get(const struct store *s, int64_t job, const char *id, struct delivery *out, struct error *err)
{
    struct query *q = query_prepare(s, &sql[DELIVERY_GET], err);
    bool found;

    query_set_number(q, 1, job);
    query_set_text(q, 2, id);
    if (query_find(q, &found, "read a delivery", err) < 0)
        return -1;
    if (found)
        read_delivery(q, out);
    query_end(q);
    return found ? 0 : error_set(err, 404, "delivery_unknown", "this job has no such delivery");
}

int store_delivery_due(const struct store *s, int64_t *due_ms, struct error *err)
{
    return query_count(query_prepare(s, &sql[DELIVERY_DUE], err), due_ms, err);
}

/* The row at hand with its body. */
static int read_whole(struct query *q, struct delivery *out, struct error *err)
{
    const void *body;
    size_t size = 0;

    read_delivery(q, out);
    body = query_bytes(q, BODY_COLUMN, &size);
    out->body = malloc(size + 1);
    if (!out->body)
        return error_set(err, 500, "internal", "the server ran out of memory");
    if (size)
        memcpy(out->body, body, size);
    out->body[size] = '\0';
    out->body_size = size;
    return 0;
}

/* Only of the turn that it was read with: another one changes nothing. */
static int change(struct store *s, struct delivery *d, struct error *err)
{
    struct query *q = query_prepare(s, &sql[DELIVERY_CHANGE], err);
    AUTO(buf) struct buf record = {0};

    delivery_put_record(d, &record);
    query_set_number(q, 1, d->job);
    query_set_text(q, 2, d->id);
    query_set_number(q, 3, d->turn);
    query_set_number(q, 4, d->due_ms);
    query_set_text(q, 5, buf_text(&record));
    if (query_run(q, err) < 0)
        return -1;
    d->turn++;
    return 0;
}

int store_delivery_claim(struct store *s, int64_t now_ms, int64_t until_ms, struct delivery *out, bool *found,
                         struct error *err)
{
    struct query *q = query_prepare(s, &sql[DELIVERY_NEXT], err);
    int result;

    query_set_number(q, 1, now_ms);
    if (query_find(q, found, "find what is to be delivered", err) < 0)
        return -1;
    if (!*found)
        return 0;
    result = read_whole(q, out, err);
    query_end(q);
    if (result < 0)
        return -1;
    out->tries++;
    out->due_ms = until_ms;
    if (change(s, out, err) == 0)
        return 0;
    delivery_clear(out);
    return -1;
}

int store_delivery_settle(struct store *s, struct delivery *d, struct error *err)
{
    return change(s, d, err) < 0 ? -1 : query_run_number(s, &sql[DELIVERY_ORPHAN], d->job, err);
}

int store_delivery_again(struct store *s, struct delivery *d, int64_t now_ms, struct error *err)
{
    if (d->due_ms)
        return error_set(err, 409, "delivery_waiting", "this delivery is not over: it is tried again by itself");
    d->state = DELIVERY_WAITING;
    d->due_ms = now_ms;
    d->tries = 0;
    return change(s, d, err);
}

int deliveries_forget(struct store *s, const struct job *job, struct error *err)
{
    return query_run_number(s, &sql[DELIVERY_FORGET], job->number, err);
}

/* -- outcomes -- */

int store_outcome_get(const struct store *s, const unsigned char *series, enum job_state *state, struct error *err)
{
    struct query *q = query_prepare(s, &sql[OUTCOME_GET], err);
    bool found;

    query_set_hash(q, 1, series);
    if (query_find(q, &found, "read how a job ended the last time", err) < 0)
        return -1;
    *state = found ? (enum job_state)query_int(q, 0) : 0;
    query_end(q);
    return 0;
}

int store_outcome_put(struct store *s, const unsigned char *series, enum job_state state, bool is_new, int64_t now_ms,
                      struct error *err)
{
    struct query *q = query_prepare(s, &sql[is_new ? OUTCOME_ADD : OUTCOME_CHANGE], err);

    query_set_hash(q, 1, series);
    query_set_number(q, 2, state);
    query_set_number(q, 3, now_ms);
    return query_run(q, err);
}

int store_outcome_sweep(struct store *s, int64_t before_ms, struct error *err)
{
    return query_run_number(s, &sql[OUTCOME_SWEEP], before_ms, err);
}
