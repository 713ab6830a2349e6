/* What a schedule does at a moment. A time is late by when it was due, which is after it where there is a jitter. */
#include "job/schedule.h"

#include <stdlib.h>
#include <string.h>

static const char *const overlap_names[OVERLAPS] = {
    [OVERLAP_ALLOW] = "allow", [OVERLAP_SKIP] = "skip", [OVERLAP_QUEUE] = "queue"};
static const char *const catch_up_names[CATCH_UPS] = {
    [CATCH_UP_NONE] = "none", [CATCH_UP_LAST] = "last", [CATCH_UP_ALL] = "all"};

static int find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

const char *schedule_overlap_name(enum schedule_overlap overlap)
{
    return overlap_names[overlap];
}

const char *schedule_catch_up_name(enum schedule_catch_up catch_up)
{
    return catch_up_names[catch_up];
}

int schedule_overlap_from_name(const char *name, enum schedule_overlap *out)
{
    int found = find_name(overlap_names, OVERLAPS, name);

    if (found < 0)
        return -1;
    *out = (enum schedule_overlap)found;
    return 0;
}

int schedule_catch_up_from_name(const char *name, enum schedule_catch_up *out)
{
    int found = find_name(catch_up_names, CATCH_UPS, name);

    if (found < 0)
        return -1;
    *out = (enum schedule_catch_up)found;
    return 0;
}

void schedule_clear(struct schedule *s)
{
    free(s->name);
    free(s->wish);
    *s = (struct schedule){0};
}

/* -- when -- */

/* What it goes by: one thing instead of three. */
struct times {
    const struct schedule *s;
    const struct cron *cron;
    const struct zone *zone;
};

/* 0: there is none. */
static int64_t next_after(const struct times *t, int64_t after_ms)
{
    int64_t next;

    return cron_next(t->cron, t->zone, after_ms, &next) ? next : 0;
}

/* A delay from 0 to the jitter that is the same whoever works it out, and never reaches the time after (FNV-1a). */
static int64_t due_of(const struct times *t, int64_t time_ms)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    int64_t most = t->s->jitter_ms, next;

    if (!time_ms || !most)
        return time_ms;
    next = next_after(t, time_ms);
    if (next && next - time_ms - 1 < most)
        most = next - time_ms - 1;
    for (const char *c = t->s->id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    for (int shift = 0; shift < 64; shift += 8)
        hash = (hash ^ ((uint64_t)time_ms >> shift & 0xff)) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    return time_ms + (int64_t)(hash % (uint64_t)(most + 1));
}

static bool is_due(const struct times *t, int64_t time_ms, int64_t now_ms)
{
    return time_ms && due_of(t, time_ms) <= now_ms;
}

static void set_next(struct schedule *s, const struct times *t, int64_t next_ms)
{
    s->next_ms = next_ms;
    s->due_ms = due_of(t, next_ms);
}

void schedule_begin(struct schedule *s, const struct cron *c, const struct zone *zone, int64_t now_ms)
{
    struct times t = {s, c, zone};

    set_next(s, &t, s->enabled ? next_after(&t, now_ms) : 0);
}

/* The first that is not before `oldest_ms`, by when it was due. */
static int64_t skip_older(const struct times *t, int64_t time_ms, int64_t oldest_ms)
{
    if (time_ms && time_ms < oldest_ms - t->s->jitter_ms)
        time_ms = next_after(t, oldest_ms - t->s->jitter_ms - 1);
    while (time_ms && due_of(t, time_ms) < oldest_ms)
        time_ms = next_after(t, time_ms);
    return time_ms;
}

/* The last that is due, given one that is. There may be millions between: looks back from now in growing steps first. */
static int64_t last_due(const struct times *t, int64_t time_ms, int64_t now_ms)
{
    int64_t next;

    for (int64_t back = 60000 + t->s->jitter_ms; now_ms - back > time_ms; back *= 4) {
        next = next_after(t, now_ms - back);
        if (is_due(t, next, now_ms)) {
            time_ms = next;
            break;
        }
    }
    while (is_due(t, next = next_after(t, time_ms), now_ms))
        time_ms = next;
    return time_ms;
}

static void plan_all(const struct times *t, int64_t *time_ms, int64_t now_ms, struct schedule_plan *out)
{
    for (; out->count < SCHEDULE_BURST_MAX && is_due(t, *time_ms, now_ms); *time_ms = next_after(t, *time_ms))
        out->times[out->count++] = *time_ms;
}

void schedule_plan(struct schedule *s, const struct cron *c, const struct zone *zone, int64_t now_ms,
                   struct schedule_plan *out)
{
    struct times t = {s, c, zone};
    int64_t window_ms = s->catch_up == CATCH_UP_NONE ? SCHEDULE_LATE_MS : s->window_ms, time_ms = s->next_ms;

    out->count = 0;
    if (!s->due_ms || s->due_ms > now_ms)
        return;
    if (c->kind == CRON_REBOOT) { /* the time at which the start was noticed */
        out->times[out->count++] = time_ms;
        set_next(s, &t, 0);
        return;
    }
    time_ms = skip_older(&t, time_ms, now_ms - window_ms);
    if (s->catch_up == CATCH_UP_ALL) {
        plan_all(&t, &time_ms, now_ms, out);
    } else if (is_due(&t, time_ms, now_ms)) {
        out->times[out->count++] = time_ms = last_due(&t, time_ms, now_ms);
        time_ms = next_after(&t, time_ms);
    }
    set_next(s, &t, time_ms);
}

/* -- while others run -- */

bool schedule_admit(struct schedule *s, int64_t time_ms, int64_t running)
{
    if (s->overlap == OVERLAP_ALLOW || (running == 0 && s->queued_count == 0))
        return true;
    if (s->overlap == OVERLAP_QUEUE && s->queued_count < SCHEDULE_QUEUE_MAX)
        s->queued[s->queued_count++] = time_ms;
    else
        s->skipped_ms = time_ms;
    return false;
}

int64_t schedule_take_queued(struct schedule *s, int64_t running)
{
    int64_t first = s->queued[0];

    if (s->queued_count == 0 || running > 0)
        return 0;
    s->queued_count--;
    memmove(s->queued, s->queued + 1, (size_t)s->queued_count * sizeof s->queued[0]);
    return first;
}

void schedule_put_queued(const struct schedule *s, struct buf *out)
{
    for (int i = 0; i < s->queued_count; i++)
        buf_printf(out, "%s%lld", i ? " " : "", (long long)s->queued[i]);
}

void schedule_read_queued(struct schedule *s, const char *text)
{
    char *end;

    s->queued_count = 0;
    while (s->queued_count < SCHEDULE_QUEUE_MAX) {
        long long time_ms = strtoll(text, &end, 10);

        if (end == text || time_ms <= 0)
            return;
        s->queued[s->queued_count++] = time_ms;
        text = end;
    }
}
