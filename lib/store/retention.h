#ifndef JOBJOKER_STORE_RETENTION_H
#define JOBJOKER_STORE_RETENTION_H

#include "store/store.h"

/* Jobs that are over, from the one that has ended first; and how they go, in steps that are small however much there is. Errors as
 * store.h says. Functions that change something want a transaction, unless they say otherwise. */

/* -- which there are -- */

/* A worker, there or deleted, of which jobs are over, or were before they were deleted. */
struct ended_worker {
    char name[JOB_WORKER_SIZE];
    int64_t jobs;        /* so many are over */
    int64_t oldest_ms;   /* when the first of them has ended; 0: there is none */
    const char *options; /* of its current version, as text (worker/options.h); NULL: none. Borrowed */
};

/* In the order of names, from the first after `after` ("": from the start); with `optional`, only those that have options. each()
 * returns 0 to go on. Costs a few index look-ups for each worker, however many jobs there are. */
int store_ended_worker_each(const struct store *s, bool optional, const char *after, int limit,
                            int (*each)(const struct ended_worker *, void *), void *context, struct error *err);

/* How many jobs of a worker are over (NULL: of all). */
int store_ended_count(const struct store *s, const char *worker, int64_t *jobs, struct error *err);

/* As much of a job that is over as is needed to delete it. */
struct ended_job {
    int64_t number;
    char id[ULID_SIZE];
    int64_t ended_ms;
    int64_t entries, bytes; /* of its log and its response */
    bool needed;            /* a job waits that comes after it: it is not to go yet */
};

/* Of a worker (NULL: of all), in the order in which they have ended, from the first after `after` (NULL: from the start). each()
 * borrows the job; it returns 0 to go on. By an index: costs what it lists, wherever it begins. */
int store_ended_job_each(const struct store *s, const char *worker, const struct ended_job *after, int limit,
                         int (*each)(const struct ended_job *, void *), void *context, struct error *err);

/* -- how they go -- */

enum { ENDED_JOBS_MAX = 16 };

/* Deletes jobs that are over, so many at most, by their numbers; *gone: how many of them, since some may not be there any more, or be
 * needed by now. With `entries_later`, what they have said is left over: for store_leftover_shorten(). */
int store_ended_jobs_delete(struct store *s, const int64_t *numbers, int count, bool entries_later, int *gone,
                            struct error *err);

/* A deleted job of which entries are left; 0: there is none. */
int store_leftover_first(const struct store *s, int64_t *number, struct error *err);
/* Deletes entries of it: at most so many, and no more once they have so many bytes (so these, and one entry, at most). Where none is
 * left, it is no leftover any more. */
int store_leftover_shorten(struct store *s, int64_t number, int64_t entries_max, int64_t bytes_max, struct error *err);

/* Outside of a transaction, and one itself: makes the database's file smaller by what it does not need, at most so many bytes. A
 * part of what is free stays in the file, for what comes next. *more: there is more to give back. A server's files are its own business:
 * does nothing there, nor with a file that was made by a version that did not know of this (docs/backup.md). */
int store_give_back(struct store *s, int64_t bytes_max, bool *more, struct error *err);

#endif
