/* Starting programs. vfork(2) is used because it costs the same for a large process as for a small one; between it and
 * the exec the child shares our memory, so it makes system calls only, and tells a failure through that memory. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

enum { CHUNK_SIZE = 16384 };

/* Ignored signals and the mask survive exec, so both are put back. */
static void reset_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &plain, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First all to numbers above those wanted, then down: so that no copy lands on one that is still to be copied. */
static int place_fds(const struct spawn *s)
{
    int high[SPAWN_FDS_MAX];

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
    return (int)syscall(SYS_close_range, (unsigned)s->fd_count, ~0U, 0U);
}

static int prepare_child(const struct spawn *s, pid_t parent)
{
    reset_signals();
    if (s->new_session && setsid() < 0)
        return -1;
    if (s->die_with_parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
            return -1;
        if (getppid() != parent) { /* it ended before we asked */
            errno = ESRCH;
            return -1;
        }
    }
    umask((mode_t)(s->umask ? s->umask : 077));
    if (s->directory && chdir(s->directory) < 0)
        return -1;
    if (s->nice) {
        errno = 0;
        if (nice(s->nice) == -1 && errno)
            return -1;
    }
    if (place_fds(s) < 0)
        return -1;
    for (size_t i = 0; i < s->limit_count; i++) {
        if (setrlimit((unsigned)s->limits[i].resource, &s->limits[i].value) < 0)
            return -1;
    }
    return 0;
}

int spawn_start(const struct spawn *s, pid_t *pid, struct error *err)
{
    volatile int failure = 0;
    pid_t parent = getpid(), child;
    sigset_t all, before;

    /* No handler of ours may run in the child while it shares our memory. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = vfork();
    if (child == 0) {
        if (prepare_child(s, parent) == 0)
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
        errno = failure;
        error_errno(err, s->path);
        errno = failure;
        return -1;
    }
    *pid = child;
    return 0;
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
    if (pipe2(pipes, O_CLOEXEC) < 0) {
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
