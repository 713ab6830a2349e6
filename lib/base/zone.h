#ifndef JOBJOKER_BASE_ZONE_H
#define JOBJOKER_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Time zones, from the machine's own data (Debian: tzdata), as values. libc knows one zone at a time, the process's, takes an
 * unknown one for UTC without a word, and cannot say when a clock is put forward or back; so we read its files ourselves (TZif,
 * RFC 8536). Times are seconds since 1970 UTC; a wall clock's time is seconds too, as if it stood in UTC: time + offset. */

enum {
    ZONE_NAME_SIZE = 65,
    ZONE_FILE_MAX = 64 * 1024,   /* bytes; the longest there is has 4 KiB */
    ZONE_OFFSET_MAX = 26 * 3600, /* no wall clock is further from UTC */
};

struct zone;

/* From one change of the wall clock to the next. */
struct zone_span {
    int64_t from, until; /* until is the first that does not belong to it; INT64_MIN, INT64_MAX: for ever */
    int32_t offset;      /* to be added to UTC */
    int32_t before; /* the offset just before `from`: less where the clock was put forward there, more where back */
};

/* True: what a zone may be called. Whether there is one is another question. */
bool zone_is_name(const char *name);

/* Loads "Europe/Vienna" from /usr/share/zoneinfo; "UTC" is always there. The caller's: zone_free(). NULL: 422 zone_unknown; 500. */
struct zone *zone_load(const char *name, struct error *err);
void zone_free(struct zone *zone); /* NULL is fine */

/* The same from a file's bytes. NULL: they are no TZif file of version 2 or later, have leap seconds, or memory ran out. */
struct zone *zone_read(const unsigned char *bytes, size_t size);

/* The span that a time lies in. Behind the last change in the file its rule for all later years counts. */
void zone_span_at(const struct zone *zone, int64_t time_s, struct zone_span *out);

#endif
