/* Workers and their versions. */
#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/store.h"

#define WORKER_COLUMNS                                                                                             \
    "v.worker, v.version, v.kind, v.sha256, v.size, w.created, v.created, v.author, v.description, v.parameters, " \
    "v.options"

enum {
    WORKER_GET,
    WORKER_GET_CODE,
    WORKER_GET_VERSION,
    WORKER_EACH,
    WORKER_COUNT,
    WORKER_LAST_VERSION,
    WORKER_ADD_VERSION,
    WORKER_SET_CURRENT,
    WORKER_DELETE,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [WORKER_GET] = {"SELECT " WORKER_COLUMNS ", NULL FROM worker w JOIN worker_version v"
                    " ON v.worker = w.name AND v.version = w.version WHERE w.name = ?1"},
    [WORKER_GET_CODE] = {"SELECT " WORKER_COLUMNS ", v.code FROM worker w JOIN worker_version v"
                         " ON v.worker = w.name AND v.version = w.version WHERE w.name = ?1"},
    [WORKER_GET_VERSION] = {"SELECT worker, version, kind, sha256, size, created, created, author, description,"
                            " parameters, options, code FROM worker_version WHERE worker = ?1 AND version = ?2"},
    [WORKER_EACH] = {"SELECT " WORKER_COLUMNS ", NULL FROM worker w JOIN worker_version v"
                     " ON v.worker = w.name AND v.version = w.version WHERE w.name > ?1 AND " ALLOWED(
                         "?3", "w.name") " ORDER BY w.name LIMIT ?2"},
    [WORKER_COUNT] = {"SELECT count(*) FROM worker WHERE " ALLOWED("?1", "name")},
    [WORKER_LAST_VERSION] = {"SELECT coalesce(max(version), 0) FROM worker_version WHERE worker = ?1"},
    [WORKER_ADD_VERSION] = {"INSERT INTO worker_version (worker, version, kind, created, author, sha256, size,"
                            " description, parameters, options, code)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
    [WORKER_SET_CURRENT] = {"INSERT INTO worker (name, version, created) VALUES (?1, ?2, ?3)"
                            " ON CONFLICT (name) DO UPDATE SET version = excluded.version",
                            .mysql = "INSERT INTO worker (name, version, created) VALUES (?1, ?2, ?3) ON DUPLICATE KEY "
                                     "UPDATE version = VALUES(version)"},
    [WORKER_DELETE] = {"DELETE FROM worker WHERE name = ?1"},
};

static int out_of_memory(struct error *err)
{
    return error_set(err, 500, "internal", "the server ran out of memory");
}

static int read_worker(struct query *q, struct worker *w, struct error *err)
{
    size_t size;
    const void *code = query_bytes(q, 11, &size);

    *w = (struct worker){0};
    query_read_text(q, 0, w->name, sizeof w->name);
    w->version = query_number(q, 1);
    w->kind = (enum worker_kind)query_int(q, 2);
    query_read_text(q, 3, w->sha256, sizeof w->sha256);
    w->size = query_number(q, 4);
    w->created_ms = query_number(q, 5);
    w->modified_ms = query_number(q, 6);
    query_read_text(q, 7, w->author, sizeof w->author);
    w->description = query_copy_text(q, 8);
    w->parameters = query_copy_text(q, 9);
    w->options = query_copy_text(q, 10);
    w->code = code ? calloc(1, size + 1) : NULL;
    if (!w->description || (code && !w->code)) {
        worker_clear(w);
        return out_of_memory(err);
    }
    if (code)
        memcpy(w->code, code, size);
    return 0;
}

int store_worker_get(const struct store *s, const char *name, int64_t version, bool code, struct worker *out,
                     struct error *err)
{
    struct query *q = query_prepare(s, &sql[version ? WORKER_GET_VERSION : code ? WORKER_GET_CODE : WORKER_GET], err);
    bool found;
    int result;

    query_set_text(q, 1, name);
    if (version)
        query_set_number(q, 2, version);
    if (query_find(q, &found, "read a worker", err) < 0)
        return -1;
    result = found ? read_worker(q, out, err) : error_set(err, 404, "worker_unknown", "there is no worker %s", name);
    query_end(q);
    return result;
}

int store_worker_each(const struct store *s, const struct grant *grant, const char *after, int limit,
                      int (*each)(const struct worker *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_EACH], err);
    int result = 0, stop = 0;

    query_set_text(q, 1, after ? after : "");
    query_set_number(q, 2, limit);
    query_set_grant(q, 3, grant);
    while (!stop && query_next(q, "list workers", &result, err)) {
        struct worker w;

        if ((result = read_worker(q, &w, err)) < 0)
            break;
        stop = each(&w, context);
        worker_clear(&w);
    }
    query_end(q);
    return result;
}

int store_worker_count(const struct store *s, const struct grant *grant, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_COUNT], err);

    query_set_grant(q, 1, grant);
    return query_count(q, count, err);
}

static int last_version(struct store *s, const char *name, int64_t *version, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_LAST_VERSION], err);
    int result = 0;

    if (!q)
        return -1;
    query_set_text(q, 1, name);
    if (query_step(q) == QUERY_ROW)
        *version = query_number(q, 0);
    else
        result = query_fail(q, "read a worker's last version", err);
    query_end(q);
    return result;
}

static int add_version(struct store *s, const struct worker *w, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_ADD_VERSION], err);

    query_set_text(q, 1, w->name);
    query_set_number(q, 2, w->version);
    query_set_number(q, 3, w->kind);
    query_set_number(q, 4, w->modified_ms);
    query_set_text(q, 5, w->author);
    query_set_text(q, 6, w->sha256);
    query_set_number(q, 7, w->size);
    query_set_text(q, 8, w->description);
    query_set_text(q, 9, w->parameters);
    query_set_text(q, 10, w->options);
    query_set_bytes(q, 11, w->code, (size_t)w->size);
    return query_run(q, err);
}

int store_worker_put(struct store *s, struct worker *w, struct error *err)
{
    int64_t version = 0;
    struct query *q;

    if (last_version(s, w->name, &version, err) < 0)
        return -1;
    w->version = version + 1;
    if (add_version(s, w, err) < 0)
        return -1;
    q = query_prepare(s, &sql[WORKER_SET_CURRENT], err);
    query_set_text(q, 1, w->name);
    query_set_number(q, 2, w->version);
    query_set_number(q, 3, w->modified_ms);
    return query_run(q, err);
}

int store_worker_delete(struct store *s, const char *name, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_DELETE], err);

    query_set_text(q, 1, name);
    if (query_run(q, err) < 0)
        return -1;
    if (query_changes(s) == 0)
        return error_set(err, 404, "worker_unknown", "there is no worker %s", name);
    return 0;
}
