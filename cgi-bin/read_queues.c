/* GET /queues, /queues/NAME. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"
#include "listing.h"
#include "queues.h"

/* A page of queues, gathered before they are counted: one list is read at a time. */
struct page {
    struct queue *queues;
    int count;
};

static int gather(const struct queue *queue, void *context)
{
    struct page *p = context;

    p->queues[p->count++] = *queue;
    return 0;
}

static int put_page(const struct store *db, const struct page *p, bool counted, struct listing *l, struct error *err)
{
    for (int i = 0; i < p->count && !listing_is_full(l); i++) {
        AUTO(queue_view) struct queue_view view = {0};

        if (queue_view_fill(db, &p->queues[i], counted, &view, err) < 0)
            return -1;
        memcpy(l->last, view.queue.name, sizeof view.queue.name);
        if (l->csv)
            queue_put_csv(&view, &l->res->text);
        else
            queue_put_json(&view, &l->res->json);
    }
    return 0;
}

int read_queues(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                struct error *err)
{
    struct page page = {0};
    struct listing l;
    int result;

    if (listing_begin(req, queue_columns, res, &l, err) < 0 || store_queue_count(db, &res->total, err) < 0)
        return -1;
    page.queues = calloc((size_t)l.left + 1, sizeof *page.queues);
    if (!page.queues)
        return error_set(err, 500, "internal", "the server ran out of memory");
    result = store_queue_each(db, request_query(req, "cursor"), (int)l.left + 1, gather, &page, err);
    if (result == 0)
        result = put_page(db, &page, !ctx->who->grant.limited, &l, err);
    free(page.queues);
    if (result == 0 && l.more)
        response_next(res, req, l.last);
    return result;
}

int read_queue(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
               struct error *err)
{
    AUTO(queue_view) struct queue_view view = {0};
    struct queue queue;
    bool found;

    if (store_queue_get(db, request_path(req, "queue"), &queue, &found, err) < 0)
        return -1;
    if (!found)
        return error_set(err, 404, "queue_unknown", "there is no queue of this name");
    if (queue_view_fill(db, &queue, !ctx->who->grant.limited, &view, err) < 0)
        return -1;
    queue_put_json(&view, &res->json);
    return 0;
}
