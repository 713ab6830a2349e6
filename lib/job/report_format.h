#ifndef JOBJOKER_JOB_REPORT_FORMAT_H
#define JOBJOKER_JOB_REPORT_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "job/job.h"

/* What a runner reports to the API: a list of records, each a line of words that ends with the number of bytes that
 * follow, then those bytes, then a newline. The list of records is in DESIGN.md, section 6. Bytes are kept as they are. */

enum report_verb {
    REPORT_NUMBER = 1, /* number: first in each report; 1, 2, 3 ... in each run */
    REPORT_LOG,        /* time_ms, stream, open, bytes */
    REPORT_RESPONSE,   /* time_ms, stream, open, bytes */
    REPORT_PROGRESS,   /* time_ms, percent, bytes: the message */
    REPORT_PID,        /* pid of the worker */
    REPORT_USAGE,      /* usage; what stands behind max_rss may be missing: a runner of an older version */
    REPORT_PAUSED,     /* paused */
    REPORT_END,        /* time_ms, event, exit_code, signal, bytes: the reason; last */
    REPORT_VERBS
};

struct report_record {
    enum report_verb verb;
    int64_t number;
    int64_t time_ms;
    enum entry_stream stream;
    bool open; /* the line, or the response, goes on in the next entry of this stream */
    int percent;
    int64_t pid;
    struct job_usage usage;
    bool paused;
    enum job_event event; /* EVENT_SUCCESS, EVENT_FAILURE or EVENT_KILLED */
    int exit_code;        /* -1: none */
    int signal;           /* 0: none */
    const char *bytes;    /* borrowed from the report */
    size_t size;
};

/* Appends one record; the fields that its verb has are looked at. */
void report_put(struct buf *out, const struct report_record *record);

/* Reading: `struct report_reader r = { body, body + size };` */
struct report_reader {
    const char *at, *end;
};

/* 1: *out is the next record, whose bytes are borrowed. 0: that was all. -1: 400 report_malformed. */
int report_read_next(struct report_reader *r, struct report_record *out, struct error *err);

#endif
