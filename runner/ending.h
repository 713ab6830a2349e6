#ifndef JOBJOKER_RUNNER_ENDING_H
#define JOBJOKER_RUNNER_ENDING_H

#include "job/report_format.h"
#include "ticket.h"
#include "worker.h"

/* How a run ended, in the words of the report. */

struct ending_facts {
    const struct ticket *ticket;
    pid_t pid; /* that the worker had */
    bool has_status;
    int status;             /* of the worker, as waitpid(2) gives it */
    bool was_wanted;        /* somebody asked for it */
    bool we_killed;         /* SIGKILL came from us */
    long oom_kills;         /* that its cgroup counted; -1: not known */
    const char *last_error; /* what the worker said last with ::error::; NULL: nothing */
};

/* Sets event, exit_code and signal of the record, and `reason` where it is not set yet: "" when it ended well. */
void ending_describe(const struct ending_facts *facts, struct report_record *end, char reason[WORKER_REASON_SIZE]);

#endif
