/* POST /tick, and what the engine needs of this folder for it. */
#include "tick.h"

#include <string.h>

#include "base/text.h"
#include "engine/keeper.h"
#include "engine/tick.h"
#include "handlers.h"
#include "job_body.h"

int tick_read_job(struct engine *e, const char *wish, struct job *out, struct error *err)
{
    struct identity anybody = {.role = ROLE_OPERATOR};
    struct context ctx = {.settings = e->settings, .engine = e, .who = &anybody};
    struct json *body = json_parse(wish, strlen(wish), err);
    struct response faults;
    bool start;
    int result;

    if (!body)
        return -1;
    response_init(&faults, NULL); /* which parameters are wrong: the message tells it too */
    result = job_body_read(body, &ctx, e->store, out, &start, &faults, err);
    response_clear(&faults);
    json_free(body);
    return result;
}

/* POST /tick. 200; 500, 503. */
int write_tick(struct request *req, const struct context *ctx, struct store *db, struct response *res,
               struct error *err)
{
    char next[TEXT_TIME_SIZE] = "";
    struct tick tick;

    (void)db;
    if (engine_tick(ctx->engine, &tick, err) < 0)
        return -1;
    if (tick.next_ms) {
        text_from_time(tick.next_ms, next);
        engine_wake(ctx->engine);
    }
    if (req->format == FORMAT_TEXT) {
        buf_printf(response_text(res, "text/plain"), "%s\n", next);
        return 0;
    }
    json_begin(&res->json, '{');
    json_name(&res->json, "next");
    json_put_string(&res->json, tick.next_ms ? next : NULL);
    json_end(&res->json, '}');
    return 0;
}
