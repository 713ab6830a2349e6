/* The life of one worker, as one loop over its streams, its end, signals to us and the delivery of reports. The loop
 * waits in poll(2) alone, so a slow API never keeps a worker from being ended in time; only while a tree is being killed,
 * when there is nothing left to be read or asked, does it wait for that. */
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "ending.h"
#include "run.h"
#include "secrets.h"
#include "step.h"
#include "tree.h"

enum {
    LAST_WORDS_MS = 60000, /* how long the end of a job is tried to be delivered before it is left in the spool */
};

/* -- what is wanted -- */

static void obey(struct run *r, enum answer answer)
{
    if (r->said_end)
        return; /* nothing is left that could be ended */
    switch (answer) {
    case ANSWER_FENCED:
        tree_kill(r);
        return;
    case ANSWER_KILL:
        r->was_wanted = true;
        if (r->ending != ENDING_KILL)
            tree_kill(r);
        return;
    case ANSWER_STOP:
        r->was_wanted = true;
        tree_stop(r);
        return;
    case ANSWER_PAUSE:
        tree_pause(r);
        return;
    case ANSWER_RUN:
        tree_resume(r);
        return;
    default:
        return;
    }
}

/* -- what happened -- */

static int64_t to_ms(struct timeval t)
{
    return t.tv_sec * 1000LL + t.tv_usec / 1000;
}

static void note_usage(struct run *r, const struct rusage *u)
{
    r->usage.cpu_user_ms += to_ms(u->ru_utime);
    r->usage.cpu_system_ms += to_ms(u->ru_stime);
    r->usage.blocks_in += u->ru_inblock;
    r->usage.blocks_out += u->ru_oublock;
    r->usage.switches += u->ru_nvcsw;
    r->usage.switches_forced += u->ru_nivcsw;
    if (u->ru_maxrss > r->usage.max_rss_kib)
        r->usage.max_rss_kib = u->ru_maxrss;
}

/* As the subreaper of the tree we get every orphan of it as a child. */
static void reap_children(struct run *r)
{
    struct rusage usage;
    int status;
    pid_t pid;

    r->child_ended = false;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (pid == r->delivery.pid) {
            obey(r, delivery_ended(&r->delivery));
            continue;
        }
        note_usage(r, &usage);
        if (pid == r->worker.pid) {
            r->worker.pid = 0;
            r->status = status;
            r->has_status = true;
            r->we_killed = r->ending == ENDING_KILL;
            step_reached(r->ticket, STEP_WORKER_ENDED);
        }
    }
}

static void take_signal(struct run *r, uint32_t number)
{
    if (number == SIGCHLD)
        r->child_ended = true;
    if (number == SIGUSR1)
        r->ask = true;
    if (number == SIGTERM && r->ending == ENDING_NONE && run_lives(r)) {
        snprintf(r->reason, sizeof r->reason, "its runner was asked to end (SIGTERM)");
        tree_stop(r);
    }
}

static void read_signals(struct run *r)
{
    struct signalfd_siginfo info[4];
    ssize_t n = read(r->signals, info, sizeof info);

    for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *info; i++)
        take_signal(r, info[i].ssi_signo);
}

static void close_stream(struct run *r, int *fd, struct stream *s)
{
    output_end(&r->output, s);
    close(*fd);
    *fd = -1;
}

/* False: there is nothing for the moment, or it has ended. */
static bool read_stream(struct run *r, int *fd, struct stream *s)
{
    char bytes[OUTPUT_READ_SIZE];
    ssize_t n = read(*fd, bytes, sizeof bytes);

    if (n > 0)
        output_take(&r->output, s, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_stream(r, fd, s);
    return n > 0;
}

/* Nothing of the tree is left to write to it, so it ends where it is empty, also if somebody outside holds it open.
 * False: the rest has to wait until a report has gone off. */
static bool read_to_end(struct run *r, int *fd, struct stream *s)
{
    while (*fd >= 0) {
        if (report_is_full(&r->delivery.report))
            return false;
        if (!read_stream(r, fd, s) && *fd >= 0)
            close_stream(r, fd, s);
    }
    return true;
}

/* -- the end -- */

static void describe_end(struct run *r, struct report_record *end)
{
    struct ending_facts facts = {
        .ticket = r->ticket,
        .pid = r->had_pid,
        .has_status = r->has_status,
        .status = r->status,
        .was_wanted = r->was_wanted,
        .we_killed = r->we_killed || (r->was_wanted && r->ending == ENDING_KILL),
        .oom_kills = r->worker.cgroup[0] ? cgroup_oom_kills(r->worker.cgroup) : -1,
        .last_error = r->output.last_error,
    };

    ending_describe(&facts, end, r->reason);
    end->bytes = r->reason;
    end->size = strlen(r->reason);
}

static void say_end(struct run *r)
{
    struct report_record end = {.verb = REPORT_END, .time_ms = clock_now_ms(), .exit_code = -1};
    struct report_record usage = {.verb = REPORT_USAGE};

    describe_end(r, &end);
    r->usage.wall_ms = clock_monotonic_ms() - r->started_ms;
    usage.usage = r->usage;
    if (r->has_status)
        report_add(&r->delivery.report, &usage);
    report_say(&r->delivery.report, "ENDED");
    report_add(&r->delivery.report, &end);
    r->said_end = true;
    r->ended_at_ms = clock_monotonic_ms();
    step_reached(r->ticket, STEP_END_SAID);
}

/* Makes sure that nothing of the tree is left, unless the worker wants that and ended by itself. What it left behind gets
 * the rest of the grace period if it is being stopped, and is killed at once otherwise. */
static bool tree_is_cleared(struct run *r)
{
    if (tree_is_empty(r) || (r->ticket->detach && r->ending == ENDING_NONE))
        return true;
    if (r->kill_at_ms != INT64_MAX)
        return false; /* it has its time still */
    tree_kill(r);
    reap_children(r);
    return tree_is_empty(r);
}

/* When the worker has ended: the rest of its tree, the rest of what was said, and then the end. */
static void finish(struct run *r)
{
    if (r->said_end || r->delivery.fenced || !tree_is_cleared(r))
        return;
    step_reached(r->ticket, STEP_TREE_CLEARED);
    if (read_to_end(r, &r->worker.out, &r->output.out) && read_to_end(r, &r->worker.err, &r->output.err) &&
        log_limit_tell(&r->output.log))
        say_end(r);
}

static void look_at_clock(struct run *r)
{
    int64_t now = clock_monotonic_ms();

    if (now >= r->timeout_at_ms && r->ending == ENDING_NONE && run_lives(r)) {
        snprintf(r->reason, sizeof r->reason, "timeout: it ran for %g s", (double)r->ticket->timeout_ms / 1000);
        tree_stop(r);
    }
    if (now >= r->look_at_cpu_ms && r->ending == ENDING_NONE && run_lives(r))
        tree_look_at_cpu(r);
    if (now >= r->kill_at_ms && !r->said_end)
        tree_kill(r);
}

/* Who removed the folder of the run wants nothing of it any more. */
static bool is_safe(const struct run *r)
{
    return delivery_is_safe(&r->delivery) || (access(r->ticket->folder, F_OK) < 0 && errno == ENOENT);
}

static bool is_finished(struct run *r)
{
    if (r->delivery.fenced)
        return r->said_end || (!run_lives(r) && tree_is_empty(r)); /* after the end only what was detached is left */
    if (!r->said_end)
        return false;
    return delivery_is_done(&r->delivery) ||
           (r->delivery.failing_since_ms && clock_monotonic_ms() >= r->ended_at_ms + LAST_WORDS_MS && is_safe(r));
}

/* -- the loop -- */

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void wait_for_something(struct run *r, int64_t until_ms)
{
    int64_t left = until_ms - clock_monotonic_ms();
    bool full = delivery_is_full(&r->delivery);
    struct pollfd fds[] = {
        {.fd = r->signals, .events = POLLIN},
        delivery_poll(&r->delivery),
        {.fd = full ? -1 : r->worker.out, .events = POLLIN},
        {.fd = full ? -1 : r->worker.err, .events = POLLIN},
    };

    if (poll(fds, sizeof fds / sizeof *fds, left < 0 ? 0 : left > 60000 ? 60000 : (int)left) <= 0)
        return;
    if (fds[0].revents)
        read_signals(r);
    if (fds[1].revents)
        obey(r, delivery_continue(&r->delivery));
    if (fds[2].revents)
        (void)read_stream(r, &r->worker.out, &r->output.out);
    if (fds[3].revents)
        (void)read_stream(r, &r->worker.err, &r->output.err);
}

/* When a runner that has nothing to say reports all the same: others on other hosts know by that that it lives. */
static int64_t heartbeat_at_ms(const struct run *r)
{
    if (!r->ticket->heartbeat_ms || r->said_end || delivery_is_busy(&r->delivery))
        return INT64_MAX;
    return r->delivery.sent_ms + r->ticket->heartbeat_ms;
}

/* Lets reports go off. Returns when to be called again. */
static int64_t deliver(struct run *r)
{
    bool on_its_way = delivery_is_busy(&r->delivery), ask = r->ask || clock_monotonic_ms() >= heartbeat_at_ms(r);
    int64_t until;

    if (ask && r->ask)
        delivery_ask(&r->delivery);
    else if (ask)
        report_begin(&r->delivery.report);
    until = delivery_work(&r->delivery, ask || r->said_end || r->output.log.telling);
    if (!r->delivery.fenced)
        until = earliest(until, log_limit_work(&r->output.log));
    r->ask = r->ask && on_its_way && !report_is_empty(&r->delivery.report); /* the next one asks */
    return earliest(until, heartbeat_at_ms(r));
}

static void loop(struct run *r)
{
    while (!is_finished(r)) {
        int64_t until;

        if (r->child_ended)
            reap_children(r);
        look_at_clock(r);
        if (!run_lives(r))
            finish(r);
        until = deliver(r);
        until = earliest(until, r->said_end ? INT64_MAX : r->kill_at_ms);
        if (run_lives(r) && r->ending == ENDING_NONE)
            until = earliest(until, earliest(r->timeout_at_ms, r->look_at_cpu_ms));
        if (!is_finished(r))
            wait_for_something(r, until);
    }
}

int supervise_signals(void)
{
    static const int numbers[] = {SIGCHLD, SIGUSR1, SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void start(struct run *r, const char *library)
{
    struct report_record pid = {.verb = REPORT_PID};

    report_say(&r->delivery.report, "STARTED");
    r->started_ms = clock_monotonic_ms();
    if (worker_start(r->ticket, library, &r->worker, r->reason) < 0)
        return;
    step_reached(r->ticket, STEP_WORKER_STARTED);
    pid.pid = r->had_pid = r->worker.pid;
    report_add(&r->delivery.report, &pid);
    if (r->ticket->timeout_ms)
        r->timeout_at_ms = r->started_ms + r->ticket->timeout_ms;
    if (r->ticket->limits.max[LIMIT_CPU])
        tree_plan_look_at_cpu(r, 0);
}

/* What the worker detached keeps it, as long as it lives. */
static void remove_cgroup(const struct run *r)
{
    if (r->worker.cgroup[0] && cgroup_remove(r->worker.cgroup) < 0 && !r->ticket->detach)
        log_line("runner of job %s: its cgroup cannot be removed: %s", r->ticket->id, strerror(errno));
}

void supervise(const struct ticket *t, const char *library, int ready, int signals, struct worker_process *worker)
{
    struct run r = {.ticket = t,
                    .worker = {.out = -1, .err = -1},
                    .signals = signals,
                    .timeout_at_ms = INT64_MAX,
                    .look_at_cpu_ms = INT64_MAX,
                    .kill_at_ms = INT64_MAX};

    delivery_init(&r.delivery, t);
    output_init(&r.output, t, &r.delivery.report);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        snprintf(r.reason, sizeof r.reason, "the runner could not be set up: %s", strerror(errno));
    if (!r.reason[0])
        (void)secrets_hide(t, &r.output.masks, r.reason);
    step_reached(t, STEP_READY);
    /* From here on we tell all that happens: who started us need not wait for the worker's start as well. */
    (void)!write(ready, "R", 1);
    close(ready);
    if (!r.reason[0])
        start(&r, library);
    loop(&r);
    remove_cgroup(&r);
    *worker = r.worker;
    output_clear(&r.output);
    delivery_clear(&r.delivery);
}
