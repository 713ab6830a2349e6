/* What is the same of a query on every back-end. Those of tables are kept in a list of the connection: a request needs a
 * dozen at most, so it is looked through. */
#include "store/query.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_ops.h"

static const char *in_dialect(const struct store *s, const struct statement *statement)
{
    return statement->mysql && s->ops != &store_sqlite ? statement->mysql : statement->sql;
}

struct query *query_prepare(const struct store *s, const struct statement *statement, struct error *err)
{
    struct query *q = s->memo->queries;

    while (q && q->statement != statement)
        q = q->next;
    if (q || !(q = query_make(s, in_dialect(s, statement), err)))
        return q;
    q->statement = statement;
    q->next = s->memo->queries;
    s->memo->queries = q;
    return q;
}

struct query *query_make(const struct store *s, const char *sql, struct error *err)
{
    struct query *q = s->ops->prepare(s, sql, err);

    if (q)
        q->store = s;
    return q;
}

void query_free(struct query *q)
{
    if (q)
        q->store->ops->unprepare(q);
}

void query_set_number(struct query *q, int at, int64_t number)
{
    if (q)
        q->store->ops->set_number(q, at, number);
}

void query_set_text(struct query *q, int at, const char *text)
{
    if (q && text)
        q->store->ops->set_text(q, at, text);
}

void query_set_bytes(struct query *q, int at, const void *bytes, size_t size)
{
    if (q && bytes)
        q->store->ops->set_bytes(q, at, bytes, size);
}

void query_set_hash(struct query *q, int at, const unsigned char *hash)
{
    query_set_bytes(q, at, hash, SECRET_HASH_SIZE);
}

void query_set_grant(struct query *q, int at, const struct grant *grant)
{
    query_set_text(q, at, grant && grant->limited ? grant->workers : NULL);
}

enum query_step query_step(struct query *q)
{
    return q ? q->store->ops->step(q) : QUERY_FAILED;
}

int query_find(struct query *q, bool *found, const char *what, struct error *err)
{
    enum query_step step = query_step(q);

    *found = step == QUERY_ROW;
    if (step != QUERY_FAILED)
        return 0;
    query_fail(q, what, err);
    query_end(q);
    return -1;
}

bool query_next(struct query *q, const char *what, int *result, struct error *err)
{
    enum query_step step = query_step(q);

    if (step == QUERY_FAILED)
        *result = query_fail(q, what, err);
    return step == QUERY_ROW;
}

enum query_type query_type(const struct query *q, int column)
{
    return q->store->ops->type(q, column);
}

bool query_is_null(const struct query *q, int column)
{
    return query_type(q, column) == QUERY_NULL;
}

int64_t query_number(const struct query *q, int column)
{
    return q->store->ops->number(q, column);
}

int query_int(const struct query *q, int column)
{
    return (int)query_number(q, column);
}

const void *query_bytes(const struct query *q, int column, size_t *size)
{
    return q->store->ops->bytes(q, column, size);
}

char *query_copy_text(const struct query *q, int column)
{
    size_t size;
    const char *text = query_bytes(q, column, &size);

    return text ? strndup(text, size) : NULL;
}

void query_read_text(const struct query *q, int column, char *out, size_t size)
{
    size_t length;
    const char *text = query_bytes(q, column, &length);

    out[0] = '\0';
    if (text)
        strncat(out, text, length < size ? length : size - 1);
}

void query_read_hash(const struct query *q, int column, unsigned char *out)
{
    size_t size;
    const void *hash = query_bytes(q, column, &size);

    if (hash && size == SECRET_HASH_SIZE)
        memcpy(out, hash, size);
}

void query_read_grant(const struct query *q, int column, struct grant *out)
{
    out->limited = !query_is_null(q, column);
    query_read_text(q, column, out->workers, sizeof out->workers);
}

void query_end(struct query *q)
{
    if (q)
        q->store->ops->end(q);
}

int query_fail(const struct query *q, const char *what, struct error *err)
{
    return q ? q->store->ops->fail(q->store, what, err) : -1;
}

/* For the log. */
static const char *text_of(const struct query *q)
{
    return q && q->statement ? q->statement->sql : "a query";
}

int query_run(struct query *q, struct error *err)
{
    int result = query_step(q) == QUERY_END ? 0 : query_fail(q, text_of(q), err);

    query_end(q);
    return result;
}

int query_count(struct query *q, int64_t *count, struct error *err)
{
    int result = query_step(q) == QUERY_ROW ? 0 : query_fail(q, text_of(q), err);

    if (result == 0)
        *count = query_number(q, 0);
    query_end(q);
    return result;
}

int query_run_text(struct store *s, const struct statement *statement, const char *text, struct error *err)
{
    struct query *q = query_prepare(s, statement, err);

    query_set_text(q, 1, text);
    return query_run(q, err);
}

int query_run_number(struct store *s, const struct statement *statement, int64_t number, struct error *err)
{
    struct query *q = query_prepare(s, statement, err);

    query_set_number(q, 1, number);
    return query_run(q, err);
}

int query_run_hash(struct store *s, const struct statement *statement, const unsigned char *hash, struct error *err)
{
    struct query *q = query_prepare(s, statement, err);

    query_set_hash(q, 1, hash);
    return query_run(q, err);
}

int64_t query_changes(const struct store *s)
{
    return s->ops->changes(s);
}

int64_t query_last_number(const struct store *s)
{
    return s->ops->last_number(s);
}
