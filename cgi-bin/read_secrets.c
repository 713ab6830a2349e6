/* GET /secrets, /secrets/NAME. Nothing here can open a value. */
#include <stdio.h>

#include "handlers.h"
#include "listing.h"
#include "secrets.h"

static int put_secret(const struct secret *secret, void *context)
{
    struct listing *l = context;

    if (listing_is_full(l))
        return 1;
    snprintf(l->last, sizeof l->last, "%s", secret->name);
    if (l->csv)
        secret_put_csv(secret, &l->res->text);
    else
        secret_put_json(secret, &l->res->json);
    return 0;
}

int read_secrets(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                 struct error *err)
{
    struct secret_filter filter = {.after = request_query(req, "cursor")};
    struct listing l;

    (void)ctx;
    if (listing_begin(req, secret_columns, res, &l, err) < 0 || store_secret_count(db, &res->total, err) < 0)
        return -1;
    filter.limit = (int)l.left + 1;
    if (store_secret_each(db, &filter, put_secret, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return 0;
}

int read_secret(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                struct error *err)
{
    struct secret secret;
    bool found;

    (void)ctx;
    if (store_secret_get(db, request_path(req, "secret"), &secret, &found, err) < 0)
        return -1;
    if (!found)
        return error_set(err, 404, "secret_unknown", "there is no secret of this name");
    secret_put_json(&secret, &res->json);
    return 0;
}
