/* The kernel's log, read to its end: only when a process was killed and nobody here knows why. */
#include "base/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 8192 };

bool oom_record_names(const char *record, pid_t pid)
{
    static const char killed[] = "Killed process ";
    const char *text = strchr(record, ';'), *at;

    if (!text || strcasestr(text, "out of memory") == NULL)
        return false;
    at = strstr(text, killed);
    return at && strtol(at + sizeof killed - 1, NULL, 10) == pid;
}

bool oom_was_killed(pid_t pid)
{
    char record[RECORD_MAX];
    bool found = false;
    ssize_t n = 0;
    int fd = pid > 0 ? open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;

    if (fd < 0)
        return false;
    /* A record that was overwritten meanwhile is EPIPE: the next read gives what is there. */
    while (!found && ((n = read(fd, record, sizeof record - 1)) > 0 || (n < 0 && errno == EPIPE))) {
        record[n > 0 ? n : 0] = '\0';
        found = oom_record_names(record, pid);
    }
    close(fd);
    return found;
}
