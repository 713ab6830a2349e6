/* A back-end of the store: MySQL and MariaDB. This is a module of its own, since the client library costs each process
 * that maps it more than a request does: only what uses such a database loads it (store_module.c).
 *
 * Who writes has the turn: the one row of the table `store`, which each transaction that writes changes first. So they go one
 * after the other, as in SQLite, and each begins with a view of all that was committed before it. Where several nodes take
 * writes (Galera), locks of one node mean nothing to the others; but of two transactions that change the same row only
 * one is certified, so there, too, of two at once one is undone and begins again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/mysql_query.h"

/* The number in it is new each time: by it, who lost his connection at COMMIT finds out whether that was done. */
#define TAKE_TURN "UPDATE store SET turn = LAST_INSERT_ID(uuid_short())"

enum { TRIES_MAX = 6, PAUSE_FIRST_MS = 10 };

static int fail(const struct store *s, const char *what, struct error *err)
{
    return mysql_db_error(mysql_self(s)->db, what, err);
}

static void close_store(struct store *s)
{
    struct store_mysql *me = mysql_self(s);

    mysql_db_close(me->db);
    explicit_bzero(me->db, sizeof *me->db);
    free(me->db);
    free(me);
}

static struct store *open_store(const char *place, const struct settings *settings, struct error *err)
{
    struct store_mysql *me = calloc(1, sizeof *me);

    if (!me || !(me->db = calloc(1, sizeof *me->db))) {
        error_errno(err, "memory");
        free(me);
        return NULL;
    }
    me->store.ops = &store_mysql;
    me->store.memo = &me->memo;
    if (mysql_place_read(place, settings, &me->db->place, err) == 0 && mysql_db_open(me->db, err) == 0)
        return &me->store;
    close_store(&me->store);
    return NULL;
}

/* -- transactions -- */

static void undo(struct mysql_db *db)
{
    unsigned code = db->failure.code;

    db->beaten = db->view == VIEW_WRITING && mysql_db_was_beaten(db);
    if (!db->lost)
        mysql_db_do(db, "ROLLBACK");
    db->failure.code = code; /* what was before is what there is to tell */
    db->view = VIEW_NOW;
}

/* A different time for each of those that were in each other's way. */
static void pause_before(int try)
{
    long most_ms = PAUSE_FIRST_MS << try;
    struct timespec now, pause = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    pause.tv_nsec = (most_ms / 2 + now.tv_nsec / 1000 % (most_ms / 2 + 1)) * 1000000;
    nanosleep(&pause, NULL);
}

static int try_turn(struct mysql_db *db, const char *text)
{
    db->beaten = false;
    if (mysql_db_do(db, text) < 0) {
        undo(db);
        return -1;
    }
    db->turn = mysql_insert_id(db->mysql);
    db->view = VIEW_WRITING;
    return 0;
}

/* Nothing has been written yet, so whatever undid it, it can begin again. 1: somebody else has the turn, and had it for as
 * long as the text may wait. */
static int take_turn(struct mysql_db *db, const char *text, struct error *err)
{
    if (db->view == VIEW_AHEAD && !db->checked && mysql_db_take_view(db) < 0)
        return mysql_db_error(db, "look at the schema", err);
    if (db->beaten)
        pause_before(1);
    for (int try = 0;; try++) {
        if ((!db->mysql || db->lost) && mysql_db_open(db, err) < 0)
            return -1;
        if (try_turn(db, text) == 0)
            return 0;
        if (mysql_db_would_wait(db))
            return 1;
        if (!mysql_db_was_beaten(db) || try == TRIES_MAX)
            return mysql_db_error(db, "take the turn to write", err);
        pause_before(try);
    }
}

static int begin(struct store *s, struct error *err)
{
    struct mysql_db *db = mysql_self(s)->db;
    int result = take_turn(db, "START TRANSACTION; " TAKE_TURN, err);

    return result > 0 ? mysql_db_error(db, "wait for the turn to write", err) : result;
}

static int try_begin(struct store *s, bool *begun, struct error *err)
{
    int result =
        take_turn(mysql_self(s)->db, "START TRANSACTION; SELECT turn FROM store FOR UPDATE NOWAIT; " TAKE_TURN, err);

    *begun = result == 0;
    return result < 0 ? -1 : 0;
}

/* Whose schema was not looked at stays there: the next statement looks. */
static void leave_what_lies_ahead(struct mysql_db *db)
{
    if (db->view == VIEW_AHEAD && db->checked)
        db->view = VIEW_NOW;
}

static void rollback(struct store *s)
{
    struct mysql_db *db = mysql_self(s)->db;

    leave_what_lies_ahead(db);
    if (db->view > VIEW_AHEAD)
        undo(db);
}

static bool was_beaten(const struct store *s)
{
    return mysql_self(s)->db->beaten;
}

/* The connection was lost at COMMIT. Whether it was done shows the turn, once nobody holds its row any more. */
static int find_out(struct mysql_db *db, struct error *err)
{
    uint64_t turn = db->turn, now = 0;

    if (mysql_db_open(db, err) < 0)
        return error_set(
            err, 503, "store_in_doubt",
            "the database went away, and it is not known whether this was done: look before you try again");
    if (mysql_db_run(db, "START TRANSACTION; SELECT turn FROM store FOR UPDATE", &now, 1) < 0)
        mysql_db_error(db, "look whose turn it was", err);
    undo(db);
    if (now == turn)
        return 0;
    return error_set(err, 503, "store_in_doubt",
                     "the database went away, and it is not known whether this was done: look before you try again");
}

static int commit(struct store *s, struct error *err)
{
    struct mysql_db *db = mysql_self(s)->db;

    bool was_lost = db->lost; /* before COMMIT was sent, so it is not done */

    if (mysql_db_do(db, "COMMIT") == 0) {
        db->view = VIEW_NOW;
        return 0;
    }
    if (db->lost && !was_lost)
        return find_out(db, err);
    undo(db);
    return fail(s, "commit", err);
}

/* The server does that for all of its connections, or for none: innodb_flush_log_at_trx_commit. */
static int be_durable(struct store *s, struct error *err)
{
    (void)s, (void)err;
    return 0;
}

static void refresh(const struct store *s)
{
    struct mysql_db *db = mysql_self(s)->db;

    leave_what_lies_ahead(db);
    if (db->view != VIEW_SNAPSHOT)
        return;
    mysql_db_do(db, "COMMIT"); /* a connection that is lost shows with the next statement, which may connect again */
    db->view = VIEW_NOW;
}

static int renew(struct store *s)
{
    rollback(s);
    return mysql_db_renew(mysql_self(s)->db);
}

/* InnoDB uses what is free for what comes next; OPTIMIZE TABLE, which gives it back, makes the table anew. */
static int give_back(struct store *s, int64_t bytes_max, bool *more, struct error *err)
{
    (void)s, (void)bytes_max, (void)err;
    *more = false;
    return 0;
}

static int64_t changes(const struct store *s)
{
    return (int64_t)mysql_self(s)->db->changes;
}

static int64_t last_number(const struct store *s)
{
    return (int64_t)mysql_self(s)->db->last_number;
}

__attribute__((visibility("default"))) const struct store_ops store_mysql = {
    .scheme = "mysql",
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
    .prepare = mysql_query_prepare,
    .unprepare = mysql_query_unprepare,
    .set_number = mysql_query_set_number,
    .set_text = mysql_query_set_text,
    .set_bytes = mysql_query_set_bytes,
    .step = mysql_query_step,
    .type = mysql_query_type,
    .number = mysql_query_number,
    .bytes = mysql_query_bytes,
    .end = mysql_query_end,
    .changes = changes,
    .last_number = last_number,
    .fail = fail,
};
