#ifndef JOBJOKER_RUNNER_OUTPUT_H
#define JOBJOKER_RUNNER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "job/command.h"
#include "log_limit.h"
#include "masks.h"
#include "report.h"

/* What a worker says: its two streams, cut into lines, become entries of the log; lines of standard output that are
 * commands do what they say (job/command.h). Memory is bounded: a line longer than an entry is passed on in parts. */

/* Where the text of a line goes. */
struct destination {
    enum report_verb verb; /* 0: nowhere */
    enum entry_stream stream;
    bool encoded; /* it may hold escapes */
};

struct stream {
    enum entry_stream name;
    struct buf line;       /* what has come of the line and was not passed on */
    size_t decoded;        /* bytes of it, from its start, that hold no escapes any more */
    bool is_rest;          /* the beginning of the line was passed on */
    struct destination to; /* of the whole line; set with its beginning */
};

struct output {
    struct report *report;
    struct log_limit log;
    struct stream out, err;
    struct masks masks;
    char stop_token[COMMAND_TOKEN_MAX + 1]; /* commands are off until "::TOKEN::"; "": they are on */
    char *last_error;                       /* text of the last ::error::; NULL: none */
};

void output_init(struct output *o, const struct ticket *t, struct report *report);
void output_clear(struct output *o);

/* Takes bytes of one of the streams. */
void output_take(struct output *o, struct stream *s, const char *bytes, size_t size);
/* The stream has ended: what stands in an unfinished line is an entry. */
void output_end(struct output *o, struct stream *s);

#endif
