/* Failures, counted by who tried from where. What is stored is a hash under the key of the data folder: people type
 * passwords into the wrong field. */
#include "guess.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/network.h"

enum { PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 15 * 60 * 1000, DOUBLINGS_MAX = 10 };

/* How many failures cost nothing. An address may be that of a whole office, so it has more than one user of it. */
static const struct rule {
    enum guess_kind kind;
    bool of_user;
    int64_t free;
} rules[] = {
    {GUESS_PASSWORD, true, 5},
    {GUESS_PASSWORD, false, 50},
    {GUESS_TOKEN, false, 20},
};

enum { RULES = sizeof rules / sizeof *rules };

/* The rules of one kind, in the order of `hash`. */
static const struct rule *rule_of(enum guess_kind kind, int at)
{
    for (int i = 0; i < RULES; i++) {
        if (rules[i].kind == kind && at-- == 0)
            return &rules[i];
    }
    return NULL;
}

void guess_init(struct guess *g, enum guess_kind kind, const unsigned char *key, const char *address, const char *user)
{
    unsigned char own_key[SECRET_KEY_SIZE];
    const struct rule *rule;
    struct network sender;

    secret_derive(key, SECRET_USE_GUESS, own_key);
    *g = (struct guess){.kind = kind};
    network_sender(address, &sender);
    for (int i = 0; (rule = rule_of(kind, i)); i++) {
        struct buf what = {0};

        buf_putc(&what, (char)('0' + (rule - rules)));
        buf_put(&what, &sender.ipv4, sizeof sender.ipv4);
        buf_put(&what, sender.bytes, sizeof sender.bytes);
        buf_puts(&what, rule->of_user && user ? user : "");
        secret_keyed_hash(own_key, buf_text(&what), what.size, g->hash[i]);
        buf_clear(&what);
    }
}

static int64_t pause_ms(int64_t failures, int64_t free)
{
    int64_t more = failures - free, pause = PAUSE_MIN_MS;

    if (more <= 0)
        return 0;
    if (more > DOUBLINGS_MAX)
        return PAUSE_MAX_MS;
    pause <<= more - 1;
    return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

int guess_check(struct guess *g, const struct store *db, int64_t now_ms, struct error *err)
{
    const struct rule *rule;
    struct failure f;

    for (int i = 0; (rule = rule_of(g->kind, i)); i++) {
        int64_t left, since;

        if (store_failure_get(db, g->hash[i], now_ms, &f, err) < 0)
            return -1;
        g->known = g->known || (rule->of_user && f.count);
        since = now_ms > f.last_ms ? now_ms - f.last_ms : 0; /* a clock that was set back makes nobody wait longer */
        left = pause_ms(f.count, rule->free) - since;
        if (left <= 0)
            continue;
        error_set(err, 429, "too_many_failures", "too many log-ins have failed: try again later");
        err->retry_after = (int)((left + 999) / 1000);
        return -1;
    }
    return 0;
}

void guess_failed(const struct guess *g, struct store *db, int64_t now_ms)
{
    struct error err = {0};
    int result = store_begin(db, &err);

    for (int i = 0; result == 0 && rule_of(g->kind, i); i++)
        result = store_failure_add(db, g->hash[i], now_ms, &err);
    if (result < 0 || store_commit_alone(db, &err) < 0) {
        log_line("a failed log-in could not be noted: %s", err.message);
        store_rollback(db);
    }
}

void guess_succeeded(const struct guess *g, struct store *db)
{
    struct error err = {0};
    const struct rule *rule;
    int result;

    if (!g->known)
        return;
    result = store_begin(db, &err);
    for (int i = 0; result == 0 && (rule = rule_of(g->kind, i)); i++) {
        if (rule->of_user)
            result = store_failure_forget(db, g->hash[i], &err);
    }
    if (result < 0 || store_commit_alone(db, &err) < 0)
        store_rollback(db);
}
