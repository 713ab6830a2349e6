/* Secrets for workers; their values are encrypted before they come here. */
#include <string.h>

#include "store/query.h"
#include "store/store.h"

#define SECRET_COLUMNS "name, workers, file, created, creator, changed, changer, \"key\""

/* After a name, at most so many, and those that a worker gets (NULL: all). */
#define SECRET_PAGE                                                                           \
    " FROM secret WHERE (?4 IS NULL OR name = ?4) AND name > ?1 AND (?3 IS NULL OR " ALLOWED( \
        "workers", "?3") ") ORDER BY name LIMIT ?2"

enum {
    SECRET_GET,
    SECRET_EACH,
    SECRET_EACH_SEALED,
    SECRET_COUNT,
    SECRET_PUT,
    SECRET_CHANGE,
    SECRET_DELETE,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [SECRET_GET] = {"SELECT " SECRET_COLUMNS ", NULL FROM secret WHERE name = ?1"},
    [SECRET_EACH] = {"SELECT " SECRET_COLUMNS ", NULL" SECRET_PAGE},
    [SECRET_EACH_SEALED] = {"SELECT " SECRET_COLUMNS ", sealed" SECRET_PAGE},
    [SECRET_COUNT] = {"SELECT count(*) FROM secret"},
    [SECRET_PUT] = {.sql =
                        "REPLACE INTO secret (" SECRET_COLUMNS ", sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
    [SECRET_CHANGE] = {"UPDATE secret SET workers = ?2, file = ?3, created = ?4, creator = ?5, changed = ?6,"
                       " changer = ?7 WHERE name = ?1"},
    [SECRET_DELETE] = {"DELETE FROM secret WHERE name = ?1"},
};

static void read_secret(struct query *q, struct secret *out)
{
    const void *key;
    size_t size;

    *out = (struct secret){0};
    query_read_text(q, 0, out->name, sizeof out->name);
    query_read_grant(q, 1, &out->grant);
    out->as_file = query_int(q, 2);
    out->created_ms = query_number(q, 3);
    query_read_text(q, 4, out->creator, sizeof out->creator);
    out->changed_ms = query_number(q, 5);
    query_read_text(q, 6, out->changer, sizeof out->changer);
    key = query_bytes(q, 7, &size);
    if (key && size == SECRET_KEY_ID_SIZE)
        memcpy(out->key_id, key, size);
    out->sealed = query_bytes(q, 8, &out->sealed_size);
}

int store_secret_get(const struct store *s, const char *name, struct secret *out, bool *found, struct error *err)
{
    struct query *q = query_prepare(s, &sql[SECRET_GET], err);

    *out = (struct secret){0};
    query_set_text(q, 1, name);
    if (query_find(q, found, "read a secret", err) < 0)
        return -1;
    if (*found)
        read_secret(q, out);
    query_end(q);
    return 0;
}

int store_secret_each(const struct store *s, const struct secret_filter *f, int (*each)(const struct secret *, void *),
                      void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[f->sealed ? SECRET_EACH_SEALED : SECRET_EACH], err);
    int result = 0, stop = 0;
    struct secret secret;

    query_set_text(q, 1, f->after ? f->after : "");
    query_set_number(q, 2, f->limit);
    query_set_text(q, 3, f->worker);
    query_set_text(q, 4, f->name);
    while (!stop && query_next(q, "list secrets", &result, err)) {
        read_secret(q, &secret);
        stop = each(&secret, context);
    }
    query_end(q);
    return result;
}

int store_secret_count(const struct store *s, int64_t *count, struct error *err)
{
    return query_count(query_prepare(s, &sql[SECRET_COUNT], err), count, err);
}

int store_secret_put(struct store *s, const struct secret *secret, struct error *err)
{
    struct query *q = query_prepare(s, &sql[secret->sealed ? SECRET_PUT : SECRET_CHANGE], err);

    query_set_text(q, 1, secret->name);
    query_set_grant(q, 2, &secret->grant);
    query_set_number(q, 3, secret->as_file);
    query_set_number(q, 4, secret->created_ms);
    query_set_text(q, 5, secret->creator);
    query_set_number(q, 6, secret->changed_ms);
    query_set_text(q, 7, secret->changer);
    if (secret->sealed) {
        query_set_bytes(q, 8, secret->key_id, SECRET_KEY_ID_SIZE);
        query_set_bytes(q, 9, secret->sealed, secret->sealed_size);
    }
    return query_run(q, err);
}

int store_secret_delete(struct store *s, const char *name, struct error *err)
{
    if (query_run_text(s, &sql[SECRET_DELETE], name, err) < 0)
        return -1;
    return query_changes(s) ? 0 : error_set(err, 404, "secret_unknown", "there is no secret of this name");
}
