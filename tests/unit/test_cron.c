/* Cron expressions: what is understood, what is refused, how the wall clock's changes are met, and in what words. Thousands of
 * expressions against another implementation: tests/api/test_cron.py. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/text.h"
#include "job/cron.h"

static struct cron parsed(const char *text)
{
    struct error err = {0};
    struct cron c;

    if (cron_parse(text, &c, &err) < 0)
        fail_msg("%s: %s", text, err.message);
    return c;
}

static int64_t time_of(const char *text)
{
    int64_t ms;

    assert_int_equal(text_to_time(text, &ms), 0);
    return ms;
}

/* "2026-11-24T02:30:00+01:00", the wall clock of a zone. */
static void put_local(const struct zone *zone, int64_t ms, char *out, size_t size)
{
    char time[TEXT_TIME_SIZE];
    struct zone_span span;
    int minutes;

    zone_span_at(zone, ms / 1000, &span);
    text_from_time(ms + span.offset * 1000, time);
    minutes = abs(span.offset) / 60;
    snprintf(out, size, "%.19s%c%02d:%02d", time, span.offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

struct example {
    const char *expression, *zone, *after;
    const char *next[6]; /* ends in NULL: that many are looked at; "-": there is none */
};

static void check_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct example *x = &examples[i];
        struct cron c = parsed(x->expression);
        struct error err = {0};
        struct zone *zone = zone_load(x->zone, &err);
        int64_t t = time_of(x->after);

        assert_non_null(zone);
        for (int n = 0; n < 6 && x->next[n]; n++) {
            char found[64] = "-";
            int64_t after = t;

            if (cron_next(&c, zone, after, &t)) {
                put_local(zone, t, found, sizeof found);
                assert_true(t > after);
            }
            if (strcmp(found, x->next[n]) != 0)
                fail_msg("%s in %s, %d. after %s: %s, not %s", x->expression, x->zone, n + 1, x->after, found,
                         x->next[n]);
        }
        zone_free(zone);
    }
}

static void next_times_of_each_kind(void **state)
{
    static const struct example examples[] = {
        {"*/5 * * * *", "UTC", "2026-11-24T03:43:00.123Z", {"2026-11-24T03:45:00+00:00", "2026-11-24T03:50:00+00:00"}},
        {"0 0 * * *", "UTC", "2026-12-31T23:59:59.999Z", {"2027-01-01T00:00:00+00:00"}},
        {"0 0 * * *", "UTC", "2026-12-31T00:00:00.000Z", {"2027-01-01T00:00:00+00:00"}},
        {"0 0 * * *", "UTC", "2026-12-30T23:59:59.999Z", {"2026-12-31T00:00:00+00:00"}},
        {"59 59 23 31 12 *", "UTC", "2026-01-01T00:00:00Z", {"2026-12-31T23:59:59+00:00", "2027-12-31T23:59:59+00:00"}},
        {"*/20 0 0 1 1 *", "UTC", "2026-06-01T00:00:00Z", {"2027-01-01T00:00:00+00:00", "2027-01-01T00:00:20+00:00"}},
        {"0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", {"2104-02-29T00:00:00+00:00"}},
        {"0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", {"2026-03-31T00:00:00+00:00", "2026-05-31T00:00:00+00:00"}},
        /* Either day where both are restricted; both where one begins with a star. 13 November 2026 is a Friday. */
        {"0 0 13 * FRI", "UTC", "2026-11-10T00:00:00Z", {"2026-11-13T00:00:00+00:00", "2026-11-20T00:00:00+00:00"}},
        {"0 0 14 * FRI", "UTC", "2026-11-10T00:00:00Z", {"2026-11-13T00:00:00+00:00", "2026-11-14T00:00:00+00:00"}},
        {"0 0 */2 * FRI", "UTC", "2026-11-10T00:00:00Z", {"2026-11-13T00:00:00+00:00", "2026-11-27T00:00:00+00:00"}},
        {"0 0 13 * */5", "UTC", "2026-10-14T00:00:00Z", {"2026-11-13T00:00:00+00:00", "2026-12-13T00:00:00+00:00"}},
        {"0 0 ? * MON", "UTC", "2026-11-24T00:00:00Z", {"2026-11-30T00:00:00+00:00"}},
        {"0 0 * * sun,7", "UTC", "2026-11-24T00:00:00Z", {"2026-11-29T00:00:00+00:00", "2026-12-06T00:00:00+00:00"}},
        {"0 0 * * 0-SUN", "UTC", "2026-11-24T00:00:00Z", {"2026-11-29T00:00:00+00:00", "2026-12-06T00:00:00+00:00"}},
        {"0 0 * * 7/2", "UTC", "2026-11-24T00:00:00Z", {"2026-11-29T00:00:00+00:00", "2026-12-06T00:00:00+00:00"}},
        {"0 0 * * fri-sun",
         "UTC",
         "2026-11-26T12:00:00Z",
         {"2026-11-27T00:00:00+00:00", "2026-11-28T00:00:00+00:00", "2026-11-29T00:00:00+00:00",
          "2026-12-04T00:00:00+00:00"}},
        {"50/4 * * * *",
         "UTC",
         "2026-11-24T00:51:00Z",
         {"2026-11-24T00:54:00+00:00", "2026-11-24T00:58:00+00:00", "2026-11-24T01:50:00+00:00"}},
        {"0 0 L * *", "UTC", "2028-01-31T00:00:00Z", {"2028-02-29T00:00:00+00:00", "2028-03-31T00:00:00+00:00"}},
        {"0 0 L-29 * *", "UTC", "2027-01-03T00:00:00Z", {"2027-03-02T00:00:00+00:00", "2027-04-01T00:00:00+00:00"}},
        /* 15 August 2026 is a Saturday, 15 November a Sunday; 1 August a Saturday; 31 October a Saturday. */
        {"0 0 15W * *", "UTC", "2026-08-01T00:00:00Z", {"2026-08-14T00:00:00+00:00", "2026-09-15T00:00:00+00:00"}},
        {"0 0 15W 11 *", "UTC", "2026-08-01T00:00:00Z", {"2026-11-16T00:00:00+00:00"}},
        {"0 0 1W 8 *", "UTC", "2026-07-01T00:00:00Z", {"2026-08-03T00:00:00+00:00"}},
        {"0 0 LW 10 *", "UTC", "2026-07-01T00:00:00Z", {"2026-10-30T00:00:00+00:00"}},
        {"0 0 31W 5 *", "UTC", "2026-05-01T00:00:00Z", {"2026-05-29T00:00:00+00:00"}},
        {"0 0 * * FRI#2", "UTC", "2026-11-01T00:00:00Z", {"2026-11-13T00:00:00+00:00", "2026-12-11T00:00:00+00:00"}},
        {"0 0 * * 1#5", "UTC", "2026-11-01T00:00:00Z", {"2026-11-30T00:00:00+00:00", "2027-03-29T00:00:00+00:00"}},
        {"0 0 * * MONL", "UTC", "2026-12-01T00:00:00Z", {"2026-12-28T00:00:00+00:00", "2027-01-25T00:00:00+00:00"}},
        {"@hourly", "UTC", "2026-11-24T03:43:00Z", {"2026-11-24T04:00:00+00:00"}},
        {"@yearly", "Asia/Kolkata", "2026-11-24T03:43:00Z", {"2027-01-01T00:00:00+05:30"}},
        {"@every 90s", "UTC", "2026-11-24T00:00:00Z", {"2026-11-24T00:01:30+00:00", "2026-11-24T00:03:00+00:00"}},
        {"@every 1d", "Europe/Vienna", "2026-11-24T00:00:00Z", {"2026-11-25T01:00:00+01:00"}},
        {"@at 2026-12-24T18:00:00", "Europe/Vienna", "2026-11-24T00:00:00Z", {"2026-12-24T18:00:00+01:00", "-"}},
        {"@at 2026-12-24T18:00:00+05:00", "Europe/Vienna", "2026-11-24T00:00:00Z", {"2026-12-24T14:00:00+01:00", "-"}},
        {"@at 2026-12-24T18:00:00Z", "UTC", "2026-12-24T18:00:00Z", {"-"}},
        {"@reboot", "UTC", "2026-11-24T00:00:00Z", {"-"}},
        {"0 0 1 1 *", "UTC", "9998-06-01T00:00:00Z", {"9999-01-01T00:00:00+00:00", "-"}},
        {"0 0 1 1 *", "Asia/Tokyo", "1960-06-01T00:00:00Z", {"1961-01-01T00:00:00+09:00"}},
    };

    (void)state;
    check_examples(examples, sizeof examples / sizeof *examples);
}

/* In years that are over, but for the rows that need one beyond the tables: governments change what lies ahead. */
static void the_clock_is_put_forward(void **state)
{
    static const struct example examples[] = {
        /* Vienna 2021-03-28: 02:00 +01:00 becomes 03:00 +02:00 */
        {"30 2 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2021-03-29T02:30:00+02:00"}},
        {"0 2 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2021-03-29T02:00:00+02:00"}},
        {"0,20,40 2 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2021-03-29T02:00:00+02:00"}},
        {"30 2,3 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2021-03-28T03:30:00+02:00"}},
        {"0 2,3 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2021-03-29T02:00:00+02:00"}},
        {"30 2 28 3 *",
         "Europe/Vienna",
         "2020-06-01T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2022-03-28T02:30:00+02:00"}},
        {"30 2 * * MON", "Europe/Vienna", "2021-03-27T12:00:00Z", {"2021-03-29T02:30:00+02:00"}},
        {"0 3 * * *", "Europe/Vienna", "2021-03-27T12:00:00Z", {"2021-03-28T03:00:00+02:00"}},
        {"59 59 1 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T01:59:59+01:00", "2021-03-29T01:59:59+02:00"}},
        {"59 59 2 * * *",
         "Europe/Vienna",
         "2021-03-27T12:00:00Z",
         {"2021-03-28T03:00:00+02:00", "2021-03-29T02:59:59+02:00"}},
        {"*/30 * * * *",
         "Europe/Vienna",
         "2021-03-28T00:20:00Z",
         {"2021-03-28T01:30:00+01:00", "2021-03-28T03:00:00+02:00", "2021-03-28T03:30:00+02:00"}},
        {"30 * * * *",
         "Europe/Vienna",
         "2021-03-28T00:00:00Z",
         {"2021-03-28T01:30:00+01:00", "2021-03-28T03:30:00+02:00"}},
        {"@at 2021-03-28T02:30:00", "Europe/Vienna", "2021-03-27T00:00:00Z", {"2021-03-28T03:00:00+02:00", "-"}},
        {"@every 30m",
         "Europe/Vienna",
         "2021-03-28T00:20:00Z",
         {"2021-03-28T01:30:00+01:00", "2021-03-28T03:00:00+02:00"}},
        {"30 2 * * *",
         "America/New_York",
         "2015-03-07T12:00:00Z",
         {"2015-03-08T03:00:00-04:00", "2015-03-09T02:30:00-04:00"}},
        {"30 2 * * *",
         "America/New_York",
         "2060-03-13T12:00:00Z",
         {"2060-03-14T03:00:00-04:00", "2060-03-15T02:30:00-04:00"}},
        /* Half an hour */
        {"15 2 * * *",
         "Australia/Lord_Howe",
         "2015-10-03T12:00:00Z",
         {"2015-10-04T02:30:00+11:00", "2015-10-05T02:15:00+11:00"}},
        /* At midnight */
        {"0 0 * * *",
         "America/Havana",
         "2015-03-07T12:00:00Z",
         {"2015-03-08T01:00:00-04:00", "2015-03-09T00:00:00-04:00"}},
        {"@daily", "Asia/Beirut", "2015-03-28T12:00:00Z", {"2015-03-29T01:00:00+03:00", "2015-03-30T00:00:00+03:00"}},
        /* A whole day, 30 December 2011, was skipped */
        {"0 9 * * *",
         "Pacific/Apia",
         "2011-12-29T12:00:00Z",
         {"2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"}},
        {"0 9 30 12 *",
         "Pacific/Apia",
         "2011-01-01T12:00:00Z",
         {"2011-12-31T00:00:00+14:00", "2012-12-30T09:00:00+14:00"}},
        /* Summer time that is winter time the other way round (Dublin), and Ramadan (Casablanca 2025-04-06) */
        {"30 1 * * *",
         "Europe/Dublin",
         "2015-03-28T12:00:00Z",
         {"2015-03-29T02:00:00+01:00", "2015-03-30T01:30:00+01:00"}},
        {"30 2 * * *",
         "Africa/Casablanca",
         "2025-04-05T12:00:00Z",
         {"2025-04-06T03:00:00+01:00", "2025-04-07T02:30:00+01:00"}},
    };

    (void)state;
    check_examples(examples, sizeof examples / sizeof *examples);
}

static void the_clock_is_put_back(void **state)
{
    static const struct example examples[] = {
        /* Vienna 2015-10-25: 03:00 +02:00 becomes 02:00 +01:00 */
        {"30 2 * * *",
         "Europe/Vienna",
         "2015-10-24T12:00:00Z",
         {"2015-10-25T02:30:00+02:00", "2015-10-26T02:30:00+01:00"}},
        {"0 2 * * *",
         "Europe/Vienna",
         "2015-10-24T12:00:00Z",
         {"2015-10-25T02:00:00+02:00", "2015-10-26T02:00:00+01:00"}},
        {"0 3 * * *",
         "Europe/Vienna",
         "2015-10-24T12:00:00Z",
         {"2015-10-25T03:00:00+01:00", "2015-10-26T03:00:00+01:00"}},
        {"30 2 * * *", "Europe/Vienna", "2015-10-25T01:00:00Z", {"2015-10-26T02:30:00+01:00"}},
        {"*/30 2 * * *",
         "Europe/Vienna",
         "2015-10-25T00:15:00Z",
         {"2015-10-25T02:30:00+02:00", "2015-10-26T02:00:00+01:00"}},
        {"30 * * * *",
         "Europe/Vienna",
         "2015-10-25T00:00:00Z",
         {"2015-10-25T02:30:00+02:00", "2015-10-25T02:30:00+01:00", "2015-10-25T03:30:00+01:00"}},
        {"*/30 * * * *",
         "Europe/Vienna",
         "2015-10-25T00:20:00Z",
         {"2015-10-25T02:30:00+02:00", "2015-10-25T02:00:00+01:00", "2015-10-25T02:30:00+01:00",
          "2015-10-25T03:00:00+01:00"}},
        {"@at 2015-10-25T02:30:00", "Europe/Vienna", "2015-10-24T00:00:00Z", {"2015-10-25T02:30:00+02:00", "-"}},
        {"15 1,2 * * *",
         "America/New_York",
         "2015-10-31T12:00:00Z",
         {"2015-11-01T01:15:00-04:00", "2015-11-01T02:15:00-05:00", "2015-11-02T01:15:00-05:00"}},
        {"45 1 * * *",
         "Australia/Lord_Howe",
         "2015-04-04T12:00:00Z",
         {"2015-04-05T01:45:00+11:00", "2015-04-06T01:45:00+10:30"}},
        {"30 0 * * *",
         "America/Havana",
         "2015-10-31T12:00:00Z",
         {"2015-11-01T00:30:00-04:00", "2015-11-02T00:30:00-05:00"}},
        {"30 1 * * *",
         "Europe/Dublin",
         "2015-10-24T12:00:00Z",
         {"2015-10-25T01:30:00+01:00", "2015-10-26T01:30:00+00:00"}},
        {"30 2 * * *",
         "Europe/Vienna",
         "2070-10-25T12:00:00Z",
         {"2070-10-26T02:30:00+02:00", "2070-10-27T02:30:00+01:00"}},
        /* The day before the clock changes at midnight comes twice as well: Sao Paulo 2017-02-19 00:00 -02:00 -> 18th 23:00 -03:00 */
        {"30 23 * * *",
         "America/Sao_Paulo",
         "2017-02-18T12:00:00Z",
         {"2017-02-18T23:30:00-02:00", "2017-02-19T23:30:00-03:00"}},
    };

    (void)state;
    check_examples(examples, sizeof examples / sizeof *examples);
}

static void mistakes_are_refused_with_a_reason(void **state)
{
    static const char *const wrong[][2] = {
        {"", "5 fields"},
        {"* * * *", "5 fields"},
        {"* * * * * * *", "5 fields"},
        {"60 * * * *", "minutes: `60` is not from 0 to 59"},
        {"* 24 * * *", "hours: `24`"},
        {"* * 0 * *", "days of the month: `0`"},
        {"* * 32 * *", "days of the month: `32`"},
        {"* * * 13 *", "months: `13`"},
        {"* * * * 8", "days of the week: `8`"},
        {"60 * * * * *", "seconds: `60`"},
        {"*/90 * * * *", "step that is not from 1 to 59"},
        {"*/0 * * * *", "step"},
        {"*/ * * * *", "step"},
        {"1-70 * * * *", "`1-70` is not from 0 to 59"},
        {"30-10 * * * *", "runs backwards"},
        {"* * * * SAT-MON", "runs backwards"},
        {"1,,2 * * * *", "minutes: `` is no number"},
        {"1, * * * *", "minutes"},
        {"* * * FOO *", "months: `FOO`"},
        {"* * * MON *", "months: `MON`"},
        {"MON * * * *", "minutes"},
        {"5x * * * *", "not understood"},
        {"-5 * * * *", "minutes"},
        {"99999999999 * * * *", "minutes"},
        {"* * L-31 * *", "L-30"},
        {"* * LX * *", "L"},
        {"* * 0W * *", "1W to 31W"},
        {"* * * * L", "FRIL"},
        {"* * * * 5#6", "#1 to #5"},
        {"* * * * 5#", "#1 to #5"},
        {"0 0 30 2 *", "never runs"},
        {"0 0 31 2,4,6,9,11 *", "never runs"},
        {"0 0 L-30 2 *", "never runs"},
        {"@evry 5s", "none of"},
        {"@every", "none of"},
        {"@every 5", "no duration"},
        {"@every 0s", "1s to 366d"},
        {"@every 400d", "1s to 366d"},
        {"@every 1m1h", "no duration"},
        {"@every 5s5s", "no duration"},
        {"@every 9999999999s", "no duration"},
        {"@every s", "no duration"},
        {"@at tomorrow", "no time"},
        {"@at 2026-02-30T00:00:00", "no time"},
        {"@at 2026-02-03", "no time"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = {0};
        struct cron c = {.every_s = 77};

        if (cron_parse(wrong[i][0], &c, &err) == 0)
            fail_msg("%s was taken", wrong[i][0]);
        assert_int_equal(err.status, 422);
        assert_string_equal(err.code, "cron_invalid");
        if (!strstr(err.message, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], err.message);
        assert_int_equal(c.every_s, 77);
    }
}

static void a_long_expression_is_refused(void **state)
{
    char text[CRON_TEXT_MAX + 2];
    struct error err = {0};
    struct cron c;

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, "* * * * *", 9);
    text[CRON_TEXT_MAX] = '\0';
    assert_int_equal(cron_parse(text, &c, &err), 0);
    text[CRON_TEXT_MAX] = ' ';
    text[CRON_TEXT_MAX + 1] = '\0';
    assert_int_equal(cron_parse(text, &c, &err), -1);
}

/* The bound of the search: 29 February on one weekday comes after 40 years at most, and is found from any year. */
static void rare_dates_are_found_from_every_year(void **state)
{
    (void)state;
    for (int weekday = 0; weekday < 7; weekday++) {
        char text[32];
        struct cron c;

        snprintf(text, sizeof text, "0 0 */28 2 %d", weekday);
        c = parsed(text);
        c.days = UINT32_C(1) << 29;
        for (int year = 1900; year < 2300; year++) {
            int64_t from = calendar_day(year, 1, 1) * CALENDAR_DAY_S, found;
            int y, month, day;

            assert_true(cron_next_local(&c, from, &found));
            calendar_date(calendar_floor(found, CALENDAR_DAY_S), &y, &month, &day);
            assert_true(found >= from && y <= year + 40);
            assert_int_equal(month * 100 + day, 229);
        }
    }
}

static void an_expression_is_said_in_words(void **state)
{
    static const char *const words[][2] = {
        {"30 2 * * 1-5", "At 02:30 on Monday to Friday, in Europe/Vienna"},
        {"30 2 * * *", "At 02:30 every day, in Europe/Vienna"},
        {"15 30 2 * * *", "At 02:30:15 every day, in Europe/Vienna"},
        {"0,30 8,20 * * *", "At 08:00, 08:30, 20:00 and 20:30 every day, in Europe/Vienna"},
        {"* * * * *", "Every minute, in Europe/Vienna"},
        {"*/5 * * * *", "Every 5 minutes, in Europe/Vienna"},
        {"0-59/5 * * * *", "Every 5 minutes, in Europe/Vienna"},
        {"*/7 * * * *", "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour, in Europe/Vienna"},
        {"*/5 9-17 * * mon-fri", "Every 5 minutes of the hours 9 to 17 on Monday to Friday, in Europe/Vienna"},
        {"* 4 * * *", "Every minute of hour 4 every day, in Europe/Vienna"},
        {"@hourly", "At minute 0 of every hour, in Europe/Vienna"},
        {"0 */2 * * *", "At minute 0 of every 2nd hour every day, in Europe/Vienna"},
        {"*/10 * * * * *", "Every 10 seconds, in Europe/Vienna"},
        {"5 * * * * *", "At second 5 of every minute, in Europe/Vienna"},
        {"*/10 30 * * * *", "Every 10 seconds of minute 30 of every hour, in Europe/Vienna"},
        {"* */5 * * * *", "Every second of every 5th minute of every hour, in Europe/Vienna"},
        {"0 0 1 1 *", "At 00:00 on day 1 of the month in January, in Europe/Vienna"},
        {"0 0 13 * 5", "At 00:00 on day 13 of the month or on Friday, in Europe/Vienna"},
        {"0 0 */10 * 5", "At 00:00 on days 1, 11, 21 and 31 of the month, if it is Friday, in Europe/Vienna"},
        {"0 0 1-31 * 5", "At 00:00 every day, in Europe/Vienna"},
        {"0 0 * 6-8,12 6,0", "At 00:00 on Saturday and Sunday in June to August and December, in Europe/Vienna"},
        {"0 0 * * FRI-SUN", "At 00:00 on Friday to Sunday, in Europe/Vienna"},
        {"0 0 L,L-3 * *", "At 00:00 on 3 days before the last and the last day of the month, in Europe/Vienna"},
        {"0 0 15W,LW * *",
         "At 00:00 on the weekday nearest to day 15 and the last weekday of the month, in Europe/Vienna"},
        {"0 0 * * FRI#2,MONL",
         "At 00:00 on the last Monday of the month and the 2nd Friday of the month, in Europe/Vienna"},
        {"@every 90s", "Every 1 minute and 30 seconds"},
        {"@every 1h", "Every hour"},
        {"@every 2d12h", "Every 2 days and 12 hours"},
        {"@at 2026-12-24T18:00:00", "Once, on 2026-12-24 at 18:00:00, in Europe/Vienna"},
        {"@at 2026-12-24T18:00:00+01:00", "Once, on 2026-12-24 at 17:00:00 UTC"},
        {"@reboot", "Once after each start of the machine"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct buf out = {0};
        struct cron c = parsed(words[i][0]);

        cron_describe(&c, "Europe/Vienna", &out);
        assert_string_equal(buf_text(&out), words[i][1]);
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_times_of_each_kind),        cmocka_unit_test(the_clock_is_put_forward),
        cmocka_unit_test(the_clock_is_put_back),          cmocka_unit_test(mistakes_are_refused_with_a_reason),
        cmocka_unit_test(a_long_expression_is_refused),   cmocka_unit_test(rare_dates_are_found_from_every_year),
        cmocka_unit_test(an_expression_is_said_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
