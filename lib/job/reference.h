#ifndef JOBJOKER_JOB_REFERENCE_H
#define JOBJOKER_JOB_REFERENCE_H

#include "base/json.h"

/* Parameters that hold what another job has answered. In texts, keys not among them:
 *
 *     "${jobs.NAME.response}"         the response as text, also as a part of a longer text
 *     "${jobs.NAME.json}"             the response read as JSON; alone in its text, and replaced by that value
 *
 * NAME is a word of letters, digits, _ and -: the id of a job, or its name in a list of jobs. */

struct reference {
    char name[65];
    bool as_json;
};

/* May this text (of parameters as JSON) hold one? Else there is nothing to do. */
bool reference_may_be_in(const char *text);

/* Calls each() for each of them; it returns -1 to stop. -1: that, or 422 with `code`: what begins as one is none. */
int reference_each(const struct json *value, const char *code,
                   int (*each)(const struct reference *, void *, struct error *), void *context, struct error *err);

/* Writes the value with its references replaced: get() appends what stands for one, as text (without a NUL, in UTF-8) or
 * JSON as it wants. -1: that, or as above; nothing is to be done with `out` then. */
int reference_replace(const struct json *value, const char *code,
                      int (*get)(const struct reference *, struct buf *, void *, struct error *), void *context,
                      struct buf *out, struct error *err);

/* The same, with other names: get() gives the name. */
int reference_rename(const struct json *value, const char *code,
                     int (*get)(const struct reference *, struct buf *, void *, struct error *), void *context,
                     struct buf *out, struct error *err);

#endif
