#ifndef JOBJOKER_CGI_WORKFLOW_H
#define JOBJOKER_CGI_WORKFLOW_H

#include "base/json.h"
#include "router.h"

/* A list of jobs that come after one another, made all or not at all. */

enum { WORKFLOW_MAX = 200 };

struct workflow {
    struct job *jobs;
    bool *start;
    struct once *once; /* the keys under which they are made */
    size_t count;
};

void workflow_clear(struct workflow *w);

/* Reads such a list: each has an id then, and names others by that. The caller's: workflow_clear(), also after -1.
 * -1: 422 job_invalid, job_unknown, chain_cycle, and what job_body_read() says, with the place in the list. */
int workflow_read(const struct json *list, const struct context *ctx, const struct store *db, struct workflow *out,
                  struct response *res, struct error *err);

/* Makes each under a key of its own, of which `once` is the first. 500. */
int workflow_set_once(struct workflow *w, const struct once *once, struct error *err);

#endif
