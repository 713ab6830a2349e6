/* POST /schedules; PUT and DELETE /schedules/ID. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "body.h"
#include "engine/keeper.h"
#include "engine/schedules.h"
#include "handlers.h"
#include "job_body.h"
#include "store/audit.h"
#include "store/schedules.h"

enum { TIMES_IN_WINDOW_MAX = 1000 };
static const double YEAR_S = 366 * 86400.0, DAY_S = 86400;

static int wrong(struct error *err, const char *sentence)
{
    return error_set(err, 422, "schedule_invalid", "%s", sentence);
}

/* -- members -- */

static int replace(char **text, char *with, struct error *err)
{
    if (!with)
        return error_set(err, 500, "internal", "the server ran out of memory");
    free(*text);
    *text = with;
    return 0;
}

static int read_name(const struct json *given, struct schedule *s, struct error *err)
{
    const char *name = json_string(given);

    if (json_type(given) == JSON_NULL) {
        free(s->name);
        s->name = NULL;
        return 0;
    }
    if (!name || !*name || strlen(name) > JOB_NAME_MAX)
        return wrong(err, "`name` must be a text of 1 to 200 bytes");
    return replace(&s->name, strdup(name), err);
}

static int read_cron(const struct json *given, struct schedule *s, struct error *err)
{
    struct cron cron;

    if (!json_string(given))
        return wrong(err, "`cron` must be a text such as \"30 2 * * 1-5\"");
    if (cron_parse(json_string(given), &cron, err) < 0)
        return -1;
    snprintf(s->cron, sizeof s->cron, "%s", json_string(given));
    return 0;
}

static int read_zone(const struct json *given, struct schedule *s, struct error *err)
{
    const char *name = json_string(given);
    struct zone *zone;

    if (!name || strlen(name) >= sizeof s->zone)
        return wrong(err, "`zone` must be the name of a time zone such as \"Europe/Vienna\"");
    zone = zone_load(name, err);
    if (!zone)
        return -1;
    zone_free(zone);
    snprintf(s->zone, sizeof s->zone, "%s", name);
    return 0;
}

static int read_enabled(const struct json *given, struct schedule *s, struct error *err)
{
    if (json_type(given) != JSON_BOOL)
        return wrong(err, "`enabled` must be true or false");
    s->enabled = json_is_true(given);
    return 0;
}

static int read_overlap(const struct json *given, struct schedule *s, struct error *err)
{
    if (!json_string(given) || schedule_overlap_from_name(json_string(given), &s->overlap) < 0)
        return wrong(err, "`overlap` must be \"allow\", \"skip\" or \"queue\"");
    return 0;
}

static int read_catch_up(const struct json *given, struct schedule *s, struct error *err)
{
    if (!json_string(given) || schedule_catch_up_from_name(json_string(given), &s->catch_up) < 0)
        return wrong(err, "`catch_up` must be \"none\", \"last\" or \"all\"");
    return 0;
}

static int read_seconds(const struct json *given, double most, int64_t *out_ms)
{
    double seconds = json_number(given);

    if (json_type(given) != JSON_NUMBER || !(seconds >= 0 && seconds <= most))
        return -1;
    *out_ms = (int64_t)(seconds * 1000 + 0.5);
    return 0;
}

static int read_window(const struct json *given, struct schedule *s, struct error *err)
{
    return read_seconds(given, YEAR_S, &s->window_ms) == 0
               ? 0
               : wrong(err, "`window` must be a number of seconds from 0 to 31622400 (a year)");
}

static int read_jitter(const struct json *given, struct schedule *s, struct error *err)
{
    return read_seconds(given, DAY_S, &s->jitter_ms) == 0
               ? 0
               : wrong(err, "`jitter` must be a number of seconds from 0 to 86400 (a day)");
}

/* The job is read as if it were posted now: what is wrong with it is told now, and not at its time. */
static int check_job(const struct json *job, const struct context *ctx, const struct store *db, struct schedule *s,
                     struct response *res, struct error *err)
{
    AUTO(job) struct job made = {0};
    bool start;

    if (json_type(job) != JSON_OBJECT)
        return wrong(err, "`job` must be an object as POST /jobs takes it, such as {\"worker\": \"NAME\"}");
    if (json_member(job, "start") || json_member(job, "run_at") || json_member(job, "after"))
        return wrong(err, "a job of a schedule has no `start`, `run_at` and `after`: the schedule says when it runs");
    if (job_body_read(job, ctx, db, &made, &start, res, err) < 0)
        return -1;
    memcpy(s->worker, made.worker, sizeof s->worker);
    return 0;
}

static int read_wish(const struct json *job, const struct context *ctx, const struct store *db, struct schedule *s,
                     struct response *res, struct error *err)
{
    struct buf text = {0};

    if (check_job(job, ctx, db, s, res, err) < 0)
        return -1;
    json_print(job, &text);
    return replace(&s->wish, buf_take(&text), err);
}

static const struct {
    const char *name;
    int (*read)(const struct json *given, struct schedule *s, struct error *err);
} members[] = {
    {"name", read_name},       {"cron", read_cron},         {"zone", read_zone},     {"enabled", read_enabled},
    {"overlap", read_overlap}, {"catch_up", read_catch_up}, {"window", read_window}, {"jitter", read_jitter},
};

/* Changes what is named. */
static int read_members(const struct json *body, const struct context *ctx, const struct store *db, struct schedule *s,
                        struct response *res, struct error *err)
{
    const struct json *job = json_member(body, "job");

    if (body_check_members(body, "name cron zone job enabled overlap catch_up window jitter", "schedule_invalid", err) <
        0)
        return -1;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct json *given = json_member(body, members[i].name);

        if (given && members[i].read(given, s, err) < 0)
            return -1;
    }
    return job ? read_wish(job, ctx, db, s, res, err) : 0;
}

/* -- the whole -- */

/* So that nothing starts thousands of jobs at once after a long time of nobody there. */
static int check_window(const struct schedule *s, const struct cron *cron, const struct zone *zone, int64_t now_ms,
                        struct error *err)
{
    int64_t time_ms = now_ms;

    if (s->catch_up != CATCH_UP_ALL)
        return 0;
    for (int count = 0; count <= TIMES_IN_WINDOW_MAX; count++) {
        if (!cron_next(cron, zone, time_ms, &time_ms) || time_ms > now_ms + s->window_ms)
            return 0;
    }
    return wrong(err, "`window` holds more than 1000 times, too many to catch up with: make it shorter");
}

static int settle(struct schedule *s, int64_t now_ms, bool is_new, struct error *err)
{
    struct zone *zone;
    struct cron cron;
    int result;

    if (schedule_read(s, &cron, &zone, err) < 0)
        return -1;
    result = check_window(s, &cron, zone, now_ms, err);
    if (result == 0) {
        schedule_begin(s, &cron, zone, now_ms);
        if (is_new && s->enabled && !s->next_ms && cron.kind != CRON_REBOOT)
            result = wrong(err, "`cron` names a time that has passed");
    }
    zone_free(zone);
    return result;
}

static int is_full(const struct store *db, struct error *err)
{
    int64_t count;

    if (store_schedule_count(db, NULL, &count, err) < 0)
        return -1;
    return count < SCHEDULES_MAX
               ? 0
               : error_set(err, 409, "schedules_full", "there are %d schedules, no more can be made", SCHEDULES_MAX);
}

static void set_changer(struct schedule *s, const struct context *ctx)
{
    s->changed_ms = ctx->engine->now_ms;
    snprintf(s->changer, sizeof s->changer, "%s", ctx->who->name);
}

static int make(const struct json *body, const struct context *ctx, struct store *db, struct schedule *s,
                struct response *res, struct error *err)
{
    unsigned char random[10];

    *s = (struct schedule){.zone = "UTC", .enabled = true, .window_ms = SCHEDULE_WINDOW_MS};
    if (read_members(body, ctx, db, s, res, err) < 0)
        return -1;
    if (!s->cron[0] || !s->wish)
        return wrong(err,
                     "a schedule is an object such as {\"cron\": \"30 2 * * 1-5\", \"job\": {\"worker\": \"NAME\"}}");
    secret_random(random, sizeof random);
    ulid_make(ctx->engine->now_ms, random, s->id);
    s->created_ms = ctx->engine->now_ms;
    snprintf(s->creator, sizeof s->creator, "%s", ctx->who->name);
    set_changer(s, ctx);
    if (settle(s, s->created_ms, true, err) < 0 || store_begin(db, err) < 0 || is_full(db, err) < 0)
        return -1;
    audit_about(db, s->id);
    return store_schedule_insert(db, s, err) < 0 ? -1 : store_commit(db, err);
}

/* POST /schedules. 201; 409 schedules_full; 422 schedule_invalid, cron_invalid, zone_unknown, and what POST /jobs says. */
int write_schedule(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                   struct error *err)
{
    AUTO(schedule) struct schedule s = {0};
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    int result;

    if (!body)
        return -1;
    res->status = 201; /* before the commit, which takes it along into the audit trail */
    result = make(body, ctx, db, &s, res, err);
    json_free(body);
    if (result < 0)
        return -1;
    if (s.enabled)
        engine_wake(ctx->engine);
    response_location(res, req, "/schedules/%s", s.id);
    schedule_answer(&s, res);
    return 0;
}

/* What changes when it runs begins anew from now; what does not leaves times that are due, and those that are queued. */
static int change(const struct json *body, const struct context *ctx, struct store *db, struct schedule *s,
                  struct response *res, struct error *err)
{
    bool was_enabled = s->enabled, anew;

    if (read_members(body, ctx, db, s, res, err) < 0)
        return -1;
    anew = json_member(body, "cron") || json_member(body, "zone") || json_member(body, "jitter") ||
           s->enabled != was_enabled;
    if (anew || json_member(body, "window") || json_member(body, "catch_up")) {
        int64_t next_ms = s->next_ms, due_ms = s->due_ms;

        if (settle(s, ctx->engine->now_ms, false, err) < 0)
            return -1;
        if (!anew) {
            s->next_ms = next_ms;
            s->due_ms = due_ms;
        }
    }
    if (!s->enabled)
        s->queued_count = 0;
    set_changer(s, ctx);
    return store_schedule_update(db, s, err) < 0 ? -1 : store_commit(db, err);
}

/* PUT /schedules/ID: what is named changes. 200; 404; 422 as above. */
int write_schedule_change(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                          struct error *err)
{
    AUTO(schedule) struct schedule s = {0};
    struct json *body = json_parse(buf_text(&req->body), req->body.size, err);
    int result;

    if (!body)
        return -1;
    result = store_begin(db, err);
    if (result == 0)
        result = store_schedule_get(db, request_path(req, "schedule"), &ctx->who->grant, &s, err);
    if (result == 0)
        result = change(body, ctx, db, &s, res, err);
    json_free(body);
    if (result < 0)
        return -1;
    if (s.enabled)
        engine_wake(ctx->engine);
    schedule_answer(&s, res);
    return 0;
}

/* DELETE /schedules/ID: its jobs stay. 200; 404. */
int write_schedule_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                          struct error *err)
{
    AUTO(schedule) struct schedule s = {0};

    (void)res;
    if (store_begin(db, err) < 0 ||
        store_schedule_get(db, request_path(req, "schedule"), &ctx->who->grant, &s, err) < 0 ||
        store_schedule_delete(db, s.id, err) < 0)
        return -1;
    return store_commit(db, err);
}
