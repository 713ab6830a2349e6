/* The notifier. It takes a delivery by putting its time off, so that no other takes it meanwhile, sends it, and notes how that went. What
 * dies in between leaves one that is due again later: each is sent at least once, and under the same id.
 *
 * It ends without leaving a gap: it lets go of its lock and then looks once more. What was noted before is seen by that look, and who
 * notes something later finds the lock free, and starts another notifier (tell.c). */
#include "engine/notifier.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/keeper_file.h"
#include "engine/keeper.h"
#include "engine/poster.h"
#include "engine/postman.h"
#include "engine/sign.h"
#include "store/deliveries.h"

enum {
    FLIGHTS_MAX = 16,            /* webhooks at a time */
    MARGIN_MS = 30 * 1000,       /* by which a webhook may be late before its program counts as hung */
    LEASE_MARGIN_MS = 60 * 1000, /* after that, somebody else may try */
};

static const int64_t OUTCOME_KEPT_MS = 90LL * 24 * 3600 * 1000;

struct flight {
    bool used;
    struct delivery delivery;
};

struct notifier {
    struct engine *e;
    int lock, watch;
    struct poster poster;
    struct flight flights[FLIGHTS_MAX];
    int count;
    int64_t deadline_ms; /* of the first webhook that is not back, by the monotonic clock */
};

/* -- the store -- */

/* Without a turn to write: most looks find nothing. */
static int look(struct engine *e, int64_t *due_ms, struct error *err)
{
    store_refresh(e->store);
    e->now_ms = clock_now_ms();
    return store_delivery_due(e->store, due_ms, err);
}

static int claim(struct notifier *n, struct delivery *out, bool *found, struct error *err)
{
    struct engine *e = n->e;
    int64_t due_ms, until_ms;

    *found = false;
    if (look(e, &due_ms, err) < 0)
        return -1;
    if (!due_ms || due_ms > e->now_ms)
        return 0;
    until_ms = e->now_ms + e->settings->notify_timeout_ms + MARGIN_MS + LEASE_MARGIN_MS;
    if (store_begin(e->store, err) == 0 && store_delivery_claim(e->store, e->now_ms, until_ms, out, found, err) == 0 &&
        store_commit(e->store, err) == 0)
        return 0;
    store_rollback(e->store);
    return -1;
}

/* *d is cleared. */
static int settle(struct notifier *n, struct delivery *d, const struct delivery_try *t, struct error *err)
{
    struct engine *e = n->e;
    uint32_t chance;
    int result;

    secret_random(&chance, sizeof chance);
    delivery_settle(d, t, clock_now_ms(), chance);
    result = store_begin(e->store, err) == 0 && store_delivery_settle(e->store, d, err) == 0
                 ? store_commit(e->store, err)
                 : -1;
    if (result < 0)
        store_rollback(e->store);
    delivery_clear(d);
    return result;
}

/* -- webhooks -- */

static int land(struct notifier *n, int number, const struct delivery_try *t, struct error *err)
{
    struct flight *f = number >= 0 && number < FLIGHTS_MAX ? &n->flights[number] : NULL;

    if (!f || !f->used)
        return 0;
    f->used = false;
    n->count--;
    return settle(n, &f->delivery, t, err);
}

/* Its program is gone, or hangs: whether they have arrived is not known. */
static int land_all(struct notifier *n, struct error *err)
{
    const struct delivery_try lost = {.fault = "it is not known what became of it"};
    int result = 0;

    poster_stop(&n->poster);
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        if (land(n, i, &lost, err) < 0)
            result = -1;
    }
    return result;
}

static int free_flight(const struct notifier *n)
{
    int i = 0;

    while (n->flights[i].used)
        i++;
    return i;
}

static int start_poster(struct notifier *n, struct delivery_try *t)
{
    struct error err = {0};
    bool missing;

    if (poster_start(&n->poster, n->e, &missing, &err) == 0)
        return 0;
    snprintf(t->fault, sizeof t->fault, "%s",
             missing ? "no webhooks are sent here: runner/jobjoker-post is not there"
                     : "it could not be sent: the server's log says why");
    return -1;
}

/* Takes *d. */
static int send_webhook(struct notifier *n, struct delivery *d, struct error *err)
{
    AUTO(buf) struct buf headers = {0};
    struct delivery_try t = {0};
    int number = free_flight(n);

    if (sign_headers(n->e, d, &headers, &t) < 0 || start_poster(n, &t) < 0)
        return settle(n, d, &t, err);
    if (n->count == 0)
        n->deadline_ms = clock_monotonic_ms() + n->e->settings->notify_timeout_ms + MARGIN_MS;
    n->flights[number] = (struct flight){.used = true, .delivery = *d};
    n->count++;
    if (headers.failed || poster_send(&n->poster, number, d->to, &headers, d) < 0)
        return land_all(n, err);
    return 0;
}

static int take_answers(struct notifier *n, struct error *err)
{
    struct delivery_try t;
    int number, got;

    while ((got = poster_take(&n->poster, &number, &t)) > 0) {
        n->deadline_ms = clock_monotonic_ms() + n->e->settings->notify_timeout_ms + MARGIN_MS;
        if (land(n, number, &t, err) < 0)
            return -1;
    }
    return got < 0 ? land_all(n, err) : 0;
}

/* -- its life -- */

/* 1: there was one. 0: nothing is due. */
static int send_next(struct notifier *n, struct error *err)
{
    struct delivery d;
    struct delivery_try t;
    bool found;

    if (claim(n, &d, &found, err) < 0)
        return -1;
    if (!found)
        return 0;
    if (d.way == NOTIFY_WEBHOOK)
        return send_webhook(n, &d, err) < 0 ? -1 : 1;
    postman_send(n->e, &d, &t);
    return settle(n, &d, &t, err) < 0 ? -1 : 1;
}

static void drain(int fd)
{
    char bytes[4096];

    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}

/* Until one is back, or there is another one to be sent. */
static int wait_for_answers(struct notifier *n, struct error *err)
{
    struct pollfd p[] = {{.fd = n->poster.out, .events = POLLIN}, {.fd = n->watch, .events = POLLIN}};
    int64_t left_ms = n->deadline_ms - clock_monotonic_ms();
    int ready = poll(p, 2, left_ms > 0 ? (int)left_ms : 0);

    if (ready < 0 && errno == EINTR)
        return 0;
    drain(n->watch);
    if (ready == 0 || (p[0].revents && poster_read(&n->poster) < 0))
        return land_all(n, err);
    return take_answers(n, err);
}

/* Those that are back: an e-mail may take long, and what is not noted is sent again. */
static int take_ready(struct notifier *n, struct error *err)
{
    struct pollfd p = {.fd = n->poster.out, .events = POLLIN};

    while (n->count > 0 && poll(&p, 1, 0) > 0) {
        if (poster_read(&n->poster) < 0)
            return land_all(n, err);
        if (take_answers(n, err) < 0)
            return -1;
    }
    return 0;
}

static int serve(struct notifier *n, struct error *err)
{
    for (;;) {
        int sent = 1;

        while (n->count < FLIGHTS_MAX && (sent = send_next(n, err)) > 0) {
            if (take_ready(n, err) < 0)
                return -1;
        }
        if (sent < 0)
            return -1;
        if (n->count == 0)
            return 0;
        if (wait_for_answers(n, err) < 0)
            return -1;
    }
}

static bool take_lock(struct notifier *n)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/notify", n->e->settings->data);
    if (n->lock < 0 && keeper_file_take(path, true, &n->lock) != KEEPER_FILE_TAKEN) {
        if (n->lock >= 0) {
            (void)!futimens(n->lock, NULL);
            close(n->lock);
        }
        return false;
    }
    n->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (n->watch >= 0)
        (void)inotify_add_watch(n->watch, path, IN_ATTRIB | IN_MODIFY);
    return true;
}

static void let_go(struct notifier *n)
{
    if (n->watch >= 0)
        close(n->watch);
    close(n->lock);
    n->lock = -1;
}

/* What is old goes, if nobody else writes just now. */
static void sweep(struct engine *e)
{
    struct error err = {0};
    bool begun;

    e->now_ms = clock_now_ms();
    if (store_try_begin(e->store, &begun, &err) < 0 || !begun)
        return;
    if (store_outcome_sweep(e->store, e->now_ms - OUTCOME_KEPT_MS, &err) < 0 || store_commit(e->store, &err) < 0)
        store_rollback(e->store);
}

int notifier_run(struct engine *e, int lock, struct error *err)
{
    struct notifier n = {.e = e, .lock = lock};
    int64_t due_ms = 0;
    int result = 0;

    while (take_lock(&n)) {
        result = serve(&n, err);
        let_go(&n);
        if (result < 0 || look(e, &due_ms, err) < 0 || !due_ms || due_ms > e->now_ms)
            break;
    }
    poster_stop(&n.poster);
    for (int i = 0; i < FLIGHTS_MAX; i++)
        delivery_clear(&n.flights[i].delivery);
    if (due_ms) /* it may have slept until another time */
        engine_wake(e);
    if (result == 0)
        sweep(e);
    return result;
}
