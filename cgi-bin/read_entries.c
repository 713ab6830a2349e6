/* GET /jobs/ID/log and /jobs/ID/response: as entries, or as the text that they make, in parts or as it grows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/text.h"
#include "handlers.h"

enum { TAIL_MAX = 100000, ENTRIES_MAX = 1000 };

/* One job's log or response, as it is now: all of it, or what was said in one attempt. */
struct text {
    const struct store *db;
    struct job job;
    enum entry_kind kind;
    struct extent before; /* what is no part of it, at the beginning */
    int64_t count;        /* entries until its end */
    int64_t size;         /* bytes until its end */
    bool complete;        /* nothing will be added */
};

static void text_clear(struct text *t)
{
    job_clear(&t->job);
}

static int note_open(const struct entry *e, void *context)
{
    *(bool *)context = e->open;
    return 1;
}

/* No newline follows the last response: one response is exactly the bytes that were sent. */
static int settle_size(struct text *t, struct error *err)
{
    bool open = true;

    if (t->kind == ENTRY_LOG || t->count == t->before.count)
        return 0;
    if (store_entry_each(t->db, t->job.number, t->kind, t->count - 1, 1, note_open, &open, err) < 0)
        return -1;
    t->size -= open ? 0 : 1;
    return 0;
}

static struct extent extent_of(const struct text *t, const struct attempt *attempt)
{
    return t->kind == ENTRY_LOG ? attempt->log : attempt->response;
}

/* Where an attempt lies; 0: all of them. */
static int settle_extent(struct text *t, int64_t attempt, struct error *err)
{
    struct attempt own, one_before;
    bool is_over = false, found;

    t->count = t->kind == ENTRY_LOG ? t->job.log_count : t->job.response_count;
    t->size = t->kind == ENTRY_LOG ? t->job.log_size : t->job.response_size;
    t->before = (struct extent){0};
    if (attempt > t->job.attempt)
        return error_set(err, 404, "attempt_unknown", "there is no attempt %lld", (long long)attempt);
    if (attempt > 0 && store_attempt_get(t->db, t->job.number, attempt, &own, &is_over, err) < 0)
        return -1;
    if (attempt > 1 && store_attempt_get(t->db, t->job.number, attempt - 1, &one_before, &found, err) < 0)
        return -1;
    if (attempt > 1)
        t->before = extent_of(t, &one_before);
    if (is_over) {
        t->count = extent_of(t, &own).count;
        t->size = extent_of(t, &own).size;
    }
    t->complete = is_over || job_state_is_over(t->job.state);
    return settle_size(t, err);
}

/* A log tells of all attempts, one after another; a response is what the last one has said. */
static int settle_attempt(const struct request *req, struct text *t, struct error *err)
{
    int64_t attempt;

    if (request_query_int(req, "attempt", 1, INT64_MAX, 0, &attempt, err) < 0)
        return -1;
    return settle_extent(t, attempt ? attempt : t->kind == ENTRY_RESPONSE ? t->job.attempt : 0, err);
}

static int text_load(const struct request *req, struct text *t, struct error *err)
{
    if (store_job_get(t->db, request_path(req, "id"), &t->job, err) < 0)
        return -1;
    return settle_attempt(req, t, err);
}

/* -- as entries -- */

struct listing {
    struct response *res;
    struct csv_writer csv;
    bool is_csv;
    int64_t bytes_left; /* a page is bounded by bytes too: an entry may be large */
    int64_t end;        /* number of the last entry that belongs to it */
    int64_t last_seq;
};

static const char *const entry_columns[] = {"seq", "time", "stream", "message", NULL};

static int put_entry(const struct entry *e, void *context)
{
    struct listing *l = context;
    struct json_writer *w = &l->res->json;
    char time[TEXT_TIME_SIZE];

    if (e->seq > l->end)
        return 1;
    text_from_time(e->time_ms, time);
    if (l->is_csv) {
        csv_int(&l->csv, e->seq);
        csv_text(&l->csv, time);
        csv_text(&l->csv, entry_stream_name(e->stream));
        csv_bytes(&l->csv, e->bytes, e->size);
        csv_end_row(&l->csv);
    } else {
        json_begin(w, '{');
        json_name(w, "seq");
        json_put_int(w, e->seq);
        json_name(w, "time");
        json_put_string(w, time);
        json_name(w, "stream");
        json_put_string(w, entry_stream_name(e->stream));
        json_name(w, "message");
        json_put_bytes(w, e->bytes, e->size);
        json_end(w, '}');
    }
    l->last_seq = e->seq;
    l->bytes_left -= (int64_t)e->size;
    return l->bytes_left <= 0;
}

static int answer_entries(const struct request *req, struct text *t, struct response *res, struct error *err)
{
    struct listing l = {.res = res,
                        .is_csv = req->format == FORMAT_CSV,
                        .bytes_left = RESPONSE_PAGE_MAX,
                        .end = t->count};
    int64_t after, limit, tail, cursor;
    char next[24];

    if (request_query_int(req, "after", 0, INT64_MAX, 0, &after, err) < 0 ||
        request_query_int(req, "limit", 1, ENTRIES_MAX, ENTRIES_MAX, &limit, err) < 0 ||
        request_query_int(req, "cursor", 0, INT64_MAX, -1, &cursor, err) < 0 ||
        request_query_int(req, "tail", 0, ENTRIES_MAX, -1, &tail, err) < 0)
        return -1;
    if (cursor >= 0) {
        after = cursor; /* of the page before, whatever that began with */
    } else if (tail >= 0) {
        after = t->count - tail;
        limit = tail;
    }
    after = after > t->before.count ? after : t->before.count;
    if (l.is_csv) {
        l.csv.out = response_text(res, "text/csv");
        csv_header(&l.csv, entry_columns);
    }
    res->total = t->count - t->before.count;
    if (limit > 0 && store_entry_each(t->db, t->job.number, t->kind, after, limit, put_entry, &l, err) < 0)
        return -1;
    if (l.last_seq && l.last_seq < t->count) {
        snprintf(next, sizeof next, "%lld", (long long)l.last_seq);
        response_next(res, req, next);
    }
    return 0;
}

/* -- as text -- */

/* Writes the bytes [from, to) of the text, entry by entry: a log of any size takes no memory. */
struct copying {
    struct response *res;
    int64_t from, to;
    int64_t last_seq;
    bool client_gone;
};

static int copy_entry(const struct entry *e, void *context)
{
    struct copying *c = context;
    int64_t skip = c->from > e->start ? c->from - e->start : 0;
    int64_t end = c->to - e->start, size = (int64_t)e->size;

    c->last_seq = e->seq;
    if (end <= 0)
        return 1;
    if (skip < size && response_write(c->res, e->bytes + skip, (size_t)((end < size ? end : size) - skip)) < 0)
        c->client_gone = true;
    if (!e->open && end > size && skip <= size && response_write(c->res, "\n", 1) < 0)
        c->client_gone = true;
    return c->client_gone || end <= size + !e->open;
}

static int copy_text(const struct text *t, struct copying *c, struct error *err)
{
    int64_t first = 0;

    if (c->from >= c->to)
        return 0;
    if (store_entry_at(t->db, t->job.number, t->kind, c->from, t->count, &first, err) < 0)
        return -1;
    return store_entry_each(t->db, t->job.number, t->kind, first ? first - 1 : 0, INT64_MAX, copy_entry, c, err);
}

/* Line ends from one entry on. */
struct line_count {
    int64_t lines;
    bool unfinished; /* there is something after the last one */
    int64_t skip;    /* when set: stop after so many line ends */
    int64_t start;   /* where the text goes on after them */
    bool found;
};

static int count_lines(const struct entry *e, void *context)
{
    struct line_count *c = context;

    for (size_t i = 0; i <= e->size; i++) {
        bool line_end = i < e->size ? e->bytes[i] == '\n' : !e->open;

        c->lines += line_end;
        if (line_end && c->skip && c->lines == c->skip) {
            c->start = e->start + (int64_t)i + 1;
            c->found = true;
            return 1;
        }
    }
    if (e->size || !e->open)
        c->unfinished = e->open && e->bytes[e->size - 1] != '\n';
    return 0;
}

/* Where the last `lines` lines begin. The window is doubled until it holds enough of them: a line may be spread over
 * many entries, and an entry may hold many lines. */
static int find_tail(const struct text *t, int64_t lines, int64_t *start, struct error *err)
{
    int64_t window = lines + 1, ends, first = t->before.count;

    *start = lines ? t->before.size : t->size;
    if (lines == 0)
        return 0;
    for (;; window *= 2) {
        int64_t after = t->count - first > window ? t->count - window : first;
        struct line_count all = {0}, part = {0};

        if (store_entry_each(t->db, t->job.number, t->kind, after, t->count - after, count_lines, &all, err) < 0)
            return -1;
        ends = lines - all.unfinished; /* the last line may have no end yet */
        if (all.lines <= ends && after > first)
            continue;
        if (all.lines <= ends)
            return 0;
        part.skip = all.lines - ends;
        if (store_entry_each(t->db, t->job.number, t->kind, after, t->count - after, count_lines, &part, err) < 0)
            return -1;
        *start = part.found ? part.start : t->before.size;
        return 0;
    }
}

/* One range of bytes (RFC 9110 section 14.1.2). 0: *from and *to are set. 1: to be ignored. -1: 416. */
static int read_range(const char *range, int64_t size, int64_t *from, int64_t *to)
{
    char first[24], last[24];
    long long a, b;
    size_t n;

    if (strncmp(range, "bytes=", 6) != 0 || strchr(range, ','))
        return 1;
    range += 6;
    n = strcspn(range, "-");
    if (range[n] != '-' || n >= sizeof first || strlen(range + n + 1) >= sizeof last)
        return 1;
    snprintf(first, sizeof first, "%.*s", (int)n, range);
    snprintf(last, sizeof last, "%s", range + n + 1);
    if (!*first) { /* a suffix: the last bytes */
        if (text_to_int(last, 0, INT64_MAX, &b) < 0)
            return 1;
        if (b == 0 || size == 0)
            return -1;
        *from = b < size ? size - b : 0;
        *to = size;
        return 0;
    }
    if (text_to_int(first, 0, INT64_MAX, &a) < 0 || (*last && (text_to_int(last, 0, INT64_MAX, &b) < 0 || b < a)))
        return 1;
    if (a >= size)
        return -1;
    *from = a;
    *to = *last && b + 1 < size ? b + 1 : size;
    return 0;
}

static int apply_range(const struct request *req, const char *tag, int64_t size, struct response *res,
                       struct copying *c, struct error *err)
{
    const char *range = request_header(req, "RANGE"), *if_range = request_header(req, "IF_RANGE");
    int use = range && (!if_range || strcmp(if_range, tag) == 0) && req->method == METHOD_GET
                  ? read_range(range, size, &c->from, &c->to)
                  : 1;

    if (use == 1)
        return 0;
    if (use < 0) {
        response_header(res, "Content-Range", "bytes */%lld", (long long)size);
        return error_set(err, 416, "range", "the text has only %lld bytes", (long long)size);
    }
    res->status = 206;
    response_header(res, "Content-Range", "bytes %lld-%lld/%lld", (long long)c->from, (long long)c->to - 1,
                    (long long)size);
    return 0;
}

static int answer_text(const struct request *req, struct text *t, struct response *res, struct error *err)
{
    struct copying c = {.res = res, .to = t->size - t->before.size};
    const char *known = request_header(req, "IF_NONE_MATCH");
    int64_t tail;
    char tag[64];

    if (request_query_int(req, "tail", 0, TAIL_MAX, -1, &tail, err) < 0)
        return -1;
    /* The text only grows, so where it begins and ends is its version. */
    if (t->before.size)
        snprintf(tag, sizeof tag, "\"%s-%lld-%lld\"", t->job.id, (long long)t->before.size, (long long)t->size);
    else
        snprintf(tag, sizeof tag, "\"%s-%lld\"", t->job.id, (long long)t->size);
    response_header(res, "ETag", "%s", tag);
    response_header(res, "Accept-Ranges", "bytes");
    if (req->method == METHOD_GET && known && request_tag_matches(known, tag, true)) {
        res->status = 304;
        return 0;
    }
    if (tail < 0 && apply_range(req, tag, c.to, res, &c, err) < 0)
        return -1;
    c.from += t->before.size;
    c.to += t->before.size;
    if (tail >= 0 && find_tail(t, tail, &c.from, err) < 0)
        return -1;
    if (response_begin_stream(res, "text/plain", c.to - c.from) < 0 || res->head_only)
        return 0; /* the client is gone, or wants no more */
    return copy_text(t, &c, err);
}

/* Streams the log until the job is over and all of it was sent. */
static int follow(const struct request *req, const struct context *ctx, struct text *t, struct response *res,
                  struct error *err)
{
    struct copying c = {.res = res, .from = t->before.size};
    int64_t tail;
    int pause_ms = 10;

    if (request_query_int(req, "tail", 0, TAIL_MAX, -1, &tail, err) < 0 ||
        (tail >= 0 && find_tail(t, tail, &c.from, err) < 0))
        return -1;
    if (response_begin_stream(res, "text/plain", -1) < 0 || res->head_only)
        return 0;
    for (;;) {
        bool over = t->complete;

        c.to = t->size;
        pause_ms = c.to > c.from ? 10 : pause_ms < 200 ? pause_ms * 2 : 200;
        if (copy_text(t, &c, err) < 0)
            return -1;
        c.from = c.to;
        if (over || c.client_gone)
            return 0;
        if (!gateway_pause(req->gateway, pause_ms)) {
            gateway_break_off(req->gateway);
            return 0;
        }
        text_clear(t);
        store_refresh(t->db);
        if (check_reader(req, ctx, t->db, err) < 0 || engine_reap_job(ctx->engine, request_path(req, "id"), err) < 0 ||
            text_load(req, t, err) < 0)
            return -1;
    }
}

int read_log(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
             struct error *err)
{
    AUTO(text) struct text t = {.db = db, .kind = ENTRY_LOG};
    int64_t follows;

    if (request_query_int(req, "follow", 0, 1, 0, &follows, err) < 0 || text_load(req, &t, err) < 0)
        return -1;
    if (follows && (req->format == FORMAT_TEXT || !req->suffix))
        return follow(req, ctx, &t, res, err);
    if (req->format == FORMAT_TEXT)
        return answer_text(req, &t, res, err);
    return answer_entries(req, &t, res, err);
}

/* Who waits for a response wants to know that there will be none. */
static int check_outcome(const struct job *job, struct error *err)
{
    if (job->state == JOB_DONE)
        return 0;
    if (!job_state_is_over(job->state))
        return error_set(err, 503, "job_not_over", "the job is %s: ask again", job_state_name(job->state));
    return error_set(err, 424, "job_failed", "the job ended as %s%s%s", job_state_name(job->state),
                     job->reason ? ": " : "", job->reason ? job->reason : "");
}

int answer_response(const struct request *req, const struct context *ctx, const struct store *db, const char *id,
                    int64_t seconds, struct response *res, struct error *err)
{
    AUTO(text) struct text t = {.db = db, .kind = ENTRY_RESPONSE};

    if (wait_for_job(req, ctx, db, id, seconds < 0 ? 0 : seconds, &t.job, err) < 0 || settle_attempt(req, &t, err) < 0)
        return -1;
    if (seconds >= 0 && check_outcome(&t.job, err) < 0)
        return -1;
    if (req->format == FORMAT_TEXT)
        return answer_text(req, &t, res, err);
    return answer_entries(req, &t, res, err);
}

int read_response(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
                  struct error *err)
{
    int64_t wait;

    if (request_query_int(req, "wait", 0, 60, -1, &wait, err) < 0)
        return -1;
    return answer_response(req, ctx, db, request_path(req, "id"), wait, res, err);
}
