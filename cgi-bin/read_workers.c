/* GET /workers, /workers/NAME, /workers/NAME/code. */
#include <string.h>

#include "base/cleanup.h"
#include "base/csv.h"
#include "base/text.h"
#include "handlers.h"
#include "worker/worker.h"

struct listing {
    struct response *res;
    bool csv;
    int64_t left; /* of the page; the one after it shows that there is a next page */
    char last[JOB_WORKER_SIZE];
    bool more;
};

static int put_worker(const struct worker *w, void *context)
{
    struct listing *l = context;

    if (l->left-- == 0 || l->res->data.size + l->res->text.size > RESPONSE_PAGE_MAX) {
        l->more = true;
        return 1;
    }
    memcpy(l->last, w->name, sizeof l->last);
    if (l->csv)
        worker_put_csv(w, &l->res->text);
    else
        worker_put_json(w, &l->res->json);
    return 0;
}

int read_workers(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                 struct error *err)
{
    struct listing l = {.res = res, .csv = req->format == FORMAT_CSV};
    const char *cursor = request_query(req, "cursor");

    if (request_query_int(req, "limit", 1, 1000, 50, &l.left, err) < 0)
        return -1;
    if (cursor && !text_is_name(cursor))
        return error_set(err, 400, "bad_parameter", "this is no cursor of this list");
    if (l.csv) {
        struct csv_writer w = {.out = response_text(res, "text/csv")};

        csv_header(&w, worker_columns);
    }
    if (store_worker_count(db, &ctx->who->grant, &res->total, err) < 0 ||
        store_worker_each(db, &ctx->who->grant, cursor, (int)l.left + 1, put_worker, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return 0;
}

int read_worker(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                struct error *err)
{
    AUTO(worker) struct worker w = {0};

    (void)ctx;
    if (store_worker_get(db, request_path(req, "name"), 0, false, &w, err) < 0)
        return -1;
    /* All that is told of a worker changes with its version, but its code with its hash alone. */
    response_header(res, "ETag", "\"%s-%lld\"", w.sha256, (long long)w.version);
    worker_put_json(&w, &res->json);
    return 0;
}

int read_worker_code(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                     struct error *err)
{
    AUTO(worker) struct worker w = {0};

    (void)ctx;
    if (store_worker_get(db, request_path(req, "name"), 0, true, &w, err) < 0)
        return -1;
    response_header(res, "ETag", "\"%s\"", w.sha256);
    buf_put(response_text(res, "text/plain"), w.code, (size_t)w.size);
    return 0;
}
