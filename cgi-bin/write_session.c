/* POST and DELETE /session: the admin page's log-in. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"
#include "store/audit.h"

/* Whose credentials are these, and what may the session do? One that a token begins may no more than the token. */
static int check(const struct request *req, const struct json *body, const struct context *ctx, struct store *db,
                 struct token *session, struct identity *who, struct error *err)
{
    const char *user = json_string(json_member(body, "user")), *password = json_string(json_member(body, "password"));
    const char *text = json_string(json_member(body, "token"));
    int64_t now_ms = ctx->engine->now_ms;

    *session = (struct token){.role = ROLE_ADMIN};
    if (text) {
        if (auth_identify_token(req, db, ctx->settings, now_ms, text, session, who, err) < 0)
            return -1;
        memcpy(session->parent, session->hash, sizeof session->parent);
        session->has_parent = true;
    } else if (!user || !password) {
        return error_set(err, 422, "session_invalid", "log in with {\"user\",\"password\"} or {\"token\"}");
    } else if (auth_identify_password(req, db, ctx->settings, now_ms, user, password, who, err) < 0) {
        return -1;
    }
    strcpy(session->account, who->name);
    return 0;
}

/* Fills what is the same for all sessions; `text` becomes the cookie. Returns how many seconds it may last. */
static int make_session(const struct context *ctx, struct token *session, char text[SECRET_TOKEN_SIZE])
{
    int64_t end_ms = ctx->engine->now_ms + ctx->settings->session_max_ms;

    secret_token(text);
    secret_hash(text, strlen(text), session->hash);
    session->kind = TOKEN_SESSION;
    session->name[0] = '\0';
    session->created_ms = session->used_ms = ctx->engine->now_ms;
    if (!session->expires_ms || session->expires_ms > end_ms)
        session->expires_ms = end_ms;
    return (int)((session->expires_ms - session->created_ms) / 1000);
}

/* The browser compares the path with that of its URLs, in which a space is %20. */
static void put_cookie(const struct request *req, const char *value, int seconds, struct response *res)
{
    bool tls = strcmp(request_variable(req, "HTTPS"), "on") == 0;
    AUTO(buf) struct buf base = {0};

    request_put_base(req, &base);
    response_header(res, "Set-Cookie", "%s=%s; Path=%s/; Max-Age=%d; HttpOnly; SameSite=Strict%s", auth_cookie_name,
                    value, buf_text(&base), seconds, tls ? "; Secure" : "");
}

/* Of one user: whoever has a password could fill the disk with sessions. */
enum { SESSIONS_MAX = 100 };

struct sessions {
    int64_t count, used_ms;
    unsigned char oldest[SECRET_HASH_SIZE]; /* the one that was not used for the longest time */
};

static int look_at_session(const struct token *token, void *context)
{
    struct sessions *s = context;

    if (token->kind != TOKEN_SESSION)
        return 0;
    if (s->count++ == 0 || token->used_ms < s->used_ms) {
        s->used_ms = token->used_ms;
        memcpy(s->oldest, token->hash, sizeof s->oldest);
    }
    return 0;
}

/* The list is walked only when there are enough tokens and sessions together. */
static int make_room(struct store *db, const char *account, struct error *err)
{
    struct sessions s = {0};
    int64_t count;

    if (store_token_count(db, account, &count, err) < 0)
        return -1;
    if (count < SESSIONS_MAX)
        return 0;
    if (store_token_each(db, account, NULL, INT_MAX, look_at_session, &s, err) < 0)
        return -1;
    return s.count < SESSIONS_MAX ? 0 : store_token_delete(db, s.oldest, err);
}

/* What it was begun with may have ended since it was looked at, and would have taken this session with it. */
static int put_session(const struct request *req, const struct context *ctx, struct store *db,
                       const struct token *session, const struct identity *who, struct error *err)
{
    const struct auth_caller caller = {req, ctx->settings, who};
    int result;

    store_guard(db, auth_guard, &caller);
    result = store_begin(db, err);
    if (result == 0)
        result = make_room(db, session->account, err);
    if (result == 0)
        result = store_token_put(db, session, err);
    if (result == 0)
        result = store_commit(db, err);
    store_guard(db, NULL, NULL);
    return result;
}

/* POST /session. 200; 401 unauthorized; 422 session_invalid; 429; 503 no_admin. */
int write_session(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                  struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    struct token session;
    struct identity who = {0};
    char text[SECRET_TOKEN_SIZE];
    int result, seconds;

    if (!body)
        return -1;
    result = check(req, body, ctx, db, &session, &who, err);
    json_free(body);
    audit_by(db, who.name, who.via ? who.via : "");
    if (result < 0)
        return -1;
    seconds = make_session(ctx, &session, text);
    if (put_session(req, ctx, db, &session, &who, err) < 0)
        return -1;
    put_cookie(req, text, seconds, res);
    res->no_store = true;
    json_begin(&res->json, '{');
    json_name(&res->json, "name");
    json_put_string(&res->json, who.name);
    json_name(&res->json, "role");
    json_put_string(&res->json, role_name(who.role));
    json_end(&res->json, '}');
    return 0;
}

/* DELETE /session. 200, also when there was none. */
int write_session_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                         struct error *err)
{
    char text[SECRET_TOKEN_SIZE];
    unsigned char hash[SECRET_HASH_SIZE];
    struct token session;
    bool found;

    (void)ctx;
    put_cookie(req, "", 0, res);
    if (!auth_session_cookie(req, text))
        return 0;
    secret_hash(text, strlen(text), hash);
    if (store_token_get(db, hash, &session, &found, err) < 0)
        return -1;
    if (!found || session.kind != TOKEN_SESSION)
        return 0;
    audit_by(db, session.account, "session");
    if (store_begin(db, err) < 0 || store_token_delete(db, hash, err) < 0)
        return -1;
    return store_commit(db, err);
}
