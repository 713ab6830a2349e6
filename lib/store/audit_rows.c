/* The rows of the audit trail. What they mean is in audit.c. */
#include "store/audit_rows.h"

#include <string.h>

#include "store/query.h"

#define AUDIT_COLUMNS "seq, time, request, who, via, address, action, object, status, code, times, hash"

/* What a filter leaves: each value that is NULL leaves all. An action may be named by its method or its path alone. */
#define AUDIT_MATCHES                                                                                       \
    " FROM audit WHERE seq >= ?1 AND seq < ?2 AND (?3 IS NULL OR who = ?3) AND (?4 IS NULL OR object = ?4)" \
    " AND (?5 IS NULL OR action = ?5 OR substr(action, 1, instr(action, ' ') - 1) = ?5"                     \
    " OR substr(action, instr(action, ' ') + 1) = ?5) AND (?6 IS NULL OR code = ?6)"                        \
    " AND (?7 IS NULL OR status BETWEEN ?7 AND ?8) AND (?9 IS NULL OR time >= ?9) AND (?10 IS NULL OR time < ?10)"

enum {
    AUDIT_CHAIN_GET,
    AUDIT_CHAIN_PUT,
    AUDIT_HIGHEST,
    AUDIT_INSERT,
    AUDIT_DELETE,
    AUDIT_EACH,
    AUDIT_EACH_OLDEST,
    AUDIT_COUNT,
    REFUSED_GET,
    REFUSED_PUT,
    REFUSED_EACH,
    REFUSED_FORGET,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [AUDIT_CHAIN_GET] = {"SELECT first, \"before\", last, hash, seal FROM audit_chain"},
    [AUDIT_CHAIN_PUT] =
        {"REPLACE INTO audit_chain (one, first, \"before\", last, hash, seal) VALUES (1, ?1, ?2, ?3, ?4, ?5)"},
    [AUDIT_HIGHEST] = {"SELECT coalesce(max(seq), 0) FROM audit"},
    [AUDIT_INSERT] = {"INSERT INTO audit (" AUDIT_COLUMNS
                      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"},
    [AUDIT_DELETE] = {"DELETE FROM audit WHERE seq >= ?1 AND seq < ?2"},
    [AUDIT_EACH] = {"SELECT " AUDIT_COLUMNS AUDIT_MATCHES " ORDER BY seq DESC LIMIT ?11"},
    [AUDIT_EACH_OLDEST] = {"SELECT " AUDIT_COLUMNS AUDIT_MATCHES " ORDER BY seq LIMIT ?11"},
    [AUDIT_COUNT] = {"SELECT count(*)" AUDIT_MATCHES},
    [REFUSED_GET] = {.sql =
                         "SELECT written, missed FROM audit_refused WHERE sender = ?1 AND code = ?2 AND minute = ?3"},
    [REFUSED_PUT] = {"REPLACE INTO audit_refused (sender, code, minute, status, written, missed)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
    [REFUSED_EACH] = {"SELECT sender, code, status, minute, written, missed FROM audit_refused"
                      " WHERE minute <> ?1 AND missed > 0"},
    [REFUSED_FORGET] = {"DELETE FROM audit_refused WHERE minute <> ?1 AND missed = 0"},
};

int audit_chain_get(const struct store *s, struct audit_chain *out, bool *found, struct error *err)
{
    struct query *q = query_prepare(s, &sql[AUDIT_CHAIN_GET], err);

    *out = (struct audit_chain){0};
    if (query_find(q, found, "read the ends of the audit trail", err) < 0)
        return -1;
    if (*found) {
        out->first = query_number(q, 0);
        query_read_hash(q, 1, out->before);
        out->last = query_number(q, 2);
        query_read_hash(q, 3, out->hash);
        query_read_hash(q, 4, out->seal);
    }
    query_end(q);
    return 0;
}

int audit_chain_put(struct store *s, const struct audit_chain *chain, struct error *err)
{
    struct query *q = query_prepare(s, &sql[AUDIT_CHAIN_PUT], err);

    query_set_number(q, 1, chain->first);
    query_set_hash(q, 2, chain->before);
    query_set_number(q, 3, chain->last);
    query_set_hash(q, 4, chain->hash);
    query_set_hash(q, 5, chain->seal);
    return query_run(q, err);
}

int audit_highest(const struct store *s, int64_t *seq, struct error *err)
{
    return query_count(query_prepare(s, &sql[AUDIT_HIGHEST], err), seq, err);
}

int audit_insert(struct store *s, const struct audit_row *row, struct error *err)
{
    struct query *q = query_prepare(s, &sql[AUDIT_INSERT], err);

    query_set_number(q, 1, row->seq);
    query_set_number(q, 2, row->time_ms);
    query_set_text(q, 3, row->request);
    query_set_text(q, 4, row->who);
    query_set_text(q, 5, row->via);
    query_set_text(q, 6, row->address);
    query_set_text(q, 7, row->action);
    query_set_text(q, 8, row->object);
    query_set_number(q, 9, row->status);
    query_set_text(q, 10, row->code);
    query_set_number(q, 11, row->times);
    query_set_hash(q, 12, row->hash);
    return query_run(q, err);
}

int audit_delete(struct store *s, int64_t from_seq, int64_t to_seq, struct error *err)
{
    struct query *q = query_prepare(s, &sql[AUDIT_DELETE], err);

    query_set_number(q, 1, from_seq);
    query_set_number(q, 2, to_seq);
    return query_run(q, err);
}

static bool has_nul(struct query *q, int column)
{
    size_t size;
    const void *text = query_bytes(q, column, &size);

    return memchr(text, '\0', size) != NULL;
}

/* Is each value of the type and length that we write? What is read of another one may look the same and be found by other
 * filters, say a text with something behind a NUL. */
static bool is_as_written(struct query *q)
{
    static const enum query_type types[] = {QUERY_NUMBER, QUERY_NUMBER, QUERY_TEXT,   QUERY_TEXT,
                                            QUERY_TEXT,   QUERY_TEXT,   QUERY_TEXT,   QUERY_TEXT,
                                            QUERY_NUMBER, QUERY_TEXT,   QUERY_NUMBER, QUERY_BYTES};

    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
        if (query_type(q, i) != types[i] || (types[i] == QUERY_TEXT && has_nul(q, i)))
            return false;
    }
    return true;
}

static void read_audit_row(struct query *q, struct audit_row *out)
{
    bool as_written = is_as_written(q);

    *out = (struct audit_row){0};
    out->seq = query_number(q, 0);
    out->time_ms = query_number(q, 1);
    query_read_text(q, 2, out->request, sizeof out->request);
    query_read_text(q, 3, out->who, sizeof out->who);
    query_read_text(q, 4, out->via, sizeof out->via);
    query_read_text(q, 5, out->address, sizeof out->address);
    query_read_text(q, 6, out->action, sizeof out->action);
    query_read_text(q, 7, out->object, sizeof out->object);
    out->status = query_int(q, 8);
    query_read_text(q, 9, out->code, sizeof out->code);
    out->times = query_number(q, 10);
    if (as_written)
        query_read_hash(q, 11, out->hash); /* else none, which is never right */
}

static void bind_time(struct query *q, int at, int64_t time_ms)
{
    if (time_ms)
        query_set_number(q, at, time_ms);
}

/* Which rows of those that a filter leaves. */
struct rows {
    int64_t from, before;
};

static struct rows rows_of(const struct audit_filter *f)
{
    return (struct rows){f->oldest_first ? f->from_seq : INT64_MIN, f->before_seq ? f->before_seq : INT64_MAX};
}

/* As AUDIT_MATCHES wants it; q may be NULL. */
static struct query *bind_audit_filter(struct query *q, const struct audit_filter *f, struct rows rows)
{
    query_set_number(q, 1, rows.from);
    query_set_number(q, 2, rows.before);
    query_set_text(q, 3, f->who);
    query_set_text(q, 4, f->object);
    query_set_text(q, 5, f->action);
    query_set_text(q, 6, f->code);
    if (f->status_low) {
        query_set_number(q, 7, f->status_low);
        query_set_number(q, 8, f->status_high);
    }
    bind_time(q, 9, f->since_ms);
    bind_time(q, 10, f->until_ms);
    return q;
}

/* A back-end may take in all rows of an answer at once, and the trail has a million. */
enum { PAGE = 1000 };

struct reading {
    const struct audit_filter *filter;
    struct rows rows; /* those that are still to be read */
    int64_t left;     /* and how many of them at most */
    int (*each)(const struct audit_row *, void *);
    void *context;
    bool stopped;
};

/* Returns how many there were; -1 with err. */
static int64_t read_page(struct reading *r, struct query *q, struct error *err)
{
    int64_t count = 0;
    int result = 0;
    struct audit_row row;

    while (!r->stopped && query_next(q, "list the audit trail", &result, err)) {
        read_audit_row(q, &row);
        if (r->filter->oldest_first)
            r->rows.from = row.seq + 1;
        else
            r->rows.before = row.seq;
        count++;
        r->stopped = r->each(&row, r->context);
    }
    query_end(q);
    return result < 0 ? -1 : count;
}

int audit_each(const struct store *s, const struct audit_filter *f, int (*each)(const struct audit_row *, void *),
               void *context, struct error *err)
{
    const struct statement *statement = &sql[f->oldest_first ? AUDIT_EACH_OLDEST : AUDIT_EACH];
    struct reading r = {.filter = f, .rows = rows_of(f), .left = f->limit, .each = each, .context = context};
    int64_t asked, got;

    if (f->limit < 0)
        r.left = INT64_MAX;
    do {
        struct query *q = bind_audit_filter(query_prepare(s, statement, err), f, r.rows);

        asked = r.left < PAGE ? r.left : PAGE;
        query_set_number(q, 11, asked);
        got = read_page(&r, q, err);
        r.left -= got;
    } while (got == asked && r.left > 0 && !r.stopped);
    return got < 0 ? -1 : 0;
}

int audit_count(const struct store *s, const struct audit_filter *f, int64_t *count, struct error *err)
{
    return query_count(bind_audit_filter(query_prepare(s, &sql[AUDIT_COUNT], err), f, rows_of(f)), count, err);
}

int refused_get(const struct store *s, struct audit_refused *row, struct error *err)
{
    struct query *q = query_prepare(s, &sql[REFUSED_GET], err);
    bool found;

    query_set_text(q, 1, row->sender);
    query_set_text(q, 2, row->code);
    query_set_number(q, 3, row->minute);
    if (query_find(q, &found, "read refused requests", err) < 0)
        return -1;
    row->written = found ? query_number(q, 0) : 0;
    row->missed = found ? query_number(q, 1) : 0;
    query_end(q);
    return 0;
}

int refused_put(struct store *s, const struct audit_refused *row, struct error *err)
{
    struct query *q = query_prepare(s, &sql[REFUSED_PUT], err);

    query_set_text(q, 1, row->sender);
    query_set_text(q, 2, row->code);
    query_set_number(q, 3, row->minute);
    query_set_number(q, 4, row->status);
    query_set_number(q, 5, row->written);
    query_set_number(q, 6, row->missed);
    return query_run(q, err);
}

int refused_each(const struct store *s, int64_t minute, int (*each)(const struct audit_refused *, void *),
                 void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[REFUSED_EACH], err);
    int result = 0, stop = 0;

    query_set_number(q, 1, minute);
    while (!stop && query_next(q, "read refused requests", &result, err)) {
        struct audit_refused row = {0};

        query_read_text(q, 0, row.sender, sizeof row.sender);
        query_read_text(q, 1, row.code, sizeof row.code);
        row.status = query_int(q, 2);
        row.minute = query_number(q, 3);
        row.written = query_number(q, 4);
        row.missed = query_number(q, 5);
        stop = each(&row, context);
    }
    query_end(q);
    return result;
}

int refused_forget(struct store *s, int64_t minute, struct error *err)
{
    return query_run_number(s, &sql[REFUSED_FORGET], minute, err);
}
