/* Log-ins: passwords that were found right a moment ago, and those that failed. */
#include "store/query.h"
#include "store/store.h"

enum {
    SEEN_GET,
    SEEN_PUT,
    SEEN_EXPIRE,
    FAILURE_GET,
    FAILURE_ADD,
    FAILURE_EXPIRE,
    FAILURE_COUNT,
    FAILURE_DROP_OLDEST,
    FAILURE_FORGET,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [SEEN_GET] = {"SELECT 1 FROM password_seen WHERE hash = ?1 AND expires > ?2"},
    [SEEN_PUT] = {"REPLACE INTO password_seen (hash, account, expires) VALUES (?1, ?2, ?3)"},
    [SEEN_EXPIRE] = {"DELETE FROM password_seen WHERE expires <= ?1"},
    [FAILURE_GET] = {"SELECT count, last FROM failure WHERE hash = ?1 AND last > ?2"},
    [FAILURE_ADD] = {"INSERT INTO failure (hash, count, last) VALUES (?1, 1, ?2)"
                     " ON CONFLICT (hash) DO UPDATE SET count = count + 1, last = excluded.last",
                     .mysql = "INSERT INTO failure (hash, count, last) VALUES (?1, 1, ?2) ON DUPLICATE KEY UPDATE "
                              "count = count + 1, last = VALUES(last)"},
    [FAILURE_EXPIRE] = {"DELETE FROM failure WHERE last <= ?1"},
    [FAILURE_COUNT] = {"SELECT count(*) FROM failure"},
    [FAILURE_DROP_OLDEST] = {"DELETE FROM failure WHERE hash IN (SELECT hash FROM (SELECT hash FROM failure ORDER BY "
                             "last LIMIT ?1) AS oldest)"},
    [FAILURE_FORGET] = {"DELETE FROM failure WHERE hash = ?1"},
};

int store_password_seen_get(const struct store *s, const unsigned char *hash, int64_t now_ms, bool *found,
                            struct error *err)
{
    struct query *q = query_prepare(s, &sql[SEEN_GET], err);

    query_set_hash(q, 1, hash);
    query_set_number(q, 2, now_ms);
    if (query_find(q, found, "look up a password", err) < 0)
        return -1;
    query_end(q);
    return 0;
}

int store_password_seen_put(struct store *s, const unsigned char *hash, const char *account, int64_t now_ms,
                            int64_t expires_ms, struct error *err)
{
    struct query *q;

    if (query_run_number(s, &sql[SEEN_EXPIRE], now_ms, err) < 0)
        return -1;
    q = query_prepare(s, &sql[SEEN_PUT], err);
    query_set_hash(q, 1, hash);
    query_set_text(q, 2, account);
    query_set_number(q, 3, expires_ms);
    return query_run(q, err);
}

int store_failure_get(const struct store *s, const unsigned char *hash, int64_t now_ms, struct failure *out,
                      struct error *err)
{
    struct query *q = query_prepare(s, &sql[FAILURE_GET], err);
    bool found;

    *out = (struct failure){0};
    query_set_hash(q, 1, hash);
    query_set_number(q, 2, now_ms - FAILURE_KEPT_MS);
    if (query_find(q, &found, "read failed log-ins", err) < 0)
        return -1;
    if (found) {
        out->count = query_number(q, 0);
        out->last_ms = query_number(q, 1);
    }
    query_end(q);
    return 0;
}

/* Makes room for one more. Some go at once, so that one who fills the table does not make each of us sort it. */
static int bound_failures(struct store *s, int64_t now_ms, struct error *err)
{
    int64_t count;

    if (query_run_number(s, &sql[FAILURE_EXPIRE], now_ms - FAILURE_KEPT_MS, err) < 0 ||
        query_count(query_prepare(s, &sql[FAILURE_COUNT], err), &count, err) < 0)
        return -1;
    return count < FAILURES_MAX ? 0 : query_run_number(s, &sql[FAILURE_DROP_OLDEST], FAILURES_MAX / 16, err);
}

int store_failure_add(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err)
{
    struct query *q;

    if (bound_failures(s, now_ms, err) < 0)
        return -1;
    q = query_prepare(s, &sql[FAILURE_ADD], err);
    query_set_hash(q, 1, hash);
    query_set_number(q, 2, now_ms);
    return query_run(q, err);
}

int store_failure_forget(struct store *s, const unsigned char *hash, struct error *err)
{
    return query_run_hash(s, &sql[FAILURE_FORGET], hash, err);
}
