/* All that a process has started. Everything rests on the look: all processes of the machine, in the order of their
 * pids, each with its place inside or outside of the tree. A look takes milliseconds, in which processes come and go;
 * so what must be true of all is true when two looks in a row say so. */
#include "base/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/process.h"

enum {
    PAUSE_MAX_MS = 32,
    FAST_LOOKS = 8, /* without a pause between them */
    ROUND_MS = 250, /* after which those that do not die are stopped and killed again */
};

enum place { UNKNOWN, INSIDE, OUTSIDE };

struct member {
    struct process process;
    enum place place;
    bool in_cgroup;
    enum process_motion motion; /* when the task was done with it */
    bool was_seen_to;           /* the task is done with it */
};

struct look {
    struct member *list;
    size_t count, room;
    size_t alive, corpses;    /* of those inside */
    size_t running, sleeping; /* of those alive, where the task has a signal; see enum process_motion */
};

/* What a look does, besides looking. */
struct task {
    int number;       /* a signal for each that runs, sent as soon as it is known to belong to the tree; 0: none */
    bool skip_cgroup; /* whoever is in the cgroup is the kernel's, and neither listed nor signalled */
};

static void look_free(struct look *l)
{
    free(l->list);
    *l = (struct look){0};
}

static int pause_longer(int pause_ms)
{
    poll(NULL, 0, pause_ms);
    return pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : pause_ms;
}

static int make_room(struct look *l)
{
    size_t room = l->room ? 2 * l->room : 256;
    struct member *list;

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
    pid_t x = ((const struct member *)a)->process.pid, y = ((const struct member *)b)->process.pid;

    return (x > y) - (x < y);
}

static struct member *find(const struct look *l, pid_t pid)
{
    struct member key = {.process.pid = pid};

    return l->count ? bsearch(&key, l->list, l->count, sizeof key, by_pid) : NULL;
}

/* -- the place of a process -- */

/* As far as it can be told from this process and those with lower pids. */
static enum place place_at_sight(const struct process_tree *t, const struct look *l, const struct process *p)
{
    const struct member *parent;

    if (p->pid == t->root || p->pid == t->spare || p->pid == getpid())
        return OUTSIDE; /* a walk does not go on to those above it, either */
    if (t->root && p->parent == t->root)
        return INSIDE;
    parent = find(l, p->parent);
    if (parent && parent->place == INSIDE)
        return INSIDE;
    return t->mark && *t->mark && process_has_mark(p->pid, t->mark) ? INSIDE : UNKNOWN;
}

/* Follows the parents up to one whose place is known, and notes it for all on the way. The steps are counted, because
 * parents that are read one after another may seem to go round in a circle. */
static void find_place(const struct look *l, struct member *m)
{
    enum place place = UNKNOWN;
    size_t steps = 0;

    for (const struct member *at = m; place == UNKNOWN; at = at ? find(l, at->process.parent) : NULL)
        place = !at || steps++ > l->count ? OUTSIDE : at->place;
    for (struct member *at = m; at && at->place == UNKNOWN; at = find(l, at->process.parent))
        at->place = place;
}

/* The list of the cgroup is read after the processes were: a number that it gives to another one meanwhile is in it
 * with another start, and no signal reaches the stranger who had it before. What cannot be listed is left to the
 * other ways. */
static void place_by_cgroup(const struct process_tree *t, const struct look *l)
{
    struct buf pids = {0};

    if (t->cgroup)
        (void)cgroup_list(t->cgroup, &pids);
    for (size_t at = 0; !pids.failed && at < pids.size; at += sizeof(pid_t)) {
        struct member *m = find(l, *(const pid_t *)(const void *)(pids.data + at));

        if (!m || m->process.pid == getpid())
            continue;
        m->in_cgroup = true;
        m->place = INSIDE;
    }
    buf_clear(&pids);
}

/* -- the look -- */

/* One step for all in the group of a leader of a session: none forks away meanwhile, and hundreds that are busy, and
 * so leave little time to us, are quiet. All in a session descend from its leader, so they belong to the tree. */
static void order_group(const struct task *task, const struct process *p)
{
    if (p->session == p->pid && p->state != 'T' && p->pid != getpgrp() && !task->skip_cgroup)
        (void)process_send_group(p, task->number);
}

/* Sends what the task asks for, unless it is stopped already. */
static void order(const struct task *task, struct member *m)
{
    m->was_seen_to = true;
    if (!task->number)
        return;
    order_group(task, &m->process);
    if (process_is_dead(&m->process))
        return;
    m->motion = process_motion(&m->process);
    if (m->motion != PROCESS_STILL || m->process.state != 'T')
        (void)process_send(&m->process, task->number);
}

static int read_all(const struct process_tree *t, const struct task *task, struct look *l)
{
    DIR *proc = opendir("/proc");
    int result = proc ? 0 : -1;

    for (struct dirent *entry; result == 0 && (entry = readdir(proc));) {
        struct process p;

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        if (process_read((pid_t)strtol(entry->d_name, NULL, 10), &p) < 0)
            continue;
        result = make_room(l);
        if (result < 0)
            continue;
        l->list[l->count] = (struct member){.process = p, .place = place_at_sight(t, l, &p)};
        /* At once, because one that only forks and ends, over and over, is gone when the look is over. */
        if (l->list[l->count].place == INSIDE && !task->skip_cgroup)
            order(task, &l->list[l->count]);
        l->count++;
    }
    if (proc)
        closedir(proc);
    return result;
}

static void keep_inside(const struct process_tree *t, const struct task *task, struct look *l)
{
    size_t kept = 0;

    if (l->count)
        qsort(l->list, l->count, sizeof *l->list, by_pid); /* they mostly are in order */
    place_by_cgroup(t, l);
    for (size_t i = 0; i < l->count; i++)
        find_place(l, &l->list[i]);
    for (size_t i = 0; i < l->count; i++) {
        struct member *m = &l->list[i];

        if (m->place != INSIDE || (task->skip_cgroup && m->in_cgroup))
            continue;
        if (!m->was_seen_to)
            order(task, m);
        l->list[kept++] = *m;
    }
    l->count = kept;
}

/* The parent in vfork(2) sleeps until its child has gone on, and does nothing before that. */
static void excuse_parent(const struct look *l, const struct process *child)
{
    struct member *parent = find(l, child->parent);

    if (parent && parent->motion == PROCESS_SLEEPS && process_shares_memory(parent->process.pid, child->pid))
        parent->motion = PROCESS_STILL;
}

static void count(struct look *l)
{
    for (size_t i = 0; i < l->count; i++) {
        if (l->list[i].process.state == 'T')
            excuse_parent(l, &l->list[i].process);
    }
    for (size_t i = 0; i < l->count; i++) {
        bool dead = process_is_dead(&l->list[i].process);

        l->corpses += dead;
        l->alive += !dead;
        l->running += l->list[i].motion == PROCESS_RUNS;
        l->sleeping += l->list[i].motion == PROCESS_SLEEPS;
    }
}

/* Lists the tree in *l, which the caller frees, also after an error. */
static int look_at(const struct process_tree *t, const struct task *task, struct look *l, struct error *err)
{
    *l = (struct look){0};
    if (read_all(t, task, l) < 0)
        return error_errno(err, "list of processes");
    keep_inside(t, task, l);
    count(l);
    return 0;
}

/* -- signals -- */

static void send_to_all(const struct look *l, int number)
{
    for (size_t i = 0; i < l->count; i++) {
        if (!process_is_dead(&l->list[i].process))
            (void)process_send(&l->list[i].process, number);
    }
}

/* The cgroup, if the kernel may end or freeze it as one: not when the caller is in it. */
static const char *whole_cgroup(const struct process_tree *t)
{
    struct buf pids = {0};
    bool alone = true;

    if (!t->cgroup)
        return NULL;
    (void)cgroup_list(t->cgroup, &pids);
    for (size_t at = 0; !pids.failed && at < pids.size; at += sizeof(pid_t))
        alone = alone && *(const pid_t *)(const void *)(pids.data + at) != getpid();
    buf_clear(&pids);
    return alone ? t->cgroup : NULL;
}

int process_tree_signal(const struct process_tree *t, int number, struct error *err)
{
    const char *cgroup = whole_cgroup(t);
    struct look all;
    int result = look_at(t, &(struct task){0}, &all, err);

    if (result == 0)
        send_to_all(&all, number);
    for (size_t i = 0; result == 0 && number == SIGTERM && i < all.count; i++) {
        const struct process *p = &all.list[i].process;

        if (!process_is_dead(p) && process_motion(p) != PROCESS_RUNS)
            (void)process_send(p, SIGCONT);
    }
    if (result == 0 && number == SIGTERM && cgroup)
        (void)cgroup_thaw(cgroup);
    look_free(&all);
    return result;
}

bool process_tree_is_empty(const struct process_tree *t)
{
    const char *cgroup = whole_cgroup(t);
    struct error ignored = {0};
    struct look all;
    bool empty = look_at(t, &(struct task){0}, &all, &ignored) == 0 && all.alive == 0;

    look_free(&all);
    return empty && (!cgroup || cgroup_is_empty(cgroup));
}

int64_t process_tree_cpu_ms(const struct process_tree *t)
{
    struct error ignored = {0};
    unsigned long long ticks = 0;
    struct look all;
    int result = look_at(t, &(struct task){0}, &all, &ignored);

    for (size_t i = 0; i < all.count; i++) {
        if (!process_is_dead(&all.list[i].process))
            ticks += all.list[i].process.cpu_ticks;
    }
    look_free(&all);
    return result < 0 ? -1 : (int64_t)(ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* -- to a standstill and on -- */

struct stop {
    bool skip_cgroup; /* as in struct task */
    bool let_sleep;   /* do not wait for those that sleep uninterruptibly */
};

/* Stops everybody, until two looks in a row find nobody who runs: who was born unseen during the first is found by
 * the second. One that forks and ends at once is between the looks, not in them; its corpses tell of it. One that
 * sleeps uninterruptibly may be in the middle of a fork, and past the point where it sees a signal: who wants a
 * standstill has to wait for it; who wants to kill looks again anyway. 1: all stand still. 0: the time is up. -1:
 * error. *all is the last look, the caller's to free in each case. */
static int stop_all(const struct process_tree *t, const struct stop *how, int64_t deadline, struct look *all,
                    struct error *err)
{
    const struct task stop = {.number = SIGSTOP, .skip_cgroup = how->skip_cgroup};
    size_t corpses_before = SIZE_MAX;
    int pause_ms = 1;

    *all = (struct look){0};
    for (int looks = 1;; looks++) {
        bool quiet;

        look_free(all);
        if (look_at(t, &stop, all, err) < 0)
            return -1;
        quiet = all->running == 0 && (how->let_sleep || all->sleeping == 0);
        if (quiet && all->corpses == corpses_before)
            return 1;
        corpses_before = quiet ? all->corpses : SIZE_MAX;
        if (clock_monotonic_ms() >= deadline)
            return 0;
        if (looks >= FAST_LOOKS)
            pause_ms = pause_longer(pause_ms);
    }
}

static int still_running(struct error *err)
{
    return error_set(err, 503, "still_running", "some of the job's processes do not stop: try again");
}

int process_tree_freeze(const struct process_tree *t, int timeout_ms, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    const char *cgroup = whole_cgroup(t);
    bool frozen = cgroup && cgroup_freeze(cgroup, timeout_ms) == 0;
    struct look all;
    int stopped;

    if (cgroup && !frozen && errno == ETIMEDOUT)
        return still_running(err);
    stopped = stop_all(t, &(struct stop){.skip_cgroup = frozen}, deadline, &all, err);
    look_free(&all);
    if (stopped < 0)
        return -1;
    return stopped ? 0 : still_running(err);
}

/* All are woken, not only who is seen to be stopped: one may have a stop before it still. Where the kernel thaws the
 * cgroup, it froze it, and stops in there are none of ours. */
int process_tree_thaw(const struct process_tree *t, struct error *err)
{
    const char *cgroup = whole_cgroup(t);
    const struct task rest = {.skip_cgroup = cgroup && cgroup_thaw(cgroup) == 0};
    struct look all;
    int result = look_at(t, &rest, &all, err);

    if (result == 0)
        send_to_all(&all, SIGCONT);
    look_free(&all);
    return result;
}

/* -- the end -- */

static bool has_ended(const struct process *seen)
{
    struct process now;

    return process_read(seen->pid, &now) < 0 || now.start != seen->start || process_is_dead(&now);
}

/* They die when the kernel gets to it. Only those are looked at that were killed: a look at all costs more. */
static void wait_for_end(const struct look *killed, int64_t deadline)
{
    size_t at = 0;
    int pause_ms = 1;

    while (at < killed->count) {
        if (has_ended(&killed->list[at].process))
            at++;
        else if (clock_monotonic_ms() >= deadline)
            return;
        else
            pause_ms = pause_longer(pause_ms);
    }
}

/* The kernel does it, where it can: at once, and without a gap. What it does not reach is left to the sweep. */
static void kill_cgroup(const char *cgroup, int timeout_ms)
{
    if (cgroup && cgroup_kill(cgroup) == 0)
        (void)cgroup_wait_empty(cgroup, timeout_ms);
}

int process_tree_kill(const struct process_tree *t, int timeout_ms, struct error *err)
{
    int64_t now = clock_monotonic_ms(), deadline = now + timeout_ms;
    const char *cgroup = whole_cgroup(t);

    do {
        int64_t half = now + (deadline - now) / 2; /* to stop them; those that do not stop are killed as they run */
        struct look all;
        bool empty;
        int stopped;

        kill_cgroup(cgroup, (int)(half - now));
        stopped = stop_all(t, &(struct stop){.let_sleep = true}, half, &all, err);
        if (stopped >= 0) {
            send_to_all(&all, SIGKILL);
            wait_for_end(&all, half < now + ROUND_MS ? half : now + ROUND_MS);
        }
        empty = stopped > 0 && all.alive == 0;
        look_free(&all);
        if (stopped < 0)
            return -1;
        if (empty && (!cgroup || cgroup_is_empty(cgroup)))
            return 0;
        now = clock_monotonic_ms();
    } while (now < deadline);
    return error_set(err, 503, "still_alive", "the job's processes do not end: try again");
}
