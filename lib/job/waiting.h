#ifndef JOBJOKER_JOB_WAITING_H
#define JOBJOKER_JOB_WAITING_H

#include <stdbool.h>
#include <stdint.h>

struct job;

/* What a job that is idle waits for, having been started. The numbers are stored: never change one. */
enum job_waiting {
    WAITING_NOT = 0, /* nobody has started it */
    WAITING_SLOT,    /* for its turn in its queue */
    WAITING_WORKER,  /* until fewer jobs of its worker are active */
    WAITING_TIME,    /* for the time it is to run at */
    WAITING_RETRY,   /* for its next attempt */
    WAITING_JOBS,    /* for others that go before it */
    WAITINGS
};

const char *waiting_name(enum job_waiting waiting); /* "slot", "worker", "time", "retry", "job"; NULL of WAITING_NOT */

/* What is known of the rest of the world when that is settled. */
struct waiting_facts {
    int64_t now_ms;
    bool jobs_left;   /* that it comes after, and that are not over */
    bool worker_full; /* as many of its worker's jobs as may are active, or before it in line */
};

/* What a job that was started waits for, WAITING_NOT being that nothing is in its way. Others and the time come first, so
 * that nothing is taken up in a line by who could not run; then its worker, then the slots of its queue, of which the line
 * itself decides (engine/line.h). */
enum job_waiting waiting_settle(const struct job *job, const struct waiting_facts *facts);

/* Does its end make room for others? */
bool waiting_is_bounded(const struct job *job);

#endif
