/* A back-end of the store: SQLite. The file itself is sqlite_db.c's. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_db.h"
#include "store/store_ops.h"

struct store_sqlite {
    struct store store; /* first: a pointer to one is a pointer to the other */
    sqlite3 *db;
    struct sqlite_file file;
    int wal_pages;
    bool kept;      /* it has lived longer than a request */
    bool *snapshot; /* one read transaction spans all that a request reads, until it writes or asks for a newer view;
                       behind a pointer, since readers hold a const store and need it too */
    struct memo memo;
};

struct query_sqlite {
    struct query query; /* first, as above */
    sqlite3_stmt *statement;
};

static struct store_sqlite *self(const struct store *s)
{
    return (struct store_sqlite *)(uintptr_t)s; /* its first member; ops are called with our own stores only */
}

static sqlite3_stmt *statement_of(const struct query *q)
{
    return ((const struct query_sqlite *)q)->statement;
}

static int fail(const struct store *s, const char *what, struct error *err)
{
    return sqlite_db_error(self(s)->db, what, err);
}

/* Ends the view that this connection has had of the store since it was opened. */
static void end_snapshot(const struct store *s)
{
    if (*self(s)->snapshot)
        sqlite3_exec(self(s)->db, "COMMIT", NULL, NULL, NULL);
    *self(s)->snapshot = false;
}

/* -- queries -- */

static struct query *prepare(const struct store *s, const char *sql, struct error *err)
{
    struct query_sqlite *q = calloc(1, sizeof *q);

    if (!q) {
        error_errno(err, "memory");
        return NULL;
    }
    if (sqlite3_prepare_v2(self(s)->db, sql, -1, &q->statement, NULL) != SQLITE_OK) {
        fail(s, sql, err);
        free(q);
        return NULL;
    }
    return &q->query;
}

static void unprepare(struct query *q)
{
    sqlite3_finalize(statement_of(q));
    free(q);
}

static void set_number(struct query *q, int at, int64_t number)
{
    sqlite3_bind_int64(statement_of(q), at, number);
}

static void set_text(struct query *q, int at, const char *text)
{
    sqlite3_bind_text(statement_of(q), at, text, -1, SQLITE_STATIC);
}

static void set_bytes(struct query *q, int at, const void *bytes, size_t size)
{
    sqlite3_bind_blob64(statement_of(q), at, bytes, size, SQLITE_STATIC);
}

static enum query_step step(struct query *q)
{
    int code = sqlite3_step(statement_of(q));

    return code == SQLITE_ROW ? QUERY_ROW : code == SQLITE_DONE ? QUERY_END : QUERY_FAILED;
}

static enum query_type type(const struct query *q, int column)
{
    switch (sqlite3_column_type(statement_of(q), column)) {
    case SQLITE_INTEGER:
        return QUERY_NUMBER;
    case SQLITE_TEXT:
        return QUERY_TEXT;
    case SQLITE_NULL:
        return QUERY_NULL;
    default:
        return QUERY_BYTES;
    }
}

static int64_t number(const struct query *q, int column)
{
    return sqlite3_column_int64(statement_of(q), column);
}

/* SQLite gives NULL for what is empty, to which not even 0 may be added. */
static const void *bytes(const struct query *q, int column, size_t *size)
{
    const void *start = sqlite3_column_blob(statement_of(q), column);

    *size = (size_t)sqlite3_column_bytes(statement_of(q), column);
    return start || type(q, column) == QUERY_NULL ? start : "";
}

static void end(struct query *q)
{
    sqlite3_reset(statement_of(q));
    sqlite3_clear_bindings(statement_of(q));
}

static int64_t changes(const struct store *s)
{
    return sqlite3_changes(self(s)->db);
}

static int64_t last_number(const struct store *s)
{
    return sqlite3_last_insert_rowid(self(s)->db);
}

/* -- connection and transactions -- */

static const struct statement begin_immediate = {"BEGIN IMMEDIATE"};
static const struct statement commit_now = {"COMMIT"};

static void close_store(struct store *s)
{
    struct store_sqlite *me = self(s);

    store_rollback(s);
    sqlite_db_close(me->db);
    free(me->snapshot);
    free(me);
}

static struct store *open_store(const char *place, const struct settings *settings, struct error *err)
{
    struct store_sqlite *me;

    (void)settings;
    if (*place != '/') { /* relative to what? A runner's folder is another one than ours */
        log_line("the setting `database` must be sqlite:/PATH, and is sqlite:%s", place);
        error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
        return NULL;
    }
    me = calloc(1, sizeof *me);
    if (!me || !(me->snapshot = calloc(1, sizeof *me->snapshot))) {
        error_errno(err, "memory");
        goto free_store;
    }
    me->store.ops = &store_sqlite;
    me->store.memo = &me->memo;
    me->db = sqlite_db_open(place, &me->file, err);
    if (me->db) {
        *me->snapshot = true;
        sqlite_db_watch_wal(me->db, &me->wal_pages);
        return &me->store;
    }
free_store:
    if (me)
        free(me->snapshot);
    free(me);
    return NULL;
}

static int begin(struct store *s, struct error *err)
{
    struct query *q = query_prepare(s, &begin_immediate, err);

    end_snapshot(s);
    return query_run(q, err);
}

static int try_begin(struct store *s, bool *begun, struct error *err)
{
    struct query *q = query_prepare(s, &begin_immediate, err);
    int code, result;

    *begun = false;
    end_snapshot(s);
    if (!q)
        return -1;
    code = sqlite_db_step_at_once(self(s)->db, statement_of(q));
    *begun = code == SQLITE_DONE;
    result = *begun || (code & 0xff) == SQLITE_BUSY ? 0 : fail(s, begin_immediate.sql, err);
    query_end(q);
    return result;
}

static void rollback(struct store *s)
{
    end_snapshot(s);
    if (!sqlite3_get_autocommit(self(s)->db))
        sqlite3_exec(self(s)->db, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(struct store *s, struct error *err)
{
    struct query *q = query_prepare(s, &commit_now, err);

    if (query_run(q, err) == 0) {
        sqlite_db_checkpoint(self(s)->db, self(s)->wal_pages, self(s)->kept);
        self(s)->wal_pages = 0;
        return 0;
    }
    rollback(s);
    return -1;
}

static int be_durable(struct store *s, struct error *err)
{
    end_snapshot(s); /* it cannot be changed inside of one */
    return sqlite3_exec(self(s)->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : fail(s, "PRAGMA synchronous", err);
}

static void refresh(const struct store *s)
{
    end_snapshot(s);
}

static int renew(struct store *s)
{
    rollback(s);
    if (!sqlite_db_is_current(self(s)->db, &self(s)->file))
        return -1;
    *self(s)->snapshot = true;
    self(s)->kept = true;
    return 0;
}

/* Who has the turn keeps it until he is done. */
static bool was_beaten(const struct store *s)
{
    (void)s;
    return false;
}

/* Pages that are moved are written to the log first; the file itself becomes smaller when that is taken in. */
static int give_back(struct store *s, int64_t bytes_max, bool *more, struct error *err)
{
    struct sqlite_space space;

    *more = false;
    if (sqlite_db_measure(self(s)->db, &space, err) < 0)
        return -1;
    if (!space.shrinks || space.spare <= 0)
        return 0;
    if (begin(s, err) < 0)
        return -1;
    if (sqlite_db_shrink(self(s)->db, bytes_max / space.page_size, &space, err) < 0) {
        rollback(s);
        return -1;
    }
    *more = space.spare > 0;
    if (commit(s, err) < 0)
        return -1;
    if (!*more) /* nothing follows that would have it taken in */
        sqlite_db_checkpoint(self(s)->db, INT_MAX, self(s)->kept);
    return 0;
}

const struct store_ops store_sqlite = {
    .scheme = "sqlite",
    .open = open_store,
    .close = close_store,
    .begin = begin,
    .try_begin = try_begin,
    .commit = commit,
    .rollback = rollback,
    .be_durable = be_durable,
    .refresh = refresh,
    .renew = renew,
    .was_beaten = was_beaten,
    .give_back = give_back,
    .prepare = prepare,
    .unprepare = unprepare,
    .set_number = set_number,
    .set_text = set_text,
    .set_bytes = set_bytes,
    .step = step,
    .type = type,
    .number = number,
    .bytes = bytes,
    .end = end,
    .changes = changes,
    .last_number = last_number,
    .fail = fail,
};
