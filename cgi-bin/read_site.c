/* GET / and /me. */
#include <stdio.h>

#include "handlers.h"

int read_root(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
              struct error *err)
{
    (void)ctx, (void)db, (void)err;
    res->status = 303;
    response_location(res, req, "/htdocs/");
    return 0;
}

int read_me(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
            struct error *err)
{
    (void)db, (void)err;
    if (req->format == FORMAT_TEXT) {
        buf_printf(response_text(res, "text/plain"), "%s\n", ctx->who->name);
        return 0;
    }
    json_begin(&res->json, '{');
    json_name(&res->json, "name");
    json_put_string(&res->json, ctx->who->name);
    json_name(&res->json, "role");
    json_put_string(&res->json, role_name(ctx->who->role));
    json_name(&res->json, "via");
    json_put_string(&res->json, ctx->who->via);
    json_name(&res->json, "workers");
    json_put_words(&res->json, ctx->who->grant.limited ? ctx->who->grant.workers : NULL);
    json_name(&res->json, "in_person");
    json_put_bool(&res->json, ctx->who->in_person);
    json_end(&res->json, '}');
    return 0;
}
