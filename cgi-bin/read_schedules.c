/* GET /schedules, /schedules/ID. */
#include <stdio.h>

#include "engine/schedules.h"
#include "handlers.h"
#include "listing.h"
#include "store/schedules.h"

enum { NEXT_TIMES = 5 };

void schedule_answer(const struct schedule *s, struct response *res)
{
    struct error problem = {0};
    struct zone *zone = NULL;
    struct cron cron;
    bool readable = schedule_read(s, &cron, &zone, &problem) == 0;

    schedule_put_json(s, readable ? &cron : NULL, zone, NEXT_TIMES, &res->json);
    zone_free(zone);
}

static int put_schedule(const struct schedule *s, void *context)
{
    struct listing *l = context;

    if (listing_is_full(l))
        return 1;
    snprintf(l->last, sizeof l->last, "%s", s->id);
    if (l->csv)
        schedule_put_csv(s, &l->res->text);
    else
        schedule_answer(s, l->res);
    return 0;
}

int read_schedules(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                   struct error *err)
{
    const struct grant *grant = &ctx->who->grant;
    struct listing l;

    if (listing_begin(req, schedule_columns, res, &l, err) < 0 ||
        store_schedule_count(db, grant, &res->total, err) < 0 ||
        store_schedule_each(db, grant, request_query(req, "cursor"), (int)l.left + 1, put_schedule, &l, err) < 0)
        return -1;
    if (l.more)
        response_next(res, req, l.last);
    return 0;
}

int read_schedule(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                  struct error *err)
{
    struct schedule s;

    if (store_schedule_get(db, request_path(req, "schedule"), &ctx->who->grant, &s, err) < 0)
        return -1;
    schedule_answer(&s, res);
    schedule_clear(&s);
    return 0;
}
