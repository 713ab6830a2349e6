#ifndef JOBJOKER_CGI_TICK_H
#define JOBJOKER_CGI_TICK_H

#include "engine/engine.h"

/* The job of a schedule, as if it were posted by somebody who may use any worker: who made the schedule was asked then. For struct
 * engine. *out is the caller's: job_clear(), also after -1. */
int tick_read_job(struct engine *e, const char *wish, struct job *out, struct error *err);

#endif
