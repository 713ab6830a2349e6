#ifndef JOBJOKER_STORE_JOBS_H
#define JOBJOKER_STORE_JOBS_H

#include "store/store.h"

/* Of this folder alone: so many jobs of a worker in that state were added, or, below 0, were deleted; in the same transaction. */
int jobs_count(struct store *s, const char *worker, enum job_state state, int difference, struct error *err);

#endif
