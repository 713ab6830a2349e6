/* Deliveries: when to try again, and how they are shown. */
#include "job/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/text.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, RETRY_AFTER_MAX_MS = 12 * HOUR };

/* After the first try, the second ... */
static const int64_t delays_ms[] = {
    5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 15 * HOUR,
};

_Static_assert(JOB_WORKER_SIZE == 65 && SECRET_NAME_SIZE == 65 && NOTIFY_TO_SIZE == 1025, "widths below");
_Static_assert(sizeof delays_ms / sizeof *delays_ms == DELIVERY_TRIES_MAX - 1, "one between two tries");

static const char *const state_names[DELIVERY_STATES] = {
    [DELIVERY_WAITING] = "waiting", [DELIVERY_SENT] = "sent", [DELIVERY_FAILED] = "failed"};

void delivery_clear(struct delivery *d)
{
    free(d->body);
    *d = (struct delivery){0};
}

const char *delivery_state_name(enum delivery_state state)
{
    return state > 0 && state < DELIVERY_STATES ? state_names[state] : NULL;
}

void delivery_put_target(const struct delivery *d, struct buf *out)
{
    buf_printf(out, "%d %d %lld %s %s %s", d->event, d->way, (long long)d->created_ms, d->worker,
               d->secret[0] ? d->secret : "-", d->to);
}

int delivery_read_target(const char *text, struct delivery *d)
{
    int event, way;
    long long created;

    if (sscanf(text, "%d %d %lld %64s %64s %1024s", &event, &way, &created, d->worker, d->secret, d->to) != 6)
        return -1;
    d->event = (enum notify_event)event;
    d->way = (enum notify_way)way;
    d->created_ms = created;
    if (strcmp(d->secret, "-") == 0)
        d->secret[0] = '\0';
    return 0;
}

void delivery_put_record(const struct delivery *d, struct buf *out)
{
    buf_printf(out, "%d %lld %lld %d %s", d->state, (long long)d->tries, (long long)d->tried_ms, d->status, d->fault);
}

int delivery_read_record(const char *text, struct delivery *d)
{
    int state, at = 0;
    long long tries, tried;

    if (sscanf(text, "%d %lld %lld %d%n", &state, &tries, &tried, &d->status, &at) != 4 || text[at] != ' ')
        return -1;
    d->state = (enum delivery_state)state;
    d->tries = tries;
    d->tried_ms = tried;
    snprintf(d->fault, sizeof d->fault, "%s", text + at + 1);
    return 0;
}

int64_t delivery_delay_ms(int64_t tries, uint32_t chance)
{
    int64_t at = tries < 1 ? 0 : tries < DELIVERY_TRIES_MAX ? tries - 1 : DELIVERY_TRIES_MAX - 2;

    return (int64_t)((double)delays_ms[at] * (0.8 + 0.4 * ((double)chance / UINT32_MAX)));
}

void delivery_settle(struct delivery *d, const struct delivery_try *t, int64_t now_ms, uint32_t chance)
{
    int64_t wish_ms = t->retry_after_ms < RETRY_AFTER_MAX_MS ? t->retry_after_ms : RETRY_AFTER_MAX_MS;
    int64_t delay_ms = delivery_delay_ms(d->tries, chance);

    d->tried_ms = now_ms;
    d->status = t->status;
    snprintf(d->fault, sizeof d->fault, "%s", t->fault);
    if (t->sent || t->final || d->tries >= DELIVERY_TRIES_MAX) {
        d->state = t->sent ? DELIVERY_SENT : DELIVERY_FAILED;
        d->due_ms = 0;
        return;
    }
    d->state = DELIVERY_WAITING;
    d->due_ms = now_ms + (wish_ms > delay_ms ? wish_ms : delay_ms);
}

static const char *time_or_null(int64_t time_ms, char text[TEXT_TIME_SIZE])
{
    if (time_ms)
        text_from_time(time_ms, text);
    return time_ms ? text : NULL;
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

void delivery_put_json(const struct delivery *d, struct json_writer *w)
{
    char time[TEXT_TIME_SIZE], shown[NOTIFY_TO_SIZE];

    notify_show(d->to, shown);
    json_begin(w, '{');
    put_text(w, "id", d->id);
    put_text(w, "event", notify_event_name(d->event));
    put_text(w, d->way == NOTIFY_MAIL ? "email" : "url", shown);
    put_text(w, "status", delivery_state_name(d->state));
    json_name(w, "tries");
    json_put_int(w, d->tries);
    json_name(w, "answer");
    if (d->status)
        json_put_int(w, d->status);
    else
        json_put_null(w);
    put_text(w, "error", d->fault[0] ? d->fault : NULL);
    put_text(w, "created", time_or_null(d->created_ms, time));
    put_text(w, "tried", time_or_null(d->tried_ms, time));
    put_text(w, "next", time_or_null(d->due_ms, time));
    json_end(w, '}');
}

const char *const delivery_columns[] = {"id",    "event",   "to",    "status", "tries", "answer",
                                        "error", "created", "tried", "next",   NULL};

void delivery_put_csv(const struct delivery *d, struct buf *out)
{
    struct csv_writer w = {.out = out};
    char time[TEXT_TIME_SIZE], shown[NOTIFY_TO_SIZE];

    notify_show(d->to, shown);
    csv_text(&w, d->id);
    csv_text(&w, notify_event_name(d->event));
    csv_text(&w, shown);
    csv_text(&w, delivery_state_name(d->state));
    csv_int(&w, d->tries);
    if (d->status)
        csv_int(&w, d->status);
    else
        csv_text(&w, NULL);
    csv_text(&w, d->fault[0] ? d->fault : NULL);
    csv_text(&w, time_or_null(d->created_ms, time));
    csv_text(&w, time_or_null(d->tried_ms, time));
    csv_text(&w, time_or_null(d->due_ms, time));
    csv_end_row(&w);
}
