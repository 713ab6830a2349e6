#ifndef JOBJOKER_RUNNER_LOG_LIMIT_H
#define JOBJOKER_RUNNER_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "job/log_tail.h"
#include "report.h"
#include "ticket.h"

/* The limit of a log. What a worker says goes off as it comes until only the share of the log's end is left; what follows
 * is kept on disk (job/log_tail.h) and goes off when the job is over. A log that is not larger than its limit comes out
 * whole, each entry as it was said and nothing added, the last of it late. Of a larger one, an entry says so as soon as
 * something is left out, another stands where it was, and between the two nothing is missing from beginning or end.
 *
 * Where the disk has no room the oldest that is kept gives way, so that the worker never waits for it. */

/* One file. The older holds what was said before the newer. */
struct log_segment {
    int fd;                 /* -1: there is no file yet */
    off_t size;             /* bytes of the file */
    size_t head_size;       /* of these, its first line */
    struct log_extent text; /* what is in it of the log */
};

struct log_limit {
    const struct ticket *ticket;
    struct report *report; /* that goes off as it comes */
    int64_t max;           /* bytes of the log's text; 0: no limit */
    int64_t quarter;       /* how much of it a file takes */
    int64_t room;          /* what still goes off at once; once `over`: what the newer file still takes */
    bool over;
    int64_t head_report;    /* number of the report with the last that went off at once */
    enum entry_stream open; /* of the last entry that went off at once, if its line was not over; 0: it was */
    int64_t tail_max;       /* bytes of the text that the tail may have in all */
    struct log_segment segments[LOG_TAIL_FILES];
    int newer;
    struct buf batch; /* records that are to be written to the newer file */
    struct log_extent batch_text;
    int64_t batch_ms;   /* monotonic: when its first was put */
    struct log_gap gap; /* between what went off at once and what is kept */
    bool cannot_write;  /* it was said */
    /* When the job is over: */
    bool telling, told;
    int64_t part;  /* the next */
    int file;      /* that it is in: 0 the older, 1 the newer, 2 the batch, which the disk did not take */
    off_t file_at; /* where it begins there */
};

void log_limit_init(struct log_limit *l, const struct ticket *t, struct report *report);
void log_limit_clear(struct log_limit *l); /* the files stay: whoever removes the folder removes them */

/* Takes one entry of the log. */
void log_limit_add(struct log_limit *l, const struct report_record *entry);

/* Does what can be done now. Returns when to be called again: monotonic milliseconds, INT64_MAX: not before something
 * happens. */
int64_t log_limit_work(struct log_limit *l);

/* The job is over and all of its log was added: puts the next part of the tail into the report, if that is empty. False:
 * that has to go off first. True: all was told. */
bool log_limit_tell(struct log_limit *l);

#endif
