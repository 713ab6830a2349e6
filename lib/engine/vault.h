#ifndef JOBJOKER_ENGINE_VAULT_H
#define JOBJOKER_ENGINE_VAULT_H

#include <stdint.h>

#include "base/settings.h"
#include "store/store.h"

/* Secrets for workers: encrypted under the data folder's key, bound to their names. A value goes in and comes out at the
 * start of a job whose worker it is granted to; nothing else reads it. */

/* What is to become of a secret. */
struct vault_change {
    const char *value; /* NULL: as it is */
    size_t size;
    const struct grant *grant; /* NULL: as it is; of a new one: no worker gets it */
    int as_file;               /* -1: as it is; of a new one: 0, a variable */
    const char *who;           /* changes it */
};

/* Within a transaction that the caller began. *out (but for its value) is how it is then; *is_new: it was not there. 409 secret_conflict (a worker would
 * find two of them in one variable), secrets_full (SECRETS_MAX); 422 secret_invalid (secret_rules.h; a new one wants a value). */
int vault_put(struct store *db, const struct settings *settings, int64_t now_ms, const char *name,
              const struct vault_change *change, struct secret *out, bool *is_new, struct error *err);
int vault_delete(struct store *db, const char *name, struct error *err); /* one transaction; 404 secret_unknown */

/* Calls each() for every secret that this worker gets; the value ends in NUL and is gone afterwards. Reads the store anew
 * where the key was replaced meanwhile. 500 secret_unreadable: one was moved or changed in the database, or its key is
 * lost; the message names it, and each() may have been called for others. */
int vault_open(const struct store *db, const struct settings *settings, const char *worker,
               void (*each)(const struct secret *, const char *value, void *), void *context, struct error *err);

/* The same for the secret of this name, whoever gets it; each() is not called when there is none. */
int vault_open_one(const struct store *db, const struct settings *settings, const char *name,
                   void (*each)(const struct secret *, const char *value, void *), void *context, struct error *err);

/* Makes a new key and encrypts all secrets under it; *count: how many. An earlier one that was interrupted is finished
 * first. Whatever ends it, and whatever requests come meanwhile, each secret stays readable, and the key before stays
 * until no secret needs it and that is on the disk. 500 secret_unreadable: the key is still the same. */
int vault_rotate(struct store *db, const struct settings *settings, int64_t *count, struct error *err);

/* How many secrets no key that is there opens by its looks; *interrupted: a key before the last is still there. */
int vault_examine(const struct store *db, const struct settings *settings, int64_t *lost, bool *interrupted,
                  struct error *err);

#endif
