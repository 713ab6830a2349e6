/* PUT and DELETE /workers/NAME. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"
#include "worker/worker.h"

/* Is one of the tags that of the worker's code, or of what is told of it? */
static bool names_worker(const char *tags, const struct worker *now, bool weak)
{
    char code[WORKER_SHA256_SIZE + 2], all[WORKER_SHA256_SIZE + 24];

    snprintf(code, sizeof code, "\"%s\"", now->sha256);
    snprintf(all, sizeof all, "\"%s-%lld\"", now->sha256, (long long)now->version);
    return request_tag_matches(tags, code, weak) || request_tag_matches(tags, all, weak);
}

/* If-Match guards a change that the caller has not seen (RFC 9110 section 13.1.1); If-None-Match: * wants a new one. */
static int check_preconditions(const struct request *req, const struct worker *now, struct error *err)
{
    const char *match = request_header(req, "IF_MATCH"), *none = request_header(req, "IF_NONE_MATCH");

    if (match && (!now->version || !names_worker(match, now, false)))
        return error_set(err, 412, "worker_changed", "the worker was changed by somebody else meanwhile");
    if (none && now->version && names_worker(none, now, true))
        return error_set(err, 412, "worker_exists", "there is a worker of this name already");
    return 0;
}

/* The worker as it is now; version 0 when there is none. */
static int load(const struct store *db, const char *name, struct worker *now, struct error *err)
{
    struct error unknown = {0};

    if (store_worker_get(db, name, 0, false, now, &unknown) == 0 || unknown.status == 404)
        return 0;
    *err = unknown;
    return -1;
}

/* Fills w from the request; takes the body. */
static int build(struct request *req, const struct context *ctx, struct worker *w, struct error *err)
{
    char type[64];

    if (req->body.size == 0)
        return error_set(err, 422, "worker_empty", "the source of a worker is the body, and this one is empty");
    request_content_type(req, type, sizeof type);
    snprintf(w->name, sizeof w->name, "%s", request_path(req, "name"));
    snprintf(w->author, sizeof w->author, "%s", ctx->who->name);
    w->modified_ms = ctx->engine->now_ms;
    w->size = (int64_t)req->body.size;
    w->kind = worker_kind_of(type, req->body.data, req->body.size);
    secret_sha256(req->body.data, req->body.size, w->sha256);
    w->code = buf_take(&req->body);
    return w->code ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* Compiles or checks, and asks the worker what it is for. */
static int examine(const struct context *ctx, struct worker *w, struct response *res, struct error *err)
{
    struct worker_place place = {ctx->settings, ctx->engine->app_folder};
    char path[PATH_MAX];

    if (worker_make_files(&place, w, path, sizeof path, &res->json, err) < 0)
        return -1;
    return worker_describe(&place, w, path, err);
}

/* PUT /workers/NAME. 201 new, 200 changed or the same; 412; 422 worker_broken and others. The slow part, compiling, is
 * done before the transaction: nobody waits for it. */
int write_worker(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                 struct error *err)
{
    AUTO(worker) struct worker now = {0}, w = {0};

    if (load(db, request_path(req, "name"), &now, err) < 0 || check_preconditions(req, &now, err) < 0 ||
        build(req, ctx, &w, err) < 0)
        return -1;
    if (now.version && strcmp(now.sha256, w.sha256) == 0 && now.kind == w.kind) {
        response_header(res, "ETag", "\"%s\"", now.sha256);
        worker_put_json(&now, &res->json);
        return 0;
    }
    if (examine(ctx, &w, res, err) < 0)
        return -1;
    worker_clear(&now);
    if (store_begin(db, err) < 0 || load(db, w.name, &now, err) < 0 || check_preconditions(req, &now, err) < 0)
        return -1;
    res->status = now.version ? 200 : 201; /* before the commit, which takes it along into the audit trail */
    if (store_worker_put(db, &w, err) < 0 || store_commit(db, err) < 0)
        return -1;
    w.created_ms = now.version ? now.created_ms : w.modified_ms;
    if (!now.version)
        response_location(res, req, "/workers/%s", w.name);
    response_header(res, "ETag", "\"%s\"", w.sha256);
    worker_put_json(&w, &res->json);
    return 0;
}

/* DELETE /workers/NAME. 200; 404 worker_unknown; 412. */
int write_worker_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                        struct error *err)
{
    AUTO(worker) struct worker now = {0};

    (void)ctx;
    if (store_begin(db, err) < 0 || store_worker_get(db, request_path(req, "name"), 0, false, &now, err) < 0 ||
        check_preconditions(req, &now, err) < 0 || store_worker_delete(db, now.name, err) < 0 ||
        store_commit(db, err) < 0)
        return -1;
    worker_put_json(&now, &res->json);
    return 0;
}
