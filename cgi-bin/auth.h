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
    char name[65];      /* account, or user of the web server; "anonymous"; "job ID" */
    enum role role;     /* of all but jobs; at most developer when grant is limited */
    const char *via;    /* "token", "password", "session", "remote", "anonymous", "job" */
    struct grant grant; /* which workers and whose jobs; of all but jobs */
    bool of_admin;      /* the account behind it is an admin's, whatever this token of his may */
    bool in_person;     /* the user of an account, by password, session or web server; not an API token of his */
    unsigned job_right; /* of a job's token: JOB_RIGHT_WORKER or JOB_RIGHT_RUNNER, good for job_id alone */
    char job_id[ULID_SIZE];
    unsigned char hash[SECRET_HASH_SIZE]; /* of the token that was sent, of whatever kind, as the store keeps it; of a
                                             password: of what the store keeps of it */
    bool has_token;                       /* and it is an API token or a session: */
    int64_t token_used_ms;                /* when it was used before this */
};

const char *role_name(enum role role);
enum role role_from_name(const char *name); /* ROLE_NONE: there is none of that name */

/* Nothing works before there is somebody to answer for it. -1: 503 no_admin; 500. */
int auth_require_admin(const struct store *db, struct error *err);

/* Finds out. Credentials that were sent must be right, also where anonymous callers are let in. Without `cookies`, that of
 * a session counts for nothing. When they are not right, `out` has the name of the account that they are for, if there is
 * such an account, and may do nothing.
 * -1: 401 unauthorized (wrong, expired, or none and anonymous callers may do nothing), 403 forbidden (a user of the web
 * server who has no role), 429 too_many_failures, too_many_logins, 500, 503 no_admin. */
int auth_identify(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                  bool cookies, struct identity *out, struct error *err);

/* Checks credentials that were sent in a body, as those of a header. -1: as above. */
int auth_identify_password(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                           const char *name, const char *password, struct identity *out, struct error *err);
int auth_identify_token(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                        const char *text, struct token *token, struct identity *out, struct error *err);

/* A request may take long after its caller was identified: while its body comes, while a worker is compiled, while it follows
 * a log. Are his credentials still good, and what he may the same? A session is not idle meanwhile.
 * -1: 401 unauthorized, 403 forbidden, 500. auth_guard() is the same for store_guard(). */
struct auth_caller {
    const struct request *req;
    const struct settings *settings;
    const struct identity *who;
};
int auth_check_again(const struct store *db, const struct auth_caller *caller, struct error *err);
int auth_guard(const struct store *db, const void *caller, struct error *err);

/* Notes that the caller's token was used, once a minute and only when nobody else writes, so that a read stays a read.
 * After the request: it is a transaction of its own. */
void auth_note_use(struct store *db, const struct identity *who, int64_t now_ms);

/* The two tokens of a job's run: their text begins with the job's id, so that it is found by that. */
enum { AUTH_JOB_TOKEN_SIZE = 4 + 26 + 1 + SECRET_TOKEN_SIZE };
#define AUTH_LEASE_PREFIX JOB_LEASE_PREFIX
#define AUTH_WORKER_PREFIX JOB_TOKEN_PREFIX

/* Value of the session cookie of the request; NULL: none. `out` holds it. */
const char *auth_session_cookie(const struct request *req, char out[SECRET_TOKEN_SIZE]);
extern const char auth_cookie_name[];

#endif
