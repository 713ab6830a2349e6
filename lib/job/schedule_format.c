/* One schedule, as JSON and CSV. */
#include "base/csv.h"
#include "base/text.h"
#include "job/schedule.h"

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_time(struct json_writer *w, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    if (time_ms)
        text_from_time(time_ms, text);
    json_put_string(w, time_ms ? text : NULL);
}

static void put_named_time(struct json_writer *w, const char *name, int64_t time_ms)
{
    json_name(w, name);
    put_time(w, time_ms);
}

static void put_seconds(struct json_writer *w, const char *name, int64_t ms)
{
    json_name(w, name);
    json_put_seconds(w, ms);
}

static void put_description(const struct schedule *s, const struct cron *c, struct json_writer *w)
{
    struct buf words = {0};

    if (c)
        cron_describe(c, s->zone, &words);
    put_text(w, "description", c ? buf_text(&words) : NULL);
    buf_clear(&words);
}

/* From the one that is to be acted on next; it may be in the past, when nobody has come to it yet. */
static void put_next(const struct schedule *s, const struct cron *c, const struct zone *zone, int times,
                     struct json_writer *w)
{
    int64_t time_ms = s->next_ms;

    json_name(w, "next");
    json_begin(w, '[');
    for (int i = 0; c && zone && i < times && time_ms; i++) {
        put_time(w, time_ms);
        if (!cron_next(c, zone, time_ms, &time_ms))
            time_ms = 0;
    }
    json_end(w, ']');
}

static void put_last(const struct schedule *s, struct json_writer *w)
{
    json_name(w, "last");
    if (!s->job[0]) {
        json_put_null(w);
        return;
    }
    json_begin(w, '{');
    put_named_time(w, "time", s->ran_ms);
    put_text(w, "job", s->job);
    json_end(w, '}');
}

static void put_queued(const struct schedule *s, struct json_writer *w)
{
    json_name(w, "queued");
    json_begin(w, '[');
    for (int i = 0; i < s->queued_count; i++)
        put_time(w, s->queued[i]);
    json_end(w, ']');
}

void schedule_put_json(const struct schedule *s, const struct cron *c, const struct zone *zone, int times,
                       struct json_writer *w)
{
    json_begin(w, '{');
    put_text(w, "id", s->id);
    put_text(w, "name", s->name);
    put_text(w, "worker", s->worker);
    put_text(w, "cron", s->cron);
    put_text(w, "zone", s->zone);
    put_description(s, c, w);
    json_name(w, "enabled");
    json_put_bool(w, s->enabled);
    put_text(w, "overlap", schedule_overlap_name(s->overlap));
    put_text(w, "catch_up", schedule_catch_up_name(s->catch_up));
    put_seconds(w, "window", s->window_ms);
    put_seconds(w, "jitter", s->jitter_ms);
    put_next(s, c, zone, times, w);
    put_queued(s, w);
    put_last(s, w);
    put_named_time(w, "skipped", s->skipped_ms);
    put_named_time(w, "created", s->created_ms);
    put_text(w, "created_by", s->creator);
    put_named_time(w, "changed", s->changed_ms);
    put_text(w, "changed_by", s->changer);
    json_name(w, "job");
    json_put_raw(w, s->wish);
    json_end(w, '}');
}

const char *const schedule_columns[] = {"id",         "name",     "worker",     "cron",    "zone", "enabled",
                                        "overlap",    "catch_up", "next",       "last_at", "job",  "created",
                                        "created_by", "changed",  "changed_by", NULL};

static void csv_time(struct csv_writer *w, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    if (time_ms)
        text_from_time(time_ms, text);
    csv_text(w, time_ms ? text : NULL);
}

void schedule_put_csv(const struct schedule *s, struct buf *out)
{
    struct csv_writer w = {.out = out};

    csv_text(&w, s->id);
    csv_text(&w, s->name);
    csv_text(&w, s->worker);
    csv_text(&w, s->cron);
    csv_text(&w, s->zone);
    csv_text(&w, s->enabled ? "true" : "false");
    csv_text(&w, schedule_overlap_name(s->overlap));
    csv_text(&w, schedule_catch_up_name(s->catch_up));
    csv_time(&w, s->next_ms);
    csv_time(&w, s->ran_ms);
    csv_text(&w, s->job[0] ? s->job : NULL);
    csv_time(&w, s->created_ms);
    csv_text(&w, s->creator);
    csv_time(&w, s->changed_ms);
    csv_text(&w, s->changer);
    csv_end_row(&w);
}
