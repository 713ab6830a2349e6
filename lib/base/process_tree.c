/* All that a process has started. A pid is taken from /proc and opened as a pidfd; then its parent is read again, so
 * that a number that was given away meanwhile hits nobody else. */
#include "base/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

struct process {
    pid_t pid, parent;
    unsigned long long start; /* clock ticks since boot: with the pid it names a process for good */
    bool dead;                /* a corpse that nobody has reaped yet */
    bool inside;
};

struct look {
    struct process *list;
    size_t count, room;
};

static void look_free(struct look *l)
{
    free(l->list);
    *l = (struct look){0};
}

/* /proc/PID/stat: "PID (NAME) STATE PPID ...", field 22 is the start. The name may hold anything, so its last ')' counts. */
static int read_process(pid_t pid, struct process *p)
{
    char path[32], text[1024], state;
    const char *after;
    ssize_t n;
    int fd, parent;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = io_read_all(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                         &state, &parent, &p->start) != 3)
        return -1;
    p->pid = pid;
    p->parent = parent;
    p->dead = state == 'Z' || state == 'X';
    p->inside = false;
    return 0;
}

static int add(struct look *l, pid_t pid)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 256;
        struct process *list = realloc(l->list, room * sizeof *list);

        if (!list)
            return -1;
        l->list = list;
        l->room = room;
    }
    if (read_process(pid, &l->list[l->count]) == 0)
        l->count++;
    return 0;
}

/* Who is whose child may be listed in any order, so it is spread until nothing changes. */
static void mark(struct look *l, pid_t root, pid_t spare)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < l->count; i++) {
            struct process *p = &l->list[i];

            if (p->inside || p->pid == spare)
                continue;
            if (p->parent == root)
                p->inside = true;
            for (size_t k = 0; k < l->count && !p->inside; k++)
                p->inside = l->list[k].inside && l->list[k].pid == p->parent;
            changed = changed || p->inside;
        }
    }
}

/* Keeps the descendants of root alone. */
static void keep_inside(struct look *l)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->count; i++) {
        if (l->list[i].inside)
            l->list[kept++] = l->list[i];
    }
    l->count = kept;
}

static int look_at(pid_t root, pid_t spare, struct look *l, struct error *err)
{
    DIR *proc = opendir("/proc");
    int result = 0;

    if (!proc)
        return error_errno(err, "/proc");
    for (struct dirent *entry; result == 0 && (entry = readdir(proc));) {
        if (isdigit((unsigned char)entry->d_name[0]))
            result = add(l, (pid_t)strtol(entry->d_name, NULL, 10));
    }
    closedir(proc);
    if (result < 0) {
        look_free(l);
        return error_errno(err, "list of processes");
    }
    mark(l, root, spare);
    keep_inside(l);
    return 0;
}

/* Signals the process that was seen, or nobody. */
static void send(const struct process *seen, int number)
{
    int fd = (int)syscall(SYS_pidfd_open, seen->pid, 0);
    struct process now;

    if (fd < 0)
        return;
    if (read_process(seen->pid, &now) == 0 && now.start == seen->start)
        (void)syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
    close(fd);
}

static bool was_seen(const struct look *before, const struct process *p)
{
    for (size_t i = 0; i < before->count; i++) {
        if (before->list[i].pid == p->pid && before->list[i].start == p->start)
            return true;
    }
    return false;
}

/* Stops everybody, and looks again until a look finds only who was stopped before. */
static int freeze(pid_t root, pid_t spare, struct error *err)
{
    struct look before = {0};

    for (;;) {
        struct look now = {0};
        size_t fresh = 0;

        if (look_at(root, spare, &now, err) < 0) {
            look_free(&before);
            return -1;
        }
        for (size_t i = 0; i < now.count; i++) {
            if (now.list[i].dead || was_seen(&before, &now.list[i]))
                continue;
            send(&now.list[i], SIGSTOP);
            fresh++;
        }
        look_free(&before);
        before = now;
        if (fresh == 0)
            break;
    }
    look_free(&before);
    return 0;
}

/* Signals all that live; how many these are. -1: error. */
static long signal_all(pid_t root, pid_t spare, int number, struct error *err)
{
    struct look now = {0};
    long alive = 0;

    if (look_at(root, spare, &now, err) < 0)
        return -1;
    for (size_t i = 0; i < now.count; i++) {
        if (now.list[i].dead)
            continue;
        if (number)
            send(&now.list[i], number);
        alive++;
    }
    look_free(&now);
    return alive;
}

int process_tree_signal(pid_t root, pid_t spare, int number, struct error *err)
{
    return signal_all(root, spare, number, err) < 0 ? -1 : 0;
}

bool process_tree_is_empty(pid_t root, pid_t spare)
{
    struct error ignored = {0};

    return signal_all(root, spare, 0, &ignored) == 0;
}

int process_tree_kill(pid_t root, pid_t spare, int timeout_ms, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    do {
        long alive;

        if (freeze(root, spare, err) < 0)
            return -1;
        alive = signal_all(root, spare, SIGKILL, err);
        if (alive <= 0)
            return (int)alive;
        poll(NULL, 0, 1); /* they die when the kernel gets to it */
    } while (clock_monotonic_ms() < deadline);
    return error_set(err, 503, "still_alive", "the job's processes do not end: try again");
}
