/* The store's contract on SQLite. Each statement is prepared once per connection, and every value is bound. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_db.h"
#include "store/store_ops.h"

/* All but its number. What is asked for often comes first. */
#define JOB_COLUMNS                                                                             \
    "id, worker, version, state, wanted, held, host, pid, created, started, stopped, attempt, " \
    "timeout, percent, exit_code, signal, report, log_count, log_size, response_count, "        \
    "response_size, cpu_user, cpu_system, max_rss, lease_hash, token_hash, name, reason, "      \
    "progress, parameters, pause_wanted, paused, on_lost, seen, suspicion, limit_cpu, "         \
    "limit_memory, limit_files, limit_processes, limit_file_size, limit_log, wall, blocks_in, " \
    "blocks_out, switches, switches_forced"

#define ACCOUNT_COLUMNS "name, role, disabled, workers, password, created"

/* With the name of their table and a dot before each, or "". */
#define TOKEN_COLUMNS(t)                                                                                   \
    t "hash, " t "account, " t "role, " t "kind, " t "parent, " t "name, " t "workers, " t "addresses, " t \
      "created, " t "expires, " t "used"
#define OWNER_COLUMNS(a) a "role, " a "disabled, " a "workers"

#define SECRET_COLUMNS "name, workers, file, created, creator, changed, changer, key"

/* After a name, at most so many, and those that a worker gets (NULL: all). */
#define SECRET_PAGE                                                                     \
    " FROM secret WHERE name > ?1 AND (?3 IS NULL OR " ALLOWED("' ' || workers || ' '", \
                                                               "?3") ")"                \
                                                                     " ORDER BY name LIMIT ?2"

#define TOKEN_ID(hash) "lower(hex(substr(" hash ", 1, 8)))"

/* Of two values that are bound: the workers of a grant, each with a space before and after it; or NULL, for all. */
#define ALLOWED(workers, worker) "(" workers " IS NULL OR instr(" workers ", ' ' || " worker " || ' '))"

#define AUDIT_COLUMNS "seq, time, request, who, via, address, action, object, status, code, times, hash"

/* What a filter leaves: each value that is NULL leaves all. An action may be named by its method or its path alone. */
#define AUDIT_MATCHES                                                                                       \
    " FROM audit WHERE seq >= ?1 AND seq < ?2 AND (?3 IS NULL OR who = ?3) AND (?4 IS NULL OR object = ?4)" \
    " AND (?5 IS NULL OR action = ?5 OR substr(action, 1, instr(action, ' ') - 1) = ?5"                     \
    " OR substr(action, instr(action, ' ') + 1) = ?5) AND (?6 IS NULL OR code = ?6)"                        \
    " AND (?7 IS NULL OR status BETWEEN ?7 AND ?8) AND (?9 IS NULL OR time >= ?9) AND (?10 IS NULL OR time < ?10)"

#define WORKER_COLUMNS                                                                                             \
    "v.worker, v.version, v.kind, v.sha256, v.size, w.created, v.created, v.author, v.description, v.parameters, " \
    "v.options"

enum statement {
    BEGIN,
    COMMIT,
    WORKER_GET,
    WORKER_GET_CODE,
    WORKER_GET_VERSION,
    WORKER_EACH,
    WORKER_COUNT,
    WORKER_LAST_VERSION,
    WORKER_ADD_VERSION,
    WORKER_SET_CURRENT,
    WORKER_DELETE,
    JOB_INSERT,
    JOB_GET,
    JOB_UPDATE,
    JOB_DELETE,
    JOB_DELETE_ENTRIES,
    JOB_PEEK,
    JOB_COUNTS,
    JOB_COUNT_ADD,
    ENTRY_INSERT,
    ENTRY_EACH,
    ENTRY_START,
    ACCOUNT_GET,
    ACCOUNT_EACH,
    ACCOUNT_PUT,
    ACCOUNT_DELETE,
    ACCOUNT_COUNT,
    ACCOUNT_HAS_ROLE,
    TOKEN_GET,
    OWNER_GET,
    TOKEN_EACH,
    TOKEN_COUNT,
    TOKEN_PUT,
    TOKEN_USE,
    TOKEN_EXPIRE,
    TOKEN_DELETE,
    TOKEN_REVOKE,
    TOKEN_END_SESSIONS,
    TOKEN_DELETE_ACCOUNT,
    SEEN_GET,
    SEEN_PUT,
    SEEN_EXPIRE,
    SEEN_FORGET,
    FAILURE_GET,
    FAILURE_ADD,
    FAILURE_EXPIRE,
    FAILURE_COUNT,
    FAILURE_DROP_OLDEST,
    FAILURE_FORGET,
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
    SECRET_GET,
    SECRET_EACH,
    SECRET_EACH_SEALED,
    SECRET_COUNT,
    SECRET_PUT,
    SECRET_CHANGE,
    SECRET_DELETE,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [WORKER_GET] = "SELECT " WORKER_COLUMNS ", NULL FROM worker w JOIN worker_version v"
                   " ON v.worker = w.name AND v.version = w.version WHERE w.name = ?1",
    [WORKER_GET_CODE] = "SELECT " WORKER_COLUMNS ", v.code FROM worker w JOIN worker_version v"
                        " ON v.worker = w.name AND v.version = w.version WHERE w.name = ?1",
    [WORKER_GET_VERSION] = "SELECT worker, version, kind, sha256, size, created, created, author, description,"
                           " parameters, options, code FROM worker_version WHERE worker = ?1 AND version = ?2",
    [WORKER_EACH] = "SELECT " WORKER_COLUMNS ", NULL FROM worker w JOIN worker_version v"
                    " ON v.worker = w.name AND v.version = w.version WHERE w.name > ?1 AND " ALLOWED(
                        "?3", "w.name") " ORDER BY w.name LIMIT ?2",
    [WORKER_COUNT] = "SELECT count(*) FROM worker WHERE " ALLOWED("?1", "name"),
    [WORKER_LAST_VERSION] = "SELECT coalesce(max(version), 0) FROM worker_version WHERE worker = ?1",
    [WORKER_ADD_VERSION] = "INSERT INTO worker_version (worker, version, kind, created, author, sha256, size,"
                           " description, parameters, options, code)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [WORKER_SET_CURRENT] = "INSERT INTO worker (name, version, created) VALUES (?1, ?2, ?3)"
                           " ON CONFLICT (name) DO UPDATE SET version = excluded.version",
    [WORKER_DELETE] = "DELETE FROM worker WHERE name = ?1",
    [JOB_INSERT] = "INSERT INTO job (" JOB_COLUMNS ") VALUES ("
                   "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
                   "?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, "
                   "?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46)",
    [JOB_GET] = "SELECT number, " JOB_COLUMNS " FROM job WHERE id = ?1",
    [JOB_UPDATE] = "UPDATE job SET "
                   "version = ?3, state = ?4, wanted = ?5, held = ?6, host = ?7, pid = ?8, started = ?10, "
                   "stopped = ?11, attempt = ?12, timeout = ?13, percent = ?14, exit_code = ?15, "
                   "signal = ?16, report = ?17, log_count = ?18, log_size = ?19, response_count = ?20, "
                   "response_size = ?21, cpu_user = ?22, cpu_system = ?23, max_rss = ?24, lease_hash = ?25, "
                   "token_hash = ?26, name = ?27, reason = ?28, progress = ?29, pause_wanted = ?31, "
                   "paused = ?32, on_lost = ?33, seen = ?34, suspicion = ?35, limit_cpu = ?36, "
                   "limit_memory = ?37, limit_files = ?38, limit_processes = ?39, limit_file_size = ?40, "
                   "limit_log = ?41, wall = ?42, blocks_in = ?43, blocks_out = ?44, switches = ?45, "
                   "switches_forced = ?46"
                   " WHERE id = ?1 AND state = ?47",
    [JOB_DELETE] = "DELETE FROM job WHERE number = ?1 AND state = ?2",
    [JOB_DELETE_ENTRIES] = "DELETE FROM entry WHERE job = ?1",
    [JOB_PEEK] = "SELECT state, held, host, worker FROM job WHERE id = ?1",
    [JOB_COUNT_ADD] = "INSERT INTO job_count (worker, state, jobs) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs",
    [JOB_COUNTS] = "SELECT state, sum(jobs) FROM job_count WHERE " ALLOWED("?1", "worker") " GROUP BY state",
    [ENTRY_INSERT] = "INSERT INTO entry (job, kind, seq, start, time, stream, open, bytes)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ENTRY_EACH] = "SELECT seq, start, time, stream, open, bytes FROM entry"
                   " WHERE job = ?1 AND kind = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
    [ENTRY_START] = "SELECT start FROM entry WHERE job = ?1 AND kind = ?2 AND seq = ?3",
    [ACCOUNT_GET] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = ?1",
    [ACCOUNT_EACH] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name > ?1 ORDER BY name LIMIT ?2",
    [ACCOUNT_PUT] = "REPLACE INTO account (" ACCOUNT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [ACCOUNT_DELETE] = "DELETE FROM account WHERE name = ?1",
    [ACCOUNT_COUNT] = "SELECT count(*) FROM account",
    [ACCOUNT_HAS_ROLE] = "SELECT EXISTS (SELECT 1 FROM account WHERE role >= ?1 AND disabled IS NOT 1 AND name <> ?2)",
    /* Looked up at each request, where preparing one statement for both tables would cost more than two. */
    /* Looked up at each request, where preparing one statement for both tables would cost more than two. */
    [TOKEN_GET] = "SELECT " TOKEN_COLUMNS("") " FROM token WHERE hash = ?1",
    [OWNER_GET] = "SELECT " OWNER_COLUMNS("") " FROM account WHERE name = ?1",
    [TOKEN_EACH] = "SELECT " TOKEN_COLUMNS("t.") ", " OWNER_COLUMNS(
        "a.") " FROM token t JOIN account a ON a.name = t.account"
              " WHERE (?1 IS NULL OR t.account = ?1) AND lower(hex(t.hash)) > ?2 ORDER BY t.hash LIMIT ?3",
    [TOKEN_COUNT] = "SELECT count(*) FROM token t JOIN account a ON a.name = t.account"
                    " WHERE ?1 IS NULL OR t.account = ?1",
    [TOKEN_PUT] = "REPLACE INTO token (hash, account, role, kind, parent, name, workers, addresses, created, expires,"
                  " used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [TOKEN_USE] = "UPDATE token SET used = ?2 WHERE hash = ?1",
    [TOKEN_EXPIRE] = "DELETE FROM token WHERE expires > 0 AND expires < ?1",
    [TOKEN_DELETE] = "DELETE FROM token WHERE hash = ?1 OR parent = ?1",
    [TOKEN_REVOKE] =
        "DELETE FROM token WHERE ?1 IN (" TOKEN_ID("hash") ", " TOKEN_ID("parent") ")"
                                                                                   " AND (?2 IS NULL OR account = ?2)",
    [TOKEN_END_SESSIONS] = "DELETE FROM token WHERE account = ?1 AND kind = 2 AND hash IS NOT ?2",
    [TOKEN_DELETE_ACCOUNT] = "DELETE FROM token WHERE account = ?1",
    [SEEN_GET] = "SELECT 1 FROM password_seen WHERE hash = ?1 AND expires > ?2",
    [SEEN_PUT] = "REPLACE INTO password_seen (hash, account, expires) VALUES (?1, ?2, ?3)",
    [SEEN_EXPIRE] = "DELETE FROM password_seen WHERE expires <= ?1",
    [SEEN_FORGET] = "DELETE FROM password_seen WHERE account = ?1",
    [FAILURE_GET] = "SELECT count, last FROM failure WHERE hash = ?1 AND last > ?2",
    [FAILURE_ADD] = "INSERT INTO failure (hash, count, last) VALUES (?1, 1, ?2)"
                    " ON CONFLICT (hash) DO UPDATE SET count = count + 1, last = excluded.last",
    [FAILURE_EXPIRE] = "DELETE FROM failure WHERE last <= ?1",
    [FAILURE_COUNT] = "SELECT count(*) FROM failure",
    [FAILURE_DROP_OLDEST] = "DELETE FROM failure WHERE hash IN (SELECT hash FROM failure ORDER BY last LIMIT ?1)",
    [FAILURE_FORGET] = "DELETE FROM failure WHERE hash = ?1",
    [AUDIT_CHAIN_GET] = "SELECT first, before, last, hash, seal FROM audit_chain",
    [AUDIT_CHAIN_PUT] =
        "REPLACE INTO audit_chain (one, first, before, last, hash, seal) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
    [AUDIT_HIGHEST] = "SELECT coalesce(max(seq), 0) FROM audit",
    [AUDIT_INSERT] = "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [AUDIT_DELETE] = "DELETE FROM audit WHERE seq >= ?1 AND seq < ?2",
    [AUDIT_EACH] = "SELECT " AUDIT_COLUMNS AUDIT_MATCHES " ORDER BY seq DESC LIMIT ?11",
    [AUDIT_EACH_OLDEST] = "SELECT " AUDIT_COLUMNS AUDIT_MATCHES " ORDER BY seq LIMIT ?11",
    [AUDIT_COUNT] = "SELECT count(*)" AUDIT_MATCHES,
    [REFUSED_GET] = "SELECT written, missed FROM audit_refused WHERE sender = ?1 AND code = ?2 AND minute = ?3",
    [REFUSED_PUT] = "REPLACE INTO audit_refused (sender, code, minute, status, written, missed)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [REFUSED_EACH] = "SELECT sender, code, status, minute, written, missed FROM audit_refused"
                     " WHERE minute <> ?1 AND missed > 0",
    [REFUSED_FORGET] = "DELETE FROM audit_refused WHERE minute <> ?1 AND missed = 0",
    [SECRET_GET] = "SELECT " SECRET_COLUMNS ", NULL FROM secret WHERE name = ?1",
    [SECRET_EACH] = "SELECT " SECRET_COLUMNS ", NULL" SECRET_PAGE,
    [SECRET_EACH_SEALED] = "SELECT " SECRET_COLUMNS ", sealed" SECRET_PAGE,
    [SECRET_COUNT] = "SELECT count(*) FROM secret",
    [SECRET_PUT] = "REPLACE INTO secret (" SECRET_COLUMNS ", sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SECRET_CHANGE] = "UPDATE secret SET workers = ?2, file = ?3, created = ?4, creator = ?5, changed = ?6,"
                      " changer = ?7 WHERE name = ?1",
    [SECRET_DELETE] = "DELETE FROM secret WHERE name = ?1",
};

struct store_sqlite {
    struct store store; /* first: a pointer to one is a pointer to the other */
    sqlite3 *db;
    int wal_pages;
    bool *snapshot; /* one read transaction spans all that a request reads, until it writes or asks for a newer view;
                       behind a pointer as below */
    sqlite3_stmt **prepared; /* [STATEMENTS], each NULL until its first use; behind a pointer, since readers hold a
                                const store and need them too */
};

static struct store_sqlite *self(const struct store *s)
{
    return (struct store_sqlite *)(uintptr_t)s; /* its first member; ops are called with our own stores only */
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

/* A statement, ready to bind; NULL with err. done() it on every path: an open reader would keep the WAL from being
 * taken in. */
static sqlite3_stmt *prepare(const struct store *s, enum statement which, struct error *err)
{
    sqlite3_stmt **slot = &self(s)->prepared[which];

    if (!*slot && sqlite3_prepare_v3(self(s)->db, sql[which], -1, 0, slot, NULL) != SQLITE_OK) {
        fail(s, sql[which], err);
        return NULL;
    }
    return *slot;
}

static void done(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

/* Runs a statement that gives no rows. */
static int execute(struct store *s, sqlite3_stmt *q, struct error *err)
{
    int result = sqlite3_step(q) == SQLITE_DONE ? 0 : fail(s, sqlite3_sql(q), err);

    done(q);
    return result;
}

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
    sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

static void bind_hash(sqlite3_stmt *q, int at, const unsigned char *hash)
{
    if (hash)
        sqlite3_bind_blob(q, at, hash, SECRET_HASH_SIZE, SQLITE_STATIC);
}

/* As ALLOWED() wants it. */
static void bind_grant(sqlite3_stmt *q, int at, const struct grant *grant)
{
    char words[GRANT_SIZE + 3];

    if (at == 0 || !grant || !grant->limited)
        return; /* nothing bound is NULL */
    snprintf(words, sizeof words, " %s ", grant->workers);
    sqlite3_bind_text(q, at, words, -1, SQLITE_TRANSIENT);
}

static char *copy_text(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);

    return text ? strdup(text) : NULL;
}

static void read_text(sqlite3_stmt *q, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(q, column);

    out[0] = '\0';
    if (text)
        strncat(out, text, size - 1);
}

static void close_store(struct store *s)
{
    struct store_sqlite *me = self(s);

    store_rollback(s);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(me->prepared[i]);
    sqlite_db_close(me->db);
    free(me->prepared);
    free(me->snapshot);
    free(me);
}

static struct store *open_store(const char *place, struct error *err)
{
    struct store_sqlite *me;

    if (*place != '/') { /* relative to what? A runner's folder is another one than ours */
        log_line("the setting `database` must be sqlite:/PATH, and is sqlite:%s", place);
        error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
        return NULL;
    }
    me = calloc(1, sizeof *me);
    if (!me || !(me->prepared = calloc(STATEMENTS, sizeof(sqlite3_stmt *))) ||
        !(me->snapshot = calloc(1, sizeof *me->snapshot))) {
        error_errno(err, "memory");
        goto free_store;
    }
    me->store.ops = &store_sqlite;
    me->db = sqlite_db_open(place, err);
    if (me->db) {
        *me->snapshot = true;
        sqlite_db_watch_wal(me->db, &me->wal_pages);
        return &me->store;
    }
free_store:
    if (me) {
        free(me->prepared);
        free(me->snapshot);
    }
    free(me);
    return NULL;
}

static int begin(struct store *s, struct error *err)
{
    sqlite3_stmt *q = prepare(s, BEGIN, err);

    end_snapshot(s);
    return q ? execute(s, q, err) : -1;
}

static int try_begin(struct store *s, bool *begun, struct error *err)
{
    sqlite3_stmt *q = prepare(s, BEGIN, err);
    int code, result;

    *begun = false;
    end_snapshot(s);
    if (!q)
        return -1;
    code = sqlite_db_step_at_once(self(s)->db, q);
    *begun = code == SQLITE_DONE;
    result = *begun || (code & 0xff) == SQLITE_BUSY ? 0 : fail(s, sqlite3_sql(q), err);
    done(q);
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
    sqlite3_stmt *q = prepare(s, COMMIT, err);

    if (q && execute(s, q, err) == 0) {
        sqlite_db_checkpoint(self(s)->db, self(s)->wal_pages);
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

/* -- workers -- */

static int out_of_memory(struct error *err)
{
    return error_set(err, 500, "internal", "the server ran out of memory");
}

static int read_worker(sqlite3_stmt *q, struct worker *w, struct error *err)
{
    const void *code = sqlite3_column_blob(q, 11);
    size_t size = (size_t)sqlite3_column_bytes(q, 11);
    bool has_code = sqlite3_column_type(q, 11) != SQLITE_NULL;

    *w = (struct worker){0};
    read_text(q, 0, w->name, sizeof w->name);
    w->version = sqlite3_column_int64(q, 1);
    w->kind = (enum worker_kind)sqlite3_column_int(q, 2);
    read_text(q, 3, w->sha256, sizeof w->sha256);
    w->size = sqlite3_column_int64(q, 4);
    w->created_ms = sqlite3_column_int64(q, 5);
    w->modified_ms = sqlite3_column_int64(q, 6);
    read_text(q, 7, w->author, sizeof w->author);
    w->description = copy_text(q, 8);
    w->parameters = copy_text(q, 9);
    w->options = copy_text(q, 10);
    w->code = has_code ? calloc(1, size + 1) : NULL;
    if (!w->description || (has_code && !w->code)) {
        worker_clear(w);
        return out_of_memory(err);
    }
    if (size)
        memcpy(w->code, code, size);
    return 0;
}

static int worker_get(const struct store *s, const char *name, int64_t version, bool code, struct worker *out,
                      struct error *err)
{
    sqlite3_stmt *q = prepare(s, version ? WORKER_GET_VERSION : code ? WORKER_GET_CODE : WORKER_GET, err);
    int step, result;

    if (!q)
        return -1;
    bind_text(q, 1, name);
    if (version)
        sqlite3_bind_int64(q, 2, version);
    step = sqlite3_step(q);
    if (step == SQLITE_ROW)
        result = read_worker(q, out, err);
    else if (step == SQLITE_DONE)
        result = error_set(err, 404, "worker_unknown", "there is no worker %s", name);
    else
        result = fail(s, "read a worker", err);
    done(q);
    return result;
}

static int worker_each(const struct store *s, const struct grant *grant, const char *after, int limit,
                       int (*each)(const struct worker *, void *), void *context, struct error *err)
{
    sqlite3_stmt *q = prepare(s, WORKER_EACH, err);
    int step, result = 0, stop = 0;

    if (!q)
        return -1;
    bind_text(q, 1, after ? after : "");
    sqlite3_bind_int(q, 2, limit);
    bind_grant(q, 3, grant);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct worker w;

        if ((result = read_worker(q, &w, err)) < 0)
            break;
        stop = each(&w, context);
        worker_clear(&w);
    }
    if (!stop && result == 0 && step != SQLITE_DONE)
        result = fail(s, "list workers", err);
    done(q);
    return result;
}

/* The number that a statement gives, whose values are bound; q may be NULL. */
static int read_count(const struct store *s, sqlite3_stmt *q, int64_t *count, struct error *err)
{
    int result = 0;

    if (!q)
        return -1;
    if (sqlite3_step(q) == SQLITE_ROW)
        *count = sqlite3_column_int64(q, 0);
    else
        result = fail(s, sqlite3_sql(q), err);
    done(q);
    return result;
}

static int worker_count(const struct store *s, const struct grant *grant, int64_t *count, struct error *err)
{
    sqlite3_stmt *q = prepare(s, WORKER_COUNT, err);

    if (q)
        bind_grant(q, 1, grant);
    return read_count(s, q, count, err);
}

static int last_version(struct store *s, const char *name, int64_t *version, struct error *err)
{
    sqlite3_stmt *q = prepare(s, WORKER_LAST_VERSION, err);
    int result = 0;

    if (!q)
        return -1;
    bind_text(q, 1, name);
    if (sqlite3_step(q) == SQLITE_ROW)
        *version = sqlite3_column_int64(q, 0);
    else
        result = fail(s, "read a worker's last version", err);
    done(q);
    return result;
}

static int add_version(struct store *s, const struct worker *w, struct error *err)
{
    sqlite3_stmt *q = prepare(s, WORKER_ADD_VERSION, err);

    if (!q)
        return -1;
    bind_text(q, 1, w->name);
    sqlite3_bind_int64(q, 2, w->version);
    sqlite3_bind_int(q, 3, w->kind);
    sqlite3_bind_int64(q, 4, w->modified_ms);
    bind_text(q, 5, w->author);
    bind_text(q, 6, w->sha256);
    sqlite3_bind_int64(q, 7, w->size);
    bind_text(q, 8, w->description);
    bind_text(q, 9, w->parameters);
    bind_text(q, 10, w->options);
    sqlite3_bind_blob64(q, 11, w->code, (sqlite3_uint64)w->size, SQLITE_STATIC);
    return execute(s, q, err);
}

static int worker_put(struct store *s, struct worker *w, struct error *err)
{
    int64_t version = 0;
    sqlite3_stmt *q;

    if (last_version(s, w->name, &version, err) < 0)
        return -1;
    w->version = version + 1;
    if (add_version(s, w, err) < 0 || !(q = prepare(s, WORKER_SET_CURRENT, err)))
        return -1;
    bind_text(q, 1, w->name);
    sqlite3_bind_int64(q, 2, w->version);
    sqlite3_bind_int64(q, 3, w->modified_ms);
    return execute(s, q, err);
}

static int worker_delete(struct store *s, const char *name, struct error *err)
{
    sqlite3_stmt *q = prepare(s, WORKER_DELETE, err);

    if (!q)
        return -1;
    bind_text(q, 1, name);
    if (execute(s, q, err) < 0)
        return -1;
    if (sqlite3_changes(self(s)->db) == 0)
        return error_set(err, 404, "worker_unknown", "there is no worker %s", name);
    return 0;
}

/* -- jobs -- */

static void read_hash(sqlite3_stmt *q, int column, unsigned char *out)
{
    const void *hash = sqlite3_column_blob(q, column);

    if (hash && sqlite3_column_bytes(q, column) == SECRET_HASH_SIZE)
        memcpy(out, hash, SECRET_HASH_SIZE);
}

static int read_job(sqlite3_stmt *q, struct job *j, struct error *err)
{
    int c = 0;

    *j = (struct job){0};
    j->number = sqlite3_column_int64(q, c++);
    read_text(q, c++, j->id, sizeof j->id);
    read_text(q, c++, j->worker, sizeof j->worker);
    j->version = sqlite3_column_int64(q, c++);
    j->state = (enum job_state)sqlite3_column_int(q, c++);
    j->wanted = (enum job_wanted)sqlite3_column_int(q, c++);
    j->held = sqlite3_column_int(q, c++);
    read_text(q, c++, j->host, sizeof j->host);
    j->pid = sqlite3_column_int64(q, c++);
    j->created_ms = sqlite3_column_int64(q, c++);
    j->started_ms = sqlite3_column_int64(q, c++);
    j->stopped_ms = sqlite3_column_int64(q, c++);
    j->attempt = sqlite3_column_int64(q, c++);
    j->timeout_ms = sqlite3_column_int64(q, c++);
    j->percent = sqlite3_column_int(q, c++);
    j->exit_code = sqlite3_column_int(q, c++);
    j->signal = sqlite3_column_int(q, c++);
    j->report = sqlite3_column_int64(q, c++);
    j->log_count = sqlite3_column_int64(q, c++);
    j->log_size = sqlite3_column_int64(q, c++);
    j->response_count = sqlite3_column_int64(q, c++);
    j->response_size = sqlite3_column_int64(q, c++);
    j->usage.cpu_user_ms = sqlite3_column_int64(q, c++);
    j->usage.cpu_system_ms = sqlite3_column_int64(q, c++);
    j->usage.max_rss_kib = sqlite3_column_int64(q, c++);
    j->usage.known = j->usage.max_rss_kib >= 0;
    j->has_lease = sqlite3_column_type(q, c) != SQLITE_NULL;
    read_hash(q, c++, j->lease_hash);
    read_hash(q, c++, j->token_hash);
    j->name = copy_text(q, c++);
    j->reason = copy_text(q, c++);
    j->progress = copy_text(q, c++);
    j->parameters = copy_text(q, c++);
    j->pause_wanted = sqlite3_column_int(q, c++);
    j->paused = sqlite3_column_int(q, c++);
    j->on_lost = (enum job_on_lost)sqlite3_column_int(q, c++);
    j->seen_ms = sqlite3_column_int64(q, c++);
    j->suspicion = copy_text(q, c++);
    for (enum limit l = 0; l < LIMITS; l++)
        j->limits.max[l] = sqlite3_column_int64(q, c++);
    j->usage.wall_ms = sqlite3_column_int64(q, c++);
    j->usage.blocks_in = sqlite3_column_int64(q, c++);
    j->usage.blocks_out = sqlite3_column_int64(q, c++);
    j->usage.switches = sqlite3_column_int64(q, c++);
    j->usage.switches_forced = sqlite3_column_int64(q, c++);
    if (j->parameters)
        return 0;
    job_clear(j);
    return out_of_memory(err);
}

enum { JOB_COLUMN_COUNT = 46 };

/* In the order of JOB_COLUMNS. */
static void bind_job(sqlite3_stmt *q, const struct job *j)
{
    int c = 1;

    bind_text(q, c++, j->id);
    bind_text(q, c++, j->worker);
    sqlite3_bind_int64(q, c++, j->version);
    sqlite3_bind_int(q, c++, j->state);
    sqlite3_bind_int(q, c++, j->wanted);
    sqlite3_bind_int(q, c++, j->held);
    bind_text(q, c++, j->host);
    sqlite3_bind_int64(q, c++, j->pid);
    sqlite3_bind_int64(q, c++, j->created_ms);
    sqlite3_bind_int64(q, c++, j->started_ms);
    sqlite3_bind_int64(q, c++, j->stopped_ms);
    sqlite3_bind_int64(q, c++, j->attempt);
    sqlite3_bind_int64(q, c++, j->timeout_ms);
    sqlite3_bind_int(q, c++, j->percent);
    sqlite3_bind_int(q, c++, j->exit_code);
    sqlite3_bind_int(q, c++, j->signal);
    sqlite3_bind_int64(q, c++, j->report);
    sqlite3_bind_int64(q, c++, j->log_count);
    sqlite3_bind_int64(q, c++, j->log_size);
    sqlite3_bind_int64(q, c++, j->response_count);
    sqlite3_bind_int64(q, c++, j->response_size);
    sqlite3_bind_int64(q, c++, j->usage.known ? j->usage.cpu_user_ms : -1);
    sqlite3_bind_int64(q, c++, j->usage.known ? j->usage.cpu_system_ms : -1);
    sqlite3_bind_int64(q, c++, j->usage.known ? j->usage.max_rss_kib : -1);
    if (j->has_lease) {
        sqlite3_bind_blob(q, c, j->lease_hash, SECRET_HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob(q, c + 1, j->token_hash, SECRET_HASH_SIZE, SQLITE_STATIC);
    }
    c += 2;
    bind_text(q, c++, j->name);
    bind_text(q, c++, j->reason);
    bind_text(q, c++, j->progress);
    bind_text(q, c++, j->parameters);
    sqlite3_bind_int(q, c++, j->pause_wanted);
    sqlite3_bind_int(q, c++, j->paused);
    sqlite3_bind_int(q, c++, j->on_lost);
    sqlite3_bind_int64(q, c++, j->seen_ms);
    bind_text(q, c++, j->suspicion);
    for (enum limit l = 0; l < LIMITS; l++)
        sqlite3_bind_int64(q, c++, j->limits.max[l]);
    sqlite3_bind_int64(q, c++, j->usage.wall_ms);
    sqlite3_bind_int64(q, c++, j->usage.blocks_in);
    sqlite3_bind_int64(q, c++, j->usage.blocks_out);
    sqlite3_bind_int64(q, c++, j->usage.switches);
    sqlite3_bind_int64(q, c++, j->usage.switches_forced);
    assert(c == JOB_COLUMN_COUNT + 1);
}

/* The counters follow each insert, change of state and deletion, in the same transaction. */
static int count_job(struct store *s, const char *worker, enum job_state state, int difference, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_COUNT_ADD, err);

    if (!q)
        return -1;
    bind_text(q, 1, worker);
    sqlite3_bind_int(q, 2, state);
    sqlite3_bind_int(q, 3, difference);
    return execute(s, q, err);
}

static int job_insert(struct store *s, struct job *job, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_INSERT, err);

    if (!q)
        return -1;
    bind_job(q, job);
    if (execute(s, q, err) < 0)
        return -1;
    job->number = sqlite3_last_insert_rowid(self(s)->db);
    return count_job(s, job->worker, job->state, 1, err);
}

static int job_peek(const struct store *s, const char *id, struct job_peek *out, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_PEEK, err);
    int step, result = 0;

    if (!q)
        return -1;
    bind_text(q, 1, id);
    step = sqlite3_step(q);
    if (step == SQLITE_ROW) {
        out->state = (enum job_state)sqlite3_column_int(q, 0);
        out->held = sqlite3_column_int(q, 1);
        read_text(q, 2, out->host, sizeof out->host);
        read_text(q, 3, out->worker, sizeof out->worker);
    } else if (step == SQLITE_DONE) {
        result = error_set(err, 404, "job_unknown", "there is no job %s", id);
    } else {
        result = fail(s, "read a job's state", err);
    }
    done(q);
    return result;
}

static int job_get(const struct store *s, const char *id, struct job *out, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_GET, err);
    int step, result;

    if (!q)
        return -1;
    bind_text(q, 1, id);
    step = sqlite3_step(q);
    if (step == SQLITE_ROW)
        result = read_job(q, out, err);
    else if (step == SQLITE_DONE)
        result = error_set(err, 404, "job_unknown", "there is no job %s", id);
    else
        result = fail(s, "read a job", err);
    done(q);
    return result;
}

/* An UPDATE or DELETE touched nothing: is the job gone, or in another state? */
static int why_untouched(const struct store *s, const char *id, struct error *err)
{
    struct job now = {0};

    if (job_get(s, id, &now, err) < 0)
        return -1;
    job_clear(&now);
    return error_set(err, 409, "job_moved", "job %s has just changed its state: look again", id);
}

static int job_update(struct store *s, const struct job *job, enum job_state from, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_UPDATE, err);

    if (!q)
        return -1;
    bind_job(q, job);
    sqlite3_bind_int(q, JOB_COLUMN_COUNT + 1, from);
    if (execute(s, q, err) < 0)
        return -1;
    if (sqlite3_changes(self(s)->db) == 0)
        return why_untouched(s, job->id, err);
    if (job->state == from)
        return 0;
    return count_job(s, job->worker, from, -1, err) < 0 ? -1 : count_job(s, job->worker, job->state, 1, err);
}

static int job_delete(struct store *s, const struct job *job, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_DELETE, err);

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, job->number);
    sqlite3_bind_int(q, 2, job->state);
    if (execute(s, q, err) < 0)
        return -1;
    if (sqlite3_changes(self(s)->db) == 0)
        return why_untouched(s, job->id, err);
    if (count_job(s, job->worker, job->state, -1, err) < 0 || !(q = prepare(s, JOB_DELETE_ENTRIES, err)))
        return -1;
    sqlite3_bind_int64(q, 1, job->number);
    return execute(s, q, err);
}

/* The conditions of a filter as SQL; the values are bound by bind_filter(). */
static void put_conditions(const struct job_filter *f, bool page, struct buf *out)
{
    buf_puts(out, " WHERE 1");
    if (f->state)
        buf_puts(out, " AND state = :state");
    if (f->worker)
        buf_puts(out, " AND worker = :worker");
    if (f->grant && f->grant->limited && !strchr(f->grant->workers, ' '))
        buf_puts(out, " AND worker = :granted"); /* of one alone there is an index */
    else if (f->grant && f->grant->limited)
        buf_puts(out, " AND " ALLOWED(":grant", "worker"));
    if (f->name)
        buf_puts(out, " AND name = :name");
    if (f->text)
        buf_puts(out, " AND (instr(lower(id), :text) OR instr(lower(worker), :text) OR instr(lower(name), :text)"
                      " OR instr(lower(parameters), :text))");
    if (f->since_ms)
        buf_puts(out, " AND id >= :since");
    if (f->until_ms)
        buf_puts(out, " AND id < :until");
    if (page && f->before_id)
        buf_puts(out, " AND id < :before");
}

static void bind_named(sqlite3_stmt *q, const char *name, const char *text)
{
    int at = sqlite3_bind_parameter_index(q, name);

    if (at)
        sqlite3_bind_text(q, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_filter(sqlite3_stmt *q, const struct job_filter *f)
{
    char id[ULID_SIZE];
    int at = sqlite3_bind_parameter_index(q, ":state");

    if (at)
        sqlite3_bind_int(q, at, f->state);
    bind_named(q, ":worker", f->worker);
    bind_named(q, ":granted", f->grant ? f->grant->workers : NULL);
    bind_grant(q, sqlite3_bind_parameter_index(q, ":grant"), f->grant);
    bind_named(q, ":name", f->name);
    if (f->text) {
        char *lower = sqlite3_mprintf("%s", f->text);

        for (char *p = lower; p && *p; p++)
            *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
        bind_named(q, ":text", lower);
        sqlite3_free(lower);
    }
    ulid_floor(f->since_ms, id);
    bind_named(q, ":since", id);
    ulid_floor(f->until_ms, id);
    bind_named(q, ":until", id);
    bind_named(q, ":before", f->before_id);
}

/* Prepares a statement that is made for this filter; the caller finalizes it. */
static sqlite3_stmt *prepare_filter(const struct store *s, struct buf *text, const struct job_filter *f,
                                    struct error *err)
{
    sqlite3_stmt *q = NULL;

    if (text->failed)
        out_of_memory(err);
    else if (sqlite3_prepare_v2(self(s)->db, text->data, -1, &q, NULL) != SQLITE_OK)
        fail(s, text->data, err);
    buf_clear(text);
    if (q)
        bind_filter(q, f);
    return q;
}

static int job_each(const struct store *s, const struct job_filter *f, int (*each)(const struct job *, void *),
                    void *context, struct error *err)
{
    struct buf text = {0};
    sqlite3_stmt *q;
    int step = SQLITE_DONE, result = 0, stop = 0;

    buf_puts(&text, "SELECT number, " JOB_COLUMNS " FROM job");
    put_conditions(f, true, &text);
    buf_printf(&text, " ORDER BY id DESC LIMIT %d", f->limit);
    q = prepare_filter(s, &text, f, err);
    if (!q)
        return -1;
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct job job;

        if ((result = read_job(q, &job, err)) < 0)
            break;
        stop = each(&job, context);
        job_clear(&job);
    }
    if (!stop && result == 0 && step != SQLITE_DONE)
        result = fail(s, "list jobs", err);
    sqlite3_finalize(q);
    return result;
}

/* Filters by state and worker alone are answered from the counters. */
static int job_count(const struct store *s, const struct job_filter *f, int64_t *count, struct error *err)
{
    bool counted = !f->name && !f->text && !f->since_ms && !f->until_ms;
    struct buf text = {0};
    sqlite3_stmt *q;
    int result = 0;

    buf_puts(&text, counted ? "SELECT coalesce(sum(jobs), 0) FROM job_count" : "SELECT count(*) FROM job");
    put_conditions(f, false, &text);
    q = prepare_filter(s, &text, f, err);
    if (!q)
        return -1;
    if (sqlite3_step(q) == SQLITE_ROW)
        *count = sqlite3_column_int64(q, 0);
    else
        result = fail(s, "count jobs", err);
    sqlite3_finalize(q);
    return result;
}

static int job_counts(const struct store *s, const struct grant *grant, int64_t *counts, struct error *err)
{
    sqlite3_stmt *q = prepare(s, JOB_COUNTS, err);
    int step, result = 0;

    if (!q)
        return -1;
    bind_grant(q, 1, grant);
    memset(counts, 0, JOB_STATES * sizeof *counts);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        int state = sqlite3_column_int(q, 0);

        if (state > 0 && state < JOB_STATES)
            counts[state] = sqlite3_column_int64(q, 1);
    }
    if (step != SQLITE_DONE)
        result = fail(s, "count jobs", err);
    done(q);
    return result;
}

/* -- entries -- */

static int insert_entry(struct store *s, sqlite3_stmt *q, int64_t job, enum entry_kind kind, const struct entry *e,
                        struct error *err)
{
    sqlite3_bind_int64(q, 1, job);
    sqlite3_bind_int(q, 2, kind);
    sqlite3_bind_int64(q, 3, e->seq);
    sqlite3_bind_int64(q, 4, e->start);
    sqlite3_bind_int64(q, 5, e->time_ms);
    sqlite3_bind_int(q, 6, e->stream);
    sqlite3_bind_int(q, 7, e->open);
    sqlite3_bind_blob64(q, 8, e->size ? e->bytes : "", e->size, SQLITE_STATIC);
    return execute(s, q, err);
}

static int entry_append(struct store *s, struct job *job, enum entry_kind kind, struct entry *entries, size_t count,
                        struct error *err)
{
    sqlite3_stmt *q = prepare(s, ENTRY_INSERT, err);

    if (!q)
        return -1;
    entry_place(job, kind, entries, count);
    for (size_t i = 0; i < count; i++) {
        if (insert_entry(s, q, job->number, kind, &entries[i], err) < 0)
            return -1;
    }
    return 0;
}

static int entry_each(const struct store *s, int64_t job, enum entry_kind kind, int64_t after_seq, int64_t limit,
                      int (*each)(const struct entry *, void *), void *context, struct error *err)
{
    sqlite3_stmt *q = prepare(s, ENTRY_EACH, err);
    int step = SQLITE_DONE, result = 0, stop = 0;

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, job);
    sqlite3_bind_int(q, 2, kind);
    sqlite3_bind_int64(q, 3, after_seq);
    sqlite3_bind_int64(q, 4, limit);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct entry e = {
            .seq = sqlite3_column_int64(q, 0),
            .start = sqlite3_column_int64(q, 1),
            .time_ms = sqlite3_column_int64(q, 2),
            .stream = (enum entry_stream)sqlite3_column_int(q, 3),
            .open = sqlite3_column_int(q, 4),
            .bytes = sqlite3_column_blob(q, 5),
            .size = (size_t)sqlite3_column_bytes(q, 5),
        };

        if (e.size == 0)
            e.bytes = ""; /* SQLite gives NULL for it, to which not even 0 may be added */
        stop = each(&e, context);
    }
    if (!stop && step != SQLITE_DONE)
        result = fail(s, "read entries", err);
    done(q);
    return result;
}

static int entry_start(const struct store *s, int64_t job, enum entry_kind kind, int64_t seq, int64_t *start,
                       struct error *err)
{
    sqlite3_stmt *q = prepare(s, ENTRY_START, err);
    int result = 0;

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, job);
    sqlite3_bind_int(q, 2, kind);
    sqlite3_bind_int64(q, 3, seq);
    if (sqlite3_step(q) == SQLITE_ROW)
        *start = sqlite3_column_int64(q, 0);
    else
        result = fail(s, "find an entry", err);
    done(q);
    return result;
}

/* Entries begin at rising offsets, so the sequence is searched by halves: 20 look-ups in a million entries, and no
 * index to keep while a log is written. */
static int entry_at(const struct store *s, int64_t job, enum entry_kind kind, int64_t offset, int64_t last_seq,
                    int64_t *seq, struct error *err)
{
    int64_t low = 0, high = last_seq;

    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2, start = 0;

        if (entry_start(s, job, kind, middle, &start, err) < 0)
            return -1;
        if (start <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    *seq = low;
    return 0;
}

/* -- who may -- */

static void read_grant(sqlite3_stmt *q, int column, struct grant *out)
{
    out->limited = sqlite3_column_type(q, column) != SQLITE_NULL;
    read_text(q, column, out->workers, sizeof out->workers);
}

static void read_account(sqlite3_stmt *q, struct account *out)
{
    *out = (struct account){0};
    read_text(q, 0, out->name, sizeof out->name);
    out->role = sqlite3_column_int(q, 1);
    out->disabled = sqlite3_column_int(q, 2);
    read_grant(q, 3, &out->grant);
    read_text(q, 4, out->password, sizeof out->password);
    out->created_ms = sqlite3_column_int64(q, 5);
}

static int account_get(const struct store *s, const char *name, struct account *out, bool *found, struct error *err)
{
    sqlite3_stmt *q = prepare(s, ACCOUNT_GET, err);
    int step;

    if (!q)
        return -1;
    *out = (struct account){0};
    bind_text(q, 1, name);
    step = sqlite3_step(q);
    *found = step == SQLITE_ROW;
    if (*found)
        read_account(q, out);
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "read an account", err);
}

static int account_each(const struct store *s, const char *after, int limit,
                        int (*each)(const struct account *, void *), void *context, struct error *err)
{
    sqlite3_stmt *q = prepare(s, ACCOUNT_EACH, err);
    int step = SQLITE_DONE, result = 0, stop = 0;
    struct account account;

    if (!q)
        return -1;
    bind_text(q, 1, after ? after : "");
    sqlite3_bind_int(q, 2, limit);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        read_account(q, &account);
        stop = each(&account, context);
    }
    if (!stop && step != SQLITE_DONE)
        result = fail(s, "list accounts", err);
    done(q);
    return result;
}

/* A statement whose one value is a name. */
static int execute_named(struct store *s, enum statement which, const char *name, struct error *err)
{
    sqlite3_stmt *q = prepare(s, which, err);

    if (!q)
        return -1;
    bind_text(q, 1, name);
    return execute(s, q, err);
}

/* Also forgets that the password before was found right. */
static int account_put(struct store *s, const struct account *account, struct error *err)
{
    sqlite3_stmt *q;

    if (execute_named(s, SEEN_FORGET, account->name, err) < 0 || !(q = prepare(s, ACCOUNT_PUT, err)))
        return -1;
    bind_text(q, 1, account->name);
    sqlite3_bind_int(q, 2, account->role);
    sqlite3_bind_int(q, 3, account->disabled);
    bind_text(q, 4, account->grant.limited ? account->grant.workers : NULL);
    bind_text(q, 5, account->password);
    sqlite3_bind_int64(q, 6, account->created_ms);
    return execute(s, q, err);
}

static int account_delete(struct store *s, const char *name, struct error *err)
{
    if (execute_named(s, ACCOUNT_DELETE, name, err) < 0)
        return -1;
    if (sqlite3_changes(self(s)->db) == 0)
        return error_set(err, 404, "user_unknown", "there is no user %s", name);
    return execute_named(s, TOKEN_DELETE_ACCOUNT, name, err) < 0 || execute_named(s, SEEN_FORGET, name, err) < 0 ? -1
                                                                                                                 : 0;
}

static int account_count(const struct store *s, int64_t *count, struct error *err)
{
    return read_count(s, prepare(s, ACCOUNT_COUNT, err), count, err);
}

static int account_has_role(const struct store *s, int role, const char *except, bool *there, struct error *err)
{
    sqlite3_stmt *q = prepare(s, ACCOUNT_HAS_ROLE, err);
    int64_t found = 0;

    if (q) {
        sqlite3_bind_int(q, 1, role);
        bind_text(q, 2, except);
    }
    if (read_count(s, q, &found, err) < 0)
        return -1;
    *there = found != 0;
    return 0;
}

static void read_token(sqlite3_stmt *q, struct token *out)
{
    int c = 0;

    *out = (struct token){0};
    read_hash(q, c++, out->hash);
    read_text(q, c++, out->account, sizeof out->account);
    out->role = sqlite3_column_int(q, c++);
    out->kind = (enum token_kind)sqlite3_column_int(q, c++);
    out->has_parent = sqlite3_column_type(q, c) != SQLITE_NULL;
    read_hash(q, c++, out->parent);
    read_text(q, c++, out->name, sizeof out->name);
    read_grant(q, c++, &out->grant);
    read_text(q, c++, out->addresses, sizeof out->addresses);
    out->created_ms = sqlite3_column_int64(q, c++);
    out->expires_ms = sqlite3_column_int64(q, c++);
    out->used_ms = sqlite3_column_int64(q, c++);
}

enum { OWNER_COLUMN = 11 /* after those of the token */ };

/* The columns of its owner, from this one on. */
static void read_owner(sqlite3_stmt *q, int c, struct token *out)
{
    out->owner.role = sqlite3_column_int(q, c++);
    out->owner.disabled = sqlite3_column_int(q, c++);
    read_grant(q, c, &out->owner.grant);
}

static int get_owner(const struct store *s, struct token *token, bool *found, struct error *err)
{
    sqlite3_stmt *q = prepare(s, OWNER_GET, err);
    int step;

    if (!q)
        return -1;
    bind_text(q, 1, token->account);
    step = sqlite3_step(q);
    *found = step == SQLITE_ROW;
    if (*found)
        read_owner(q, 0, token);
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "read a token's owner", err);
}

static int token_get(const struct store *s, const unsigned char *hash, struct token *out, bool *found,
                     struct error *err)
{
    sqlite3_stmt *q = prepare(s, TOKEN_GET, err);
    int step;

    if (!q)
        return -1;
    *out = (struct token){0};
    bind_hash(q, 1, hash);
    step = sqlite3_step(q);
    *found = step == SQLITE_ROW;
    if (*found)
        read_token(q, out);
    done(q);
    if (*found)
        return get_owner(s, out, found, err);
    return step == SQLITE_DONE ? 0 : fail(s, "read a token", err);
}

static int token_each(const struct store *s, const char *account, const char *after, int limit,
                      int (*each)(const struct token *, void *), void *context, struct error *err)
{
    sqlite3_stmt *q = prepare(s, TOKEN_EACH, err);
    int step = SQLITE_DONE, result = 0, stop = 0;
    char first[2 * SECRET_HASH_SIZE + 1];
    struct token token;

    if (!q)
        return -1;
    /* An id is the beginning of a hash: what follows the last hash that begins with it? */
    snprintf(first, sizeof first, "%s%s", after ? after : "", after ? "g" : "");
    bind_text(q, 1, account);
    bind_text(q, 2, first);
    sqlite3_bind_int(q, 3, limit);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        read_token(q, &token);
        read_owner(q, OWNER_COLUMN, &token);
        stop = each(&token, context);
    }
    if (!stop && step != SQLITE_DONE)
        result = fail(s, "list tokens", err);
    done(q);
    return result;
}

static int token_count(const struct store *s, const char *account, int64_t *count, struct error *err)
{
    sqlite3_stmt *q = prepare(s, TOKEN_COUNT, err);

    if (q)
        bind_text(q, 1, account);
    return read_count(s, q, count, err);
}

/* A statement whose one value is a number. */
static int execute_numbered(struct store *s, enum statement which, int64_t number, struct error *err)
{
    sqlite3_stmt *q = prepare(s, which, err);

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, number);
    return execute(s, q, err);
}

static int token_put(struct store *s, const struct token *token, struct error *err)
{
    sqlite3_stmt *q;

    if (execute_numbered(s, TOKEN_EXPIRE, token->created_ms, err) < 0 || !(q = prepare(s, TOKEN_PUT, err)))
        return -1;
    bind_hash(q, 1, token->hash);
    bind_text(q, 2, token->account);
    sqlite3_bind_int(q, 3, token->role);
    sqlite3_bind_int(q, 4, token->kind);
    bind_hash(q, 5, token->has_parent ? token->parent : NULL);
    bind_text(q, 6, token->name);
    bind_text(q, 7, token->grant.limited ? token->grant.workers : NULL);
    bind_text(q, 8, token->addresses);
    sqlite3_bind_int64(q, 9, token->created_ms);
    sqlite3_bind_int64(q, 10, token->expires_ms);
    sqlite3_bind_int64(q, 11, token->used_ms);
    return execute(s, q, err);
}

static int token_use(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err)
{
    sqlite3_stmt *q = prepare(s, TOKEN_USE, err);

    if (!q)
        return -1;
    bind_hash(q, 1, hash);
    sqlite3_bind_int64(q, 2, now_ms);
    return execute(s, q, err);
}

/* A statement whose one value is a hash. */
static int execute_hashed(struct store *s, enum statement which, const unsigned char *hash, struct error *err)
{
    sqlite3_stmt *q = prepare(s, which, err);

    if (!q)
        return -1;
    bind_hash(q, 1, hash);
    return execute(s, q, err);
}

static int token_delete(struct store *s, const unsigned char *hash, struct error *err)
{
    return execute_hashed(s, TOKEN_DELETE, hash, err);
}

static int token_revoke(struct store *s, const char *id, const char *account, struct error *err)
{
    sqlite3_stmt *q = prepare(s, TOKEN_REVOKE, err);

    if (!q)
        return -1;
    bind_text(q, 1, id);
    bind_text(q, 2, account);
    if (execute(s, q, err) < 0)
        return -1;
    if (sqlite3_changes(self(s)->db) == 0)
        return error_set(err, 404, "token_unknown", "there is no token %.16s", id);
    return 0;
}

static int token_end_sessions(struct store *s, const char *account, const unsigned char *except, struct error *err)
{
    sqlite3_stmt *q = prepare(s, TOKEN_END_SESSIONS, err);

    if (!q)
        return -1;
    bind_text(q, 1, account);
    bind_hash(q, 2, except);
    return execute(s, q, err);
}

static int password_seen_get(const struct store *s, const unsigned char *hash, int64_t now_ms, bool *found,
                             struct error *err)
{
    sqlite3_stmt *q = prepare(s, SEEN_GET, err);
    int step;

    if (!q)
        return -1;
    bind_hash(q, 1, hash);
    sqlite3_bind_int64(q, 2, now_ms);
    step = sqlite3_step(q);
    *found = step == SQLITE_ROW;
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "look up a password", err);
}

static int password_seen_put(struct store *s, const unsigned char *hash, const char *account, int64_t now_ms,
                             int64_t expires_ms, struct error *err)
{
    sqlite3_stmt *q;

    if (execute_numbered(s, SEEN_EXPIRE, now_ms, err) < 0 || !(q = prepare(s, SEEN_PUT, err)))
        return -1;
    bind_hash(q, 1, hash);
    bind_text(q, 2, account);
    sqlite3_bind_int64(q, 3, expires_ms);
    return execute(s, q, err);
}

static int failure_get(const struct store *s, const unsigned char *hash, int64_t now_ms, struct failure *out,
                       struct error *err)
{
    sqlite3_stmt *q = prepare(s, FAILURE_GET, err);
    int step;

    if (!q)
        return -1;
    *out = (struct failure){0};
    bind_hash(q, 1, hash);
    sqlite3_bind_int64(q, 2, now_ms - FAILURE_KEPT_MS);
    step = sqlite3_step(q);
    if (step == SQLITE_ROW) {
        out->count = sqlite3_column_int64(q, 0);
        out->last_ms = sqlite3_column_int64(q, 1);
    }
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "read failed log-ins", err);
}

/* Makes room for one more. Some go at once, so that one who fills the table does not make each of us sort it. */
static int bound_failures(struct store *s, int64_t now_ms, struct error *err)
{
    int64_t count;

    if (execute_numbered(s, FAILURE_EXPIRE, now_ms - FAILURE_KEPT_MS, err) < 0 ||
        read_count(s, prepare(s, FAILURE_COUNT, err), &count, err) < 0)
        return -1;
    return count < FAILURES_MAX ? 0 : execute_numbered(s, FAILURE_DROP_OLDEST, FAILURES_MAX / 16, err);
}

static int failure_add(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err)
{
    sqlite3_stmt *q;

    if (bound_failures(s, now_ms, err) < 0 || !(q = prepare(s, FAILURE_ADD, err)))
        return -1;
    bind_hash(q, 1, hash);
    sqlite3_bind_int64(q, 2, now_ms);
    return execute(s, q, err);
}

static int failure_forget(struct store *s, const unsigned char *hash, struct error *err)
{
    return execute_hashed(s, FAILURE_FORGET, hash, err);
}

/* -- the audit trail -- */

static int audit_chain_get(const struct store *s, struct audit_chain *out, bool *found, struct error *err)
{
    sqlite3_stmt *q = prepare(s, AUDIT_CHAIN_GET, err);
    int step;

    if (!q)
        return -1;
    *out = (struct audit_chain){0};
    step = sqlite3_step(q);
    *found = step == SQLITE_ROW;
    if (*found) {
        out->first = sqlite3_column_int64(q, 0);
        read_hash(q, 1, out->before);
        out->last = sqlite3_column_int64(q, 2);
        read_hash(q, 3, out->hash);
        read_hash(q, 4, out->seal);
    }
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "read the ends of the audit trail", err);
}

static int audit_chain_put(struct store *s, const struct audit_chain *chain, struct error *err)
{
    sqlite3_stmt *q = prepare(s, AUDIT_CHAIN_PUT, err);

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, chain->first);
    bind_hash(q, 2, chain->before);
    sqlite3_bind_int64(q, 3, chain->last);
    bind_hash(q, 4, chain->hash);
    bind_hash(q, 5, chain->seal);
    return execute(s, q, err);
}

static int audit_highest(const struct store *s, int64_t *seq, struct error *err)
{
    return read_count(s, prepare(s, AUDIT_HIGHEST, err), seq, err);
}

static int audit_insert(struct store *s, const struct audit_row *row, struct error *err)
{
    sqlite3_stmt *q = prepare(s, AUDIT_INSERT, err);

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, row->seq);
    sqlite3_bind_int64(q, 2, row->time_ms);
    bind_text(q, 3, row->request);
    bind_text(q, 4, row->who);
    bind_text(q, 5, row->via);
    bind_text(q, 6, row->address);
    bind_text(q, 7, row->action);
    bind_text(q, 8, row->object);
    sqlite3_bind_int(q, 9, row->status);
    bind_text(q, 10, row->code);
    sqlite3_bind_int64(q, 11, row->times);
    bind_hash(q, 12, row->hash);
    return execute(s, q, err);
}

static int audit_delete(struct store *s, int64_t from_seq, int64_t to_seq, struct error *err)
{
    sqlite3_stmt *q = prepare(s, AUDIT_DELETE, err);

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, from_seq);
    sqlite3_bind_int64(q, 2, to_seq);
    return execute(s, q, err);
}

/* Is each value of the type and length that we write? What is read of another one may look the same and be found by other
 * filters, say a text with something behind a NUL. */
static bool is_as_written(sqlite3_stmt *q)
{
    static const int types[] = {SQLITE_INTEGER, SQLITE_INTEGER, SQLITE_TEXT,    SQLITE_TEXT,
                                SQLITE_TEXT,    SQLITE_TEXT,    SQLITE_TEXT,    SQLITE_TEXT,
                                SQLITE_INTEGER, SQLITE_TEXT,    SQLITE_INTEGER, SQLITE_BLOB};

    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
        if (sqlite3_column_type(q, i) != types[i])
            return false;
        if (types[i] == SQLITE_TEXT &&
            (size_t)sqlite3_column_bytes(q, i) != strlen((const char *)sqlite3_column_text(q, i)))
            return false;
    }
    return true;
}

static void read_audit_row(sqlite3_stmt *q, struct audit_row *out)
{
    bool as_written = is_as_written(q);

    *out = (struct audit_row){0};
    out->seq = sqlite3_column_int64(q, 0);
    out->time_ms = sqlite3_column_int64(q, 1);
    read_text(q, 2, out->request, sizeof out->request);
    read_text(q, 3, out->who, sizeof out->who);
    read_text(q, 4, out->via, sizeof out->via);
    read_text(q, 5, out->address, sizeof out->address);
    read_text(q, 6, out->action, sizeof out->action);
    read_text(q, 7, out->object, sizeof out->object);
    out->status = sqlite3_column_int(q, 8);
    read_text(q, 9, out->code, sizeof out->code);
    out->times = sqlite3_column_int64(q, 10);
    if (as_written)
        read_hash(q, 11, out->hash); /* else none, which is never right */
}

static void bind_time(sqlite3_stmt *q, int at, int64_t time_ms)
{
    if (time_ms)
        sqlite3_bind_int64(q, at, time_ms);
}

/* As AUDIT_MATCHES wants it; q may be NULL. */
static sqlite3_stmt *bind_audit_filter(sqlite3_stmt *q, const struct audit_filter *f)
{
    if (!q)
        return NULL;
    sqlite3_bind_int64(q, 1, f->oldest_first ? f->from_seq : INT64_MIN);
    sqlite3_bind_int64(q, 2, f->before_seq ? f->before_seq : INT64_MAX);
    bind_text(q, 3, f->who);
    bind_text(q, 4, f->object);
    bind_text(q, 5, f->action);
    bind_text(q, 6, f->code);
    if (f->status_low) {
        sqlite3_bind_int(q, 7, f->status_low);
        sqlite3_bind_int(q, 8, f->status_high);
    }
    bind_time(q, 9, f->since_ms);
    bind_time(q, 10, f->until_ms);
    return q;
}

static int audit_each_row(const struct store *s, const struct audit_filter *f,
                          int (*each)(const struct audit_row *, void *), void *context, struct error *err)
{
    sqlite3_stmt *q = bind_audit_filter(prepare(s, f->oldest_first ? AUDIT_EACH_OLDEST : AUDIT_EACH, err), f);
    int step = SQLITE_DONE, result = 0, stop = 0;
    struct audit_row row;

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 11, f->limit);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        read_audit_row(q, &row);
        stop = each(&row, context);
    }
    if (!stop && step != SQLITE_DONE)
        result = fail(s, "list the audit trail", err);
    done(q);
    return result;
}

static int audit_count_rows(const struct store *s, const struct audit_filter *f, int64_t *count, struct error *err)
{
    return read_count(s, bind_audit_filter(prepare(s, AUDIT_COUNT, err), f), count, err);
}

static int refused_get(const struct store *s, struct audit_refused *row, struct error *err)
{
    sqlite3_stmt *q = prepare(s, REFUSED_GET, err);
    int step;

    if (!q)
        return -1;
    bind_text(q, 1, row->sender);
    bind_text(q, 2, row->code);
    sqlite3_bind_int64(q, 3, row->minute);
    step = sqlite3_step(q);
    row->written = step == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    row->missed = step == SQLITE_ROW ? sqlite3_column_int64(q, 1) : 0;
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "read refused requests", err);
}

static int refused_put(struct store *s, const struct audit_refused *row, struct error *err)
{
    sqlite3_stmt *q = prepare(s, REFUSED_PUT, err);

    if (!q)
        return -1;
    bind_text(q, 1, row->sender);
    bind_text(q, 2, row->code);
    sqlite3_bind_int64(q, 3, row->minute);
    sqlite3_bind_int(q, 4, row->status);
    sqlite3_bind_int64(q, 5, row->written);
    sqlite3_bind_int64(q, 6, row->missed);
    return execute(s, q, err);
}

static int refused_each(const struct store *s, int64_t minute, int (*each)(const struct audit_refused *, void *),
                        void *context, struct error *err)
{
    sqlite3_stmt *q = prepare(s, REFUSED_EACH, err);
    int step = SQLITE_DONE, result = 0, stop = 0;

    if (!q)
        return -1;
    sqlite3_bind_int64(q, 1, minute);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct audit_refused row = {0};

        read_text(q, 0, row.sender, sizeof row.sender);
        read_text(q, 1, row.code, sizeof row.code);
        row.status = sqlite3_column_int(q, 2);
        row.minute = sqlite3_column_int64(q, 3);
        row.written = sqlite3_column_int64(q, 4);
        row.missed = sqlite3_column_int64(q, 5);
        stop = each(&row, context);
    }
    if (!stop && step != SQLITE_DONE)
        result = fail(s, "read refused requests", err);
    done(q);
    return result;
}

static int refused_forget(struct store *s, int64_t minute, struct error *err)
{
    return execute_numbered(s, REFUSED_FORGET, minute, err);
}

/* -- secrets -- */

static void read_secret(sqlite3_stmt *q, struct secret *out)
{
    *out = (struct secret){0};
    read_text(q, 0, out->name, sizeof out->name);
    read_grant(q, 1, &out->grant);
    out->as_file = sqlite3_column_int(q, 2);
    out->created_ms = sqlite3_column_int64(q, 3);
    read_text(q, 4, out->creator, sizeof out->creator);
    out->changed_ms = sqlite3_column_int64(q, 5);
    read_text(q, 6, out->changer, sizeof out->changer);
    if (sqlite3_column_bytes(q, 7) == SECRET_KEY_ID_SIZE)
        memcpy(out->key_id, sqlite3_column_blob(q, 7), SECRET_KEY_ID_SIZE);
    out->sealed = sqlite3_column_blob(q, 8);
    out->sealed_size = (size_t)sqlite3_column_bytes(q, 8);
}

static int secret_get(const struct store *s, const char *name, struct secret *out, bool *found, struct error *err)
{
    sqlite3_stmt *q = prepare(s, SECRET_GET, err);
    int step;

    if (!q)
        return -1;
    *out = (struct secret){0};
    bind_text(q, 1, name);
    step = sqlite3_step(q);
    *found = step == SQLITE_ROW;
    if (*found)
        read_secret(q, out);
    done(q);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s, "read a secret", err);
}

static int secret_each(const struct store *s, const struct secret_filter *f, int (*each)(const struct secret *, void *),
                       void *context, struct error *err)
{
    sqlite3_stmt *q = prepare(s, f->sealed ? SECRET_EACH_SEALED : SECRET_EACH, err);
    int step = SQLITE_DONE, result = 0, stop = 0;
    struct secret secret;

    if (!q)
        return -1;
    bind_text(q, 1, f->after ? f->after : "");
    sqlite3_bind_int(q, 2, f->limit);
    bind_text(q, 3, f->worker);
    while (!stop && (step = sqlite3_step(q)) == SQLITE_ROW) {
        read_secret(q, &secret);
        stop = each(&secret, context);
    }
    if (!stop && step != SQLITE_DONE)
        result = fail(s, "list secrets", err);
    done(q);
    return result;
}

static int secret_count(const struct store *s, int64_t *count, struct error *err)
{
    return read_count(s, prepare(s, SECRET_COUNT, err), count, err);
}

static int secret_put(struct store *s, const struct secret *secret, struct error *err)
{
    sqlite3_stmt *q = prepare(s, secret->sealed ? SECRET_PUT : SECRET_CHANGE, err);

    if (!q)
        return -1;
    bind_text(q, 1, secret->name);
    bind_text(q, 2, secret->grant.limited ? secret->grant.workers : NULL);
    sqlite3_bind_int(q, 3, secret->as_file);
    sqlite3_bind_int64(q, 4, secret->created_ms);
    bind_text(q, 5, secret->creator);
    sqlite3_bind_int64(q, 6, secret->changed_ms);
    bind_text(q, 7, secret->changer);
    if (secret->sealed) {
        sqlite3_bind_blob(q, 8, secret->key_id, SECRET_KEY_ID_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob64(q, 9, secret->sealed, secret->sealed_size, SQLITE_STATIC);
    }
    return execute(s, q, err);
}

static int secret_delete(struct store *s, const char *name, struct error *err)
{
    if (execute_named(s, SECRET_DELETE, name, err) < 0)
        return -1;
    return sqlite3_changes(self(s)->db) ? 0 : error_set(err, 404, "secret_unknown", "there is no secret of this name");
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
    .worker_get = worker_get,
    .worker_each = worker_each,
    .worker_count = worker_count,
    .worker_put = worker_put,
    .worker_delete = worker_delete,
    .job_insert = job_insert,
    .job_get = job_get,
    .job_peek = job_peek,
    .job_update = job_update,
    .job_delete = job_delete,
    .job_each = job_each,
    .job_count = job_count,
    .job_counts = job_counts,
    .entry_append = entry_append,
    .entry_each = entry_each,
    .entry_at = entry_at,
    .account_get = account_get,
    .account_each = account_each,
    .account_put = account_put,
    .account_delete = account_delete,
    .account_count = account_count,
    .account_has_role = account_has_role,
    .token_get = token_get,
    .token_each = token_each,
    .token_count = token_count,
    .token_put = token_put,
    .token_use = token_use,
    .token_delete = token_delete,
    .token_revoke = token_revoke,
    .token_end_sessions = token_end_sessions,
    .password_seen_get = password_seen_get,
    .password_seen_put = password_seen_put,
    .failure_get = failure_get,
    .failure_add = failure_add,
    .failure_forget = failure_forget,
    .audit_chain_get = audit_chain_get,
    .audit_chain_put = audit_chain_put,
    .audit_highest = audit_highest,
    .audit_insert = audit_insert,
    .audit_delete = audit_delete,
    .audit_each = audit_each_row,
    .audit_count = audit_count_rows,
    .refused_get = refused_get,
    .refused_put = refused_put,
    .refused_each = refused_each,
    .refused_forget = refused_forget,
    .secret_get = secret_get,
    .secret_each = secret_each,
    .secret_count = secret_count,
    .secret_put = secret_put,
    .secret_delete = secret_delete,
};
