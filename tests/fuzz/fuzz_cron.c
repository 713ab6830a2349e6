/* A cron expression and a time zone's file: both any bytes. The first line is the expression; the first two bytes after it say from when;
 * the rest is the file, and where that is none it is UTC. What is taken has next times, each after the other, and words. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/zone.h"
#include "job/cron.h"

static struct zone *take_zone(struct fuzz_input *in)
{
    char *bytes = fuzz_copy(in->at, (size_t)(in->end - in->at));
    struct zone *zone = zone_read((const unsigned char *)bytes, (size_t)(in->end - in->at));
    struct error err = {0};

    free(bytes);
    return zone ? zone : zone_load("UTC", &err);
}

static void check_span(const struct zone *zone, int64_t time_s)
{
    struct zone_span span;

    zone_span_at(zone, time_s, &span);
    MUST(span.from <= time_s && time_s < span.until);
    MUST(abs(span.offset) < ZONE_OFFSET_MAX && abs(span.before) < ZONE_OFFSET_MAX);
}

static void check_times(const struct cron *c, const struct zone *zone, int64_t from_ms)
{
    int64_t before, next;

    for (int i = 0; i < 5; i++) {
        before = from_ms;
        if (!cron_next(c, zone, before, &from_ms))
            return;
        MUST(from_ms > before);
        MUST(from_ms % 1000 == 0);
        MUST(cron_next(c, zone, from_ms - 1, &next) && next == from_ms);
        check_span(zone, from_ms / 1000);
    }
}

static void check_words(const struct cron *c)
{
    struct buf words = {0};

    cron_describe(c, "Zone", &words);
    MUST(words.size > 0 && words.size < 4000);
    buf_clear(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    char *text = fuzz_part(&in, '\n', NULL);
    struct error err = {0};
    struct cron c;

    if (text && cron_parse(text, &c, &err) == 0) {
        int year = 1900 + fuzz_byte(&in) * 2;
        int64_t from_ms = (calendar_day(year, 1, 1) + fuzz_byte(&in)) * CALENDAR_DAY_S * 1000;
        struct zone *zone = take_zone(&in);

        MUST(zone);
        check_words(&c);
        check_times(&c, zone, from_ms);
        zone_free(zone);
    } else if (text) {
        MUST(err.status == 422 && err.message[0]);
    }
    free(text);
    return 0;
}
