#ifndef JOBJOKER_STORE_AUDIT_ROWS_H
#define JOBJOKER_STORE_AUDIT_ROWS_H

#include "store/audit.h"
#include "store/store.h"

/* How the audit trail is kept: for audit.c alone, which knows what it means. audit_each() and audit_count() are here
 * too. */

/* Both ends of the chain. */
struct audit_chain {
    int64_t first;                          /* the oldest row that is kept */
    unsigned char before[SECRET_HASH_SIZE]; /* hash of the row before it; all zero: there was none */
    int64_t last;
    unsigned char hash[SECRET_HASH_SIZE]; /* of the last row */
    unsigned char seal[SECRET_HASH_SIZE]; /* of all this */
};

int audit_chain_get(const struct store *s, struct audit_chain *out, bool *found, struct error *err);
int audit_chain_put(struct store *s, const struct audit_chain *chain, struct error *err);
int audit_highest(const struct store *s, int64_t *seq, struct error *err); /* of all rows; 0: there is none */
int audit_insert(struct store *s, const struct audit_row *row, struct error *err);
int audit_delete(struct store *s, int64_t from_seq, int64_t to_seq, struct error *err); /* but for the last */

/* Refused requests of one sender with one code in one minute. */
struct audit_refused {
    char sender[AUDIT_ADDRESS_SIZE], code[AUDIT_CODE_SIZE]; /* both "": of all */
    int status;
    int64_t minute, written, missed;
};

/* Sender, code and minute are given, and status; written and missed are set, 0 when there is none of this minute. */
int refused_get(const struct store *s, struct audit_refused *row, struct error *err);
int refused_put(struct store *s, const struct audit_refused *row, struct error *err); /* in place of one before */
/* Those of other minutes in which some were missed. each() borrows the row; it returns 0 to go on. */
int refused_each(const struct store *s, int64_t minute, int (*each)(const struct audit_refused *, void *),
                 void *context, struct error *err);
int refused_forget(struct store *s, int64_t minute, struct error *err); /* those of other minutes with none missed */

#endif
