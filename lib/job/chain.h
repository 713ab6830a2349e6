#ifndef JOBJOKER_JOB_CHAIN_H
#define JOBJOKER_JOB_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "job/job_state.h"

/* Jobs that come after others. */

enum { CHAIN_NAME_SIZE = 65, CHAIN_AFTER_MAX = 100 };

/* Of a job, as bits: it comes after others; others come after it. */
enum { CHAIN_COMES_AFTER = 1, CHAIN_IS_FOLLOWED = 2 };

/* How one must end for the next to run. The numbers are stored. */
enum chain_condition { CHAIN_DONE = 1, CHAIN_ERROR, CHAIN_STOP, CHAIN_ENDED, CHAIN_CONDITIONS };

const char *chain_condition_name(enum chain_condition condition); /* "done", "error", "stop", "ended" */
enum chain_condition chain_condition_from_name(const char *name); /* 0: there is none of that name */

/* One that goes before. */
struct after {
    char name[CHAIN_NAME_SIZE]; /* the id of the job; while a list of jobs is made, its name in there */
    int64_t number;             /* the store's own; while a list is made, its place in there */
    enum chain_condition awaits;
    enum job_state outcome; /* 0: it is not over */
};

enum chain_verdict { CHAIN_WAIT, CHAIN_GO, CHAIN_CANCEL };

/* May a job run that comes after all of these? One that has not ended as it should is enough to say no, whatever the others
 * do: *culprit is that. */
enum chain_verdict chain_judge(const struct after *after, size_t count, const struct after **culprit);

/* Reads a list such as ["ID", {"job": "ID", "on": "ended"}] into a list that the caller frees; an id alone awaits `done`.
 * -1: 422 with `code`; 500. Then the list is NULL. */
int chain_read_json(const struct json *list, const char *code, struct after **out, size_t *count, struct error *err);

/* In a list of `count` jobs, whose after[i] are the after_count[i] that go before number i: does one wait for itself, by way of
 * others? Their `number` is the place in the list, from 1, and 0 of those that are elsewhere. Returns the index of one that
 * does, or comes after such a one; -1: none does. */
long chain_find_cycle(const struct after *const *after, const size_t *after_count, size_t count);

#endif
