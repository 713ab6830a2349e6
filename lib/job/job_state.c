/* The state machine as a table. A job that was asked to stop and ends in good order is EVENT_KILLED: who asked is told
 * the truth, also when the code returned well. */
#include "job/job_state.h"

#include <string.h>

/* A cell that is not there is 0: refused. An idle job takes the three ends from an external process that reports a job
 * which no runner of ours holds; one that waits to run is ended by who no longer wants it. */
static const enum job_state next_state[JOB_STATES][JOB_EVENTS] = {
    [JOB_IDLE] = {[EVENT_START] = JOB_ACTIVE,
                  [EVENT_SUCCESS] = JOB_DONE,
                  [EVENT_FAILURE] = JOB_ERROR,
                  [EVENT_KILLED] = JOB_STOP},
    [JOB_ACTIVE] =
        {[EVENT_SUCCESS] = JOB_DONE, [EVENT_FAILURE] = JOB_ERROR, [EVENT_KILLED] = JOB_STOP, [EVENT_AGAIN] = JOB_IDLE},
};

static const char *const names[JOB_STATES] = {
    [JOB_IDLE] = "idle", [JOB_ACTIVE] = "active", [JOB_STOP] = "stop", [JOB_ERROR] = "error", [JOB_DONE] = "done",
};

enum job_state job_state_next(enum job_state from, enum job_event event)
{
    return next_state[from][event];
}

int job_state_is_over(enum job_state state)
{
    return state == JOB_STOP || state == JOB_ERROR || state == JOB_DONE;
}

const char *job_state_name(enum job_state state)
{
    return names[state];
}

enum job_state job_state_from_name(const char *name)
{
    for (enum job_state s = JOB_IDLE; s < JOB_STATES; s++) {
        if (strcmp(names[s], name) == 0)
            return s;
    }
    return 0;
}
