#ifndef JOBJOKER_ENGINE_SCHEDULES_H
#define JOBJOKER_ENGINE_SCHEDULES_H

#include "engine/engine.h"
#include "job/schedule.h"

/* Schedules at work. A time that is due becomes a job in the transaction that moves the schedule on to the next: so of several who
 * look at once each time is taken by one, and none is lost between the two. That job is idle and due, and is started like
 * any other whose time has come (due.h). */

/* Makes the jobs of all times that are due, and of those that were queued and need not wait any more. *next_ms: when the next time
 * is due; 0: none is. A schedule that cannot be acted on does not keep the others from it. -1: 500, 503. */
int engine_schedules(struct engine *e, int64_t *next_ms, struct error *err);

/* Is this job over, and does a time of its schedule wait for that? */
bool engine_schedule_waits(const struct engine *e, const struct job *job);
/* Then that time becomes a job, which is due. `id` is the schedule's. -1: 500, 503. */
int engine_schedule_follow(struct engine *e, const char *id, struct error *err);

/* Is this the first look since the machine was started? Then what runs after a start is due now. */
int engine_see_start(struct engine *e, struct error *err);

/* Expression and zone of a schedule. zone_free(*zone). -1: 422 cron_invalid, zone_unknown. */
int schedule_read(const struct schedule *s, struct cron *cron, struct zone **zone, struct error *err);

#endif
