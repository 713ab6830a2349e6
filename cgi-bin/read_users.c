/* GET /users, /users/NAME, /tokens, /me/tokens. */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "listing.h"
#include "users.h"

static int put_user(const struct account *account, void *context)
{
    struct listing *l = context;

    if (listing_is_full(l))
        return 1;
    snprintf(l->last, sizeof l->last, "%s", account->name);
    if (l->csv)
        user_put_csv(account, &l->res->text);
    else
        user_put_json(account, &l->res->json);
    return 0;
}

int read_users(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
               struct error *err)
{
    struct listing l;

    (void)ctx;
    if (listing_begin(req, user_columns, res, &l, err) < 0 || store_account_count(db, &res->total, err) < 0 ||
        store_account_each(db, request_query(req, "cursor"), (int)l.left + 1, put_user, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return 0;
}

int read_user(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
              struct error *err)
{
    struct account account;
    bool found;

    (void)ctx;
    if (store_account_get(db, request_path(req, "user"), &account, &found, err) < 0)
        return -1;
    if (!found)
        return error_set(err, 404, "user_unknown", "there is no user of this name");
    user_put_json(&account, &res->json);
    return 0;
}

static int put_token(const struct token *token, void *context)
{
    struct listing *l = context;

    if (listing_is_full(l))
        return 1;
    token_id(token, l->last);
    if (l->csv)
        token_put_csv(token, &l->res->text);
    else
        token_put_json(token, NULL, &l->res->json);
    return 0;
}

static int list_tokens(const struct request *req, const char *user, const struct store *db, struct response *res,
                       struct error *err)
{
    const char *cursor = request_query(req, "cursor");
    struct listing l;

    if (cursor && (strlen(cursor) != TOKEN_ID_SIZE - 1 || cursor[strspn(cursor, "0123456789abcdef")]))
        return error_set(err, 400, "bad_parameter", "this is no cursor of this list");
    if (listing_begin(req, token_columns, res, &l, err) < 0 || store_token_count(db, user, &res->total, err) < 0 ||
        store_token_each(db, user, cursor, (int)l.left + 1, put_token, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return 0;
}

int read_tokens(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                struct error *err)
{
    (void)ctx;
    return list_tokens(req, request_query(req, "user"), db, res, err);
}

int read_own_tokens(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                    struct error *err)
{
    return list_tokens(req, ctx->who->name, db, res, err);
}
