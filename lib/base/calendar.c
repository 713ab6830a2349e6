/* Years are counted from March on here, so that the leap day is the last of a year, and eras are 400 years, after which the
 * calendar repeats itself with its weekdays. */
#include "base/calendar.h"

#include <stdbool.h>

enum {
    ERA_DAYS = 146097,
    CENTURY_DAYS = 36524,
    LEAP_CYCLE_DAYS = 1461,
    EPOCH_DAY = 719468, /* from 0000-03-01 to 1970-01-01 */
};

int64_t calendar_floor(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t calendar_rest(int64_t a, int64_t b)
{
    return a - b * calendar_floor(a, b);
}

/* Days of a March year before its month (0: March). Five months have 153 days, over and over. */
static int days_before(int month)
{
    return (153 * month + 2) / 5;
}

int64_t calendar_day(int year, int month, int day)
{
    int from_march = month > 2 ? month - 3 : month + 9, march_year = year - (month <= 2);
    int64_t era = calendar_floor(march_year, 400);
    int of_era = (int)(march_year - era * 400);

    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + days_before(from_march) + day - 1 - EPOCH_DAY;
}

void calendar_date(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + EPOCH_DAY, era = calendar_floor(shifted, ERA_DAYS);
    int of_era = (int)(shifted - era * ERA_DAYS);
    int march_year = (of_era - of_era / (LEAP_CYCLE_DAYS - 1) + of_era / CENTURY_DAYS - of_era / (ERA_DAYS - 1)) / 365;
    int of_year = of_era - (365 * march_year + march_year / 4 - march_year / 100), from_march = (5 * of_year + 2) / 153;

    *day = of_year - days_before(from_march) + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(march_year + era * 400) + (*month <= 2);
}

int calendar_weekday(int64_t days)
{
    return (int)calendar_rest(days + 4, 7); /* 1970-01-01 was a Thursday */
}

int calendar_month_length(int year, int month)
{
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 ? 28 + leap : 30 + (month + month / 8) % 2;
}
