#ifndef JOBJOKER_JOB_SCHEDULE_H
#define JOBJOKER_JOB_SCHEDULE_H

#include "base/ulid.h"
#include "job/cron.h"
#include "job/job.h"

/* A schedule makes jobs at the times of a cron expression. What is to be done at a moment is worked out here, of nothing but what
 * comes in; lib/engine/schedules.h does it. Times are milliseconds since 1970 UTC, 0: none. */

/* When a job of the schedule is not over at its next time. The numbers are stored. */
enum schedule_overlap {
    OVERLAP_ALLOW = 0, /* both run */
    OVERLAP_SKIP,      /* that time is left out */
    OVERLAP_QUEUE,     /* it waits for the end, SCHEDULE_QUEUE_MAX times at most */
    OVERLAPS
};

/* What becomes of times that were missed, because nobody was there to act on them. The numbers are stored. */
enum schedule_catch_up {
    CATCH_UP_NONE = 0, /* nothing; what is less than SCHEDULE_LATE_MS late is not missed */
    CATCH_UP_LAST,     /* the last one within the window runs */
    CATCH_UP_ALL,      /* all of them run */
    CATCH_UPS
};

enum {
    SCHEDULE_LATE_MS = 60 * 1000,
    SCHEDULE_WINDOW_MS = 86400 * 1000, /* unless another is named */
    SCHEDULE_QUEUE_MAX = 16,
    SCHEDULE_BURST_MAX = 100, /* times that are acted on at once; the rest comes right after */
    SCHEDULES_MAX = 10000,
};

struct schedule {
    char id[ULID_SIZE];
    char *name; /* NULL: none */
    char worker[JOB_WORKER_SIZE];
    char cron[CRON_TEXT_MAX + 1];
    char zone[ZONE_NAME_SIZE];
    bool enabled;
    enum schedule_overlap overlap;
    enum schedule_catch_up catch_up;
    int64_t window_ms, jitter_ms;
    int64_t next_ms, due_ms; /* the first time that is not acted on yet, and when that is to be */
    int64_t turn;
    int64_t queued[SCHEDULE_QUEUE_MAX]; /* times that wait, the earliest first */
    int queued_count;
    int64_t ran_ms;
    char job[ULID_SIZE]; /* the last one; "": none yet */
    int64_t skipped_ms;
    int64_t created_ms, changed_ms;
    char creator[65], changer[65];
    char *wish; /* the job as it would be posted: a JSON object */
};

void schedule_clear(struct schedule *s);

const char *schedule_overlap_name(enum schedule_overlap overlap);
const char *schedule_catch_up_name(enum schedule_catch_up catch_up);
int schedule_overlap_from_name(const char *name, enum schedule_overlap *out); /* -1: there is none of that name */
int schedule_catch_up_from_name(const char *name, enum schedule_catch_up *out);

/* Sets next_ms and due_ms anew: of one that is new, was changed, or turned on. 0, 0 where there is no next time, it is off, or
 * waits for a start of the machine. */
void schedule_begin(struct schedule *s, const struct cron *c, const struct zone *zone, int64_t now_ms);

/* Times to act on now. */
struct schedule_plan {
    int64_t times[SCHEDULE_BURST_MAX];
    int count;
};

/* Takes the times that are due at `now_ms` out of the schedule: those that are to run are in the plan, the earliest first; what
 * was missed and is not to run is dropped. next_ms and due_ms move on; in the past where there are more. */
void schedule_plan(struct schedule *s, const struct cron *c, const struct zone *zone, int64_t now_ms,
                   struct schedule_plan *out);

/* One of these times, when `running` jobs of the schedule are not over. True: it becomes a job now. False: it was queued, or noted
 * as skipped. */
bool schedule_admit(struct schedule *s, int64_t time_ms, int64_t running);
/* Takes the first queued time, if none of its jobs is running. 0: none. */
int64_t schedule_take_queued(struct schedule *s, int64_t running);

/* queued[] as text, and back; what is no such text is none. */
void schedule_put_queued(const struct schedule *s, struct buf *out);
void schedule_read_queued(struct schedule *s, const char *text);

/* Writes it as JSON: what the API answers, with its next `times` times. `c` and `zone` are its own; NULL: they cannot
 * be read any more (a zone that is gone), and what they tell is null. */
void schedule_put_json(const struct schedule *s, const struct cron *c, const struct zone *zone, int times,
                       struct json_writer *w);
extern const char *const schedule_columns[]; /* ends in NULL */
void schedule_put_csv(const struct schedule *s, struct buf *out);

#endif
