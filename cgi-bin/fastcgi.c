/* FastCGI: one process, one request at a time. libfcgi speaks the protocol on a connection; which connection, and when, is
 * decided here. So no signal gets lost between a look and a wait: all are blocked, and come out of a descriptor that is
 * waited for together with the sockets. */
#include "fastcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "base/cleanup.h"

enum { SILENCE_MAX_S = 300 }; /* of a web server in the middle of a request */

struct process {
    const struct fastcgi *f;
    struct site site;
    struct stat program;
    int signals;                /* signalfd */
    int events;                 /* epoll: the listener, and the signals */
    struct sockaddr_un address; /* where requests come from; what jobs report may come that way as well */
    bool ending;
};

/* -- the gateway -- */

struct fastcgi_gateway {
    struct gateway gateway; /* first: a pointer to one is a pointer to the other */
    FCGX_Request request;
    struct process *process;
    bool is_local;   /* by a socket of this machine, whose permissions say who may connect */
    bool broken_off; /* the answer is not whole, and must not look so */
};

static struct fastcgi_gateway *self(const struct gateway *g)
{
    return (struct fastcgi_gateway *)(uintptr_t)g; /* its first member */
}

/* To a port anybody on this machine can connect and say who he is. */
static const char *get_variable(const struct gateway *g, const char *name)
{
    if (!self(g)->is_local && strcmp(name, "REMOTE_USER") == 0)
        return NULL;
    return FCGX_GetParam(name, self(g)->request.envp);
}

static ssize_t read_body(struct gateway *g, void *bytes, size_t size)
{
    FCGX_Stream *in = self(g)->request.in;
    size_t got = 0;

    while (got < size) {
        size_t step = size - got < 1 << 30 ? size - got : 1 << 30;
        int n = FCGX_GetStr((char *)bytes + got, (int)step, in);

        if (n <= 0)
            break;
        got += (size_t)n;
    }
    return FCGX_GetError(in) ? -1 : (ssize_t)got;
}

static int write_answer(struct gateway *g, const void *bytes, size_t size)
{
    FCGX_Stream *out = self(g)->request.out;
    const char *from = bytes;

    while (size) {
        int step = size < 1 << 30 ? (int)size : 1 << 30;

        if (FCGX_PutStr(from, step, out) != step)
            return -1;
        from += step;
        size -= (size_t)step;
    }
    return 0;
}

/* The descriptor of the signals is read between two steps of a request only: a child that somebody waits for by its number
 * is not reaped here. */
static void read_signals(struct process *p)
{
    struct signalfd_siginfo info;

    while (read(p->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGCHLD)
            p->ending = true;
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* What the server may still send is none of our business here; that it has gone is. */
static bool pause_request(struct gateway *g, int wait_ms)
{
    struct fastcgi_gateway *me = self(g);
    struct pollfd p[] = {{.fd = me->request.ipcFd, .events = POLLRDHUP},
                         {.fd = me->process->signals, .events = POLLIN}};

    if (FCGX_FFlush(me->request.out) < 0)
        return false;
    if (poll(p, 2, wait_ms) > 0 && p[1].revents)
        read_signals(me->process);
    return !p[0].revents && !me->process->ending;
}

static void break_off(struct gateway *g)
{
    self(g)->broken_off = true;
}

static const struct gateway_kind fastcgi = {
    .variable = get_variable, .read = read_body, .write = write_answer, .pause = pause_request, .break_off = break_off};

/* -- one request -- */

static bool names_setting(char **variables)
{
    for (; *variables; variables++) {
        if (strncmp(*variables, "JOBJOKER_", 9) == 0)
            return true;
    }
    return false;
}

/* A setting decides which programs run here, so no request may bring one; and who gives it the way that works with CGI
 * (SetEnv) must not find another database without a word. */
static void answer(struct fastcgi_gateway *g)
{
    struct error err = {0};

    if (!names_setting(g->request.envp)) {
        answer_request(&g->gateway, &g->process->site);
        return;
    }
    log_line("a setting (JOBJOKER_...) came with a request: under FastCGI it belongs into jobjoker.ini or into the "
             "environment of the process (docs/servers.md)");
    error_set(&err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
    answer_error(&g->gateway, &err);
}

/* To some servers an answer without an end of the request is as whole as one with it. What is no record at all makes them
 * break off theirs. */
static void break_connection(FCGX_Request *r)
{
    static const unsigned char no_record[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    FCGX_FFlush(r->out);
    (void)!write(r->ipcFd, no_record, sizeof no_record);
    FCGX_Free(r, 1);
}

/* Reads to the end of what the server sends: a connection that is closed with something unread in it can take the answer
 * along. Then a server that keeps connections gets this one back, any other its end. */
static int finish(struct fastcgi_gateway *g)
{
    FCGX_Request *r = &g->request;
    bool keep = r->keepConnection;
    char rest[4096];
    int fd;

    while (FCGX_GetStr(rest, sizeof rest, r->in) > 0)
        ;
    if (g->broken_off) {
        break_connection(r);
        return -1;
    }
    r->keepConnection = 1; /* closing is left to us: libfcgi's waits for the server */
    FCGX_Finish_r(r);
    fd = r->ipcFd;
    r->ipcFd = -1;
    if (fd >= 0 && !keep) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void tell(const struct process *p, bool busy)
{
    if (p->f->tell)
        p->f->tell(p->f->context, busy);
}

/* A connection is closed when it gave no request. Returns the connection when it is to be used again, else -1. */
static int serve_connection(struct process *p, struct fastcgi_gateway *g, int fd)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address;

    g->broken_off = false;
    g->is_local = getsockname(fd, (struct sockaddr *)&address, &size) == 0 && address.sun_family == AF_UNIX;
    g->request.ipcFd = fd;
    g->request.keepConnection = 1; /* or libfcgi, which thinks of the request before, would close it */
    tell(p, true);
    fd = -1;
    if (FCGX_Accept_r(&g->request) ==
        0) { /* else it looks for the next connection itself, and has no socket for that */
        answer(g);
        fd = finish(g);
    }
    if (fd < 0)
        tell(p, false);
    return fd;
}

/* -- the process -- */

/* A server that is silent in the middle of a request must not hold the process for ever. */
static void limit_silence(int fd)
{
    struct timeval limit = {.tv_sec = SILENCE_MAX_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* -1: there is none now, or errno says what is wrong. */
static int take_connection(const struct process *p)
{
    int fd = accept4(p->f->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0)
        limit_silence(fd);
    return fd;
}

/* Of all processes that wait at one socket the kernel wakes one (EPOLLEXCLUSIVE). -1: none came; look at `ending`, and at
 * *idle, whether the time is up. */
static int next_connection(struct process *p, bool *idle)
{
    struct epoll_event event;
    int n = epoll_wait(p->events, &event, 1, p->f->idle_ms), fd;

    *idle = n == 0;
    if (n > 0 && event.data.fd == p->signals)
        read_signals(p);
    if (n <= 0 || event.data.fd == p->signals)
        return -1;
    fd = take_connection(p);
    if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) { /* and would be so again at once */
        error_errno(NULL, "a connection of FastCGI");
        p->ending = true;
    }
    return fd;
}

/* On a connection that the server keeps, until the next request begins. False: it is over. */
static bool wait_on(struct process *p, int fd)
{
    struct pollfd both[] = {{.fd = fd, .events = POLLIN}, {.fd = p->signals, .events = POLLIN}};

    while (!p->ending) {
        if (poll(both, 2, -1) < 0 && errno != EINTR)
            return false;
        if (both[1].revents)
            read_signals(p);
        else if (both[0].revents)
            return true;
    }
    return false;
}

static bool is_replaced(const struct process *p)
{
    struct stat now;

    return stat(p->f->program, &now) < 0 || now.st_dev != p->program.st_dev || now.st_ino != p->program.st_ino ||
           now.st_mtim.tv_sec != p->program.st_mtim.tv_sec || now.st_mtim.tv_nsec != p->program.st_mtim.tv_nsec;
}

/* What lies in the queue of a socket is lost with the last process that has it, and mod_fcgid gives each one of its own and
 * the next request just when it ends. Closed at once, because from then on a server is told to go elsewhere; what is still to
 * be done before the end takes longer than a request. */
static void leave_socket(struct process *p, struct fastcgi_gateway *g)
{
    int fd;

    while (!p->f->has_others && (fd = take_connection(p)) >= 0) {
        fd = serve_connection(p, g, fd);
        if (fd >= 0)
            close(fd);
    }
    close(p->f->listener);
}

static enum fastcgi_end serve(struct process *p, struct fastcgi_gateway *g)
{
    long answered = 0;
    int fd = -1;

    for (bool idle = false; !p->ending && !idle;) {
        if (fd < 0)
            fd = next_connection(p, &idle);
        if (fd < 0)
            continue;
        fd = serve_connection(p, g, fd);
        read_signals(p);
        answered++;
        if (is_replaced(p)) {
            if (fd >= 0)
                close(fd);
            return FASTCGI_REPLACED;
        }
        if (p->f->requests_max && answered >= p->f->requests_max)
            break;
        if (fd >= 0 && !wait_on(p, fd)) {
            close(fd);
            fd = -1;
            tell(p, false);
        }
    }
    if (fd >= 0)
        close(fd);
    return FASTCGI_ENDED;
}

static int wait_for_both(struct process *p)
{
    struct epoll_event listener = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = p->f->listener};
    struct epoll_event signals = {.events = EPOLLIN, .data.fd = p->signals};

    return epoll_ctl(p->events, EPOLL_CTL_ADD, p->f->listener, &listener) < 0 ||
                   epoll_ctl(p->events, EPOLL_CTL_ADD, p->signals, &signals) < 0
               ? -1
               : 0;
}

/* The listener must not block: another process may have taken the connection that woke us. */
static int prepare(struct process *p, struct error *err)
{
    int flags = fcntl(p->f->listener, F_GETFL);
    socklen_t size = sizeof p->address - 1; /* what it has no room for is no path that anybody could use */
    sigset_t wanted;

    if (stat("/proc/self/exe", &p->program) < 0) /* what runs here, whatever lies in its place by now */
        return error_errno(err, "/proc/self/exe");
    if (flags < 0 || fcntl(p->f->listener, F_SETFL, flags | O_NONBLOCK) < 0)
        return error_errno(err, "the socket of FastCGI");
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    p->signals = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    p->events = epoll_create1(EPOLL_CLOEXEC);
    if (p->signals < 0 || p->events < 0 || wait_for_both(p) < 0)
        return error_errno(err, "waiting for requests");
    /* Only where others answer while this one is busy: it may be asked to wait for the job that has to report. */
    if (p->f->has_others && getsockname(p->f->listener, (struct sockaddr *)&p->address, &size) == 0 &&
        p->address.sun_family == AF_UNIX && p->address.sun_path[0] == '/')
        p->site.fastcgi = p->address.sun_path;
    return FCGX_Init() == 0 ? 0 : error_set(err, 500, "internal", "libfcgi cannot be used");
}

enum fastcgi_end fastcgi_serve(const struct fastcgi *f)
{
    struct process p = {.f = f, .signals = -1, .events = -1};
    struct fastcgi_gateway g = {.gateway.kind = &fastcgi, .process = &p};
    struct error err = {0};
    enum fastcgi_end end = FASTCGI_FAILED;

    if (prepare(&p, &err) == 0 && FCGX_InitRequest(&g.request, -1, 0) == 0) {
        end = serve(&p, &g);
        leave_socket(&p, &g);
    }
    site_close(&p.site);
    if (p.events >= 0)
        close(p.events);
    if (p.signals >= 0)
        close(p.signals);
    return end;
}
