/* One process. A pid is taken from /proc and opened as a pidfd; then its start is read again, so that a number that was
 * given away meanwhile hits nobody else. */
#include "base/process.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"

/* "PID (NAME) STATE PPID ...": field 6 is the session, 14 is the user time, 15 the system time, 20 the number of threads, 22 the start.
 * The name may hold anything, so its last ')' counts. */
static int read_stat(const char *path, struct process *p)
{
    char text[1024];
    const char *after;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned long long user, system, children_user, children_system;
    ssize_t n;

    if (fd < 0)
        return -1;
    n = io_read_all(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    after = strrchr(text, ')');
    if (!after ||
        sscanf(after + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %ld %*d %llu",
               &p->state, &p->parent, &p->session, &user, &system, &children_user, &children_system, &p->threads,
               &p->start) != 9)
        return -1;
    p->cpu_ticks = user + system + children_user + children_system;
    return 0;
}

int process_read(pid_t pid, struct process *p)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    p->pid = pid;
    return read_stat(path, p);
}

bool process_is_dead(const struct process *p)
{
    return (p->state == 'Z' && p->threads <= 1) || p->state == 'X';
}

static enum process_motion motion_of_state(char state)
{
    if (state == 'D')
        return PROCESS_SLEEPS;
    return strchr("TtZX", state) ? PROCESS_STILL : PROCESS_RUNS;
}

/* The state of a process is that of its first thread alone; a stop reaches the others when they get to it. */
static enum process_motion motion_of_threads(pid_t pid)
{
    enum process_motion most = PROCESS_STILL;
    char path[64];
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    tasks = opendir(path);
    if (!tasks)
        return PROCESS_STILL; /* it has ended */
    for (struct dirent *entry; most != PROCESS_RUNS && (entry = readdir(tasks));) {
        enum process_motion motion;
        struct process thread;

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%ld/stat", (long)pid, strtol(entry->d_name, NULL, 10));
        motion = read_stat(path, &thread) < 0 ? PROCESS_STILL : motion_of_state(thread.state);
        most = motion > most ? motion : most;
    }
    closedir(tasks);
    return most;
}

enum process_motion process_motion(const struct process *p)
{
    enum process_motion motion = motion_of_state(p->state);

    return motion == PROCESS_RUNS || p->threads <= 1 ? motion : motion_of_threads(p->pid);
}

bool process_shares_memory(pid_t one, pid_t other)
{
    return syscall(SYS_kcmp, one, other, KCMP_VM, 0UL, 0UL) == 0;
}

/* include/uapi/linux/pidfd.h has it since 6.9 */
enum { TO_PROCESS = 0, TO_GROUP = 1 << 2 };

static int send_to(const struct process *seen, int number, unsigned whom)
{
    int fd = (int)syscall(SYS_pidfd_open, seen->pid, 0), result = -1, saved;
    struct process now;

    if (fd < 0)
        return -1;
    errno = ESRCH;
    if (process_read(seen->pid, &now) == 0 && now.start == seen->start)
        result = (int)syscall(SYS_pidfd_send_signal, fd, number, NULL, whom);
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int process_send(const struct process *seen, int number)
{
    return send_to(seen, number, TO_PROCESS);
}

int process_send_group(const struct process *leader, int number)
{
    return send_to(leader, number, TO_GROUP);
}

/* The environment is variables that end in NUL each. It is read piece by piece; the end of a piece is kept for the next,
 * so that a mark which lies across both is found. */
static bool find_variable(int fd, const char *mark, size_t length)
{
    char pattern[1 + PROCESS_MARK_MAX], piece[16384];
    size_t have = 1;
    ssize_t n;

    pattern[0] = piece[0] = '\0'; /* what stands before a variable, also before the first */
    memcpy(pattern + 1, mark, length);
    while ((n = io_read_all(fd, piece + have, sizeof piece - have)) > 0) {
        size_t keep;

        have += (size_t)n;
        if (memmem(piece, have, pattern, length + 1))
            return true;
        keep = have < length ? have : length;
        memmove(piece, piece + have - keep, keep);
        have = keep;
    }
    return false;
}

bool process_has_mark(pid_t pid, const char *mark)
{
    size_t length = strlen(mark);
    char path[32];
    bool found;
    int fd;

    assert(length > 0 && length <= PROCESS_MARK_MAX);
    snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    found = find_variable(fd, mark, length);
    close(fd);
    return found;
}

long process_count_threads(uid_t user)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    struct process p;
    struct stat owner;
    long count = 0;

    while (proc && (entry = readdir(proc))) {
        if (isdigit((unsigned char)entry->d_name[0]) && fstatat(dirfd(proc), entry->d_name, &owner, 0) == 0 &&
            owner.st_uid == user && process_read((pid_t)strtol(entry->d_name, NULL, 10), &p) == 0)
            count += p.threads;
    }
    if (proc)
        closedir(proc);
    return count;
}
