#include "step.h"

#include <signal.h>
#include <string.h>

static const char *const names[STEPS] = {
    [STEP_TICKET_READ] = "ticket-read",
    [STEP_READY] = "ready",
    [STEP_WORKER_STARTED] = "worker-started",
    [STEP_REPORT_SENT] = "report-sent",
    [STEP_REPORT_TAKEN] = "report-taken",
    [STEP_REPORT_SPOOLED] = "report-spooled",
    [STEP_WORKER_ENDED] = "worker-ended",
    [STEP_TREE_CLEARED] = "tree-cleared",
    [STEP_END_SAID] = "end-said",
    [STEP_DELIVERED] = "delivered",
    [STEP_CLEANED_UP] = "cleaned-up",
};

const char *step_name(enum step step)
{
    return names[step];
}

void step_reached(const struct ticket *t, enum step step)
{
    if (*t->stop_at && strcmp(t->stop_at, names[step]) == 0)
        raise(SIGSTOP);
}
