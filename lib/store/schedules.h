#ifndef JOBJOKER_STORE_SCHEDULES_H
#define JOBJOKER_STORE_SCHEDULES_H

#include "job/schedule.h"
#include "store/store.h"

/* Schedules in the store; errors as store.h says. */

int store_schedule_insert(struct store *s, const struct schedule *schedule, struct error *err);
/* Of a worker that `grant` (NULL: any) allows. 404 schedule_unknown. *out is the caller's: schedule_clear(). */
int store_schedule_get(const struct store *s, const char *id, const struct grant *grant, struct schedule *out,
                       struct error *err);
/* Writes all that may change, if it is still at this turn, which then is the next one. 409 schedule_moved: it is not, or is gone. */
int store_schedule_update(struct store *s, struct schedule *schedule, struct error *err);
/* Its jobs stay. 404 schedule_unknown. */
int store_schedule_delete(struct store *s, const char *id, struct error *err);

/* Those that `grant` (NULL: any) allows, in the order of ids, from the first after `after` (NULL: from the start). each() borrows
 * the schedule; it returns 0 to go on. */
int store_schedule_each(const struct store *s, const struct grant *grant, const char *after, int limit,
                        int (*each)(const struct schedule *, void *), void *context, struct error *err);
int store_schedule_count(const struct store *s, const struct grant *grant, int64_t *count, struct error *err);

/* The one that is due first; id "", *due_ms 0: none ever is. */
int store_schedule_due_first(const struct store *s, char id[ULID_SIZE], int64_t *due_ms, struct error *err);
/* The next one after `after` that has times queued; id "": there is none. The two may be the same memory. */
int store_schedule_queued_next(const struct store *s, const char *after, char id[ULID_SIZE], struct error *err);
/* How many of its jobs are not over, 2 standing for all larger numbers. */
int store_schedule_running(const struct store *s, const char *id, int64_t *count, struct error *err);

/* Schedules that run after a start of the machine: how many there are; all of them are due now. */
int store_schedule_reboots(const struct store *s, int64_t *count, struct error *err);
int store_schedule_start_reboots(struct store *s, int64_t now_ms, struct error *err);

/* Which start of a machine was seen last; "": none, it is new here. */
enum { MACHINE_BOOT_SIZE = 40 };
int store_machine_get(const struct store *s, const char *host, char boot[MACHINE_BOOT_SIZE], struct error *err);
int store_machine_put(struct store *s, const char *host, const char *boot, struct error *err);

#endif
