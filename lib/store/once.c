/* Keys under which a job is made once, however often that is asked for. */
#include <string.h>

#include "store/query.h"
#include "store/store.h"

enum { ONCE_GET, ONCE_PUT, ONCE_EXPIRE, STATEMENTS };

static const struct statement sql[STATEMENTS] = {
    [ONCE_GET] = {"SELECT body, job FROM once WHERE hash = ?1 AND created > ?2"},
    [ONCE_PUT] = {"INSERT INTO once (hash, body, job, created) VALUES (?1, ?2, ?3, ?4)"},
    [ONCE_EXPIRE] = {"DELETE FROM once WHERE created <= ?1"},
};

int store_once_get(const struct store *s, const struct once *once, int64_t now_ms, char job[ULID_SIZE], bool *same,
                   struct error *err)
{
    struct query *q = query_prepare(s, &sql[ONCE_GET], err);
    unsigned char body[SECRET_HASH_SIZE] = {0};
    bool found;

    job[0] = '\0';
    *same = false;
    query_set_hash(q, 1, once->hash);
    query_set_number(q, 2, now_ms - ONCE_KEPT_MS);
    if (query_find(q, &found, "look up the key of a request", err) < 0)
        return -1;
    if (found) {
        query_read_hash(q, 0, body);
        query_read_text(q, 1, job, ULID_SIZE);
        *same = memcmp(body, once->body, sizeof body) == 0;
    }
    query_end(q);
    return 0;
}

int store_once_put(struct store *s, const struct once *once, int64_t now_ms, const char *job, struct error *err)
{
    char before[ULID_SIZE];
    struct query *q;
    bool same;

    if (query_run_number(s, &sql[ONCE_EXPIRE], now_ms - ONCE_KEPT_MS, err) < 0 ||
        store_once_get(s, once, now_ms, before, &same, err) < 0)
        return -1;
    if (before[0])
        return error_set(err, 409, "key_used", "a job was made under this key just now: %s", before);
    q = query_prepare(s, &sql[ONCE_PUT], err);
    query_set_hash(q, 1, once->hash);
    query_set_hash(q, 2, once->body);
    query_set_text(q, 3, job);
    query_set_number(q, 4, now_ms);
    return query_run(q, err);
}
