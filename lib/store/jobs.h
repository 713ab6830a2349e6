#ifndef JOBJOKER_STORE_JOBS_H
#define JOBJOKER_STORE_JOBS_H

#include "store/store.h"

/* Of this folder alone. Deletes the row of a job, if state and chain are still what the caller has read, and what goes with it: its
 * count, its attempts, and whom it comes after; but not its entries. Besides these two, number, worker and attempt are looked at.
 * *gone false: there is no such row, and nothing was done. */
int jobs_delete_row(struct store *s, const struct job *job, bool *gone, struct error *err);

#endif
