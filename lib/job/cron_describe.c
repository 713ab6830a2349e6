/* The sentence is made of the sets, not of what was written: so one meaning has one sentence, and it says what really matches. */
#include <stdio.h>

#include "base/calendar.h"
#include "base/text.h"
#include "job/cron.h"

enum { TIMES_MAX = 6, SET_END = 64 };

static const uint64_t all_hours = (UINT64_C(1) << 24) - 1, all_months = 0x1ffe, all_days = 0xfffffffe,
                      all_weekdays = 0x7f;

/* -- lists: "1, 3 and 5 to 9" -- */

typedef void put_member(int n, struct buf *out);

struct list {
    int put, count; /* how many items were put, and how many there will be */
};

static void next_item(struct list *l, struct buf *out)
{
    if (l->put > 0)
        buf_puts(out, l->put == l->count - 1 ? " and " : ", ");
    l->put++;
}

/* The end of the run of members that begins with `first`; two in a row are no run. */
static int end_of_run(uint64_t set, int first)
{
    int last = first;

    while (last + 1 < SET_END && set >> (last + 1) & 1)
        last++;
    return last - first >= 2 ? last : first;
}

static int count_runs(uint64_t set)
{
    int count = 0;

    for (int n = 0; n < SET_END; n++) {
        if (set >> n & 1) {
            n = end_of_run(set, n);
            count++;
        }
    }
    return count;
}

static void put_runs(uint64_t set, put_member *put, struct list *l, struct buf *out)
{
    for (int n = 0; n < SET_END; n++) {
        int last;

        if (!(set >> n & 1))
            continue;
        last = end_of_run(set, n);
        next_item(l, out);
        put(n, out);
        if (last > n) {
            buf_puts(out, " to ");
            put(last, out);
        }
        n = last;
    }
}

static void put_set(uint64_t set, put_member *put, struct buf *out)
{
    struct list l = {0, count_runs(set)};

    put_runs(set, put, &l, out);
}

static void put_number(int n, struct buf *out)
{
    buf_printf(out, "%d", n);
}

static void put_month(int n, struct buf *out)
{
    buf_puts(out, cron_month_names[n]);
}

static void put_weekday(int n, struct buf *out)
{
    buf_puts(out, cron_weekday_names[n % 7]);
}

static void put_ordinal(int n, struct buf *out)
{
    const char *ending = n / 10 == 1 || n % 10 > 3 || n % 10 == 0 ? "th"
                         : n % 10 == 1                            ? "st"
                         : n % 10 == 2                            ? "nd"
                                                                  : "rd";

    buf_printf(out, "%d%s", n, ending);
}

static int size_of(uint64_t set)
{
    return __builtin_popcountll(set);
}

/* -- the time of day -- */

/* The distance, where the members are 0, N, 2N ... and go on like that over the end; 0: they do not. */
static int cycle_of(uint64_t set, int range)
{
    int count = size_of(set), step = count ? range / count : 0;

    if (count < 2 || step * count != range)
        return 0;
    for (int n = 0; n < range; n += step) {
        if (!(set >> n & 1))
            return 0;
    }
    return step;
}

/* At 02:30 and 14:30 */
static void put_times(const struct cron *c, struct buf *out)
{
    struct list l = {0, size_of(c->hours) * size_of(c->minutes) * size_of(c->seconds)};

    buf_puts(out, "At ");
    for (int second = 0; second < CALENDAR_DAY_S; second++) {
        int h = second / 3600, m = second / 60 % 60, s = second % 60;

        if (!(c->hours >> h & 1)) {
            second += 3599;
        } else if (!(c->minutes >> m & 1)) {
            second += 59;
        } else if (c->seconds >> s & 1) {
            next_item(&l, out);
            buf_printf(out, "%02d:%02d", h, m);
            if (c->seconds != 1)
                buf_printf(out, ":%02d", s);
        }
    }
}

/* The smallest unit: "Every 5 minutes", "At minutes 0 and 31". Returns whether it names single ones. */
static bool put_head(uint64_t set, const char *unit, struct buf *out)
{
    int step = cycle_of(set, 60);

    if (step == 1) {
        buf_printf(out, "Every %s", unit);
    } else if (step) {
        buf_printf(out, "Every %d %ss", step, unit);
    } else {
        buf_printf(out, "At %s%s ", unit, size_of(set) == 1 ? "" : "s");
        put_set(set, put_number, out);
    }
    return step == 0;
}

/* A larger one: " of every 2nd hour", " of the hours 9 to 17". `named`: the one before names single
 * ones; returns the same of this one. */
static bool put_of(uint64_t set, int range, const char *unit, bool named, struct buf *out)
{
    int step = cycle_of(set, range);

    if (step == 1) {
        if (named)
            buf_printf(out, " of every %s", unit);
        return false;
    }
    buf_puts(out, " of ");
    if (step) {
        buf_puts(out, "every ");
        put_ordinal(step, out);
        buf_printf(out, " %s", unit);
    } else {
        buf_printf(out, size_of(set) == 1 ? "%s " : "the %ss ", unit);
        put_set(set, put_number, out);
    }
    return true;
}

static void put_time_of_day(const struct cron *c, struct buf *out)
{
    bool named;

    if (c->hours != all_hours && size_of(c->hours) * size_of(c->minutes) * size_of(c->seconds) <= TIMES_MAX) {
        put_times(c, out);
        return;
    }
    if (c->seconds == 1) {
        named = put_head(c->minutes, "minute", out);
    } else {
        named = put_head(c->seconds, "second", out);
        named = put_of(c->minutes, 60, "minute", named, out);
    }
    put_of(c->hours, 24, "hour", named, out);
}

/* -- the day -- */

static void put_days_of_month(const struct cron *c, struct buf *out)
{
    struct list l = {0, (c->days != 0) + size_of(c->days_from_end) + size_of(c->days_near) + c->last_weekday};

    if (c->days) {
        next_item(&l, out);
        buf_puts(out, size_of(c->days) == 1 ? "day " : "days ");
        put_set(c->days, put_number, out);
    }
    for (int n = 31; n >= 1; n--) {
        if (c->days_from_end >> n & 1) {
            next_item(&l, out);
            buf_printf(out, "%d day%s before the last", n, n == 1 ? "" : "s");
        }
    }
    if (c->days_from_end & 1) {
        next_item(&l, out);
        buf_puts(out, "the last day");
    }
    for (int n = 1; n <= 31; n++) {
        if (c->days_near >> n & 1) {
            next_item(&l, out);
            buf_printf(out, "the weekday nearest to day %d", n);
        }
    }
    if (c->last_weekday) {
        next_item(&l, out);
        buf_puts(out, "the last weekday");
    }
    buf_puts(out, " of the month");
}

/* Sunday is told as the end of a week where it follows Saturday: Friday to Sunday. */
static uint64_t week_from_monday(uint32_t weekdays)
{
    return (weekdays & 1) && (weekdays >> 6 & 1) && !(weekdays >> 1 & 1) ? (weekdays & ~1U) | 1U << 7 : weekdays;
}

static void put_days_of_week(const struct cron *c, struct buf *out)
{
    uint64_t plain = week_from_monday(c->weekdays);
    struct list l = {0, count_runs(plain)};

    for (int weekday = 0; weekday < 7; weekday++)
        l.count += size_of(c->nth[weekday]);
    put_runs(plain, put_weekday, &l, out);
    for (int weekday = 0; weekday < 7; weekday++) {
        for (int n = 1; n <= 5; n++) {
            if (!(c->nth[weekday] >> n & 1))
                continue;
            next_item(&l, out);
            buf_puts(out, "the ");
            put_ordinal(n, out);
            buf_printf(out, " %s of the month", cron_weekday_names[weekday]);
        }
        if (c->nth[weekday] & 1) {
            next_item(&l, out);
            buf_printf(out, "the last %s of the month", cron_weekday_names[weekday]);
        }
    }
}

static void put_day(const struct cron *c, struct buf *out)
{
    bool every_day = c->days == all_days, every_weekday = c->weekdays == all_weekdays;

    if ((every_day && every_weekday) || (!c->must_match_both && (every_day || every_weekday))) {
        if (c->months == all_months && c->hours != all_hours)
            buf_puts(out, " every day");
    } else {
        buf_puts(out, " on ");
        if (!every_day)
            put_days_of_month(c, out);
        if (!every_day && !every_weekday)
            buf_puts(out, c->must_match_both ? ", if it is " : " or on ");
        if (!every_weekday)
            put_days_of_week(c, out);
    }
    if (c->months != all_months) {
        buf_puts(out, " in ");
        put_set(c->months, put_month, out);
    }
}

/* -- the other kinds -- */

static void put_every(int64_t every_s, struct buf *out)
{
    static const struct {
        const char *name;
        int64_t seconds, below;
    } units[] = {{"day", CALENDAR_DAY_S, INT64_MAX}, {"hour", 3600, 24}, {"minute", 60, 60}, {"second", 1, 60}};
    struct list l = {0, 0};

    for (int i = 0; i < 4; i++)
        l.count += every_s / units[i].seconds % units[i].below != 0;
    buf_puts(out, "Every ");
    for (int i = 0; i < 4; i++) {
        long long n = every_s / units[i].seconds % units[i].below;

        if (n == 0)
            continue;
        next_item(&l, out);
        if (n == 1 && l.count == 1)
            buf_puts(out, units[i].name);
        else
            buf_printf(out, "%lld %s%s", n, units[i].name, n == 1 ? "" : "s");
    }
}

static void put_at(const struct cron *c, struct buf *out)
{
    char time[TEXT_TIME_SIZE];

    text_from_time(c->at_s * 1000, time);
    buf_printf(out, "Once, on %.10s at %.8s%s", time, time + 11, c->at_is_local ? "" : " UTC");
}

void cron_describe(const struct cron *c, const char *zone_name, struct buf *out)
{
    bool in_zone = c->kind == CRON_TIMES || (c->kind == CRON_AT && c->at_is_local);

    switch (c->kind) {
    case CRON_TIMES:
        put_time_of_day(c, out);
        put_day(c, out);
        break;
    case CRON_EVERY:
        put_every(c->every_s, out);
        break;
    case CRON_AT:
        put_at(c, out);
        break;
    case CRON_REBOOT:
        buf_puts(out, "Once after each start of the machine");
        break;
    }
    if (in_zone)
        buf_printf(out, ", in %s", zone_name);
}
