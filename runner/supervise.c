/* The life of one worker, as one loop over its streams, its end, signals to us and the delivery of reports. Nothing in
 * the loop waits for anything but poll(2), so a slow API never keeps a worker from being ended in time. */
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

#include "base/clock.h"
#include "base/process_tree.h"
#include "deliver.h"
#include "output.h"
#include "worker.h"

enum {
    KILL_TIMEOUT_MS = 10000,
    LAST_WORDS_MS = 60000, /* how long the end of a job is tried to be delivered before it is left in the spool */
};

/* How the worker is being ended, each step harder than the one before. */
enum ending { ENDING_NONE, ENDING_STOP /* SIGTERM was sent */, ENDING_KILL };

struct run {
    const struct ticket *ticket;
    struct delivery delivery;
    struct output output;
    struct worker_process worker; /* pid 0: it has ended, or never began */
    int signals;                  /* signalfd */
    enum ending ending;
    int64_t timeout_at_ms; /* monotonic; INT64_MAX: none */
    int64_t kill_at_ms;    /* when the grace period is over; INT64_MAX: none */
    bool was_wanted;       /* it ends because somebody asked for it */
    bool fenced;           /* the job is not ours any more: nothing is reported */
    bool ask;              /* something is wanted: a report is to go off at once */
    bool said_end;
    int64_t ended_at_ms; /* when the end was said; monotonic */
    int status;          /* of the worker, as waitpid(2) gives it */
    bool has_status;
    char reason[WORKER_REASON_SIZE];
};

static bool worker_lives(const struct run *r)
{
    return r->worker.pid > 0;
}

/* -- ending the tree -- */

static void kill_tree(struct run *r)
{
    struct error err = {0};

    r->ending = ENDING_KILL;
    r->kill_at_ms = INT64_MAX;
    if (process_tree_kill(getpid(), r->delivery.pid, KILL_TIMEOUT_MS, &err) < 0)
        r->kill_at_ms = clock_monotonic_ms() + 1000; /* a process in uninterruptible sleep: again */
}

static void stop_tree(struct run *r)
{
    struct error err = {0};

    if (r->ending != ENDING_NONE)
        return;
    r->ending = ENDING_STOP;
    r->kill_at_ms = clock_monotonic_ms() + r->ticket->grace_ms;
    (void)process_tree_signal(getpid(), r->delivery.pid, SIGTERM, &err);
}

static void obey(struct run *r, enum answer answer)
{
    switch (answer) {
    case ANSWER_FENCED:
        r->fenced = true;
        kill_tree(r);
        return;
    case ANSWER_KILL:
        r->was_wanted = true;
        if (r->ending != ENDING_KILL)
            kill_tree(r);
        return;
    case ANSWER_STOP:
        r->was_wanted = true;
        stop_tree(r);
        return;
    default:
        return;
    }
}

/* -- what happened -- */

static void note_usage(struct run *r, const struct rusage *u)
{
    struct report_record usage = {
        .verb = REPORT_USAGE,
        .usage = {.known = true,
                  .cpu_user_ms = u->ru_utime.tv_sec * 1000LL + u->ru_utime.tv_usec / 1000,
                  .cpu_system_ms = u->ru_stime.tv_sec * 1000LL + u->ru_stime.tv_usec / 1000,
                  .max_rss_kib = u->ru_maxrss},
    };

    report_add(&r->delivery.report, &usage);
}

/* As the subreaper of the tree we get every orphan of it as a child. */
static void reap_children(struct run *r)
{
    struct rusage usage;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (pid == r->worker.pid) {
            r->worker.pid = 0;
            r->status = status;
            r->has_status = true;
            note_usage(r, &usage);
        } else if (pid == r->delivery.pid) {
            obey(r, delivery_ended(&r->delivery));
        }
    }
}

static void read_signals(struct run *r)
{
    struct signalfd_siginfo info;

    while (read(r->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            r->ask = true;
        if (info.ssi_signo == SIGTERM && r->ending == ENDING_NONE) {
            snprintf(r->reason, sizeof r->reason, "its runner was asked to end (SIGTERM)");
            stop_tree(r);
        }
    }
}

static void close_stream(struct run *r, int *fd, struct stream *s)
{
    output_end(&r->output, s);
    close(*fd);
    *fd = -1;
}

static void read_stream(struct run *r, int *fd, struct stream *s)
{
    char bytes[OUTPUT_READ_SIZE];
    ssize_t n = read(*fd, bytes, sizeof bytes);

    if (n > 0)
        output_take(&r->output, s, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_stream(r, fd, s);
}

/* -- the end -- */

static void describe_status(struct run *r, struct report_record *end)
{
    if (!r->has_status) {
        end->event = EVENT_FAILURE;
        return;
    }
    if (WIFSIGNALED(r->status)) {
        end->signal = WTERMSIG(r->status);
        end->event = EVENT_FAILURE;
        if (!r->reason[0])
            snprintf(r->reason, sizeof r->reason, "killed by SIG%s (%s)", sigabbrev_np(end->signal),
                     sigdescr_np(end->signal));
        return;
    }
    end->exit_code = WEXITSTATUS(r->status);
    end->event = end->exit_code || r->reason[0] ? EVENT_FAILURE : EVENT_SUCCESS;
    if (end->exit_code && !r->reason[0] && r->output.last_error)
        snprintf(r->reason, sizeof r->reason, "%s", r->output.last_error);
    if (end->exit_code && !r->reason[0])
        snprintf(r->reason, sizeof r->reason, "exit status %d", end->exit_code);
}

static void say_end(struct run *r)
{
    struct report_record end = {.verb = REPORT_END, .time_ms = clock_now_ms(), .exit_code = -1};

    describe_status(r, &end);
    if (r->was_wanted) {
        end.event = EVENT_KILLED;
        snprintf(r->reason, sizeof r->reason, "%s", r->ending == ENDING_KILL ? "killed" : "stopped");
    }
    end.bytes = r->reason;
    end.size = strlen(r->reason);
    report_say(&r->delivery.report, "ENDED");
    report_add(&r->delivery.report, &end);
    r->said_end = true;
    r->ended_at_ms = clock_monotonic_ms();
}

/* Has anything of the tree been left? In the usual case the kernel says at once that we have no children. */
static bool tree_is_empty(struct run *r)
{
    siginfo_t info;

    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
        return true;
    return process_tree_is_empty(getpid(), r->delivery.pid);
}

/* The worker itself has ended. What it left behind gets the rest of the grace period if it is being stopped, and is
 * killed at once otherwise. */
static void clear_away(struct run *r)
{
    if (!worker_lives(r) && !r->said_end && !tree_is_empty(r)) {
        if (r->ending != ENDING_STOP)
            kill_tree(r);
        reap_children(r);
    }
}

static bool all_is_said(const struct run *r)
{
    return r->worker.out < 0 && r->worker.err < 0;
}

static void look_at_clock(struct run *r)
{
    int64_t now = clock_monotonic_ms();

    if (now >= r->timeout_at_ms && r->ending == ENDING_NONE && worker_lives(r)) {
        snprintf(r->reason, sizeof r->reason, "timed out after %g s", (double)r->ticket->timeout_ms / 1000);
        stop_tree(r);
    }
    if (now >= r->kill_at_ms)
        kill_tree(r);
}

static bool is_finished(const struct run *r)
{
    if (r->fenced)
        return !worker_lives(r);
    if (!r->said_end)
        return false;
    return delivery_is_done(&r->delivery) ||
           (r->delivery.failing_since_ms && clock_monotonic_ms() >= r->ended_at_ms + LAST_WORDS_MS);
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
        {.fd = r->delivery.answer_fd, .events = POLLIN},
        {.fd = full ? -1 : r->worker.out, .events = POLLIN},
        {.fd = full ? -1 : r->worker.err, .events = POLLIN},
    };

    if (poll(fds, sizeof fds / sizeof *fds, left < 0 ? 0 : left > 60000 ? 60000 : (int)left) <= 0)
        return;
    if (fds[0].revents)
        read_signals(r);
    if (fds[1].revents)
        delivery_read_answer(&r->delivery);
    if (fds[2].revents)
        read_stream(r, &r->worker.out, &r->output.out);
    if (fds[3].revents)
        read_stream(r, &r->worker.err, &r->output.err);
}

static void loop(struct run *r)
{
    while (!is_finished(r)) {
        int64_t until;

        reap_children(r);
        look_at_clock(r);
        clear_away(r);
        if (!worker_lives(r) && all_is_said(r) && !r->said_end && tree_is_empty(r))
            say_end(r);
        if (r->ask) {
            r->ask = false;
            report_begin(&r->delivery.report);
            until = delivery_work(&r->delivery, true);
            r->ask = !report_is_empty(&r->delivery.report); /* one was on its way: the next one asks */
        } else {
            until = delivery_work(&r->delivery, r->said_end);
        }
        until = earliest(until, earliest(r->kill_at_ms, worker_lives(r) ? r->timeout_at_ms : INT64_MAX));
        if (!is_finished(r))
            wait_for_something(r, until);
    }
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void start(struct run *r, const char *library)
{
    struct report_record pid = {.verb = REPORT_PID};

    report_say(&r->delivery.report, "STARTED");
    if (worker_start(r->ticket, library, &r->worker, r->reason) < 0)
        return;
    pid.pid = r->worker.pid;
    report_add(&r->delivery.report, &pid);
    if (r->ticket->timeout_ms)
        r->timeout_at_ms = clock_monotonic_ms() + r->ticket->timeout_ms;
}

void supervise(const struct ticket *t, const char *library, int ready)
{
    struct run r = {.ticket = t, .worker = {.out = -1, .err = -1}, .timeout_at_ms = INT64_MAX, .kill_at_ms = INT64_MAX};

    delivery_init(&r.delivery, t);
    output_init(&r.output, &r.delivery.report);
    r.signals = open_signals();
    if (r.signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        snprintf(r.reason, sizeof r.reason, "the runner could not be set up: %s", strerror(errno));
    /* From here on we tell all that happens: who started us need not wait for the worker's start as well. */
    (void)!write(ready, "R", 1);
    close(ready);
    if (!r.reason[0])
        start(&r, library);
    loop(&r);
    output_clear(&r.output);
    delivery_clear(&r.delivery);
}
