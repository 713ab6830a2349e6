/* GET /cron: an expression in words, and its times, for who is writing one. Reads nothing of the store. */
#include "base/text.h"
#include "handlers.h"
#include "job/cron.h"

enum { COUNT_PRESET = 5, COUNT_MAX = 100 };

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_words(const struct cron *c, const char *zone_name, struct json_writer *w)
{
    struct buf words = {0};

    cron_describe(c, zone_name, &words);
    put_text(w, "description", buf_text(&words));
    buf_clear(&words);
}

static void put_times(const struct cron *c, const struct zone *zone, int64_t from_ms, int64_t count,
                      struct json_writer *w)
{
    char text[TEXT_TIME_SIZE];

    json_name(w, "next");
    json_begin(w, '[');
    for (int64_t i = 0; i < count && cron_next(c, zone, from_ms, &from_ms); i++) {
        text_from_time(from_ms, text);
        json_put_string(w, text);
    }
    json_end(w, ']');
}

/* GET /cron. 200; 400 bad_parameter; 422 cron_invalid, zone_unknown. */
int read_cron_times(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                    struct error *err)
{
    const char *expression = request_query(req, "expression"), *zone_name = request_query(req, "zone");
    struct cron cron;
    struct zone *zone;
    int64_t from_ms, count;

    (void)db;
    if (!expression)
        return error_set(err, 400, "bad_parameter", "say which `expression`, such as 30 2 * * 1-5");
    if (request_query_time(req, "from", &from_ms, err) < 0 ||
        request_query_int(req, "count", 0, COUNT_MAX, COUNT_PRESET, &count, err) < 0 ||
        cron_parse(expression, &cron, err) < 0)
        return -1;
    zone_name = zone_name ? zone_name : "UTC";
    zone = zone_load(zone_name, err);
    if (!zone)
        return -1;
    json_begin(&res->json, '{');
    put_text(&res->json, "cron", expression);
    put_text(&res->json, "zone", zone_name);
    put_words(&cron, zone_name, &res->json);
    put_times(&cron, zone, from_ms ? from_ms : ctx->engine->now_ms, count, &res->json);
    json_end(&res->json, '}');
    zone_free(zone);
    return 0;
}
