/* Next times. On a wall clock that is never changed, the next match is found in sets of bits: months, then days as one word per
 * month, then the time of day. The real clock is cut into spans in which it is not changed either (base/zone.h), and each
 * span is searched like that. What lies between two spans, a gap or a time that comes twice, is settled where they meet. */
#include "job/cron.h"

#include "base/calendar.h"

#define TIME_END INT64_C(253402300800) /* the year 10000 */
#define ALL_HOURS ((UINT32_C(1) << 24) - 1)

enum { SEARCH_MONTHS = 48 * 12, EVERY_SEVENTH_DAY = 0x10204081, FRIDAY = 5, SATURDAY = 6 };

/* -- the days of a month, as bits 1 to 31 -- */

struct month {
    int length;
    int first_weekday; /* of its day 1 */
};

static uint32_t all_days(const struct month *m)
{
    return (uint32_t)((UINT64_C(1) << (m->length + 1)) - 2);
}

/* The first of these weekdays in the month: 1 to 7. */
static int first_day_of(const struct month *m, int weekday)
{
    return 1 + (weekday - m->first_weekday + 7) % 7;
}

static int nearest_weekday(const struct month *m, int day)
{
    int weekday = (m->first_weekday + day - 1) % 7;

    if (weekday == SATURDAY)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 0)
        return day < m->length ? day + 1 : day - 2;
    return day;
}

static uint32_t days_of_month(const struct cron *c, const struct month *m)
{
    uint32_t days = c->days;

    for (int n = 0; c->days_from_end >> n; n++) {
        if (c->days_from_end >> n & 1 && m->length - n >= 1)
            days |= UINT32_C(1) << (m->length - n);
    }
    for (int n = 1; n <= m->length && c->days_near >> n; n++) {
        if (c->days_near >> n & 1)
            days |= UINT32_C(1) << nearest_weekday(m, n);
    }
    if (c->last_weekday)
        days |= UINT32_C(1) << nearest_weekday(m, m->length);
    return days & all_days(m);
}

static uint32_t days_of_week(const struct cron *c, const struct month *m)
{
    uint32_t days = 0;

    for (int weekday = 0; weekday < 7; weekday++) {
        int first = first_day_of(m, weekday);

        if (c->weekdays >> weekday & 1)
            days |= (uint32_t)EVERY_SEVENTH_DAY << first;
        if (!c->nth[weekday])
            continue;
        for (int n = 1; n <= 5; n++) {
            int day = first + 7 * (n - 1);

            if (day <= m->length && (c->nth[weekday] >> n & 1 || (c->nth[weekday] & 1 && day + 7 > m->length)))
                days |= UINT32_C(1) << day;
        }
    }
    return days & all_days(m);
}

static uint32_t matching_days(const struct cron *c, int year, int month)
{
    struct month m = {calendar_month_length(year, month), calendar_weekday(calendar_day(year, month, 1))};
    uint32_t days = days_of_month(c, &m), weekdays = days_of_week(c, &m);

    return c->must_match_both ? days & weekdays : days | weekdays;
}

/* -- a wall clock that is never changed -- */

/* The lowest member that is not below `from`; -1: there is none. */
static int member_from(uint64_t set, int from)
{
    uint64_t rest = from < 64 ? set >> from << from : 0;

    return rest ? __builtin_ctzll(rest) : -1;
}

/* The first matching second of a day that is not before `from`; -1: there is none. */
static int time_of_day_from(const struct cron *c, int from)
{
    int hour = from / 3600, minute = from / 60 % 60, found;

    if (c->hours >> hour & 1) {
        if (c->minutes >> minute & 1 && (found = member_from(c->seconds, from % 60)) >= 0)
            return from - from % 60 + found;
        if ((found = member_from(c->minutes, minute + 1)) >= 0)
            return hour * 3600 + found * 60 + member_from(c->seconds, 0);
    }
    if ((found = member_from(c->hours, hour + 1)) < 0)
        return -1;
    return found * 3600 + member_from(c->minutes, 0) * 60 + member_from(c->seconds, 0);
}

/* The first matching day that is not before `day`. -1: there is none for a long time. */
static int64_t day_from(const struct cron *c, int64_t day)
{
    int year, month, of_month;

    calendar_date(day, &year, &month, &of_month);
    for (int i = 0; i < SEARCH_MONTHS; i++, of_month = 1) {
        int found = c->months >> month & 1 ? member_from(matching_days(c, year, month), of_month) : -1;

        if (found >= 0)
            return calendar_day(year, month, found);
        year += month == 12;
        month = month % 12 + 1;
    }
    return -1;
}

bool cron_next_local(const struct cron *c, int64_t local_s, int64_t *next_s)
{
    int64_t day = calendar_floor(local_s, CALENDAR_DAY_S), found = day_from(c, day);
    int second = time_of_day_from(c, (int)(local_s - day * CALENDAR_DAY_S));

    if (found != day || second < 0) {
        if (found == day)
            found = day_from(c, day + 1);
        second = time_of_day_from(c, 0);
    }
    if (found < day)
        return false;
    *next_s = found * CALENDAR_DAY_S + second;
    return true;
}

/* -- the wall clock of a zone -- */

/* Looks for a match from `t` on, within the span that t lies in. 1: *next is it. 0: there is none, and *next is where to go on;
 * nothing matches before that. -1: nothing ever matches. `once`: it names times of day, and each comes once. So the search begins
 * where the wall clock stood when it was changed: what was skipped is late, what comes again is over. */
static int search_span(const struct cron *c, const struct zone_span *span, bool once, int64_t t, int64_t *next)
{
    int64_t from = t + span->offset, instant, local;

    if (once && span->from > INT64_MIN && (t == span->from || from < span->from + span->before))
        from = span->from + span->before;
    if (!cron_next_local(c, from, &local))
        return -1;
    instant = local - span->offset > t ? local - span->offset : t;
    if (instant < span->until) {
        *next = instant;
        return 1;
    }
    /* Wherever the clock is then, it shows `local` not earlier than this. */
    *next = span->until > local - ZONE_OFFSET_MAX ? span->until : local - ZONE_OFFSET_MAX;
    return 0;
}

static bool next_match(const struct cron *c, const struct zone *zone, int64_t t, int64_t *next)
{
    bool once = c->hours != ALL_HOURS;
    int found = 0;

    while (found == 0 && t < TIME_END) {
        struct zone_span span;

        zone_span_at(zone, t, &span);
        found = search_span(c, &span, once, t, &t);
    }
    *next = t;
    return found > 0;
}

/* The instant of a wall clock's time: the first, where it comes twice; the end of the gap, where it does not come. */
static int64_t instant_of(const struct zone *zone, int64_t local)
{
    struct zone_span span;

    zone_span_at(zone, local - ZONE_OFFSET_MAX, &span);
    while (span.until < INT64_MAX && local - span.offset >= span.until)
        zone_span_at(zone, span.until, &span);
    return local - span.offset > span.from ? local - span.offset : span.from;
}

bool cron_next(const struct cron *c, const struct zone *zone, int64_t after_ms, int64_t *next_ms)
{
    int64_t after = calendar_floor(after_ms, 1000), next = 0;
    bool found = false;

    switch (c->kind) {
    case CRON_TIMES:
        found = next_match(c, zone, after + 1, &next);
        break;
    case CRON_EVERY:
        next = (calendar_floor(after, c->every_s) + 1) * c->every_s;
        found = true;
        break;
    case CRON_AT:
        next = c->at_is_local ? instant_of(zone, c->at_s) : c->at_s;
        found = next > after;
        break;
    case CRON_REBOOT:
        break;
    }
    if (!found || next >= TIME_END)
        return false;
    *next_ms = next * 1000;
    return true;
}
