/* POST and DELETE /session: the admin page's log-in. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"

enum { SESSION_SECONDS = 12 * 3600 };

/* Whose credentials are these? */
static int check(const struct json *body, const struct context *ctx, struct store *db, struct token *session,
                 struct error *err)
{
    const char *user = json_string(json_member(body, "user")), *password = json_string(json_member(body, "password"));
    const char *text = json_string(json_member(body, "token"));
    int64_t now_ms = ctx->engine->now_ms;
    enum role role;

    if (text) {
        struct token token;

        if (auth_check_token(db, now_ms, text, TOKEN_API, &token, err) < 0)
            return -1;
        *session = token;
        return 0;
    }
    if (!user || !password || strlen(user) >= sizeof session->account)
        return error_set(err, 422, "session_invalid", "log in with {\"user\",\"password\"} or {\"token\"}");
    if (auth_check_password(db, ctx->settings, now_ms, user, password, &role, err) < 0)
        return -1;
    strcpy(session->account, user);
    session->role = role;
    return 0;
}

/* The browser compares the path with that of its URLs, in which a space is %20. */
static void put_cookie(const struct request *req, const char *value, int seconds, struct response *res)
{
    const char *https = getenv("HTTPS");
    AUTO(buf) struct buf base = {0};

    request_put_base(req, &base);
    response_header(res, "Set-Cookie", "%s=%s; Path=%s/; Max-Age=%d; HttpOnly; SameSite=Strict%s", auth_cookie_name,
                    value, buf_text(&base), seconds, https && strcmp(https, "on") == 0 ? "; Secure" : "");
}

/* POST /session. 200; 401 unauthorized; 422 session_invalid. */
int write_session(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                  struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    struct token session = {0};
    char text[SECRET_TOKEN_SIZE];
    int result;

    if (!body)
        return -1;
    result = check(body, ctx, db, &session, err);
    json_free(body);
    if (result < 0)
        return -1;
    secret_token(text);
    secret_hash(text, strlen(text), session.hash);
    session.kind = TOKEN_SESSION;
    session.created_ms = ctx->engine->now_ms;
    session.expires_ms = session.created_ms + SESSION_SECONDS * 1000LL;
    if (store_begin(db, err) < 0 || store_token_put(db, &session, err) < 0 || store_commit(db, err) < 0)
        return -1;
    put_cookie(req, text, SESSION_SECONDS, res);
    json_begin(&res->json, '{');
    json_name(&res->json, "name");
    json_put_string(&res->json, session.account);
    json_name(&res->json, "role");
    json_put_string(&res->json, role_name((enum role)session.role));
    json_end(&res->json, '}');
    return 0;
}

/* DELETE /session. 200, also when there was none. */
int write_session_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                         struct error *err)
{
    char text[SECRET_TOKEN_SIZE];
    unsigned char hash[SECRET_HASH_SIZE];

    (void)ctx;
    put_cookie(req, "", 0, res);
    if (!auth_session_cookie(text))
        return 0;
    secret_hash(text, strlen(text), hash);
    if (store_begin(db, err) < 0 || store_token_delete(db, hash, err) < 0)
        return -1;
    return store_commit(db, err);
}
