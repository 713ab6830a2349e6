/* The report that is being put together. */
#include "report.h"

#include <string.h>

#include "base/clock.h"

void report_begin(struct report *r)
{
    struct report_record number = {.verb = REPORT_NUMBER, .number = r->number + 1};

    if (!report_is_empty(r))
        return;
    r->number++;
    r->started_ms = clock_monotonic_ms();
    report_put(&r->body, &number);
}

struct buf *report_open(struct report *r, int64_t number)
{
    r->number = number;
    r->started_ms = clock_monotonic_ms();
    return &r->body;
}

void report_add(struct report *r, const struct report_record *record)
{
    report_begin(r);
    report_put(&r->body, record);
}

void report_say(struct report *r, const char *text)
{
    struct report_record entry = {
        .verb = REPORT_LOG,
        .time_ms = clock_now_ms(),
        .stream = STREAM_SYSTEM,
        .bytes = text,
        .size = strlen(text),
    };

    report_add(r, &entry);
}

bool report_is_empty(const struct report *r)
{
    return r->body.size == 0;
}

bool report_is_full(const struct report *r)
{
    return r->body.size >= REPORT_FULL;
}

int64_t report_due_ms(const struct report *r)
{
    if (report_is_empty(r))
        return INT64_MAX;
    return report_is_full(r) ? 0 : r->started_ms + REPORT_AGE_MS;
}

void report_take(struct report *r, struct buf *out)
{
    struct buf empty = *out;

    *out = r->body;
    r->body = empty;
    if (r->body.failed)
        buf_clear(&r->body);
    buf_reset(&r->body);
    r->started_ms = 0;
}
