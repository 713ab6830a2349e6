#ifndef JOBJOKER_CGI_PASSWORD_H
#define JOBJOKER_CGI_PASSWORD_H

#include "base/settings.h"
#include "store/store.h"

enum { PASSWORD_MIN = 12, PASSWORD_MAX = 1024 }; /* bytes */

/* Checks a user's password, which came from that address; *out is the account then. -1: 401 unauthorized, the same and as slow for a name that is not
 * known and for an account that is disabled or has no password; 429 too_many_failures (guess.h); 429 too_many_logins when
 * others keep it busy; 500, 503. */
int password_check(const char *address, struct store *db, const struct settings *settings, int64_t now_ms,
                   const char *name, const char *password, struct account *out, struct error *err);

#endif
