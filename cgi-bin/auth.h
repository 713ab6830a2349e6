#ifndef JOBJOKER_CGI_AUTH_H
#define JOBJOKER_CGI_AUTH_H

#include "base/settings.h"
#include "request.h"
#include "store/store.h"

/* Who calls, and what may they do? */

/* Each role includes those before it. The numbers are stored. Nobody has the last one: what needs it is for tokens of jobs
 * alone. */
enum role { ROLE_NONE = 0, ROLE_VIEWER, ROLE_OPERATOR, ROLE_DEVELOPER, ROLE_ADMIN, ROLE_NOBODY, ROLES };

/* What the bearer of a job's own token may call, whatever role a route asks for: bits. */
enum job_right { JOB_RIGHT_NONE = 0, JOB_RIGHT_WORKER = 1, JOB_RIGHT_RUNNER = 2 };

struct identity {
    char name[65];      /* account; "anonymous"; "job ID" */
    enum role role;     /* of accounts and anonymous callers */
    const char *via;    /* "token", "password", "session", "anonymous", "job" */
    unsigned job_right; /* of a job's token: JOB_RIGHT_WORKER or JOB_RIGHT_RUNNER, good for job_id alone */
    char job_id[ULID_SIZE];
    unsigned char hash[SECRET_HASH_SIZE]; /* of a job's token, as the store keeps it */
};

const char *role_name(enum role role);
enum role role_from_name(const char *name); /* ROLE_NONE: there is none of that name */

/* Finds out. Credentials that were sent must be right, also where anonymous callers are let in.
 * -1: 401 unauthorized (wrong, expired, or none and anonymous callers may do nothing), 500, 503. */
int auth_identify(struct store *db, const struct settings *settings, int64_t now_ms, struct identity *out,
                  struct error *err);

/* Checks a user's password. -1: 401 unauthorized, the same for a name that is not known, and as slow; 429 too_many_logins
 * when others keep it busy. */
int auth_check_password(struct store *db, const struct settings *settings, int64_t now_ms, const char *name,
                        const char *password, enum role *role, struct error *err);

/* Checks an API token or a session. -1: 401 unauthorized. */
int auth_check_token(const struct store *db, int64_t now_ms, const char *text, enum token_kind kind, struct token *out,
                     struct error *err);

/* The two tokens of a job's run: their text begins with the job's id, so that it is found by that. */
enum { AUTH_JOB_TOKEN_SIZE = 4 + 26 + 1 + SECRET_TOKEN_SIZE };
#define AUTH_LEASE_PREFIX JOB_LEASE_PREFIX
#define AUTH_WORKER_PREFIX JOB_TOKEN_PREFIX

/* Value of the session cookie of the request; NULL: none. `out` holds it. */
const char *auth_session_cookie(char out[SECRET_TOKEN_SIZE]);
extern const char auth_cookie_name[];

#endif
