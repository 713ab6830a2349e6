#ifndef JOBJOKER_RUNNER_STEP_H
#define JOBJOKER_RUNNER_STEP_H

#include "ticket.h"

/* The steps of a run at which a fault matters. For tests: a runner whose ticket says `stop_at` stops itself (SIGSTOP)
 * when it comes to that step, so that it can be killed just there. `jobjoker-runner --steps` lists them. */

enum step {
    STEP_TICKET_READ,    /* nothing is done yet */
    STEP_READY,          /* it watches over the run, and has not said so */
    STEP_WORKER_STARTED, /* the worker runs, and nobody was told */
    STEP_REPORT_SENT,    /* a report is on its way */
    STEP_REPORT_TAKEN,   /* it was taken, and is not yet forgotten here */
    STEP_REPORT_SPOOLED, /* one that could not be delivered is on disk */
    STEP_WORKER_ENDED,   /* what it left may still run */
    STEP_TREE_CLEARED,   /* nothing of the job is left, and nobody was told */
    STEP_END_SAID,       /* the end stands in a report that was not sent */
    STEP_DELIVERED,      /* all was delivered; its folder is there still */
    STEP_CLEANED_UP,     /* the folder is gone */
    STEPS
};

void step_reached(const struct ticket *t, enum step step);

const char *step_name(enum step step);

#endif
