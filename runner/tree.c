/* The tree of a run. As its subreaper (PR_SET_CHILD_SUBREAPER) we get whoever loses a parent, so nobody leaves it; the
 * program that delivers a report is our child as well, and is left alone. */
#include "tree.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process_tree.h"

enum {
    KILL_TIMEOUT_MS = 2000,
    FREEZE_TIMEOUT_MS = 2000,
    KILL_AGAIN_MS = 1000, /* after which those in uninterruptible sleep are tried again */
    CPU_LOOK_MIN_MS = 50, /* between two looks at its CPU time */
};

static struct process_tree tree_of(const struct run *r)
{
    return (struct process_tree){
        .root = getpid(),
        .spare = r->delivery.pid,
        .cgroup = r->worker.cgroup[0] ? r->worker.cgroup : NULL,
    };
}

void tree_kill(struct run *r)
{
    struct process_tree tree = tree_of(r);
    struct error err = {0};

    r->ending = ENDING_KILL;
    r->kill_at_ms = INT64_MAX;
    if (process_tree_kill(&tree, KILL_TIMEOUT_MS, &err) < 0)
        r->kill_at_ms = clock_monotonic_ms() + KILL_AGAIN_MS;
}

/* Whether it is done is told at once, because somebody waits for that. */
static void say_paused(struct run *r, bool paused)
{
    struct report_record record = {.verb = REPORT_PAUSED, .paused = paused};

    r->paused = paused;
    report_say(&r->delivery.report, paused ? "PAUSED" : "RESUMED");
    report_add(&r->delivery.report, &record);
    r->ask = true;
}

/* The time that it may run stands still meanwhile. */
void tree_pause(struct run *r)
{
    struct process_tree tree = tree_of(r);
    struct error err = {0};

    if (r->paused || r->ending != ENDING_NONE || !run_lives(r))
        return;
    if (process_tree_freeze(&tree, FREEZE_TIMEOUT_MS, &err) < 0) {
        (void)process_tree_thaw(&tree, &err); /* the next answer asks again */
        return;
    }
    r->timeout_left_ms = r->timeout_at_ms == INT64_MAX ? INT64_MAX : r->timeout_at_ms - clock_monotonic_ms();
    r->timeout_at_ms = INT64_MAX;
    say_paused(r, true);
}

void tree_resume(struct run *r)
{
    struct process_tree tree = tree_of(r);
    struct error err = {0};

    if (!r->paused)
        return;
    (void)process_tree_thaw(&tree, &err);
    if (r->timeout_left_ms != INT64_MAX)
        r->timeout_at_ms = clock_monotonic_ms() + r->timeout_left_ms;
    say_paused(r, false);
}

/* Who is frozen hears SIGTERM only when it goes on. */
void tree_stop(struct run *r)
{
    struct process_tree tree = tree_of(r);
    struct error err = {0};

    if (r->ending != ENDING_NONE)
        return;
    r->ending = ENDING_STOP;
    r->kill_at_ms = clock_monotonic_ms() + r->ticket->grace_ms;
    (void)process_tree_signal(&tree, SIGTERM, &err);
    tree_resume(r);
}

/* Is nothing of the tree left? The kernel knows without a look at all processes, unless a delivery is on its way. */
bool tree_is_empty(struct run *r)
{
    struct process_tree tree = tree_of(r);
    siginfo_t info = {0};

    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return errno == ECHILD; /* we are the subreaper: who has no child has no descendant */
    if (r->delivery.pid == 0 && info.si_pid == 0)
        return false; /* a child, and it is no corpse */
    return process_tree_is_empty(&tree);
}

/* All its processes on all processors cannot use up the rest before this. */
void tree_plan_look_at_cpu(struct run *r, int64_t used_ms)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t pause_ms = (r->ticket->limits.max[LIMIT_CPU] - used_ms) / (processors > 0 ? processors : 1);

    r->look_at_cpu_ms = clock_monotonic_ms() + (pause_ms > CPU_LOOK_MIN_MS ? pause_ms : CPU_LOOK_MIN_MS);
}

/* The kernel limits each process; the sum is ours to watch. */
void tree_look_at_cpu(struct run *r)
{
    struct process_tree tree = tree_of(r);
    int64_t living_ms = process_tree_cpu_ms(&tree), used_ms = r->usage.cpu_user_ms + r->usage.cpu_system_ms;

    used_ms += living_ms > 0 ? living_ms : 0;
    if (used_ms < r->ticket->limits.max[LIMIT_CPU]) {
        tree_plan_look_at_cpu(r, used_ms);
        return;
    }
    snprintf(r->reason, sizeof r->reason, "limit of CPU time: %g s are used up",
             (double)r->ticket->limits.max[LIMIT_CPU] / 1000);
    tree_stop(r);
}
