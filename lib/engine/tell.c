/* The outbox. What is told is put together here, in the transaction of what it tells of, so that it says how things were then, also when
 * the job is gone by the time that it is sent. A job that nobody is told of costs a look at three texts. */
#include "engine/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/keeper_file.h"
#include "engine/keeper.h"
#include "engine/twin.h"
#include "job/notice.h"
#include "store/deliveries.h"

enum { LOOK_AGAIN_MS = 15 * 1000 };

/* -- who -- */

struct audience {
    struct notify_target *list;
    size_t count, room;
};

static void audience_clear(struct audience *a)
{
    free(a->list);
}

/* Who is named twice, by the job and by its queue say, is told once. */
static int add(struct audience *a, const struct notify_target *t, struct error *err)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->list[i].way == t->way && strcmp(a->list[i].to, t->to) == 0) {
            a->list[i].on |= t->on;
            return 0;
        }
    }
    if (a->count == a->room) {
        size_t room = a->room + NOTIFY_TARGETS_MAX;
        struct notify_target *list = realloc(a->list, room * sizeof *list);

        if (!list)
            return error_set(err, 500, "internal", "the server ran out of memory");
        a->list = list;
        a->room = room;
    }
    a->list[a->count++] = *t;
    return 0;
}

static int add_all(struct audience *a, const char *text, enum notify_event event, struct error *err)
{
    struct notify_target t;

    if (!notify_wants(text, event))
        return 0;
    while (notify_next(&text, &t)) {
        if (add(a, &t, err) < 0)
            return -1;
    }
    return 0;
}

static int add_queue(struct engine *e, struct audience *a, const struct job *job, enum notify_event event,
                     struct error *err)
{
    char *text = NULL;
    int result = 0;

    if (job->queue[0])
        result = store_queue_notify_get(e->store, job->queue, &text, err);
    if (result == 0)
        result = add_all(a, text, event, err);
    free(text);
    return result;
}

static int add_site(struct engine *e, struct audience *a, enum notify_event event, struct error *err)
{
    AUTO(buf) struct buf text = {0};

    if (!e->settings->notify[0])
        return 0;
    if (notify_read_words(e->settings->notify, e->settings->notify_on, &text) < 0)
        log_line("the setting `notify` holds what is neither a URL nor an address of e-mail");
    return add_all(a, buf_text(&text), event, err);
}

/* -- what -- */

static int put_entry(const struct entry *entry, void *context)
{
    struct buf *out = context;

    buf_put(out, entry->bytes, entry->size);
    if (!entry->open)
        buf_putc(out, '\n');
    return 0;
}

/* The end of its log: a few entries, of which the first may begin far before. */
static int read_log(struct engine *e, const struct job *job, struct buf *out, struct error *err)
{
    int64_t seq = 0, from = job->log_count - 4LL * NOTICE_LINES;

    if (job->log_count == 0)
        return 0;
    if (job->log_size > NOTICE_LOG_MAX &&
        store_entry_at(e->store, job->number, ENTRY_LOG, job->log_size - NOTICE_LOG_MAX, job->log_count, &seq, err) < 0)
        return -1;
    from = seq - 1 > from ? seq - 1 : from;
    if (store_entry_each(e->store, job->number, ENTRY_LOG, from > 0 ? from : 0, INT_MAX, put_entry, out, err) < 0)
        return -1;
    return out->failed ? error_set(err, 500, "internal", "the server ran out of memory") : 0;
}

static int insert(struct engine *e, const struct notice *n, const struct notify_target *t, struct error *err)
{
    struct delivery d = {.job = n->job->number,
                         .event = n->event,
                         .way = t->way,
                         .state = DELIVERY_WAITING,
                         .created_ms = e->now_ms,
                         .due_ms = e->now_ms};
    AUTO(buf) struct buf body = {0};
    unsigned char random[10];

    secret_random(random, sizeof random);
    ulid_make(e->now_ms, random, d.id);
    memcpy(d.worker, n->job->worker, sizeof d.worker);
    memcpy(d.to, t->to, sizeof d.to);
    memcpy(d.secret, t->secret, sizeof d.secret);
    (t->way == NOTIFY_MAIL ? notice_put_mail : notice_put_json)(n, &body);
    if (body.failed)
        return error_set(err, 500, "internal", "the server ran out of memory");
    d.body = body.data;
    d.body_size = body.size;
    e->has_told = true;
    return store_delivery_insert(e->store, &d, err);
}

/* -- changes -- */

/* Jobs of one schedule follow one another, and so do those of a worker that no schedule makes. A target holds no space. */
static void hash_series(const struct job *job, const struct notify_target *t, unsigned char out[SECRET_HASH_SIZE])
{
    char text[NOTIFY_TO_SIZE + JOB_WORKER_SIZE + 1];
    int size = snprintf(text, sizeof text, "%s %s", t->to, job->schedule[0] ? job->schedule : job->worker);

    secret_hash(text, (size_t)size, out);
}

/* Of a series of which nothing is known a failure is news, and a success is none. */
static int find_change(struct engine *e, const struct notice *n, const struct notify_target *t,
                       enum notice_change *change, struct error *err)
{
    unsigned char series[SECRET_HASH_SIZE];
    enum job_state before, now = n->job->state;

    *change = NOTICE_NO_CHANGE;
    if (!(t->on & NOTIFY_ON_CHANGE) || (n->event != NOTIFY_DONE && n->event != NOTIFY_ERROR))
        return 0;
    hash_series(n->job, t, series);
    if (store_outcome_get(e->store, series, &before, err) < 0)
        return -1;
    if (before == now)
        return 0;
    if (now == JOB_ERROR)
        *change = NOTICE_FAILURE;
    else if (before)
        *change = NOTICE_RECOVERY;
    return store_outcome_put(e->store, series, now, !before, e->now_ms, err);
}

static int tell_one(struct engine *e, struct notice *n, const struct notify_target *t, struct error *err)
{
    if (find_change(e, n, t, &n->change, err) < 0)
        return -1;
    if (!(t->on & 1U << n->event) && !n->change)
        return 0;
    return insert(e, n, t, err);
}

static int tell(struct engine *e, const struct job *job, enum notify_event event, struct error *err)
{
    AUTO(audience) struct audience audience = {0};
    AUTO(buf) struct buf log = {0};
    struct notice n = {.event = event, .time_ms = e->now_ms, .job = job, .api = e->settings->api};

    if (!event || (!job->notify && !job->queue[0] && !e->settings->notify[0]))
        return 0;
    if (add_all(&audience, job->notify, event, err) < 0 || add_queue(e, &audience, job, event, err) < 0 ||
        add_site(e, &audience, event, err) < 0)
        return -1;
    if (audience.count == 0)
        return 0;
    if (read_log(e, job, &log, err) < 0)
        return -1;
    n.log = buf_text(&log);
    n.log_size = log.size;
    notice_cut_log(&n.log, &n.log_size);
    for (size_t i = 0; i < audience.count; i++) {
        if (tell_one(e, &n, &audience.list[i], err) < 0)
            return -1;
    }
    return 0;
}

int tell_update(struct engine *e, const struct job *job, enum job_state from, struct error *err)
{
    if (store_job_update(e->store, job, from, err) < 0)
        return -1;
    return job->state == from ? 0 : tell(e, job, notify_event_of(job->state), err);
}

int tell_insert(struct engine *e, struct job *job, struct error *err)
{
    if (store_job_insert(e->store, job, err) < 0)
        return -1;
    return tell(e, job, notify_event_of(job->state), err);
}

int tell_retry(struct engine *e, const struct job *job, struct error *err)
{
    return tell(e, job, NOTIFY_RETRY, err);
}

/* -- delivery -- */

void tell_wake(const struct engine *e)
{
    char path[PATH_MAX + 16];
    struct error err = {0};
    int lock;

    snprintf(path, sizeof path, "%s/notify", e->settings->data);
    switch (keeper_file_take(path, true, &lock)) {
    case KEEPER_FILE_TAKEN:
        if (twin_start_locked(e, (const char *const[]){"notify", "--locked", NULL}, lock, &err) < 0)
            log_line("what is to be told waits for the next look: %s", err.message);
        close(lock);
        break;
    case KEEPER_FILE_HELD:
        (void)!futimens(lock, NULL); /* which it watches */
        close(lock);
        break;
    case KEEPER_FILE_NONE:
        log_line("%s: %s: what is to be told waits for the next look", path, strerror(errno));
        break;
    }
}

int tell_commit(struct engine *e, struct error *err)
{
    if (store_commit(e->store, err) < 0)
        return -1;
    if (e->has_told) {
        tell_wake(e);
        engine_wake(e); /* should that come to nothing, the keeper looks again */
    }
    e->has_told = false;
    return 0;
}

/* What is due is the notifier's from here on, which wakes the keeper when it knows more. */
int tell_due(struct engine *e, int64_t *next_ms, struct error *err)
{
    if (store_delivery_due(e->store, next_ms, err) < 0)
        return -1;
    if (*next_ms && *next_ms <= e->now_ms) {
        tell_wake(e);
        *next_ms = e->now_ms + LOOK_AGAIN_MS;
    }
    return 0;
}
