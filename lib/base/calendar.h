#ifndef JOBJOKER_BASE_CALENDAR_H
#define JOBJOKER_BASE_CALENDAR_H

#include <stdint.h>

/* The Gregorian calendar as arithmetic, for years from 0 on: no time zone, no state, and many times as fast as timegm(3). */

enum { CALENDAR_DAY_S = 86400 };

int64_t calendar_day(int year, int month, int day); /* days since 1970-01-01; month 1 to 12 */
void calendar_date(int64_t days, int *year, int *month, int *day);
int calendar_weekday(int64_t days); /* 0: Sunday */
int calendar_month_length(int year, int month);

/* a / b and its rest, rounded down also where a is negative. */
int64_t calendar_floor(int64_t a, int64_t b);
int64_t calendar_rest(int64_t a, int64_t b);

#endif
