/* GET /jobs/ID/deliveries. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"
#include "listing.h"
#include "store/deliveries.h"

static int put_delivery(const struct delivery *d, void *context)
{
    struct listing *l = context;

    if (listing_is_full(l))
        return 1;
    memcpy(l->last, d->id, sizeof d->id);
    if (l->csv)
        delivery_put_csv(d, &l->res->text);
    else
        delivery_put_json(d, &l->res->json);
    return 0;
}

/* GET /jobs/ID/deliveries. 200; 400 bad_parameter; 404 job_unknown. */
int read_deliveries(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                    struct error *err)
{
    AUTO(job) struct job job = {0};
    struct listing l;

    (void)ctx;
    if (listing_begin(req, delivery_columns, res, &l, err) < 0 ||
        store_job_get(db, request_path(req, "id"), &job, err) < 0 ||
        store_delivery_count(db, job.number, &res->total, err) < 0 ||
        store_delivery_each(db, job.number, request_query(req, "cursor"), (int)l.left + 1, put_delivery, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return 0;
}
