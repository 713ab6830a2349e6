/* How many next times a second cron expressions give: run by hand, `make tests/bench/cron && tests/bench/cron`. Beside them what it
 * costs to ask libc alone for the wall clock of another zone, which is the other way to do it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "job/cron.h"

enum { TIMES = 300000, FROM_S = 1795500000 };

static const char *const expressions[] = {
    "*/5 * * * *",   "30 2 * * 1-5", "0 0 1 * *",  "0 9-17/2 * * MON-FRI", "15 3 L * *",   "0 12 15W * *",
    "0 8 * * FRI#2", "0 0 13 * 5",   "0 0 29 2 *", "*/10 * * * * *",       "0 4 */28 2 1", "@every 90s",
};
static const char *const zones[] = {"UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe"};

static double seconds_since(int64_t start_ms)
{
    return (double)(clock_monotonic_ms() - start_ms + 1) / 1000;
}

static double next_per_second(const struct cron *c, const struct zone *zone)
{
    int64_t start = clock_monotonic_ms(), first = INT64_C(1000) * FROM_S, t = first;

    for (int i = 0; i < TIMES; i++) {
        if (!cron_next(c, zone, t, &t))
            t = first; /* the end of time was reached: from the start again */
    }
    return TIMES / seconds_since(start);
}

static double libc_per_second(const char *zone)
{
    const int count = 20000;
    int64_t start = clock_monotonic_ms();

    for (int i = 0; i < count; i++) {
        time_t t = FROM_S + i * 3600;
        struct tm tm;

        setenv("TZ", i % 2 ? zone : "UTC0", 1); /* schedules of several zones, one after the other */
        tzset();
        localtime_r(&t, &tm);
        tm.tm_isdst = -1;
        if (mktime(&tm) < 0)
            return 0;
    }
    return count / seconds_since(start);
}

int main(void)
{
    printf("%-24s", "next times/s");
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++)
        printf("%22s", zones[z]);
    for (size_t e = 0; e < sizeof expressions / sizeof *expressions; e++) {
        printf("\n%-24s", expressions[e]);
        for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
            struct error err = {0};
            struct cron cron;
            struct zone *zone = zone_load(zones[z], &err);

            if (!zone || cron_parse(expressions[e], &cron, &err) < 0)
                return fprintf(stderr, "%s\n", err.message), 1;
            printf("%22.0f", next_per_second(&cron, zone));
            zone_free(zone);
        }
    }
    printf("\n%-24s%22s%22.0f\n", "libc: one wall clock", "", libc_per_second("Europe/Vienna"));
    return 0;
}
