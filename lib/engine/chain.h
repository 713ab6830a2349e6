#ifndef JOBJOKER_ENGINE_CHAIN_H
#define JOBJOKER_ENGINE_CHAIN_H

#include "engine/engine.h"

/* Jobs that come after others. */

/* Looks whether a job that waits for others may run now: it is started, or goes to its line, its parameters filled in with
 * the responses that they name; or ends as `stop` where one before it has not ended as it should, or as error where a response is
 * not what it needs. One that waits for nothing like that is left alone. 500, 503. */
int chain_advance(struct engine *e, const char *id, struct error *err);

/* All that come after a job that is over, and those after them that are over by that. */
int chain_advance_followers(struct engine *e, const char *id, struct error *err);

/* May it run, or can it no longer, without that anybody has seen to that? Reads job->after. */
int chain_is_stuck(const struct engine *e, struct job *job, bool *stuck, struct error *err);

/* Chains that stand still, since who should have moved them on has died. */
int chain_advance_all(struct engine *e, struct error *err);

#endif
