/* The audit trail. The chain: hash(n) = BLAKE2b(key, hash(n - 1), row n). Its two ends
 * and a seal over them are read, checked and written with each row: an end that somebody else has moved must not get our
 * seal. */
#include "store/audit.h"

#include <string.h>

#include "base/buf.h"
#include "base/key.h"
#include "base/text.h"
#include "store/audit_rows.h"
#include "store/store_ops.h"

/* What a hash is of: no row can be taken for a seal. */
enum hash_of { HASH_OF_ROW = 'r', HASH_OF_ENDS = 'e' };

enum {
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * 60 * MINUTE_MS,
    COUNTS_MAX = AUDIT_REFUSED_OF_ALL / AUDIT_REFUSED_OF_SENDER + 1, /* of one minute in which some were missed */
};

void audit_set_text(char *out, size_t size, const char *text)
{
    size_t used = 0, left = strlen(text), step;

    while (left) {
        bool valid = text_utf8_next(text, left, &step);
        size_t room = valid ? step : 1;

        if (used + room >= size)
            break;
        memcpy(out + used, valid ? text : "?", room);
        used += room;
        text += step;
        left -= step;
    }
    out[used] = '\0';
}

/* -- the chain -- */

static void put_number(struct buf *out, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_putc(out, (char)((uint64_t)number >> shift & 0xff));
}

/* With its NUL, which no text holds: so two texts are not taken for two others. */
static void put_text(struct buf *out, const char *text)
{
    buf_put(out, text, strlen(text) + 1);
}

static int finish_hash(const unsigned char *key, struct buf *what, unsigned char *out, struct error *err)
{
    bool failed = what->failed;

    if (!failed)
        secret_keyed_hash(key, what->data, what->size, out);
    buf_clear(what);
    return failed ? error_set(err, 500, "internal", "the server ran out of memory") : 0;
}

static int hash_row(const unsigned char *key, const unsigned char *before, const struct audit_row *row,
                    unsigned char *out, struct error *err)
{
    struct buf what = {0};

    buf_putc(&what, HASH_OF_ROW);
    buf_put(&what, before, SECRET_HASH_SIZE);
    put_number(&what, row->seq);
    put_number(&what, row->time_ms);
    put_number(&what, row->status);
    put_number(&what, row->times);
    put_text(&what, row->request);
    put_text(&what, row->who);
    put_text(&what, row->via);
    put_text(&what, row->address);
    put_text(&what, row->action);
    put_text(&what, row->object);
    put_text(&what, row->code);
    return finish_hash(key, &what, out, err);
}

static int hash_ends(const unsigned char *key, const struct audit_chain *chain, unsigned char *out, struct error *err)
{
    struct buf what = {0};

    buf_putc(&what, HASH_OF_ENDS);
    put_number(&what, chain->first);
    buf_put(&what, chain->before, SECRET_HASH_SIZE);
    put_number(&what, chain->last);
    buf_put(&what, chain->hash, SECRET_HASH_SIZE);
    return finish_hash(key, &what, out, err);
}

static int check_seal(const unsigned char *key, const struct audit_chain *chain, bool *right, struct error *err)
{
    unsigned char seal[SECRET_HASH_SIZE];

    if (hash_ends(key, chain, seal, err) < 0)
        return -1;
    *right = secret_equal(seal, chain->seal, sizeof seal);
    return 0;
}

/* -- writing -- */

int audit_prepare(const struct settings *settings, struct audit_note *note, struct error *err)
{
    if (key_read_audit(settings, note->key, err) < 0)
        return -1;
    note->rows_max = settings->audit_rows;
    note->age_max_ms = settings->audit_days * DAY_MS;
    return 0;
}

void audit_along(struct store *s, struct audit_note *note)
{
    s->along = note;
}

void audit_about(struct store *s, const char *object)
{
    if (s->along)
        audit_set_text(s->along->row.object, sizeof s->along->row.object, object);
}

void audit_next(struct store *s, const char *object)
{
    if (!s->along)
        return;
    s->along->earlier = s->along->earlier || s->along->written;
    s->along->written = false;
    audit_about(s, object);
}

void audit_by(struct store *s, const char *who, const char *via)
{
    if (!s->along)
        return;
    audit_set_text(s->along->row.who, sizeof s->along->row.who, who);
    audit_set_text(s->along->row.via, sizeof s->along->row.via, via);
}

/* The ends as they are, when they are ours; else those of a chain that begins here. */
static int open_chain(struct store *s, const unsigned char *key, struct audit_chain *chain, struct error *err)
{
    int64_t highest;
    bool found, right = false;

    if (audit_chain_get(s, chain, &found, err) < 0 || (found && check_seal(key, chain, &right, err) < 0))
        return -1;
    if (right)
        return 0;
    if (audit_highest(s, &highest, err) < 0)
        return -1;
    if (found || highest)
        log_line("the audit trail was changed, or audit.key was: a new chain begins at row %lld",
                 (long long)highest + 1);
    *chain = (struct audit_chain){.first = highest + 1, .last = highest};
    return 0;
}

struct cutting {
    const struct audit_note *note;
    struct audit_chain *chain;
    int64_t oldest_ms;
    struct error *err;
    bool failed;
};

/* Old is what has the hash of its time: else one could have rows removed by making them look old. */
static bool is_old(struct cutting *c, const struct audit_row *row)
{
    unsigned char hash[SECRET_HASH_SIZE];

    if (row->time_ms >= c->oldest_ms)
        return false;
    c->failed = hash_row(c->note->key, c->chain->before, row, hash, c->err) < 0;
    return !c->failed && secret_equal(hash, row->hash, sizeof hash);
}

/* Moves the first end past one row, if that may go. */
static int cut_row(const struct audit_row *row, void *context)
{
    struct cutting *c = context;

    if (row->seq > c->chain->last - c->note->rows_max && !is_old(c, row))
        return 1;
    c->chain->first = row->seq + 1;
    memcpy(c->chain->before, row->hash, sizeof c->chain->before);
    return 0;
}

/* The last row stays in any case: an empty chain would have to be told from one whose rows were removed. */
static int cut(struct store *s, const struct audit_note *note, struct audit_chain *chain, struct error *err)
{
    int64_t room = chain->last - chain->first, from = chain->first;
    struct audit_filter oldest = {.oldest_first = true,
                                  .from_seq = chain->first,
                                  .limit = room < AUDIT_CUT_MAX ? room : AUDIT_CUT_MAX};
    struct cutting c = {.note = note, .chain = chain, .err = err, .oldest_ms = INT64_MIN};

    if (note->age_max_ms)
        c.oldest_ms = note->row.time_ms - note->age_max_ms;
    if (audit_each(s, &oldest, cut_row, &c, err) < 0 || c.failed)
        return -1;
    return chain->first > from ? audit_delete(s, from, chain->first, err) : 0;
}

static int link_row(struct store *s, const unsigned char *key, struct audit_chain *chain, struct audit_row *row,
                    struct error *err)
{
    row->seq = chain->last + 1;
    if (hash_row(key, chain->hash, row, row->hash, err) < 0 || audit_insert(s, row, err) < 0)
        return -1;
    chain->last = row->seq;
    memcpy(chain->hash, row->hash, sizeof chain->hash);
    return 0;
}

static int settle_refused(struct store *s, const struct audit_note *note, struct audit_chain *chain, struct error *err);

static int close_chain(struct store *s, const struct audit_note *note, struct audit_chain *chain, struct error *err)
{
    if (chain->last % AUDIT_CUT_EVERY == 0 && (settle_refused(s, note, chain, err) < 0 || cut(s, note, chain, err) < 0))
        return -1;
    if (hash_ends(note->key, chain, chain->seal, err) < 0)
        return -1;
    return audit_chain_put(s, chain, err);
}

int audit_append(struct store *s, struct audit_note *note, struct error *err)
{
    struct audit_chain chain;

    if (note->status)
        note->row.status = *note->status;
    if (open_chain(s, note->key, &chain, err) < 0 || link_row(s, note->key, &chain, &note->row, err) < 0)
        return -1;
    return close_chain(s, note, &chain, err);
}

int audit_append_alone(struct store *s, struct audit_note *note, struct error *err)
{
    if (store_begin(s, err) < 0)
        return -1;
    if (audit_append(s, note, err) < 0) {
        store_rollback(s);
        return -1;
    }
    if (store_commit_alone(s, err) < 0)
        return -1;
    note->written = true;
    return 0;
}

/* -- refused requests -- */

struct settling {
    struct audit_refused rows[COUNTS_MAX];
    int count;
};

static int take_refused(const struct audit_refused *row, void *context)
{
    struct settling *settling = context;

    settling->rows[settling->count++] = *row;
    return settling->count == COUNTS_MAX;
}

/* What was only counted in a minute that is over gets a row for each sender. */
static int settle_refused(struct store *s, const struct audit_note *note, struct audit_chain *chain, struct error *err)
{
    int64_t minute = note->row.time_ms / MINUTE_MS;
    struct settling settling = {0};

    if (refused_each(s, minute, take_refused, &settling, err) < 0)
        return -1;
    for (int i = 0; i < settling.count; i++) {
        struct audit_refused *r = &settling.rows[i];
        struct audit_row row = {.time_ms = note->row.time_ms, .status = r->status, .times = r->missed};

        audit_set_text(row.address, sizeof row.address, r->sender);
        audit_set_text(row.code, sizeof row.code, r->code);
        r->missed = 0;
        if (link_row(s, note->key, chain, &row, err) < 0 || refused_put(s, r, err) < 0)
            return -1;
    }
    return refused_forget(s, minute, err);
}

/* The two counts that a refused request is held against. */
struct counts {
    struct audit_refused sender, all;
};

static int read_counts(const struct store *s, const struct audit_note *note, const char *sender, struct counts *c,
                       struct error *err)
{
    int64_t minute = note->row.time_ms / MINUTE_MS;

    *c = (struct counts){.sender = {.minute = minute, .status = note->row.status}, .all = {.minute = minute}};
    audit_set_text(c->sender.sender, sizeof c->sender.sender, sender);
    audit_set_text(c->sender.code, sizeof c->sender.code, note->row.code);
    return refused_get(s, &c->sender, err) < 0 || refused_get(s, &c->all, err) < 0 ? -1 : 0;
}

static bool is_full(const struct counts *c)
{
    return c->sender.written >= AUDIT_REFUSED_OF_SENDER || c->all.written >= AUDIT_REFUSED_OF_ALL;
}

/* Who has not had his own share when all is full is counted with all: so only a few of the counts are to be settled. */
static int count_refused(struct store *s, struct counts *c, struct error *err)
{
    struct audit_refused *r = c->sender.written >= AUDIT_REFUSED_OF_SENDER ? &c->sender : &c->all;

    r->missed++;
    return refused_put(s, r, err);
}

static int write_refused(struct store *s, struct audit_note *note, struct counts *c, struct error *err)
{
    struct audit_chain chain;

    c->sender.written++;
    c->all.written++;
    if (open_chain(s, note->key, &chain, err) < 0 || settle_refused(s, note, &chain, err) < 0 ||
        link_row(s, note->key, &chain, &note->row, err) < 0 || refused_put(s, &c->sender, err) < 0 ||
        refused_put(s, &c->all, err) < 0)
        return -1;
    return close_chain(s, note, &chain, err);
}

int audit_refuse(struct store *s, struct audit_note *note, const char *sender, struct error *err)
{
    struct counts c;
    bool begun = true;

    if (read_counts(s, note, sender, &c, err) < 0 ||
        (is_full(&c) ? store_try_begin(s, &begun, err) : store_begin(s, err)) < 0)
        return -1;
    if (!begun)
        return 0;
    if (read_counts(s, note, sender, &c, err) < 0 ||
        (is_full(&c) ? count_refused(s, &c, err) : write_refused(s, note, &c, err)) < 0) {
        store_rollback(s);
        return -1;
    }
    return store_commit_alone(s, err);
}

/* -- reading -- */

struct walk {
    const unsigned char *key;
    const struct audit_chain *chain;
    unsigned char hash[SECRET_HASH_SIZE]; /* of the row before */
    int64_t next;
    struct audit_report *report;
    struct error *err;
    bool failed;
};

static int find(struct audit_report *report, enum audit_finding finding, int64_t seq)
{
    report->finding = finding;
    report->seq = seq;
    return 1;
}

static int check_row(const struct audit_row *row, void *context)
{
    struct walk *w = context;
    unsigned char hash[SECRET_HASH_SIZE];

    if (row->seq < w->chain->first || row->seq > w->chain->last)
        return find(w->report, AUDIT_STRANGE_ROW, row->seq);
    if (row->seq != w->next)
        return find(w->report, AUDIT_ROW_REMOVED, w->next);
    if (hash_row(w->key, w->hash, row, hash, w->err) < 0) {
        w->failed = true;
        return 1;
    }
    if (!secret_equal(hash, row->hash, sizeof hash))
        return find(w->report, AUDIT_ROW_CHANGED, row->seq);
    memcpy(w->hash, row->hash, sizeof w->hash);
    w->next++;
    return 0;
}

/* The rows, against ends that are ours. */
static int verify_rows(const struct store *s, struct walk *w, struct error *err)
{
    static const unsigned char nothing[SECRET_HASH_SIZE];
    const struct audit_filter all = {.oldest_first = true, .from_seq = INT64_MIN, .limit = -1};
    const struct audit_chain *chain = w->chain;

    if (audit_each(s, &all, check_row, w, err) < 0 || w->failed)
        return -1;
    if (w->report->finding != AUDIT_WHOLE)
        return 0;
    if (w->next != chain->last + 1)
        find(w->report, AUDIT_ROW_REMOVED, w->next);
    else if (!secret_equal(w->hash, chain->hash, sizeof w->hash))
        find(w->report, AUDIT_ROW_CHANGED, chain->last);
    else if (chain->first > 1 && secret_equal(chain->before, nothing, sizeof nothing))
        find(w->report, AUDIT_BEGUN_ANEW, chain->first);
    return 0;
}

int audit_verify(const struct store *s, const unsigned char *key, struct audit_report *out, struct error *err)
{
    struct audit_chain chain;
    struct walk w = {.key = key, .chain = &chain, .report = out, .err = err};
    int64_t highest;
    bool found, right;

    *out = (struct audit_report){0};
    if (audit_chain_get(s, &chain, &found, err) < 0 || audit_highest(s, &highest, err) < 0)
        return -1;
    if (!found) {
        find(out, highest ? AUDIT_END_REMOVED : AUDIT_NEVER_BEGUN, highest);
        return 0;
    }
    out->first = chain.first;
    out->last = chain.last;
    memcpy(out->hash, chain.hash, sizeof out->hash);
    if (check_seal(key, &chain, &right, err) < 0)
        return -1;
    if (!right) {
        find(out, AUDIT_END_CHANGED, chain.last);
        return 0;
    }
    w.next = chain.first;
    memcpy(w.hash, chain.before, sizeof w.hash);
    return verify_rows(s, &w, err);
}
