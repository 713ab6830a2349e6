#ifndef JOBJOKER_RUNNER_REPORT_H
#define JOBJOKER_RUNNER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "job/report_format.h"

/* The report that is being put together. It goes off when it is full or old enough, whichever comes first. */

enum {
    ENTRY_SIZE_MAX = 65536,  /* bytes of one entry: longer lines are cut */
    REPORT_FULL = 65536,     /* bytes of a report that is to go off */
    OUTPUT_READ_SIZE = 4096, /* bytes read at once: as so many empty lines they become 32 times as much */
    /* A full report takes in what both streams gave at once: a line each, which masks made three times as long, and
     * the lines that follow it. The API takes 1 MiB. */
    REPORT_SIZE_MAX = REPORT_FULL + 2 * (3 * ENTRY_SIZE_MAX + 32 * OUTPUT_READ_SIZE) + 8192,
    REPORT_AGE_MS = 200,
};

struct report {
    struct buf body;    /* begins with its number once something is in it */
    int64_t number;     /* of the report before */
    int64_t started_ms; /* monotonic: when its first record was put; 0: it is empty */
};

void report_add(struct report *r, const struct report_record *record);
/* A system entry of the log, in the runner's own words. */
void report_say(struct report *r, const char *text);
/* Begins it although nothing is to be said: to ask what is wanted. */
void report_begin(struct report *r);

/* Begins an empty one with a number of its own, larger than that of the one before. Whoever asks for it writes the whole
 * body, its number too, to what is returned. */
struct buf *report_open(struct report *r, int64_t number);

bool report_is_empty(const struct report *r);
bool report_is_full(const struct report *r);
/* When it is to go off; INT64_MAX while it is empty. Monotonic milliseconds. */
int64_t report_due_ms(const struct report *r);

/* Moves it into `out`, whose memory becomes the next one's. */
void report_take(struct report *r, struct buf *out);

#endif
