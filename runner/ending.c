/* From the status of a process to a sentence. */
#include "ending.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/oom.h"

static bool is_out_of_memory(const struct ending_facts *f)
{
    return f->oom_kills > 0 || (WTERMSIG(f->status) == SIGKILL && !f->we_killed && oom_was_killed(f->pid));
}

/* A limit that the kernel enforces by a signal. */
static bool describe_limit(const struct ending_facts *f, int number, char *reason)
{
    const int64_t *max = f->ticket->limits.max;

    if (number == SIGXCPU && max[LIMIT_CPU])
        snprintf(reason, WORKER_REASON_SIZE, "limit of CPU time: %g s are used up", (double)max[LIMIT_CPU] / 1000);
    else if (number == SIGXFSZ && max[LIMIT_FILE_SIZE])
        snprintf(reason, WORKER_REASON_SIZE, "limit of file size: %lld bytes", (long long)max[LIMIT_FILE_SIZE]);
    else if (is_out_of_memory(f))
        snprintf(reason, WORKER_REASON_SIZE, "out of memory: the kernel killed it");
    else
        return false;
    return true;
}

/* Real-time signals have no names. */
static void describe_signal(int number, char *reason)
{
    const char *name = sigabbrev_np(number);

    if (name)
        snprintf(reason, WORKER_REASON_SIZE, "killed by SIG%s (%s)", name, sigdescr_np(number));
    else
        snprintf(reason, WORKER_REASON_SIZE, "killed by signal %d", number);
}

static void describe_failure(const struct ending_facts *f, const struct report_record *end, char *reason)
{
    if (end->signal) {
        if (!describe_limit(f, end->signal, reason))
            describe_signal(end->signal, reason);
    } else if (end->exit_code && f->oom_kills > 0) {
        snprintf(reason, WORKER_REASON_SIZE, "out of memory: the kernel killed a process of it (exit status %d)",
                 end->exit_code);
    } else if (end->exit_code && f->last_error) {
        snprintf(reason, WORKER_REASON_SIZE, "%s", f->last_error);
    } else if (end->exit_code) {
        snprintf(reason, WORKER_REASON_SIZE, "exit status %d", end->exit_code);
    }
}

void ending_describe(const struct ending_facts *f, struct report_record *end, char reason[WORKER_REASON_SIZE])
{
    if (f->has_status && WIFSIGNALED(f->status))
        end->signal = WTERMSIG(f->status);
    else if (f->has_status)
        end->exit_code = WEXITSTATUS(f->status);
    if (!reason[0] && f->has_status)
        describe_failure(f, end, reason);
    end->event = !f->has_status || end->signal || end->exit_code || reason[0] ? EVENT_FAILURE : EVENT_SUCCESS;
    if (!f->was_wanted)
        return;
    end->event = EVENT_KILLED;
    snprintf(reason, WORKER_REASON_SIZE, "%s", f->we_killed ? "killed" : "stopped");
}
