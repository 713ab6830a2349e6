/* POST /jobs/ID/deliveries/ID/retry. */
#include "base/cleanup.h"
#include "engine/tell.h"
#include "handlers.h"
#include "store/deliveries.h"

/* POST /jobs/ID/deliveries/ID/retry. 200; 404 job_unknown, delivery_unknown; 409 delivery_waiting. */
int write_delivery_retry(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                         struct error *err)
{
    AUTO(job) struct job job = {0};
    struct delivery d;

    if (store_begin(db, err) < 0 || store_job_get(db, request_path(req, "id"), &job, err) < 0 ||
        store_delivery_get(db, job.number, request_path(req, "delivery"), &d, err) < 0 ||
        store_delivery_again(db, &d, ctx->engine->now_ms, err) < 0 || store_commit(db, err) < 0)
        return -1;
    tell_wake(ctx->engine);
    delivery_put_json(&d, &res->json);
    return 0;
}
