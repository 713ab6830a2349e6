/* All that a process has started. A pid is taken from /proc and opened as a pidfd; then its start is read again, so that
 * a number that was given away meanwhile hits nobody else. */
#include "base/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

enum { PAUSE_MAX_MS = 32 };

enum place { UNKNOWN, INSIDE, OUTSIDE };

struct process {
    pid_t pid, parent;
    unsigned long long start; /* clock ticks since boot: with the pid it names a process for good */
    bool dead;                /* a corpse that nobody has reaped yet */
    bool stopped;
    enum place place;
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

/* /proc/PID/stat: "PID (NAME) STATE PPID ...", field 20 is the number of threads, 22 the start. The name may hold
 * anything, so its last ')' counts. A process whose first thread has ended is called a zombie while its other threads
 * run on. */
static int read_process(pid_t pid, struct process *p)
{
    char path[32], text[1024], state;
    const char *after;
    int fd, parent;
    long threads;
    ssize_t n;

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
    if (!after || sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu",
                         &state, &parent, &threads, &p->start) != 4)
        return -1;
    p->pid = pid;
    p->parent = parent;
    p->dead = (state == 'Z' && threads <= 1) || state == 'X';
    p->stopped = state == 'T';
    p->place = UNKNOWN;
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

static int make_room(struct look *l)
{
    size_t room = l->room ? 2 * l->room : 256;
    struct process *list;

    if (l->count < l->room)
        return 0;
    list = realloc(l->list, room * sizeof *list);
    if (!list)
        return -1;
    l->list = list;
    l->room = room;
    return 0;
}

static int by_pid(const void *a, const void *b)
{
    pid_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

    return (x > y) - (x < y);
}

static struct process *find(const struct look *l, pid_t pid)
{
    struct process key = {.pid = pid};

    return l->count ? bsearch(&key, l->list, l->count, sizeof key, by_pid) : NULL;
}

/* Follows the parents up to one whose place is known, and notes it for all on the way. The steps are counted, because
 * parents that are read one after another may seem to go round in a circle. */
static void find_place(const struct look *l, struct process *p, pid_t root)
{
    enum place place = UNKNOWN;
    size_t steps = 0;

    for (const struct process *at = p; place == UNKNOWN; at = at ? find(l, at->parent) : NULL) {
        if (!at || steps++ > l->count)
            place = OUTSIDE;
        else
            place = at->place == UNKNOWN && at->parent == root ? INSIDE : at->place;
    }
    for (struct process *at = p; at && at->place == UNKNOWN; at = find(l, at->parent))
        at->place = place;
}

static void set_place(const struct look *l, pid_t pid, enum place place)
{
    struct process *p = find(l, pid);

    if (p)
        p->place = place;
}

/* Keeps the descendants of root alone. */
static void keep_inside(struct look *l, pid_t root, pid_t spare)
{
    size_t kept = 0;

    if (l->count)
        qsort(l->list, l->count, sizeof *l->list, by_pid);
    set_place(l, root, OUTSIDE); /* so that no walk goes on to those above */
    set_place(l, spare, OUTSIDE);
    for (size_t i = 0; i < l->count; i++)
        find_place(l, &l->list[i], root);
    for (size_t i = 0; i < l->count; i++) {
        if (l->list[i].place == INSIDE)
            l->list[kept++] = l->list[i];
    }
    l->count = kept;
}

/* Lists the descendants of root. `number`, if it is not 0, goes to its children as soon as they are seen: one that only
 * forks and ends, over and over, is gone when the look is over. */
static int look_at(pid_t root, pid_t spare, int number, struct look *l, struct error *err)
{
    DIR *proc = opendir("/proc");
    int result = 0;

    if (!proc)
        return error_errno(err, "/proc");
    for (struct dirent *entry; result == 0 && (entry = readdir(proc));) {
        struct process *p;

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        result = make_room(l);
        if (result < 0)
            continue;
        p = &l->list[l->count];
        if (read_process((pid_t)strtol(entry->d_name, NULL, 10), p) < 0)
            continue;
        if (number && p->parent == root && p->pid != spare && !p->dead && !p->stopped)
            send(p, number);
        l->count++;
    }
    closedir(proc);
    if (result < 0) {
        look_free(l);
        return error_errno(err, "list of processes");
    }
    keep_inside(l, root, spare);
    return 0;
}

static bool was_seen(const struct look *before, const struct process *p)
{
    const struct process *same = find(before, p->pid);

    return same && same->start == p->start;
}

/* Stops those that `before` has not seen; how many these are. */
static size_t stop_fresh(const struct look *now, const struct look *before)
{
    size_t fresh = 0;

    for (size_t i = 0; i < now->count; i++) {
        const struct process *p = &now->list[i];

        if (p->dead || was_seen(before, p))
            continue;
        send(p, SIGSTOP);
        fresh++;
    }
    return fresh;
}

/* Stops everybody, and looks again until a look finds only who was stopped before, or the time is up. */
static int freeze(pid_t root, pid_t spare, int64_t deadline, struct error *err)
{
    struct look before = {0};
    size_t fresh;

    do {
        struct look now = {0};

        if (look_at(root, spare, SIGSTOP, &now, err) < 0) {
            look_free(&before);
            return -1;
        }
        fresh = stop_fresh(&now, &before);
        look_free(&before);
        before = now;
    } while (fresh > 0 && clock_monotonic_ms() < deadline);
    look_free(&before);
    return 0;
}

static void send_in_turn(const struct process *p, int number)
{
    send(p, number);
    if (number == SIGTERM && p->stopped)
        send(p, SIGCONT);
}

/* Signals all that live; how many these are, and in *corpses (may be NULL) how many do not live. -1: error. */
static long signal_all(pid_t root, pid_t spare, int number, size_t *corpses, struct error *err)
{
    struct look now = {0};
    long alive = 0;

    if (look_at(root, spare, 0, &now, err) < 0)
        return -1;
    for (size_t i = 0; i < now.count; i++) {
        if (now.list[i].dead)
            continue;
        if (number)
            send_in_turn(&now.list[i], number);
        alive++;
    }
    if (corpses)
        *corpses = now.count - (size_t)alive;
    look_free(&now);
    return alive;
}

int process_tree_signal(pid_t root, pid_t spare, int number, struct error *err)
{
    return signal_all(root, spare, number, NULL, err) < 0 ? -1 : 0;
}

bool process_tree_is_empty(pid_t root, pid_t spare)
{
    struct error ignored = {0};

    return signal_all(root, spare, 0, NULL, &ignored) == 0;
}

int process_tree_kill(pid_t root, pid_t spare, int timeout_ms, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    size_t corpses = 0, corpses_before = SIZE_MAX;
    int pause_ms = 1;

    do {
        long alive;

        if (freeze(root, spare, deadline, err) < 0)
            return -1;
        alive = signal_all(root, spare, SIGKILL, &corpses, err);
        if (alive < 0)
            return -1;
        /* One that forks and ends at once is between two looks, not in them; its corpses tell of it. */
        if (alive == 0 && corpses == corpses_before)
            return 0;
        corpses_before = alive == 0 ? corpses : SIZE_MAX;
        if (alive == 0)
            continue;
        poll(NULL, 0, pause_ms); /* they die when the kernel gets to it */
        pause_ms = pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : pause_ms;
    } while (clock_monotonic_ms() < deadline);
    return error_set(err, 503, "still_alive", "the job's processes do not end: try again");
}
