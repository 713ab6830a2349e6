#ifndef JOBJOKER_CGI_JOB_BODY_H
#define JOBJOKER_CGI_JOB_BODY_H

#include "base/json.h"
#include "router.h"

/* Reads a job that is to be made, such as {"worker": "NAME", "parameters": {}}: what it says, over what its worker and the
 * settings say. The caller's: job_clear(), also after -1. `start`: it is to be started at once.
 * -1: 422 job_invalid, worker_unknown, queue_unknown, parameters_invalid (what is wrong with each is put into res); 413; 500. */
int job_body_read(const struct json *body, const struct context *ctx, const struct store *db, struct job *job,
                  bool *start, struct response *res, struct error *err);

/* The same of one in a list: its `after` may name others in there, which are not looked for. */
int job_body_read_listed(const struct json *body, const struct context *ctx, const struct store *db, struct job *job,
                         bool *start, struct response *res, struct error *err);

/* Is there such a job, and is it the caller's to see? 422 job_unknown. */
int job_body_find_after(const struct context *ctx, const struct store *db, const struct after *after,
                        struct error *err);

#endif
