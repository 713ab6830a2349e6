/* Retention. What goes is found from the oldest on (store/retention.h), and each job goes in this order, so that whoever dies in between
 * leaves nothing for ever: first the folder of its run, without which a job that is over is as good; then its row, in one transaction
 * with its entries, or with a note that these are left over; those go piece by piece.
 *
 * Several passes may run at once, on several hosts too. What is too old is so whoever looks; but how many are too many is only true until
 * somebody has deleted some of them. So each transaction looks whether the jobs are all there still that were counted.
 *
 * A pass that says that there is more has deleted something: so a keeper that comes back at once comes back for that, and nothing that
 * cannot be deleted keeps it awake. */
#include "engine/sweep.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/keeper.h"
#include "engine/lease.h"
#include "engine/tidy.h"
#include "store/audit.h"
#include "store/retention.h"
#include "worker/options.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    HOUR_MS = 60 * 60 * 1000,
    /* A transaction ends after the first of these. */
    STEP_MS = 10,
    STEP_JOBS = 50,
    STEP_ENTRIES = 1000,
    STEP_BYTES = 4 * 1024 * 1024,
    /* A pass too: a job that is due meanwhile waits for its end. */
    PASS_MS = 30,
    PASS_JOBS = 500,
    ROOM_MS = 20, /* before something else is due */
    WORKERS_PAGE = 64,
};

struct sweep {
    struct engine *e;
    int64_t until_ms;    /* by the clock; 0: there is no such time */
    int64_t deadline_ms; /* monotonic */
    int jobs;            /* that are deleted */
    bool acted;
    bool limits; /* something is not kept for ever */
    struct audit_note note;
};

/* What is too much of a worker, or of all. */
struct excess {
    char worker[JOB_WORKER_SIZE]; /* "": of all */
    int64_t keep;                 /* so many of them may be there; 0: any number */
    int64_t ended;                /* so many are there */
    int64_t jobs;                 /* so many of the oldest are too many */
    int64_t before_ms;            /* who has ended before is too old */
};

/* Only what was done brings a pass to its end: so it is never broken off before it has done something. */
static bool is_enough(const struct sweep *w)
{
    if (!w->acted)
        return false;
    return w->jobs >= PASS_JOBS || clock_monotonic_ms() >= w->deadline_ms ||
           (w->until_ms && clock_now_ms() + ROOM_MS >= w->until_ms);
}

/* -- a few jobs -- */

static const char *worker_of(const struct excess *x)
{
    return x->worker[0] ? x->worker : NULL;
}

static void set_ended(struct excess *x, int64_t ended)
{
    x->ended = ended;
    x->jobs = x->keep && ended > x->keep ? ended - x->keep : 0;
}

struct page {
    const struct excess *excess;
    int64_t deleted; /* so many, since these were counted */
    int64_t seen;    /* so many jobs stand before this page */
    struct ended_job jobs[STEP_JOBS];
    int count;    /* of those that are too old or too many */
    bool is_last; /* what comes behind it is not */
};

static int take_job(const struct ended_job *job, void *context)
{
    struct page *p = context;

    p->is_last = job->ended_ms >= p->excess->before_ms && p->seen + p->count >= p->excess->jobs;
    if (!p->is_last)
        p->jobs[p->count++] = *job;
    return p->is_last;
}

/* Removes what a run has left, outside of a transaction. A runner that is at its last deed has the lock still: its job goes another
 * time. What cannot be removed is another user's (docs/isolation.md), and stays. */
static void remove_folder(const struct engine *e, struct ended_job *job)
{
    if (job->needed)
        return;
    tidy_run(e, job->id);
    job->needed = lease_is_held(e->settings->data, job->id);
}

static int read_page(const struct sweep *w, const struct ended_job *after, struct page *p, struct error *err)
{
    const struct excess *x = p->excess;

    p->count = 0;
    p->is_last = false;
    store_refresh(w->e->store);
    if (store_ended_job_each(w->e->store, worker_of(x), after, STEP_JOBS, take_job, p, err) < 0)
        return -1;
    p->is_last = p->is_last || p->count < STEP_JOBS;
    for (int i = 0; i < p->count; i++)
        remove_folder(w->e, &p->jobs[i]);
    return 0;
}

static bool is_long(const struct ended_job *job)
{
    return job->entries > STEP_ENTRIES || job->bytes > STEP_BYTES;
}

/* What goes together: several short jobs, or one that is long. */
struct group {
    int64_t numbers[ENDED_JOBS_MAX];
    int count;
    bool is_long;
    int64_t entries, bytes;
};

/* The next of a page from *at on, which then is behind them. */
static void gather(const struct page *p, int *at, struct group *g)
{
    *g = (struct group){0};
    for (; *at < p->count && g->count < ENDED_JOBS_MAX && !g->is_long; ++*at) {
        const struct ended_job *job = &p->jobs[*at];

        if (job->needed)
            continue;
        if (g->count &&
            (is_long(job) || g->entries + job->entries > STEP_ENTRIES || g->bytes + job->bytes > STEP_BYTES))
            break;
        g->is_long = is_long(job);
        g->numbers[g->count++] = job->number;
        g->entries += job->entries;
        g->bytes += job->bytes;
    }
}

/* Groups of a page from *at on, within a transaction. */
static int delete_some(struct sweep *w, const struct page *p, int *at, int *deleted, struct error *err)
{
    int64_t end_ms = clock_monotonic_ms() + STEP_MS, entries = 0, bytes = 0;
    struct group g;
    int gone;

    *deleted = 0;
    do {
        gather(p, at, &g);
        if (store_ended_jobs_delete(w->e->store, g.numbers, g.count, g.is_long, &gone, err) < 0)
            return -1;
        *deleted += gone;
        entries += g.is_long ? 0 : g.entries;
        bytes += g.is_long ? 0 : g.bytes;
    } while (*at < p->count && entries < STEP_ENTRIES && bytes < STEP_BYTES && clock_monotonic_ms() < end_ms);
    return 0;
}

/* The trail tells it in the same transaction, once for all of them. */
static int tell(struct sweep *w, const struct excess *x, int deleted, struct error *err)
{
    struct audit_row *row = &w->note.row;

    if (audit_prepare(w->e->settings, &w->note, err) < 0)
        return -1;
    *row = (struct audit_row){.time_ms = w->e->now_ms, .status = 200, .times = deleted};
    audit_set_text(row->via, sizeof row->via, "retention");
    audit_set_text(row->action, sizeof row->action, "sweep");
    audit_set_text(row->object, sizeof row->object, x->worker);
    return audit_append(w->e->store, &w->note, err);
}

/* Within a transaction. Those that have ended since are the newest, and do no harm. */
static int are_fewer(const struct sweep *w, const struct page *p, bool *fewer, struct error *err)
{
    const struct excess *x = p->excess;
    int64_t ended = x->ended;

    if (x->jobs && store_ended_count(w->e->store, worker_of(x), &ended, err) < 0)
        return -1;
    *fewer = ended + p->deleted < x->ended;
    return 0;
}

/* *fewer: somebody else has deleted some, so it is not known any more how many are too many. */
static int delete_step(struct sweep *w, struct page *p, int *at, bool *fewer, struct error *err)
{
    int deleted = 0;

    if (store_begin(w->e->store, err) < 0 || are_fewer(w, p, fewer, err) < 0 ||
        (!*fewer && delete_some(w, p, at, &deleted, err) < 0))
        return -1;
    if (!deleted) {
        store_rollback(w->e->store);
        return 0;
    }
    if (tell(w, p->excess, deleted, err) < 0 || store_commit(w->e->store, err) < 0)
        return -1;
    p->deleted += deleted;
    w->jobs += deleted;
    w->acted = true;
    return 0;
}

/* -- of a worker, or of all -- */

/* To the next job that may go, without a transaction. */
static bool find_next(const struct page *p, int *at)
{
    while (*at < p->count && p->jobs[*at].needed)
        ++*at;
    return *at < p->count;
}

/* From the oldest to the first that is to stay. */
static int sweep_from_oldest(struct sweep *w, const struct excess *x, bool *fewer, struct error *err)
{
    struct page p = {.excess = x};
    struct ended_job last;

    *fewer = false;
    do {
        int at = 0;

        if (read_page(w, p.seen ? &last : NULL, &p, err) < 0)
            return -1;
        while (!*fewer && !is_enough(w) && find_next(&p, &at)) {
            if (delete_step(w, &p, &at, fewer, err) < 0)
                return -1;
        }
        if (p.count)
            last = p.jobs[p.count - 1];
        p.seen += p.count;
    } while (!*fewer && !p.is_last && !is_enough(w));
    return 0;
}

/* Each round more comes of what others have done meanwhile, and so there is an end. */
static int sweep_excess(struct sweep *w, struct excess *x, struct error *err)
{
    bool fewer;

    do {
        int64_t ended;

        if (sweep_from_oldest(w, x, &fewer, err) < 0)
            return -1;
        if (!fewer)
            break;
        store_refresh(w->e->store);
        if (store_ended_count(w->e->store, worker_of(x), &ended, err) < 0)
            return -1;
        set_ended(x, ended);
    } while (!is_enough(w));
    return 0;
}

struct gathering {
    struct sweep *sweep;
    struct excess list[WORKERS_PAGE];
    int count, looked_at;
    char last[JOB_WORKER_SIZE];
};

static void find_excess(const struct ended_worker *worker, const struct worker_keeps *keeps, int64_t now_ms,
                        struct excess *out)
{
    *out = (struct excess){0};
    memcpy(out->worker, worker->name, sizeof out->worker);
    if (keeps->days)
        out->before_ms = now_ms - keeps->days * DAY_MS;
    out->keep = keeps->jobs;
    set_ended(out, worker->jobs);
}

static bool is_exceeded(const struct ended_worker *worker, const struct excess *x)
{
    return x->jobs > 0 || (worker->jobs && worker->oldest_ms < x->before_ms);
}

/* Options that are not understood, which a newer version of the program may have written, may say that its jobs are kept. */
static int judge_worker(const struct ended_worker *worker, void *context)
{
    struct gathering *g = context;
    AUTO(worker_options) struct worker_options options = {0};
    struct error err = {0};

    if (worker_options_parse(worker->options, &options, &err) == 0) {
        const struct worker_keeps keeps = worker_options_keeps(&options, g->sweep->e->settings);

        g->sweep->limits = g->sweep->limits || keeps.days || keeps.jobs;
        find_excess(worker, &keeps, g->sweep->e->now_ms, &g->list[g->count]);
        g->count += is_exceeded(worker, &g->list[g->count]);
    } else {
        log_line("%s: its jobs are kept until its options are understood: %s", worker->name, err.message);
    }
    g->looked_at++;
    memcpy(g->last, worker->name, sizeof g->last);
    return 0;
}

/* Where the settings limit nothing, a worker without options does not either. */
static int sweep_workers(struct sweep *w, struct error *err)
{
    const struct settings *settings = w->e->settings;
    struct gathering g = {.sweep = w};

    do {
        g.count = g.looked_at = 0;
        store_refresh(w->e->store);
        if (store_ended_worker_each(w->e->store, !settings->keep_days && !settings->keep_jobs, g.last, WORKERS_PAGE,
                                    judge_worker, &g, err) < 0)
            return -1;
        for (int i = 0; i < g.count && !is_enough(w); i++) {
            if (sweep_excess(w, &g.list[i], err) < 0)
                return -1;
        }
    } while (g.looked_at == WORKERS_PAGE && !is_enough(w));
    return 0;
}

static int sweep_all(struct sweep *w, struct error *err)
{
    struct excess x = {.keep = w->e->settings->keep_jobs_all};
    int64_t ended;

    if (!x.keep || is_enough(w))
        return 0;
    store_refresh(w->e->store);
    if (store_ended_count(w->e->store, NULL, &ended, err) < 0)
        return -1;
    set_ended(&x, ended);
    return x.jobs > 0 ? sweep_excess(w, &x, err) : 0;
}

/* -- what they leave -- */

/* Entries of long logs. */
static int sweep_leftovers(struct sweep *w, struct error *err)
{
    int64_t number = 0;

    while (!is_enough(w)) {
        store_refresh(w->e->store);
        if (store_leftover_first(w->e->store, &number, err) < 0)
            return -1;
        if (!number)
            return 0;
        if (store_begin(w->e->store, err) < 0 ||
            store_leftover_shorten(w->e->store, number, STEP_ENTRIES, STEP_BYTES, err) < 0 ||
            store_commit(w->e->store, err) < 0)
            return -1;
        w->acted = true;
    }
    return 0;
}

static int give_back(struct sweep *w, bool *more, struct error *err)
{
    *more = w->limits || w->acted;
    while (*more && !is_enough(w)) {
        if (store_give_back(w->e->store, STEP_BYTES / 4, more, err) < 0)
            return -1;
        w->acted = w->acted || *more;
    }
    return 0;
}

/* -- a pass -- */

static int sweep(struct sweep *w, bool *more, struct error *err)
{
    if (sweep_leftovers(w, err) < 0 || sweep_workers(w, err) < 0 || sweep_all(w, err) < 0 ||
        sweep_leftovers(w, err) < 0)
        return -1;
    return give_back(w, more, err);
}

int engine_sweep(struct engine *e, int64_t until_ms, bool *more, struct error *err)
{
    struct sweep w = {.e = e,
                      .until_ms = until_ms,
                      .deadline_ms = clock_monotonic_ms() + PASS_MS,
                      .limits = e->settings->keep_jobs_all > 0};

    *more = false;
    if (sweep(&w, more, err) == 0)
        return 0;
    store_rollback(e->store);
    *more = false;
    return -1;
}

/* -- from a request -- */

/* Of a stamp that lies ahead, the clock was set back since. */
static bool is_old(const struct stat *stamp, int64_t now_ms)
{
    int64_t age_ms = now_ms - ((int64_t)stamp->st_mtim.tv_sec * 1000 + stamp->st_mtim.tv_nsec / 1000000);

    return age_ms < 0 || age_ms >= HOUR_MS;
}

void engine_sweep_soon(const struct engine *e)
{
    struct timespec now = {.tv_sec = e->now_ms / 1000, .tv_nsec = e->now_ms % 1000 * 1000000};
    char path[PATH_MAX + 16];
    struct stat stamp;
    int fd;

    snprintf(path, sizeof path, "%s/swept", e->settings->data);
    if (stat(path, &stamp) == 0 && !is_old(&stamp, e->now_ms))
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || futimens(fd, (struct timespec[]){now, now}) < 0)
        log_line("%s cannot be written: retention waits for the next tick", path);
    else
        engine_wake(e);
    if (fd >= 0)
        close(fd);
}
