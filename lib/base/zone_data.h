#ifndef JOBJOKER_BASE_ZONE_DATA_H
#define JOBJOKER_BASE_ZONE_DATA_H

#include "base/zone.h"

/* What a zone is made of: between zone_read.c, which reads it, and zone.c, which is asked. */

struct zone_change {
    int64_t at;
    int32_t offset; /* from then on */
};

/* A day of each year: of the forms of POSIX's TZ variable. */
struct zone_day {
    int month, week, weekday; /* Mm.w.d; month 0: the other forms */
    int day;                  /* 0 to 365 */
    bool skips_leap_day;      /* Jn: 29 February is never counted */
    int32_t time_s;           /* on the clock that counts until then; may be below 0 and beyond a day */
};

struct zone_rule {
    int32_t standard, summer; /* offsets */
    bool has_summer;
    struct zone_day begin, end; /* of summer time, which may last over the turn of the year */
};

struct zone {
    int32_t first; /* the offset before the first change */
    size_t count;
    struct zone_change *changes; /* by their time */
    bool has_rule;               /* for all after the last change; else that goes on for ever */
    struct zone_rule rule;
};

#endif
