#ifndef JOBJOKER_STORE_CHAINS_H
#define JOBJOKER_STORE_CHAINS_H

#include "store/store.h"

/* Of this folder alone, for jobs.c. */

/* A job that others come after is over: how is written beside each of them. */
int chains_note_end(struct store *s, const struct job *job, struct error *err);
/* A job that comes after others is deleted. */
int chains_forget(struct store *s, const struct job *job, struct error *err);

#endif
