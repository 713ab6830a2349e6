/* Calendar and time zones: against libc, whose calendar and zones are others' work. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/calendar.h"
#include "base/io.h"
#include "base/zone.h"

static void the_calendar_is_that_of_libc(void **state)
{
    int64_t first = calendar_day(1600, 1, 1), end = calendar_day(2405, 1, 1);

    (void)state;
    for (int64_t day = first; day < end; day++) {
        time_t t = (time_t)(day * CALENDAR_DAY_S);
        int year, month, of_month;
        struct tm tm;

        gmtime_r(&t, &tm);
        calendar_date(day, &year, &month, &of_month);
        assert_int_equal(year, tm.tm_year + 1900);
        assert_int_equal(month, tm.tm_mon + 1);
        assert_int_equal(of_month, tm.tm_mday);
        assert_int_equal(calendar_weekday(day), tm.tm_wday);
        assert_true(calendar_day(year, month, of_month) == day);
        assert_true(of_month <= calendar_month_length(year, month));
    }
    assert_true(calendar_day(9999, 12, 31) == 2932896);
    assert_true(calendar_day(0, 1, 1) == -719528);
}

/* Of all shapes: many rules, one, none; half hours; summer time in winter (Dublin), over the turn of the year, by a rule of weeks that
 * count from the end; a day that was skipped (Apia). */
static const char *const zones[] = {
    "Europe/Vienna",     "Europe/Dublin",       "America/New_York",
    "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Pacific/Apia",      "Africa/Casablanca",   "Asia/Gaza",
    "America/Godthab",   "Antarctica/Troll",    "Asia/Kolkata",
    "Pacific/Chatham",   "Africa/Johannesburg", "Etc/GMT+5",
    "America/Havana",    "Asia/Tehran",         "UTC",
};

static void use_in_libc(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* Each change, the second before it, and times between, of 220 years. */
static void offsets_are_those_of_libc(void **state)
{
    const time_t begin = -1262304000 /* 1930 */, end = 5680281600 /* 2150 */;

    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        struct error err = {0};
        struct zone *zone = zone_load(zones[i], &err);
        int spans = 0;

        assert_non_null(zone);
        use_in_libc(zones[i]);
        for (time_t t = begin; t < end; spans++) {
            struct zone_span span;
            time_t later;

            zone_span_at(zone, t, &span);
            assert_true(span.from <= t && t < span.until);
            for (; t < span.until && t < end; t = later) {
                struct tm tm;

                localtime_r(&t, &tm);
                if (tm.tm_gmtoff != span.offset)
                    fail_msg("%s at %lld: %ld, not %d", zones[i], (long long)t, tm.tm_gmtoff, span.offset);
                later = t + 40 * CALENDAR_DAY_S;
                if (later >= span.until && t < span.until - 1)
                    later = (time_t)span.until - 1;
            }
            if (span.from > begin) {
                time_t before = (time_t)span.from - 1;
                struct tm tm;

                localtime_r(&before, &tm);
                assert_int_equal(tm.tm_gmtoff, span.before);
            }
        }
        assert_true(spans >= 1);
        zone_free(zone);
    }
    unsetenv("TZ");
}

static void a_zone_that_is_none_is_told(void **state)
{
    static const char *const wrong[] = {"",          "Europe/Nowhere",     "/etc/passwd", "../../../etc/passwd",
                                        "Europe",    "tzdata.zi",          "Europe/",     "Europe//Vienna",
                                        "zone\ttab", "Europe/Vienna/Wien", "right/UTC",   "zone1970"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = {0};

        assert_null(zone_load(wrong[i], &err));
        assert_int_equal(err.status, 422);
        assert_string_equal(err.code, "zone_unknown");
    }
}

/* A file that was cut, or whose bytes were changed, is a zone or none, but nothing is read beyond it (sanitizers). */
static void a_broken_file_does_no_harm(void **state)
{
    struct buf file = {0};
    int taken = 0;

    (void)state;
    assert_int_equal(io_read_file("/usr/share/zoneinfo/Europe/Vienna", ZONE_FILE_MAX, &file), 0);
    for (size_t size = 0; size <= file.size; size++) {
        unsigned char *copy = malloc(size + 1);
        struct zone *zone;

        memcpy(copy, file.data, size);
        zone = zone_read(copy, size);
        taken += zone != NULL;
        zone_free(zone);
        free(copy);
    }
    assert_int_equal(taken, 1);
    for (size_t i = 0; i < file.size; i++) {
        char was = file.data[i];
        struct zone_span span;
        struct zone *zone;

        file.data[i] = (char)0xff;
        zone = zone_read((const unsigned char *)file.data, file.size);
        if (zone)
            zone_span_at(zone, INT64_C(4000000000), &span);
        zone_free(zone);
        file.data[i] = was;
    }
    buf_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calendar_is_that_of_libc),
        cmocka_unit_test(offsets_are_those_of_libc),
        cmocka_unit_test(a_zone_that_is_none_is_told),
        cmocka_unit_test(a_broken_file_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
