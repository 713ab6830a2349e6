#ifndef JOBJOKER_CGI_USERS_H
#define JOBJOKER_CGI_USERS_H

#include "auth.h"
#include "base/json.h"
#include "store/store.h"

/* What may be done to users and tokens, for the API and the command alike. Each function that writes is one transaction. */

/* What is to change of a user. */
struct user_change {
    enum role role;             /* ROLE_NONE: as it is */
    const char *password;       /* NULL: as it is; "": none, for who comes by REMOTE_USER */
    const struct grant *grant;  /* NULL: as it is */
    int disabled;               /* -1: as it is */
    const unsigned char *keeps; /* the session that a new password does not end; NULL: it ends all */
};

/* *out is how it is then. 409 user_exists; 422 user_invalid, password_weak. */
int users_add(struct store *db, int64_t now_ms, const char *name, const struct user_change *change, struct account *out,
              struct error *err);
/* A new password, and disabling, end sessions. 404 user_unknown; 409 last_admin; 422 as above. */
int users_change(struct store *db, const char *name, const struct user_change *change, struct account *out,
                 struct error *err);
/* With tokens and sessions. 404 user_unknown; 409 last_admin. */
int users_delete(struct store *db, const char *name, struct error *err);

enum { TOKEN_TEXT_SIZE = 4 + SECRET_TOKEN_SIZE };

/* Makes up a token; account, role (ROLE_NONE: that of its owner), name, grant, addresses and expires_ms are given, the rest
 * is set. `text` is told this once. 422 token_invalid, user_unknown. */
int tokens_create(struct store *db, int64_t now_ms, struct token *token, char text[TOKEN_TEXT_SIZE], struct error *err);
/* One of this user's (NULL: of anybody's). 404 token_unknown. */
int tokens_revoke(struct store *db, const char *id, const char *user, struct error *err);

/* Names of workers, or networks, from a list of words. 422 `code`. */
int users_read_grant(const char *words, struct grant *out, const char *code, struct error *err);

void user_put_json(const struct account *account, struct json_writer *w);
void token_put_json(const struct token *token, const char *text, struct json_writer *w); /* text: NULL, or told once */
extern const char *const user_columns[], *const token_columns[];                         /* end in NULL */
void user_put_csv(const struct account *account, struct buf *out);
void token_put_csv(const struct token *token, struct buf *out);

/* What a token may at the moment. */
enum role token_role(const struct token *token);

#endif
