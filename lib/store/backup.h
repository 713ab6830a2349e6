#ifndef JOBJOKER_STORE_BACKUP_H
#define JOBJOKER_STORE_BACKUP_H

#include "store/store.h"

/* Copies of an SQLite store as a file. On a server its own tools do that (docs/backup.md). */

/* Writes all that is in the store at this moment to a file that only its owner reads; others go on writing to the store
 * meanwhile. Until all of it is on the disk there is no file of that name. With `replace` another file of that name goes away
 * then. -1: 409 backup_exists, 422 backup_not_sqlite; 500, 503: no file is left behind. */
int store_backup(struct store *s, const char *path, bool replace, struct error *err);

/* A place for paths that a restore makes. */
struct restore {
    const char *database;                    /* the store's path, borrowed */
    char prepared[PATH_MAX], kept[PATH_MAX]; /* beside it */
};

/* First copies the backup to r->prepared, which is checked there (SQLite's integrity_check) and brought up to this program's
 * schema. The store that it gives is open; the caller may still write to it, and gives it to restore_publish() or to
 * store_close(), followed by restore_forget(). NULL: 422 backup_invalid (the file is no backup of ours, or damaged), 503
 * store_newer, 500, 503; nothing is left behind. */
struct store *restore_prepare(struct restore *r, const struct settings *settings, const char *database,
                              const char *backup, struct error *err);
/* Takes the present store (open, and closed by this; NULL: it cannot be opened, or is not there) from everybody, and puts the
 * prepared one into its place; the present one is then at r->kept ("": there was none). At no time there is none.
 * -1: 409 store_in_use; 500, 503; the present one stays. */
int restore_publish(struct restore *r, struct store *prepared, struct store *present, struct error *err);
void restore_forget(const struct restore *r); /* removes what was prepared */

#endif
