/* PUT and DELETE /secrets/NAME. */
#include <string.h>

#include "body.h"
#include "engine/vault.h"
#include "handlers.h"
#include "secrets.h"

static int read_way(const struct json *given, int *as_file, struct error *err)
{
    const char *way = json_string(given);

    *as_file = -1;
    if (!given)
        return 0;
    for (int i = 0; way && i < 2; i++) {
        if (strcmp(way, secret_way_name(i)) == 0)
            return *as_file = i, 0;
    }
    return error_set(err, 422, "secret_invalid", "`as` must be \"environment\" or \"file\"");
}

/* What it says is borrowed from the body. */
static int read_change(const struct json *body, struct vault_change *change, struct grant *grant, struct error *err)
{
    const struct json *value = json_member(body, "value"), *workers = json_member(body, "workers");

    if (body_check_members(body, "value workers as", "secret_invalid", err) < 0 ||
        body_read_grant(workers, grant, "secret_invalid", err) < 0 ||
        read_way(json_member(body, "as"), &change->as_file, err) < 0)
        return -1;
    if (value && !json_string(value))
        return error_set(err, 422, "secret_invalid", "`value` must be a text");
    change->value = json_string(value);
    change->size = change->value ? strlen(change->value) : 0;
    change->grant = workers ? grant : NULL;
    return 0;
}

/* PUT /secrets/NAME: what is named changes. 201, 200; 409 secret_conflict, secrets_full; 422 secret_invalid. */
int write_secret(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                 struct error *err)
{
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    struct vault_change change = {.who = ctx->who->name};
    struct secret secret;
    struct grant grant;
    bool is_new = false;
    int result;

    if (!body)
        return -1;
    result = read_change(body, &change, &grant, err);
    if (result == 0)
        result = store_begin(db, err);
    if (result == 0)
        result = vault_put(db, ctx->settings, ctx->engine->now_ms, request_path(req, "secret"), &change, &secret,
                           &is_new, err);
    json_free(body);
    if (result < 0)
        return -1;
    res->status = is_new ? 201 : 200; /* before the commit, which takes it along into the audit trail */
    if (store_commit(db, err) < 0)
        return -1;
    if (is_new)
        response_location(res, req, "/secrets/%s", secret.name);
    secret_put_json(&secret, &res->json);
    return 0;
}

/* DELETE /secrets/NAME. 200; 404 secret_unknown. */
int write_secret_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                        struct error *err)
{
    (void)ctx, (void)res;
    return vault_delete(db, request_path(req, "secret"), err);
}
