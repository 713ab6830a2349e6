/* Makes the two calls that valgrind does not know, for pidfd_preload.c. Its exit status is their errno.
 *     pidfd_helper open PID        sends the pidfd over the socket 3
 *     pidfd_helper signal NUMBER   sends a signal to the pidfd 3 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OTHER_END = 3 };

static int send_descriptor(int fd)
{
    struct iovec io = {"", 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};

    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(OTHER_END, &message, 0) == 1 ? 0 : errno;
}

int main(int argc, char **argv)
{
    int fd;

    if (argc != 3)
        return EINVAL;
    if (strcmp(argv[1], "signal") == 0)
        return syscall(SYS_pidfd_send_signal, OTHER_END, atoi(argv[2]), NULL, 0) < 0 ? errno : 0;
    fd = (int)syscall(SYS_pidfd_open, atoi(argv[2]), 0);
    return fd < 0 ? errno : send_descriptor(fd);
}
