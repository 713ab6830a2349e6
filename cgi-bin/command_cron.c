/* jobjoker cron: what an expression means, and when it runs. Needs no data folder: for people who are writing one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "job/cron.h"

enum { COUNT_PRESET = 5, COUNT_MAX = 1000 };

/* 2026-11-24T02:30:00+01:00 */
static void print_time(const struct zone *zone, int64_t time_ms)
{
    char time[TEXT_TIME_SIZE];
    struct zone_span span;
    int minutes;

    zone_span_at(zone, time_ms / 1000, &span);
    text_from_time(time_ms + (int64_t)span.offset * 1000, time);
    minutes = abs(span.offset) / 60;
    printf("%.19s%c%02d:%02d\n", time, span.offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static int print_times(const struct cron *c, const char *zone_name, int64_t from_ms, long long count, struct error *err)
{
    AUTO(buf) struct buf words = {0};
    struct zone *zone = zone_load(zone_name, err);

    if (!zone)
        return -1;
    cron_describe(c, zone_name, &words);
    puts(buf_text(&words));
    for (long long i = 0; i < count && cron_next(c, zone, from_ms, &from_ms); i++)
        print_time(zone, from_ms);
    zone_free(zone);
    return 0;
}

int command_cron(int argc, char **argv)
{
    const char *zone = NULL, *from = NULL, *count_text = NULL;
    const struct command_option options[] = {{"--zone", &zone, NULL},
                                             {"--from", &from, NULL},
                                             {"--count", &count_text, NULL},
                                             {NULL, NULL, NULL}};
    long long count = COUNT_PRESET;
    int64_t from_ms = clock_now_ms();
    struct error err = {0};
    struct cron cron;

    if (command_take_options(argc, argv, options) != 1)
        return EXIT_USAGE;
    if (count_text && text_to_int(count_text, 0, COUNT_MAX, &count) < 0)
        return EXIT_USAGE;
    if (from && text_to_time(from, &from_ms) < 0)
        return EXIT_USAGE;
    if (cron_parse(argv[0], &cron, &err) < 0 || print_times(&cron, zone ? zone : "UTC", from_ms, count, &err) < 0)
        return command_complain(&err);
    return 0;
}
