#ifndef JOBJOKER_CGI_GUESS_H
#define JOBJOKER_CGI_GUESS_H

#include <stdint.h>

#include "base/secret.h"
#include "store/store.h"

/* Who guesses is slowed down: after some failures the next try is refused for 1 s, then 2, 4 ... up to 15 minutes. All is
 * counted by the address that tries, so that nobody can lock a user out of his own address; and what a store keeps of it
 * is bounded (store.h). */

enum guess_kind {
    GUESS_PASSWORD, /* counted for the user at this address, and for all users at this address */
    GUESS_TOKEN,    /* counted for the address */
};

struct guess {
    enum guess_kind kind;
    unsigned char hash[2][SECRET_HASH_SIZE]; /* under which the failures are counted */
    bool known;                              /* there are some: guess_check() */
};

/* Of that address; `user` may be NULL for a token. */
void guess_init(struct guess *g, enum guess_kind kind, const unsigned char *key, const char *address, const char *user);

/* May it be tried now? -1: 429 too_many_failures with the seconds to wait. */
int guess_check(struct guess *g, const struct store *db, int64_t now_ms, struct error *err);

/* What came of it. A transaction of its own; that it cannot be noted is logged, and changes no answer. */
void guess_failed(const struct guess *g, struct store *db, int64_t now_ms);
/* Forgets the user's failures at this address; those of the address stay, or its own account would do for a guesser. */
void guess_succeeded(const struct guess *g, struct store *db);

#endif
