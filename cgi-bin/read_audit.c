/* GET /audit. */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/text.h"
#include "handlers.h"
#include "store/audit.h"

static const char *const columns[] = {"seq",    "time",   "request", "user",  "via",  "address", "action",
                                      "object", "status", "code",    "times", "hash", NULL};

struct listing {
    struct response *res;
    bool csv;
    int64_t left; /* of the page; the one after it shows that there is a next page */
    int64_t last;
    bool more;
};

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_number(struct json_writer *w, const char *name, int64_t number)
{
    json_name(w, name);
    json_put_int(w, (long long)number);
}

static void put_json(const struct audit_row *row, const char *time, const char *hash, struct json_writer *w)
{
    json_begin(w, '{');
    put_number(w, "seq", row->seq);
    put_text(w, "time", time);
    put_text(w, "request", row->request);
    put_text(w, "user", row->who);
    put_text(w, "via", row->via);
    put_text(w, "address", row->address);
    put_text(w, "action", row->action);
    put_text(w, "object", row->object);
    put_number(w, "status", row->status);
    put_text(w, "code", row->code);
    put_number(w, "times", row->times);
    put_text(w, "hash", hash);
    json_end(w, '}');
}

static void put_csv(const struct audit_row *row, const char *time, const char *hash, struct buf *out)
{
    struct csv_writer w = {.out = out};

    csv_int(&w, (long long)row->seq);
    csv_text(&w, time);
    csv_text(&w, row->request);
    csv_text(&w, row->who);
    csv_text(&w, row->via);
    csv_text(&w, row->address);
    csv_text(&w, row->action);
    csv_text(&w, row->object);
    csv_int(&w, row->status);
    csv_text(&w, row->code);
    csv_int(&w, (long long)row->times);
    csv_text(&w, hash);
    csv_end_row(&w);
}

static int put_row(const struct audit_row *row, void *context)
{
    struct listing *l = context;
    char time[TEXT_TIME_SIZE], hash[2 * SECRET_HASH_SIZE + 1];

    if (l->left-- == 0) {
        l->more = true;
        return 1;
    }
    l->last = row->seq;
    text_from_time(row->time_ms, time);
    text_to_hex(row->hash, sizeof row->hash, hash);
    if (l->csv)
        put_csv(row, time, hash, &l->res->text);
    else
        put_json(row, time, hash, &l->res->json);
    return 0;
}

/* `allowed`, `refused`, a status, or the code of an error. */
static void read_result(const char *text, struct audit_filter *f)
{
    long long status;

    if (!text)
        return;
    if (strcmp(text, "allowed") == 0) {
        f->status_low = 100;
        f->status_high = 399;
    } else if (strcmp(text, "refused") == 0) {
        f->status_low = 400;
        f->status_high = 599;
    } else if (text_to_int(text, 100, 599, &status) == 0) {
        f->status_low = f->status_high = (int)status;
    } else {
        f->code = text;
    }
}

/* What is there and empty, as a form sends it, filters nothing. */
static const char *query(const struct request *req, const char *name)
{
    const char *text = request_query(req, name);

    return text && *text ? text : NULL;
}

static int read_filter(const struct request *req, struct audit_filter *f, struct error *err)
{
    const char *cursor = query(req, "cursor");
    long long seq;

    f->who = query(req, "user");
    f->object = query(req, "object");
    f->action = query(req, "action");
    read_result(query(req, "result"), f);
    if (cursor && text_to_int(cursor, 1, INT64_MAX, &seq) < 0)
        return error_set(err, 400, "bad_parameter", "this is no cursor of this list");
    f->before_seq = cursor ? seq : 0;
    if (request_query_time(req, "since", &f->since_ms, err) < 0)
        return -1;
    return request_query_time(req, "until", &f->until_ms, err);
}

/* All matches, not those of the page: whatever the cursor. */
static int count(const struct store *db, struct audit_filter f, int64_t *total, struct error *err)
{
    f.before_seq = 0;
    return audit_count(db, &f, total, err);
}

int read_audit(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
               struct error *err)
{
    struct listing l = {.res = res, .csv = req->format == FORMAT_CSV};
    struct audit_filter f = {0};
    char cursor[24];

    (void)ctx;
    if (request_query_int(req, "limit", 1, 1000, 50, &l.left, err) < 0 || read_filter(req, &f, err) < 0 ||
        count(db, f, &res->total, err) < 0)
        return -1;
    f.limit = l.left + 1;
    if (l.csv) {
        struct csv_writer w = {.out = response_text(res, "text/csv")};

        csv_header(&w, columns);
    }
    if (audit_each(db, &f, put_row, &l, err) < 0)
        return -1;
    if (l.more) {
        snprintf(cursor, sizeof cursor, "%lld", (long long)l.last);
        response_next(res, req, cursor);
    }
    return 0;
}
