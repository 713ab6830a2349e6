/* Reads TZif files (RFC 8536): a header and a block with times of 32 bits, which is skipped, then both again with 64 bits, then a
 * line with the rule for later years in the form of POSIX's TZ variable. Files of version 1 have the first block alone; nobody has
 * made such for twenty years. Every count and index is checked: a file that lies gives no zone. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone_data.h"

enum { HEADER_SIZE = 44, TYPE_SIZE = 6, CHANGES_MAX = 4000, TYPES_MAX = 256 };

struct header {
    size_t ut_flags, standard_flags, leaps, changes, types, letters; /* how many of each */
};

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get_i64(const unsigned char *p)
{
    return (int64_t)((uint64_t)get_u32(p) << 32 | get_u32(p + 4));
}

static int read_header(const unsigned char *p, size_t size, struct header *h)
{
    if (size < HEADER_SIZE || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return -1;
    *h = (struct header){get_u32(p + 20), get_u32(p + 24), get_u32(p + 28),
                         get_u32(p + 32), get_u32(p + 36), get_u32(p + 40)};
    if (h->leaps || h->changes > CHANGES_MAX || h->types == 0 || h->types > TYPES_MAX || h->letters > ZONE_FILE_MAX ||
        h->ut_flags > TYPES_MAX || h->standard_flags > TYPES_MAX)
        return -1;
    return 0;
}

static size_t block_size(const struct header *h, size_t time_size)
{
    return h->changes * (time_size + 1) + h->types * TYPE_SIZE + h->letters + h->standard_flags + h->ut_flags;
}

static int offset_of_type(const unsigned char *types, const struct header *h, size_t index, int32_t *out)
{
    if (index >= h->types)
        return -1;
    *out = (int32_t)get_u32(types + index * TYPE_SIZE);
    return *out > -ZONE_OFFSET_MAX && *out < ZONE_OFFSET_MAX ? 0 : -1;
}

/* `p`: a block with times of 64 bits, all of it. */
static int read_changes(const unsigned char *p, const struct header *h, struct zone *z)
{
    const unsigned char *indices = p + h->changes * 8, *types = indices + h->changes;

    if (offset_of_type(types, h, 0, &z->first) < 0)
        return -1;
    z->changes = calloc(h->changes + 1, sizeof *z->changes);
    if (!z->changes)
        return -1;
    for (size_t i = 0; i < h->changes; i++) {
        struct zone_change *c = &z->changes[i];

        c->at = get_i64(p + i * 8);
        if (offset_of_type(types, h, indices[i], &c->offset) < 0 || (i && c->at <= c[-1].at))
            return -1;
    }
    z->count = h->changes;
    return 0;
}

/* -- the rule; each of these moves *at past what it read, and returns -1 where that is not there -- */

static int take_number(const char **at, int high, int *out)
{
    int number = 0, digits = 0;

    for (; isdigit((unsigned char)**at) && digits < 4; digits++, (*at)++)
        number = 10 * number + (**at - '0');
    *out = number;
    return digits && number <= high ? 0 : -1;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static int take_name(const char **at)
{
    const char *from = *at;

    if (take(at, '<')) {
        *at += strcspn(*at, ">");
        return take(at, '>') ? 0 : -1;
    }
    while (isalpha((unsigned char)**at))
        ++*at;
    return *at - from >= 3 ? 0 : -1;
}

/* [+-]hh[:mm[:ss]] as seconds. */
static int take_time(const char **at, int hours_max, int32_t *out)
{
    bool minus = take(at, '-');
    int hours, minutes = 0, seconds = 0;

    if (!minus)
        take(at, '+');
    if (take_number(at, hours_max, &hours) < 0)
        return -1;
    if (take(at, ':') && (take_number(at, 59, &minutes) < 0 || (take(at, ':') && take_number(at, 59, &seconds) < 0)))
        return -1;
    *out = (minus ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
    return 0;
}

static int take_offset(const char **at, int32_t *out)
{
    if (take_time(at, 24, out) < 0)
        return -1;
    *out = -*out; /* POSIX counts it to the west */
    return 0;
}

static int take_week(const char **at, struct zone_day *d)
{
    if (take_number(at, 12, &d->month) < 0 || d->month < 1 || !take(at, '.') || take_number(at, 5, &d->week) < 0 ||
        d->week < 1 || !take(at, '.'))
        return -1;
    return take_number(at, 6, &d->weekday);
}

/* ",M3.5.0/3", ",J60" or ",59" */
static int take_day(const char **at, struct zone_day *d)
{
    d->time_s = 2 * 3600;
    if (!take(at, ','))
        return -1;
    if (take(at, 'M')) {
        if (take_week(at, d) < 0)
            return -1;
    } else {
        d->skips_leap_day = take(at, 'J');
        if (take_number(at, 365, &d->day) < 0 || (d->skips_leap_day && --d->day < 0))
            return -1;
    }
    return take(at, '/') ? take_time(at, 167, &d->time_s) : 0;
}

static int read_rule(const char *text, struct zone_rule *r)
{
    if (take_name(&text) < 0 || take_offset(&text, &r->standard) < 0)
        return -1;
    if (!*text)
        return 0;
    r->has_summer = true;
    r->summer = r->standard + 3600;
    if (take_name(&text) < 0 || (*text != ',' && take_offset(&text, &r->summer) < 0) ||
        take_day(&text, &r->begin) < 0 || take_day(&text, &r->end) < 0)
        return -1;
    return *text ? -1 : 0;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; there may be nothing between the newlines. */
static int read_footer(const unsigned char *p, size_t size, struct zone *z)
{
    char text[128];
    const unsigned char *end = size > 1 && *p == '\n' ? memchr(p + 1, '\n', size - 1) : NULL;
    size_t length = end ? (size_t)(end - p) - 1 : 0;

    if (!end || length >= sizeof text || memchr(p, '\0', length))
        return -1;
    memcpy(text, p + 1, length);
    text[length] = '\0';
    z->has_rule = length > 0;
    return length ? read_rule(text, &z->rule) : 0;
}

struct zone *zone_read(const unsigned char *bytes, size_t size)
{
    struct header h;
    struct zone *z;
    size_t block;

    if (read_header(bytes, size, &h) < 0 || size - HEADER_SIZE < block_size(&h, 4))
        return NULL;
    block = HEADER_SIZE + block_size(&h, 4);
    bytes += block;
    size -= block;
    if (read_header(bytes, size, &h) < 0 || size - HEADER_SIZE < block_size(&h, 8))
        return NULL;
    z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    block = block_size(&h, 8);
    if (read_changes(bytes + HEADER_SIZE, &h, z) < 0 ||
        read_footer(bytes + HEADER_SIZE + block, size - HEADER_SIZE - block, z) < 0) {
        zone_free(z);
        return NULL;
    }
    return z;
}
