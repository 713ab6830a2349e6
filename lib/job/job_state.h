#ifndef JOBJOKER_JOB_STATE_H
#define JOBJOKER_JOB_STATE_H

/* The states of a job and what moves it between them. The numbers are stored: never change one. */
enum job_state { JOB_IDLE = 1, JOB_ACTIVE, JOB_STOP, JOB_ERROR, JOB_DONE, JOB_STATES };

enum job_event {
    EVENT_START = 1, /* somebody starts it */
    EVENT_SUCCESS,   /* its code ended well */
    EVENT_FAILURE,   /* its code failed, crashed, timed out, or its runner vanished */
    EVENT_KILLED,    /* it ended after it was asked to */
    EVENT_AGAIN,     /* it has failed, and waits for its next attempt */
    JOB_EVENTS
};

/* The state after the event; 0: the event is refused in this state. */
enum job_state job_state_next(enum job_state from, enum job_event event);

/* Has it ended, for good? */
int job_state_is_over(enum job_state state);

const char *job_state_name(enum job_state state);     /* "idle", "active", "stop", "error", "done" */
enum job_state job_state_from_name(const char *name); /* 0: there is none of that name */

#endif
