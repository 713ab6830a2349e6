/* The processes at one socket. Each tells in memory that all share whether it is busy, and the one that finds that nobody is
 * left wakes the parent, which adds one: so the kernel's queue is never waited in while the limit is not reached. The parent
 * does nothing else: it opens no store and reads no request, so its children start as clean as it is. */
#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "fastcgi.h"

enum slot_state { SLOT_FREE, SLOT_IDLE, SLOT_BUSY };

enum {
    EXIT_REPLACED = 3,
    IDLE_MS = 60000,
    SHORT_LIFE_MS = 1000, /* who fails sooner fails again: not more often than this */
};

/* What parent and children share. */
struct board {
    _Atomic unsigned char
        state[STARTER_PROCESSES_MAX]; /* enum slot_state; its child writes it, the parent when it starts
                                                           or has reaped one */
};

struct slot {
    pid_t pid; /* 0: none */
    int64_t started_ms;
};

struct parent {
    const struct starter *s;
    struct board *board;
    struct slot slots[STARTER_PROCESSES_MAX];
    int wake[2];           /* children write a byte when nobody is idle */
    int signals;           /* signalfd */
    int64_t not_before_ms; /* no new process before that */
    bool reload, end;
};

/* -- a child -- */

struct child {
    struct parent *parent;
    int slot;
};

static int count(const struct parent *p, enum slot_state state)
{
    int n = 0;

    for (int i = 0; i < p->s->processes_max; i++)
        n += atomic_load_explicit(&p->board->state[i], memory_order_relaxed) == state;
    return n;
}

static void tell(void *context, bool busy)
{
    const struct child *c = context;

    atomic_store(&c->parent->board->state[c->slot], busy ? SLOT_BUSY : SLOT_IDLE);
    if (busy && count(c->parent, SLOT_IDLE) == 0)
        (void)!write(c->parent->wake[1], "", 1); /* when the pipe is full, enough wake-ups are in it */
}

/* It ends with the parent, as if asked to: nobody else would know of it. */
static _Noreturn void become_child(struct parent *p, int slot, pid_t parent)
{
    struct child child = {.parent = p, .slot = slot};
    struct fastcgi f = {.listener = p->s->listener,
                        .requests_max = p->s->requests_max,
                        .idle_ms = slot < p->s->processes ? -1 : IDLE_MS,
                        .program = p->s->program,
                        .has_others = true,
                        .tell = tell,
                        .context = &child};
    enum fastcgi_end end;

    close(p->wake[0]);
    close(p->signals);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        _exit(0);
    end = fastcgi_serve(&f);
    /* Not _exit: a build with sanitizers looks for leaks now. */
    exit(end == FASTCGI_REPLACED ? EXIT_REPLACED : end == FASTCGI_FAILED);
}

/* -- the parent -- */

static void start_child(struct parent *p, int slot)
{
    pid_t parent = getpid(), pid;

    atomic_store(&p->board->state[slot], SLOT_IDLE);
    pid = fork();
    if (pid == 0)
        become_child(p, slot, parent);
    if (pid < 0) {
        error_errno(NULL, "fork");
        atomic_store(&p->board->state[slot], SLOT_FREE);
        p->not_before_ms = clock_monotonic_ms() + SHORT_LIFE_MS;
        return;
    }
    p->slots[slot] = (struct slot){.pid = pid, .started_ms = clock_monotonic_ms()};
}

static int free_slot(const struct parent *p)
{
    for (int i = 0; i < p->s->processes_max; i++) {
        if (!p->slots[i].pid)
            return i;
    }
    return -1;
}

static int running(const struct parent *p)
{
    int n = 0;

    for (int i = 0; i < p->s->processes_max; i++)
        n += p->slots[i].pid != 0;
    return n;
}

/* The low slots first: their children stay. */
static void start_missing(struct parent *p)
{
    int slot;

    while (clock_monotonic_ms() >= p->not_before_ms && (slot = free_slot(p)) >= 0 &&
           (slot < p->s->processes || count(p, SLOT_IDLE) == 0))
        start_child(p, slot);
}

static void note_end(struct parent *p, int slot, int status)
{
    int64_t now_ms = clock_monotonic_ms();
    bool failed = !WIFEXITED(status) || (WEXITSTATUS(status) && WEXITSTATUS(status) != EXIT_REPLACED);

    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REPLACED)
        p->reload = true;
    if (WIFSIGNALED(status))
        log_line("a FastCGI process was ended by signal %d", WTERMSIG(status));
    if (failed && now_ms - p->slots[slot].started_ms < SHORT_LIFE_MS)
        p->not_before_ms = now_ms + SHORT_LIFE_MS;
    p->slots[slot].pid = 0;
    atomic_store(&p->board->state[slot], SLOT_FREE);
}

/* After a reload there are children that an earlier program started: they are reaped, and in no slot. */
static void reap(struct parent *p)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < p->s->processes_max; i++) {
            if (p->slots[i].pid == pid)
                note_end(p, i, status);
        }
    }
}

static void ask_to_end(const struct parent *p)
{
    for (int i = 0; i < p->s->processes_max; i++) {
        if (p->slots[i].pid) /* our child, and not reaped: the number is its own */
            kill(p->slots[i].pid, SIGTERM);
    }
}

static void read_signals(struct parent *p)
{
    struct signalfd_siginfo info;

    while (read(p->signals, &info, sizeof info) == sizeof info) {
        p->reload = p->reload || info.ssi_signo == SIGHUP;
        p->end = p->end || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    }
    reap(p);
}

static void wait_for_news(struct parent *p)
{
    struct pollfd news[] = {{.fd = p->signals, .events = POLLIN}, {.fd = p->wake[0], .events = POLLIN}};
    int64_t left = p->not_before_ms - clock_monotonic_ms();
    char bytes[256];

    if (poll(news, 2, left > 0 ? (int)left : -1) <= 0)
        return;
    if (news[0].revents)
        read_signals(p);
    while (news[1].revents && read(p->wake[0], bytes, sizeof bytes) > 0)
        ;
}

/* The new program finds the socket as standard input, and the signals blocked, so that it misses none. Returns when it cannot
 * be started. */
static void start_anew(struct parent *p)
{
    p->reload = false;
    if (p->s->listener != STDIN_FILENO && dup2(p->s->listener, STDIN_FILENO) < 0) {
        error_errno(NULL, "the socket of FastCGI");
        return;
    }
    if (access(p->s->program, X_OK) < 0) {
        error_errno(NULL, p->s->program);
        return;
    }
    ask_to_end(p);
    execv(p->s->program, p->s->argv);
    error_errno(NULL, p->s->program);
    p->end = true; /* whoever looks after us may start us again */
}

static void finish(struct parent *p)
{
    if (p->s->socket)
        unlink(p->s->socket);
    ask_to_end(p);
    while (running(p) > 0)
        wait_for_news(p);
}

static int prepare(struct parent *p, struct error *err)
{
    static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        sigaddset(&set, wanted[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    p->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (p->signals < 0 || pipe2(p->wake, O_NONBLOCK | O_CLOEXEC) < 0)
        return error_errno(err, "the processes of FastCGI");
    reap(p); /* whose end was told to the program before this one */
    p->board = mmap(NULL, sizeof *p->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p->board == MAP_FAILED ? error_errno(err, "memory of the processes of FastCGI") : 0;
}

int starter_run(const struct starter *s, struct error *err)
{
    struct parent p = {.s = s};

    if (prepare(&p, err) < 0)
        return -1;
    answer_prepare_process();
    while (!p.end) {
        start_missing(&p);
        wait_for_news(&p);
        if (p.reload && !p.end)
            start_anew(&p);
    }
    finish(&p);
    return 0;
}
