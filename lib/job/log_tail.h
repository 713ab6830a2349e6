#ifndef JOBJOKER_JOB_LOG_TAIL_H
#define JOBJOKER_JOB_LOG_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "job/report_format.h"

/* A log that would become longer than its limit is cut in the middle: its beginning goes off as it comes, and its end is
 * kept by the runner in two files in the folder of the run. Each begins with a line that says how much of the log was said
 * before it; log records follow. When the newer one is full, the older gives way.
 *
 * Here is the format of these files, and how they become reports when the job is over. The runner and who finds the folder
 * of a lost runner make the same reports with the same numbers out of the same files, and a number is taken once: so it
 * does not matter who of them delivers which. */

enum {
    LOG_TAIL_FILES = 2,            /* tail.0 and tail.1 */
    LOG_TAIL_HEAD_MAX = 80,        /* bytes of the first line */
    LOG_TAIL_TEXT_MAX = 4 << 20,   /* bytes of the log in one file: a quarter of the limit, at most this */
    LOG_TAIL_FILE_MAX = 256 << 20, /* bytes of the file: if all of it are empty lines, and room to spare */
    LOG_TAIL_PART_SIZE = 65536,    /* bytes of records after which a report is full */
    /* With so many bytes at hand a part is whole: no record is larger than an entry of 64 KiB with its words. */
    LOG_TAIL_READ_SIZE = 2 * 65536 + 512,
};

/* How much of the text of a log. */
struct log_extent {
    int64_t bytes, lines; /* lines: line breaks */
};

/* What an entry adds to the text of the log, just as the store counts it. */
struct log_extent log_extent_of(const struct report_record *entry);
void log_extent_add(struct log_extent *sum, const struct log_extent *more);
void log_extent_take_off(struct log_extent *sum, const struct log_extent *less);

void log_tail_path(const char *folder, int file, char *out, size_t out_size);

/* The first line of a file. */
struct log_tail_head {
    struct log_extent before; /* what was said behind the beginning of the log and before this file */
    int64_t report;           /* number of the report that the beginning of the log ends with */
};
void log_tail_put_head(struct buf *out, const struct log_tail_head *head);
/* Its size; 0: it is none, or not all there. */
size_t log_tail_read_head(const char *bytes, size_t size, struct log_tail_head *head);

/* How many of these bytes, which are records, go into one report. 0: no whole record of a log is left. */
size_t log_tail_part(const char *bytes, size_t size);

/* The number of the report with part 0, 1, 2 ... of both files. They are larger than all others of a run, and there is room
 * between them, since a runner may have to report something else meanwhile. */
int64_t log_tail_number(int64_t part);

/* What is missing between beginning and end. */
struct log_gap {
    struct log_extent left_out;
    bool and_more; /* a runner was lost before all of the beginning was delivered, so nobody knows how much */
};

/* Writes the report with this part. The first says what is missing, if anything is: that is its mark. */
void log_tail_put_report(struct buf *out, int64_t part, const struct log_gap *gap, int64_t now_ms, const char *bytes,
                         size_t size);

#endif
