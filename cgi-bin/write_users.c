/* POST, PUT and DELETE of /users and /tokens; and what everybody may do to his own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "body.h"
#include "handlers.h"
#include "password.h"
#include "users.h"

static int read_role(const struct json *given, enum role *role, const char *code, struct error *err)
{
    const char *name = json_string(given);

    *role = ROLE_NONE;
    if (!given)
        return 0;
    *role = name ? role_from_name(name) : ROLE_NONE;
    return *role ? 0 : error_set(err, 422, code, "`role` must be viewer, operator, developer or admin");
}

/* -- users -- */

static int read_change(const struct json *body, struct user_change *change, struct grant *grant, struct error *err)
{
    const struct json *workers = json_member(body, "workers"), *disabled = json_member(body, "disabled"),
                      *password = json_member(body, "password");

    *change = (struct user_change){.disabled = -1, .grant = workers ? grant : NULL};
    if (read_role(json_member(body, "role"), &change->role, "user_invalid", err) < 0 ||
        body_read_grant(workers, grant, "user_invalid", err) < 0)
        return -1;
    if (disabled && json_type(disabled) != JSON_BOOL)
        return error_set(err, 422, "user_invalid", "`disabled` must be true or false");
    if (disabled)
        change->disabled = json_is_true(disabled);
    if (password && json_type(password) != JSON_NULL && !json_string(password))
        return error_set(err, 422, "user_invalid", "`password` must be a text, or null for none");
    if (password)
        change->password = json_string(password) ? json_string(password) : "";
    return 0;
}

static int add_user(const struct json *body, const struct context *ctx, struct store *db, struct account *account,
                    struct error *err)
{
    const char *name = json_string(json_member(body, "name"));
    struct user_change change;
    struct grant grant;

    if (body_check_members(body, "name role password workers disabled", "user_invalid", err) < 0 ||
        read_change(body, &change, &grant, err) < 0)
        return -1;
    return users_add(db, ctx->engine->now_ms, name ? name : "", &change, account, err);
}

/* POST /users. 201; 409 user_exists; 422 user_invalid, password_weak. */
int write_user(struct request *req, const struct context *ctx, struct store *db, struct response *res,
               struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    struct account account;
    int result;

    if (!body)
        return -1;
    res->status = 201;
    result = add_user(body, ctx, db, &account, err);
    json_free(body);
    if (result < 0)
        return -1;
    response_location(res, req, "/users/%s", account.name);
    user_put_json(&account, &res->json);
    return 0;
}

static int change_user(const struct json *body, const char *name, struct store *db, struct account *account,
                       struct error *err)
{
    struct user_change change;
    struct grant grant;

    if (body_check_members(body, "role password workers disabled", "user_invalid", err) < 0 ||
        read_change(body, &change, &grant, err) < 0)
        return -1;
    return users_change(db, name, &change, account, err);
}

/* PUT /users/NAME: what is named changes. 200; 404; 409 last_admin; 422 user_invalid, password_weak. */
int write_user_change(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                      struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    struct account account;
    int result;

    (void)ctx;
    if (!body)
        return -1;
    result = change_user(body, request_path(req, "user"), db, &account, err);
    json_free(body);
    if (result == 0)
        user_put_json(&account, &res->json);
    return result;
}

/* DELETE /users/NAME. 200; 404; 409 last_admin. */
int write_user_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                      struct error *err)
{
    (void)ctx, (void)res;
    return users_delete(db, request_path(req, "user"), err);
}

static int change_own_password(const struct request *req, const struct json *body, const struct context *ctx,
                               struct store *db, struct error *err)
{
    const char *old = json_string(json_member(body, "old")), *new = json_string(json_member(body, "new"));
    struct user_change change = {.disabled = -1, .password = new, .keeps = ctx->who->has_token ? ctx->who->hash : NULL};
    struct account account;

    if (body_check_members(body, "old new", "password_invalid", err) < 0)
        return -1;
    if (!old || !new || !*new)
        return error_set(err, 422, "password_invalid", "send {\"old\",\"new\"}, both texts");
    if (password_check(request_variable(req, "REMOTE_ADDR"), db, ctx->settings, ctx->engine->now_ms, ctx->who->name,
                       old, &account, err) < 0) {
        if (err->status == 401) /* who calls is known: it is the old password that is wrong */
            error_set(err, 403, "password_wrong", "the old password is another one");
        return -1;
    }
    return users_change(db, ctx->who->name, &change, &account, err);
}

/* PUT /me/password. 200; 403 password_wrong; 422 password_invalid, password_weak; 429. The other sessions end. */
int write_own_password(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                       struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    int result;

    (void)res;
    if (!body)
        return -1;
    result = change_own_password(req, body, ctx, db, err);
    json_free(body);
    return result;
}

/* -- tokens -- */

static int read_expiry(const struct json *given, struct token *token, struct error *err)
{
    const char *text = json_string(given);

    if (!given || json_type(given) == JSON_NULL)
        return 0;
    if (!text || text_to_time(text, &token->expires_ms) < 0)
        return error_set(err, 422, "token_invalid", "`expires` must be null or a time such as 2026-11-24T03:43:00Z");
    return 0;
}

static int read_token(const struct json *body, const struct context *ctx, struct token *token, struct error *err)
{
    const struct json *user = json_member(body, "user"), *name = json_member(body, "name");
    enum role role;

    if (body_check_members(body, "user name role workers addresses expires", "token_invalid", err) < 0)
        return -1;
    if ((user && (!json_string(user) || strlen(json_string(user)) >= sizeof token->account)) ||
        (name && (!json_string(name) || strlen(json_string(name)) >= sizeof token->name)))
        return error_set(err, 422, "token_invalid", "`user` and `name` must be texts of 64 and 100 bytes at most");
    snprintf(token->account, sizeof token->account, "%s", user ? json_string(user) : ctx->who->name);
    snprintf(token->name, sizeof token->name, "%s", name ? json_string(name) : "");
    if (read_role(json_member(body, "role"), &role, "token_invalid", err) < 0 ||
        body_read_grant(json_member(body, "workers"), &token->grant, "token_invalid", err) < 0)
        return -1;
    token->role = role;
    if (body_read_words(json_member(body, "addresses"), token->addresses, sizeof token->addresses) < 0)
        return error_set(err, 422, "token_invalid", "`addresses` must be null or a list of networks");
    return read_expiry(json_member(body, "expires"), token, err);
}

/* POST /tokens. 201; 422 token_invalid, user_unknown. */
int write_token(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    struct token token = {0};
    char text[TOKEN_TEXT_SIZE];
    int result;

    if (!body)
        return -1;
    res->status = 201;
    result = read_token(body, ctx, &token, err);
    json_free(body);
    if (result < 0 || tokens_create(db, ctx->engine->now_ms, &token, text, err) < 0)
        return -1;
    res->no_store = true;
    if (req->format == FORMAT_TEXT)
        buf_printf(response_text(res, "text/plain"), "%s\n", text);
    else
        token_put_json(&token, text, &res->json);
    return 0;
}

/* DELETE /tokens/ID: a token or a session of anybody's. 200; 404 token_unknown. */
int write_token_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                       struct error *err)
{
    (void)ctx, (void)res;
    return tokens_revoke(db, request_path(req, "token"), NULL, err);
}

/* DELETE /me/tokens/ID: one of the caller's. 200; 404 token_unknown. */
int write_own_token_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                           struct error *err)
{
    (void)res;
    return tokens_revoke(db, request_path(req, "token"), ctx->who->name, err);
}

/* DELETE /me/sessions: logs out everywhere, here too. 200. */
int write_own_sessions_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                              struct error *err)
{
    (void)req, (void)res;
    if (store_begin(db, err) < 0 || store_token_end_sessions(db, ctx->who->name, NULL, err) < 0)
        return -1;
    return store_commit(db, err);
}
