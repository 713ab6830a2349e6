/* POST /jobs/ID/log, /jobs/ID/response, /jobs/ID/report. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"

enum { LINES_MAX = 10000 }; /* of one application/x-ndjson body */

static int put_count(struct response *res, size_t count)
{
    json_begin(&res->json, '{');
    json_name(&res->json, "appended");
    json_put_int(&res->json, (long long)count);
    json_end(&res->json, '}');
    return 0;
}

/* The lines of a body of application/x-ndjson: JSON texts, or objects with a `message`. They keep the trees that the
 * entries borrow their bytes from. */
struct lines {
    struct json *trees[LINES_MAX];
    struct entry entries[LINES_MAX];
    size_t count;
};

static void lines_free(struct lines *l)
{
    for (size_t i = 0; l && i < l->count; i++)
        json_free(l->trees[i]);
    free(l);
}

static int read_line(struct lines *l, const char *text, size_t size, const struct entry *model, struct error *err)
{
    const struct json *message;

    if (l->count == LINES_MAX)
        return error_set(err, 413, "body_too_large", "one request may append at most %d entries", LINES_MAX);
    l->trees[l->count] = json_parse(text, size, err);
    if (!l->trees[l->count])
        return -1;
    message = l->trees[l->count++];
    if (json_type(message) == JSON_OBJECT)
        message = json_member(message, "message");
    if (!json_string(message))
        return error_set(err, 422, "entry_invalid", "line %zu is neither a text nor an object with a `message`",
                         l->count);
    l->entries[l->count - 1] = *model;
    l->entries[l->count - 1].bytes = json_string(message);
    l->entries[l->count - 1].size = strlen(json_string(message));
    return 0;
}

static int append_lines(struct request *req, const struct context *ctx, enum entry_kind kind, const struct entry *model,
                        struct response *res, struct error *err)
{
    struct lines *l = calloc(1, sizeof *l);
    const char *p = buf_text(&req->body), *end = p + req->body.size;
    int result = l ? 0 : error_errno(err, "memory");

    while (result == 0 && p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t size = (size_t)((newline ? newline : end) - p);

        if (size > 0 && !(size == 1 && *p == '\r'))
            result = read_line(l, p, size, model, err);
        p += size + 1;
    }
    if (result == 0)
        result = engine_append(ctx->engine, request_path(req, "id"), kind, l->entries, l->count, err);
    if (result == 0)
        put_count(res, l->count);
    lines_free(l);
    return result;
}

static int append(struct request *req, const struct context *ctx, enum entry_kind kind, struct response *res,
                  struct error *err)
{
    struct entry entry = {.time_ms = ctx->engine->now_ms, .stream = STREAM_API};
    char type[64];

    request_content_type(req, type, sizeof type);
    if (strcmp(type, "multipart/form-data") == 0)
        return error_set(err, 415, "type_unknown", "the body is the entry itself: send it without a form");
    res->status = 201;
    if (strcmp(type, "application/x-ndjson") == 0)
        return append_lines(req, ctx, kind, &entry, res, err);
    entry.bytes = buf_text(&req->body);
    entry.size = req->body.size;
    if (engine_append(ctx->engine, request_path(req, "id"), kind, &entry, 1, err) < 0)
        return -1;
    return put_count(res, 1);
}

/* POST /jobs/ID/log. 201; 404; 413; 422 entry_invalid. */
int write_log(struct request *req, const struct context *ctx, struct store *db, struct response *res, struct error *err)
{
    (void)db;
    return append(req, ctx, ENTRY_LOG, res, err);
}

/* POST /jobs/ID/response. As the log. */
int write_response(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                   struct error *err)
{
    (void)db;
    return append(req, ctx, ENTRY_RESPONSE, res, err);
}

/* POST /jobs/ID/report, for the runner. 200 and what is wanted of it; 400 report_malformed; 409 job_over, lease_lost; 415. */
int write_report(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                 struct error *err)
{
    const char *wanted;
    char type[64];

    (void)db;
    request_content_type(req, type, sizeof type);
    if (strcmp(type, "application/x-jobjoker-report") != 0)
        return error_set(err, 415, "type_unknown", "a report has the type application/x-jobjoker-report");
    if (engine_report(ctx->engine, request_path(req, "id"), ctx->who->hash, buf_text(&req->body), req->body.size,
                      &wanted, err) < 0)
        return -1;
    if (req->format == FORMAT_TEXT) {
        buf_printf(response_text(res, "text/plain"), "%s\n", wanted);
        return 0;
    }
    json_begin(&res->json, '{');
    json_name(&res->json, "wanted");
    json_put_string(&res->json, wanted);
    json_end(&res->json, '}');
    return 0;
}
