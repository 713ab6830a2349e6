/* A zone is a list of changes, each with the offset that it leads to, and a rule for the years after the last one. The rule is
 * worked out when it is asked for: three years of it are six changes, and the span lies between two of them. */
#include "base/zone_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/io.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"

bool zone_is_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t length = strlen(name);

    return length > 0 && length < ZONE_NAME_SIZE && strspn(name, letters) == length && name[0] != '/' &&
           name[length - 1] != '/' && !strstr(name, "//");
}

static struct zone *unknown(const char *name, struct error *err)
{
    error_set(err, 422, "zone_unknown", "this machine knows no time zone `%.64s`: it wants one such as Europe/Vienna",
              name);
    return NULL;
}

struct zone *zone_load(const char *name, struct error *err)
{
    AUTO(buf) struct buf bytes = {0};
    char path[sizeof ZONE_FOLDER + ZONE_NAME_SIZE];
    struct zone *zone;

    if (strcmp(name, "UTC") == 0) {
        zone = calloc(1, sizeof *zone);
        return zone ? zone : (error_errno(err, name), NULL);
    }
    if (!zone_is_name(name))
        return unknown(name, err);
    snprintf(path, sizeof path, "%s%s", ZONE_FOLDER, name);
    if (io_read_file(path, ZONE_FILE_MAX, &bytes) < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EISDIR || errno == EFBIG
                   ? unknown(name, err)
                   : (error_errno(err, path), NULL);
    zone = zone_read((const unsigned char *)buf_text(&bytes), bytes.size);
    return zone ? zone : unknown(name, err);
}

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    free(zone->changes);
    free(zone);
}

/* -- the rule -- */

static int64_t day_of_rule(const struct zone_day *d, int year)
{
    int64_t first = calendar_day(year, d->month ? d->month : 1, 1);

    if (d->month) { /* the week's `weekday` of a month; the 5th is the last there is */
        int day = 1 + (int)calendar_rest(d->weekday - calendar_weekday(first), 7) + 7 * (d->week - 1);

        return first + (day > calendar_month_length(year, d->month) ? day - 7 : day) - 1;
    }
    if (d->skips_leap_day && d->day >= 59 && calendar_month_length(year, 2) == 29)
        return first + d->day + 1;
    return first + d->day;
}

/* The changes of one year, the earlier first. When one takes the other's place at once (daylight saving for the whole year), it
 * is summer time that stays. */
static void changes_of_year(const struct zone_rule *r, int year, struct zone_change out[2])
{
    struct zone_change begin = {day_of_rule(&r->begin, year) * CALENDAR_DAY_S + r->begin.time_s - r->standard,
                                r->summer};
    struct zone_change end = {day_of_rule(&r->end, year) * CALENDAR_DAY_S + r->end.time_s - r->summer, r->standard};
    bool swap = end.at <= begin.at;

    out[0] = swap ? end : begin;
    out[1] = swap ? begin : end;
}

static void find_by_rule(const struct zone_rule *r, int64_t time_s, struct zone_span *out)
{
    struct zone_change changes[6];
    int year, month, day, next = 0;

    *out = (struct zone_span){.from = INT64_MIN, .until = INT64_MAX, .offset = r->standard};
    if (!r->has_summer)
        return;
    calendar_date(calendar_floor(time_s, CALENDAR_DAY_S), &year, &month, &day);
    for (int i = 0; i < 3; i++)
        changes_of_year(r, year - 1 + i, changes + 2 * (size_t)i);
    while (next < 6 && changes[next].at <= time_s)
        next++;
    if (next > 0) {
        out->from = changes[next - 1].at;
        out->offset = changes[next - 1].offset;
    }
    if (next < 6)
        out->until = changes[next].at;
}

/* -- the list -- */

static size_t count_changes_until(const struct zone *z, int64_t time_s)
{
    size_t low = 0, high = z->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (z->changes[middle].at <= time_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void find(const struct zone *z, int64_t time_s, struct zone_span *out)
{
    size_t done = count_changes_until(z, time_s);

    if (done == z->count && z->has_rule) {
        find_by_rule(&z->rule, time_s, out);
        if (done > 0 && out->from < z->changes[done - 1].at)
            out->from = z->changes[done - 1].at;
        return;
    }
    out->from = done ? z->changes[done - 1].at : INT64_MIN;
    out->offset = done ? z->changes[done - 1].offset : z->first;
    out->until = done < z->count ? z->changes[done].at : INT64_MAX;
}

void zone_span_at(const struct zone *zone, int64_t time_s, struct zone_span *out)
{
    struct zone_span before;

    find(zone, time_s, out);
    out->before = out->offset;
    if (out->from > INT64_MIN) {
        find(zone, out->from - 1, &before);
        out->before = before.offset;
    }
}
