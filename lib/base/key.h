#ifndef JOBJOKER_BASE_KEY_H
#define JOBJOKER_BASE_KEY_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/settings.h"

/* The key of the data folder, secret.key: what is hashed or encrypted under it cannot be guessed or read from the database
 * alone. It is never used itself: each use has a key that is made from it (secret_derive()). While it is being replaced the
 * one before lies beside it, as secret.key.old.
 * The audit trail has a key of its own, audit.key, which is never replaced: its rows are not written again. */

enum { KEY_PATH_SIZE = PATH_MAX + 16 };

void key_path(const struct settings *settings, char out[KEY_PATH_SIZE]);
/* 500 internal: it is not there, or is none. */
int key_read(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err);
/* The key of the audit trail; makes it where there is none, once, whoever else does so at the same time. 500 internal: it
 * is none; 500, 503: it cannot be made. */
int key_read_audit(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err);
/* Makes each of both where there is none; nobody ever sees half of one. 500, 503. */
int key_make(const struct settings *settings, struct error *err);

/* -- replacing it -- */

/* One replaces it at a time: waits for that; close(2) the descriptor. -1: 500. */
int key_lock_replacement(const struct settings *settings, struct error *err);
/* The one before; *found false: there is none. 500 internal: it cannot be read, or is none. */
int key_read_old(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], bool *found, struct error *err);
/* Makes a new one and keeps the one before. At no instant there is none, nor half of one, whatever ends us; both are on the
 * disk when it returns. Under the lock, and when there is none before: 500. 500, 503: then the key is the same, or both are there. */
int key_replace(const struct settings *settings, struct error *err);
/* Forgets the one before; one that is not there is no error. 500. */
int key_drop_old(const struct settings *settings, struct error *err);

/* -- as a lock -- */

/* Waits until nobody else has it locked; close(2) the descriptor. -1: 500. */
int key_lock(const struct settings *settings, struct error *err);

#endif
