#ifndef JOBJOKER_STORE_SQLITE_DB_H
#define JOBJOKER_STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* A connection to an SQLite file that has this program's schema. */

/* Which file it is: another one may be put into its place. */
struct sqlite_file {
    dev_t device;
    ino_t inode;
};

/* Opens and migrates; safe when many do so at once. A read transaction is open then: what is read is of one moment.
 * NULL: as store_open(). sqlite_db_close() it. */
sqlite3 *sqlite_db_open(const char *path, struct sqlite_file *file, struct error *err);
/* Outside of a transaction, and later: does the path still name that file, and has it still this program's schema? A read
 * transaction is open then. */
bool sqlite_db_is_current(sqlite3 *db, const struct sqlite_file *file);
void sqlite_db_close(sqlite3 *db);

/* Runs a statement that gives no rows, without waiting for a lock; returns SQLite's code. */
int sqlite_db_step_at_once(sqlite3 *db, sqlite3_stmt *statement);

/* Keeps the size of the WAL after each commit in *pages. */
void sqlite_db_watch_wal(sqlite3 *db, int *pages);
/* After a commit: takes a WAL that is large into the file, and empties it. `kept`: this connection is one of those that stay
 * open. SQLite's own way does not do here: it
 * leaves the emptying to the next writer, and what it knows for that is in memory that processes share; when each
 * request is a process of its own and none overlaps, that is lost each time, and the WAL grows without end. */
void sqlite_db_checkpoint(sqlite3 *db, int pages, bool kept);

/* What of the file is free. `spare` pages of it are to be given back: an eighth of what is used, and 1 MiB, stays for what comes next, so
 * that a file does not grow and shrink with each job. */
struct sqlite_space {
    bool shrinks; /* a file that an older version made cannot be made smaller in parts */
    int page_size;
    int free, spare; /* pages */
};
int sqlite_db_measure(sqlite3 *db, struct sqlite_space *out, struct error *err);
/* In a transaction: takes at most so many spare pages from the end of the file; *space is what is so then. Where nothing could be taken,
 * nothing is spare. */
int sqlite_db_shrink(sqlite3 *db, int64_t pages_max, struct sqlite_space *space, struct error *err);

/* Logs what SQLite says and fills err: 503 store_busy, 503 storage_full, 500 store. Returns -1. */
int sqlite_db_error(sqlite3 *db, const char *what, struct error *err);

#endif
