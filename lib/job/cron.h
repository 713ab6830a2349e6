#ifndef JOBJOKER_JOB_CRON_H
#define JOBJOKER_JOB_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/zone.h"

/* When something is to run, again and again. Pure: the time comes in, and so does the zone.
 *
 *   [SECONDS] MINUTES HOURS DAYS MONTHS WEEKDAYS     five fields, or six; without seconds it is second 0
 *   @hourly @daily @midnight @weekly @monthly @yearly @annually
 *   @every 1h30m     each full 1h30m since 1970 UTC: d, h, m, s, from 1s to 366d
 *   @at 2026-12-24T18:00:00      once, on the wall clock of the zone; with Z or +01:00 at that instant
 *   @reboot          once after each start of the machine: never due by the clock
 *
 * A field is a list, separated by commas, of numbers, names (JAN, MON; in any case), ranges (1-5, MON-FRI) and a star, with a
 * step behind a slash where one is wanted: 10-50/20, and 5/15, which goes from 5 to the end. 0 and 7 are Sunday. Days may also be L
 * (the last of the month), L-2 (two days before it), 15W (the weekday nearest to the 15th, within the month) and LW (the last
 * weekday); weekdays also FRI#2 (the second Friday) and FRIL (the last one). `?` is a star in both.
 *
 * Days and weekdays as in Vixie's cron: where neither field begins with `*`, a day that matches either is one; else it must
 * match both.
 *
 * When the wall clock is put forward or back:
 * - An expression that leaves hours open (all 24 match) goes by real time: it runs whenever the wall clock matches, in an hour
 *   that comes twice both times, and nothing is made up for times that do not come.
 * - One that names hours means times of day, and each comes once: a time that is skipped runs at the first instant after the gap
 *   (several skipped ones together once), and one that comes twice runs the first time. */

enum { CRON_TEXT_MAX = 200 }; /* bytes */

enum cron_kind { CRON_TIMES, CRON_EVERY, CRON_AT, CRON_REBOOT };

struct cron {
    enum cron_kind kind;
    /* CRON_TIMES: sets of what matches; bit n is n. None of the first four is empty. */
    uint64_t seconds, minutes;
    uint32_t hours, months;
    uint32_t days, days_from_end, days_near; /* bit 0 of from_end: L; bit n of near: nW */
    bool last_weekday;                       /* LW */
    uint32_t weekdays;                       /* bit 0: Sunday */
    uint8_t nth[7];                          /* of each weekday: bit n for #n, bit 0 for L */
    bool must_match_both;                    /* days and weekdays */
    int64_t every_s;                         /* CRON_EVERY */
    int64_t at_s;                            /* CRON_AT */
    bool at_is_local;
};

/* -1: 422 cron_invalid, with a sentence that names the field; also for a date that never comes, 30 February. */
int cron_parse(const char *text, struct cron *out, struct error *err);

/* The first time after `after_ms` at which it runs. False: there is none before the year 10000 (@at that is over, @reboot). */
bool cron_next(const struct cron *c, const struct zone *zone, int64_t after_ms, int64_t *next_ms);

/* CRON_TIMES: the first match at or after a wall clock's time, on a clock that is never put forward or back; seconds as in
 * base/zone.h. False: there is none within 48 years. A date of the calendar comes again after 40 at most. */
bool cron_next_local(const struct cron *c, int64_t local_s, int64_t *next_s);

/* Appends a sentence without its stop: "At 02:30 on Monday to Friday, in Europe/Vienna". The zone's name is left out where it
 * does not matter. */
void cron_describe(const struct cron *c, const char *zone_name, struct buf *out);

/* What parser and description both know: "January", "Sunday". */
extern const char *const cron_month_names[13];  /* from 1 */
extern const char *const cron_weekday_names[7]; /* Sunday is 0 */

#endif
