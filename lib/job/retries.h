#ifndef JOBJOKER_JOB_RETRIES_H
#define JOBJOKER_JOB_RETRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* How often a job that has failed is tried again, and when:
 *
 *     {"limit": 5, "delay": 10, "factor": 2, "max_delay": 600, "jitter": 0.1, "on_exit": [75]}
 *
 * The store keeps it as a line of numbers, which the program that takes in a job's end reads without JSON. */

enum { RETRIES_CODES = 256, RETRIES_LIMIT_MAX = 1000, RETRIES_TEXT_MAX = 1200 };

struct retries {
    int64_t limit;    /* attempts after the first; 0: none */
    int64_t delay_ms; /* before the second attempt */
    int64_t factor;   /* thousandths, by which the delay grows from one to the next */
    int64_t max_delay_ms;
    int64_t jitter;            /* thousandths of the delay, by which it is longer or shorter by chance */
    bool listed;               /* only these exit statuses are tried again; else any failure */
    bool codes[RETRIES_CODES]; /* them */
    int64_t no_retry;          /* the exit status by which a worker says that trying again is no use; 0: none */
};

/* Reads such an object; members that it does not name have their presets: 1 s, doubled each time, an hour at most, no
 * jitter. `limit` must be there. no_retry stays. -1: 422 with `code`, a sentence that says what is wrong. */
int retries_read_json(const struct json *object, const char *code, struct retries *out, struct error *err);

/* As the store keeps it. -1: it is no such line. */
void retries_to_text(const struct retries *retries, struct buf *out);
int retries_from_text(const char *text, struct retries *out);

/* Is a job tried again whose attempt number `attempt` (1, 2 ...) has failed? exit_code -1: it ended otherwise. */
bool retries_go_on(const struct retries *retries, int64_t attempt, int exit_code);

/* How long after that attempt the next one begins. `chance` is any number, the same for no jitter. */
int64_t retries_delay_ms(const struct retries *retries, int64_t attempt, uint32_t chance);

void retries_put_json(const struct retries *retries, struct json_writer *w);

#endif
