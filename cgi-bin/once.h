#ifndef JOBJOKER_CGI_ONCE_H
#define JOBJOKER_CGI_ONCE_H

#include "router.h"

/* The header Idempotency-Key: who sends a request again, since its answer got lost, gets what the first one made. */

/* 1: there is one; *once tells the key, which is the caller's own, and the body. 0: there is none. -1: 400 key_invalid. */
int once_read(const struct request *req, const struct context *ctx, struct once *once, struct error *err);

/* 1: *job was made under it within a day; it is the caller's. 0: none was, or it is not for this caller. -1: 410 job_deleted;
 * 422 key_reused (for another body); 500, 503. */
int once_find(const struct store *db, const struct context *ctx, const struct once *once, struct job *job,
              struct error *err);

/* The key of the job at a place of a list, from 0, of which `once` is the first. */
void once_of_list(const struct once *once, size_t at, struct once *out);

#endif
