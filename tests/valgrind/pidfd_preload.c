/* valgrind before 3.21 knows no pidfds: to the program under it, the kernel seems to lack them. So the two calls are made by
 * a program beside it (pidfd_helper.c), which valgrind does not follow. Loaded before the C library: tests/with-valgrind. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHER_END = 3 }; /* descriptor of the helper's socket, or of the pidfd to signal */

/* Starts the helper with `fd` as its OTHER_END. */
static pid_t start(const char *what, long argument, int fd)
{
    char number[24];
    pid_t pid;

    snprintf(number, sizeof number, "%ld", argument);
    pid = fork();
    if (pid != 0)
        return pid;
    if (dup2(fd, OTHER_END) == OTHER_END) /* which clears close-on-exec, unless it is that number already */
        execle(HELPER, "pidfd_helper", what, number, (char *)NULL, (char *const[]){NULL});
    _exit(ENOSYS);
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return ENOSYS;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : ENOSYS;
}

static long fail(int number)
{
    errno = number;
    return -1;
}

/* Takes a descriptor out of a socket; -1: none was sent. */
static int receive(int socket)
{
    char byte;
    struct iovec io = {&byte, 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    const struct cmsghdr *c;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    c = CMSG_FIRSTHDR(&message);
    return c && c->cmsg_type == SCM_RIGHTS ? *(const int *)(const void *)CMSG_DATA(c) : -1;
}

static long pidfd_open_beside(pid_t pid)
{
    int pair[2], fd, why;
    pid_t helper;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    helper = start("open", pid, pair[1]);
    close(pair[1]);
    fd = helper > 0 ? receive(pair[0]) : -1;
    close(pair[0]);
    why = helper > 0 ? wait_for(helper) : EAGAIN;
    return fd >= 0 ? fd : fail(why);
}

static long pidfd_send_signal_beside(int fd, long number)
{
    pid_t helper = start("signal", number, fd);
    int why = helper > 0 ? wait_for(helper) : EAGAIN;

    return why ? fail(why) : 0;
}

long syscall(long number, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list ap;

    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (number == SYS_pidfd_open)
        return pidfd_open_beside((pid_t)a[0]);
    if (number == SYS_pidfd_send_signal)
        return pidfd_send_signal_beside((int)a[0], a[1]);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
