#ifndef JOBJOKER_STORE_STORE_OPS_H
#define JOBJOKER_STORE_STORE_OPS_H

#include "base/settings.h"
#include "store/query.h"
#include "store/store.h"

/* What a back-end must keep: a connection, its transactions, and queries. What is asked is the same on all of them
 * (workers.c, jobs.c, ...). The contracts of most stand in store.h and query.h; no member is NULL. */
struct store_ops {
    const char *scheme; /* "sqlite" in sqlite:/var/lib/jobs/jobs.db */
    struct store *(*open)(const char *place, const struct settings *settings, struct error *err);
    void (*close)(struct store *s); /* its queries are freed already */
    int (*begin)(struct store *s, struct error *err);
    int (*try_begin)(struct store *s, bool *begun, struct error *err);
    int (*commit)(struct store *s, struct error *err);
    void (*rollback)(struct store *s);
    int (*be_durable)(struct store *s, struct error *err);
    void (*refresh)(const struct store *s);
    int (*renew)(struct store *s);
    bool (*was_beaten)(const struct store *s); /* the last transaction that wrote was undone because of others */
    int (*give_back)(struct store *s, int64_t bytes_max, bool *more, struct error *err); /* retention.h */

    struct query *(*prepare)(const struct store *s, const char *sql, struct error *err);
    void (*unprepare)(struct query *q);
    /* A place that the text does not have is ignored. Pointers are not NULL. */
    void (*set_number)(struct query *q, int at, int64_t number);
    void (*set_text)(struct query *q, int at, const char *text);
    void (*set_bytes)(struct query *q, int at, const void *bytes, size_t size);
    enum query_step (*step)(struct query *q);
    enum query_type (*type)(const struct query *q, int column);
    int64_t (*number)(const struct query *q, int column);
    const void *(*bytes)(const struct query *q, int column, size_t *size); /* not NULL for an empty text or blob */
    void (*end)(struct query *q);
    int64_t (*changes)(const struct store *s);
    int64_t (*last_number)(const struct store *s);
    int (*fail)(const struct store *s, const char *what, struct error *err);
};

/* A back-end's own query begins with this one. */
struct query {
    const struct store *store;
    const struct statement *statement; /* NULL: made for one use */
    struct query *next;
};

/* What changes of a store that is only read: behind a pointer, since readers hold a const store. */
struct memo {
    struct query *queries; /* those that stay prepared */
};

/* A back-end's own store begins with this one. */
struct store {
    const struct store_ops *ops;
    struct memo *memo;
    struct audit_note *along; /* what the next commit takes along; NULL: nothing */
    unsigned commits;         /* so many were made */
    store_guard_check *guard; /* NULL: nobody is asked */
    bool guarded;             /* nothing was committed since the guard was set */
    const void *guard_context;
};

extern const struct store_ops store_sqlite;
extern const struct store_ops store_mysql; /* in a module: store_module() */

/* The back-end of that scheme, out of a file beside the program. NULL: there is none, and the error log says why. */
const struct store_ops *store_module(const char *scheme, size_t length);

#endif
