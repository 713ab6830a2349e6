/* Opening and migrating an SQLite file. WAL with synchronous=NORMAL: a commit survives the death of any process; the
 * last ones before a power cut may be missing, and what is there is whole. */
#include "store/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sql/sqlite.h" /* made from sql/sqlite/NNNN_*.sql: sqlite_migrations[] */

enum {
    SCHEMA_VERSION = sizeof sqlite_migrations / sizeof *sqlite_migrations,
    /* Of 4 KiB: a WAL that is larger is taken into the file. Who opens a file that nobody else has open reads all of its
     * WAL first; while somebody keeps it open nobody does, and emptying it less often is what counts. */
    WAL_PAGES_MAX = 128,
    WAL_PAGES_MAX_KEPT = 1000,
    AUTO_VACUUM_INCREMENTAL = 2,
    SPACE_KEPT = 1024 * 1024, /* bytes that are free and stay so */
};

/* What grows a file beside the database (its shared memory) fails as any error of the disk. */
static bool disk_is_full(sqlite3 *db, int code)
{
    int number = sqlite3_system_errno(db);

    return code == SQLITE_FULL ||
           ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && (number == ENOSPC || number == EDQUOT));
}

int sqlite_db_error(sqlite3 *db, const char *what, struct error *err)
{
    int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;

    log_line("database: %s (%d): %.200s", db ? sqlite3_errmsg(db) : "out of memory",
             db ? sqlite3_extended_errcode(db) : code, what);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return error_set(err, 503, "store_busy", "the database is busy: try again");
    if (db && disk_is_full(db, code))
        return error_set(err, 503, "storage_full", "the server's disk is full");
    return error_set(err, 500, "store", "the database cannot be used: the server's error log says why");
}

static int run(sqlite3 *db, const char *sql, struct error *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sqlite_db_error(db, sql, err);
}

static int read_number(sqlite3 *db, const char *sql, int *number, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int result = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        result = sqlite_db_error(db, sql, err);
    else
        *number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return result;
}

static int read_version(sqlite3 *db, int *version, struct error *err)
{
    return read_number(db, "PRAGMA user_version", version, err);
}

/* A file that holds tables and no version of ours is somebody else's: nothing is put into it. */
static int check_ownership(sqlite3 *db, const char *path, int version, struct error *err)
{
    int tables = 0;

    if (version == 0 && read_number(db, "SELECT count(*) FROM sqlite_master", &tables, err) < 0)
        return -1;
    if (version > 0 || (version == 0 && tables == 0))
        return 0;
    log_line("database: %s is not JobJoker's (schema %d, %d tables)", path, version, tables);
    return error_set(err, 500, "store", "the database cannot be used: the server's error log says why");
}

/* Applies what is missing, in one transaction. Somebody else may have done it since we looked, so it looks again. */
static int apply_migrations(sqlite3 *db, struct error *err)
{
    char set_version[64];
    int version;

    if (run(db, "BEGIN IMMEDIATE", err) < 0)
        return -1;
    if (read_version(db, &version, err) < 0)
        goto roll_back;
    for (; version < SCHEMA_VERSION; version++) {
        if (run(db, sqlite_migrations[version], err) < 0)
            goto roll_back;
    }
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", version);
    if (run(db, set_version, err) < 0 || run(db, "COMMIT", err) < 0)
        goto roll_back;
    return 0;
roll_back:
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

/* Changing to WAL wants the file alone and does not wait for it, so first comers stand in line at a lock file. */
static int migrate(sqlite3 *db, const char *path, struct error *err)
{
    char lock_path[PATH_MAX];
    int lock, result = -1;

    snprintf(lock_path, sizeof lock_path, "%s-migrate", path);
    lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return error_errno(err, lock_path);
    while (flock(lock, LOCK_EX) < 0) {
        if (errno != EINTR) {
            error_errno(err, lock_path);
            goto close_lock;
        }
    }
    /* The first counts in a file that is empty, and before anything else does: what is freed can be given back then. */
    if (run(db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL", err) == 0)
        result = apply_migrations(db, err);
close_lock:
    close(lock);
    return result;
}

static int bring_up_to_date(sqlite3 *db, const char *path, struct error *err)
{
    int version;

    if (read_version(db, &version, err) < 0)
        return -1;
    if (check_ownership(db, path, version, err) < 0)
        return -1;
    if (version > SCHEMA_VERSION) {
        log_line(
            "the database %s has schema %d, and this program knows only up to %d: install the newer JobJoker again",
            path, version, SCHEMA_VERSION);
        return error_set(err, 503, "store_newer", "the database was written by a newer version of JobJoker");
    }
    if (version == SCHEMA_VERSION)
        return 0;
    /* The view from before must not be open while the schema changes. */
    return run(db, "COMMIT", err) < 0 || migrate(db, path, err) < 0 ? -1 : run(db, "BEGIN", err);
}

/* Somebody else writes just now. Most do so for a fraction of a millisecond, so it is tried again soon, and for 10 s in all:
 * SQLite's own handler soon sleeps for 25 ms and more, while the lock is free most of that time. 0: no more. */
static int wait_for_others(void *unused, int tries)
{
    static const struct {
        int tries;
        useconds_t pause_us;
    } steps[] = {{20, 250}, {200, 500}, {980, 10000}};

    (void)unused;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (tries < steps[i].tries) {
            usleep(steps[i].pause_us);
            return 1;
        }
        tries -= steps[i].tries;
    }
    return 0;
}

/* A file that is moved away while it is opened is noticed by its number; the path is SQLite's, which is absolute. */
static int look_at_file(sqlite3 *db, struct sqlite_file *file)
{
    struct stat st;

    if (stat(sqlite3_db_filename(db, NULL), &st) < 0)
        return -1;
    *file = (struct sqlite_file){.device = st.st_dev, .inode = st.st_ino};
    return 0;
}

/* Most programs that come here live for one request, so what SQLite does ahead of need is what they pay for: a count of
 * its own memory behind a lock, and 20 pages of cache of which a request needs six. Refused where it is at work already. */
static void configure_once(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

sqlite3 *sqlite_db_open(const char *path, struct sqlite_file *file, struct error *err)
{
    sqlite3 *db = NULL;

    configure_once();
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        sqlite_db_error(db, path, err);
        goto close_db;
    }
    sqlite3_busy_handler(db, wait_for_others, NULL);
    /* Whoever closes last would write the WAL back and delete it, which costs a lone request half of its time. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (run(db, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; BEGIN", err) < 0 ||
        bring_up_to_date(db, path, err) < 0)
        goto close_db;
    if (look_at_file(db, file) < 0) {
        error_errno(err, path);
        goto close_db;
    }
    return db;
close_db:
    sqlite3_close(db);
    return NULL;
}

bool sqlite_db_is_current(sqlite3 *db, const struct sqlite_file *file)
{
    struct sqlite_file now;
    int version;

    if (look_at_file(db, &now) < 0 || now.device != file->device || now.inode != file->inode)
        return false;
    return run(db, "BEGIN", NULL) == 0 && read_version(db, &version, NULL) == 0 && version == SCHEMA_VERSION;
}

int sqlite_db_step_at_once(sqlite3 *db, sqlite3_stmt *statement)
{
    int code;

    sqlite3_busy_handler(db, NULL, NULL);
    code = sqlite3_step(statement);
    sqlite3_busy_handler(db, wait_for_others, NULL);
    return code;
}

/* The hook is called after each commit with the size of the WAL. */
static int note_wal_pages(void *pages, sqlite3 *db, const char *name, int count)
{
    (void)db, (void)name;
    *(int *)pages = count;
    return SQLITE_OK;
}

void sqlite_db_watch_wal(sqlite3 *db, int *pages)
{
    sqlite3_wal_hook(db, note_wal_pages, pages);
}

void sqlite_db_checkpoint(sqlite3 *db, int pages, bool kept)
{
    if (pages < (kept ? WAL_PAGES_MAX_KEPT : WAL_PAGES_MAX))
        return;
    /* Somebody who reads just now makes it wait for the next commit: nobody waits for it. */
    sqlite3_busy_handler(db, NULL, NULL);
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_handler(db, wait_for_others, NULL);
}

int sqlite_db_measure(sqlite3 *db, struct sqlite_space *out, struct error *err)
{
    int mode, pages, kept;

    *out = (struct sqlite_space){0};
    if (read_number(db, "PRAGMA auto_vacuum", &mode, err) < 0 ||
        read_number(db, "PRAGMA page_size", &out->page_size, err) < 0 ||
        read_number(db, "PRAGMA page_count", &pages, err) < 0 ||
        read_number(db, "PRAGMA freelist_count", &out->free, err) < 0)
        return -1;
    kept = SPACE_KEPT / out->page_size + (pages - out->free) / 8;
    out->shrinks = mode == AUTO_VACUUM_INCREMENTAL;
    out->spare = out->free > kept ? out->free - kept : 0;
    return 0;
}

int sqlite_db_shrink(sqlite3 *db, int64_t pages_max, struct sqlite_space *space, struct error *err)
{
    int before = space->free, pages = space->spare < pages_max ? space->spare : (int)pages_max;
    char text[64];

    snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%d)", pages > 0 ? pages : 1); /* 0 would mean all of them */
    if (run(db, text, err) < 0 || sqlite_db_measure(db, space, err) < 0)
        return -1;
    if (space->free >= before)
        space->spare = 0;
    return 0;
}

void sqlite_db_close(sqlite3 *db)
{
    sqlite3_close_v2(db);
}
