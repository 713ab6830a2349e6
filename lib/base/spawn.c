/* Starting programs. vfork(2) is used because it costs the same for a large process as for a small one; between it and
 * the exec the child shares our memory, so it makes system calls only, and tells a failure through that memory. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

enum { CHUNK_SIZE = 16384, CLOSE_AT_EXEC = 1 << 2 /* CLOSE_RANGE_CLOEXEC: not in every C library */ };

/* The C library's functions of these names change all threads of the process, and that is ours; on some 32-bit machines the
 * plain calls take numbers of 16 bits. */
#ifdef SYS_setresuid32
enum { CALL_SETGROUPS = SYS_setgroups32, CALL_SETRESGID = SYS_setresgid32, CALL_SETRESUID = SYS_setresuid32 };
#else
enum { CALL_SETGROUPS = SYS_setgroups, CALL_SETRESGID = SYS_setresgid, CALL_SETRESUID = SYS_setresuid };
#endif

/* Ignored signals and the mask survive exec, so both are put back. */
static void reset_signals(int hold)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t held;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &plain, NULL);
    sigemptyset(&held);
    if (hold)
        sigaddset(&held, hold);
    sigprocmask(SIG_SETMASK, &held, NULL);
}

static int join_cgroup(const char *cgroup_procs)
{
    int fd = open(cgroup_procs, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, "0", 1);

    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

/* First all to numbers above those wanted, then down: so that no copy lands on one that is still to be copied. *ruleset is
 * the sandbox's, which is wanted until exec, or -1. */
static int place_fds(const struct spawn *s, int *ruleset)
{
    int high[SPAWN_FDS_MAX];

    *ruleset = s->sandbox ? fcntl(s->sandbox->ruleset, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX) : -1;
    if (s->sandbox && *ruleset < 0)
        return -1;
    for (size_t i = 0; i < s->fd_count; i++) {
        int from = s->fds[i] >= 0 ? s->fds[i] : open("/dev/null", O_RDWR | O_CLOEXEC);

        high[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
        if (high[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < s->fd_count; i++) {
        if (dup2(high[i], (int)i) < 0)
            return -1;
    }
    return (int)syscall(SYS_close_range, (unsigned)s->fd_count, ~0U, s->sandbox ? CLOSE_AT_EXEC : 0);
}

/* Groups first: later it would not be allowed to. A change from one user who is not root to another leaves the
 * capabilities as they are, so they are laid down by name, also those that a program could inherit.
 * Until exec we share memory with our parent, which the other user must not read or write through us: the change makes
 * that memory undumpable, and ptrace(2) refuses. */
static int become_user(const struct spawn_user *u)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

    if (syscall(CALL_SETGROUPS, u->group_count, u->groups) < 0 || syscall(CALL_SETRESGID, u->gid, u->gid, u->gid) < 0 ||
        syscall(CALL_SETRESUID, u->uid, u->uid, u->uid) < 0)
        return -1;
    return (int)syscall(SYS_capset, &header, none); /* what is not permitted is not ambient either */
}

static int follow_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -1;
    if (getppid() != parent) { /* it ended before we asked */
        errno = ESRCH;
        return -1;
    }
    return 0;
}

static int set_limits(const struct spawn *s)
{
    for (size_t i = 0; i < s->limit_count; i++) {
        if (setrlimit((unsigned)s->limits[i].resource, &s->limits[i].value) < 0)
            return -1;
    }
    return 0;
}

static int add_niceness(int more)
{
    errno = 0;
    return nice(more) == -1 && errno ? -1 : 0;
}

/* NULL, or the step that failed; errno says why. The order matters. What needs the caller's rights comes before the change
 * of user: the cgroup, and the descriptors, which are placed before a limit can forbid it. The change clears the signal of
 * the parent's death, so that is asked for after it. Who is in the sandbox can do no more than exec. */
static const char *prepare_child(const struct spawn *s, pid_t parent)
{
    int ruleset;

    reset_signals(s->hold_signal);
    umask((mode_t)(s->umask ? s->umask : 077));
    if (s->cgroup_procs && join_cgroup(s->cgroup_procs) < 0)
        return "its cgroup";
    if (s->new_session && setsid() < 0)
        return "its session";
    if (s->nice && add_niceness(s->nice) < 0)
        return "its niceness";
    if (place_fds(s, &ruleset) < 0)
        return "its descriptors";
    if (set_limits(s) < 0)
        return "its limits";
    if (s->user && become_user(s->user) < 0)
        return "its user";
    if (s->die_with_parent && follow_parent(parent) < 0)
        return "its parent";
    if (s->directory && chdir(s->directory) < 0)
        return "its working directory";
    if (s->sandbox && sandbox_enter(ruleset, s->sandbox->local_sockets) < 0)
        return "its sandbox";
    return NULL;
}

static void tell_failure(const struct spawn *s, const char *step, int number, struct error *err)
{
    char what[PATH_MAX + 64];

    if (s->failed_step)
        *s->failed_step = step;
    snprintf(what, sizeof what, "%s%s%s", s->path, step ? ": " : "", step ? step : "");
    errno = number;
    error_errno(err, what);
    errno = number;
}

int spawn_start(const struct spawn *s, pid_t *pid, struct error *err)
{
    const char *volatile step = NULL;
    volatile int failure = 0;
    pid_t parent = getpid(), child;
    sigset_t all, before;

    /* No handler of ours may run in the child while it shares our memory. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = vfork();
    if (child == 0) {
        step = prepare_child(s, parent);
        if (!step)
            execve(s->path, s->argv, s->envp);
        failure = errno;
        _exit(127);
    }
    if (child < 0)
        failure = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child > 0 && failure) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (failure) {
        tell_failure(s, step, failure, err);
        return -1;
    }
    *pid = child;
    return 0;
}

int spawn_pipe(int pipes[2], const struct spawn_user *user)
{
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return -1;
    if (!user || fchmod(pipes[1], 0622) == 0)
        return 0;
    close(pipes[0]);
    close(pipes[1]);
    return -1;
}

int spawn_find(const char *name, const char *path, char *out, size_t out_size)
{
    if (strchr(name, '/'))
        return snprintf(out, out_size, "%s", name) < (int)out_size && access(out, X_OK) == 0 ? 0 : -1;
    for (const char *p = path; p && *p;) {
        size_t length = strcspn(p, ":");

        if (length && snprintf(out, out_size, "%.*s/%s", (int)length, p, name) < (int)out_size &&
            access(out, X_OK) == 0)
            return 0;
        p += length + (p[length] == ':');
    }
    return -1;
}

/* One descriptor that holds the input, to be read from its start; an unnamed file never blocks who writes it. */
static int input_file(const void *input, size_t size)
{
    int fd = (int)syscall(SYS_memfd_create, "input", 1U /* MFD_CLOEXEC */);

    if (fd < 0)
        return -1;
    if (io_write_all(fd, input, size) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void gather(struct buf *output, const char *chunk, size_t size, size_t max, struct spawn_result *result)
{
    size_t room = output->size < max ? max - output->size : 0;

    if (size > room)
        result->cut = true;
    buf_put(output, chunk, size < room ? size : room);
}

/* What stands in the pipe when the program has ended. What it left running may hold the pipe, or fill it: that is not
 * waited for. */
static void read_rest(int fd, size_t max, struct buf *output, struct spawn_result *result)
{
    char chunk[CHUNK_SIZE];
    int left = 0;

    if (ioctl(fd, FIONREAD, &left) < 0)
        return;
    while (left > 0) {
        ssize_t n = read(fd, chunk, (size_t)left < sizeof chunk ? (size_t)left : sizeof chunk);

        if (n <= 0)
            return;
        gather(output, chunk, (size_t)n, max, result);
        left -= (int)n;
    }
}

/* Reads until the program has ended, also if it closes its output before, or until the time is up. */
static void read_output(int fd, int pidfd, int64_t deadline, size_t max, struct buf *output,
                        struct spawn_result *result)
{
    struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    char chunk[CHUNK_SIZE];

    for (;;) {
        int64_t left = deadline - clock_monotonic_ms();
        ssize_t n;

        if (left <= 0 || poll(p, 2, left > INT_MAX ? INT_MAX : (int)left) == 0) {
            result->timed_out = true;
            return;
        }
        if (p[1].revents) {
            read_rest(fd, max, output, result);
            return;
        }
        if (!p[0].revents)
            continue;
        n = read(fd, chunk, sizeof chunk);
        if (n > 0)
            gather(output, chunk, (size_t)n, max, result);
        else if (n == 0 || errno != EINTR)
            p[0].fd = -1;
    }
}

int spawn_run(const struct spawn *s, const void *input, size_t input_size, int timeout_ms, size_t output_max,
              struct buf *output, struct spawn_result *result, struct error *err)
{
    struct spawn run = *s;
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    int pipes[2], in = -1, pidfd, status = -1;
    pid_t pid;

    *result = (struct spawn_result){0};
    if (input && (in = input_file(input, input_size)) < 0)
        return error_errno(err, "input for a program");
    if (spawn_pipe(pipes, s->user) < 0) {
        error_errno(err, "pipe");
        goto close_input;
    }
    run.fds[0] = in;
    run.fds[1] = pipes[1];
    run.fds[2] = s->quiet ? -1 : pipes[1];
    run.fd_count = 3;
    run.new_session = true;
    status = spawn_start(&run, &pid, err);
    close(pipes[1]);
    if (status < 0)
        goto close_output;
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        status = error_errno(err, "pidfd_open");
    else
        read_output(pipes[0], pidfd, deadline, output_max, output, result);
    kill(-pid, SIGKILL); /* not reaped yet: the number is still its group's, and nobody else is in it */
    while (waitpid(pid, &result->status, 0) < 0 && errno == EINTR)
        ;
    if (pidfd >= 0)
        close(pidfd);
close_output:
    close(pipes[0]);
close_input:
    if (in >= 0)
        close(in);
    return status;
}
