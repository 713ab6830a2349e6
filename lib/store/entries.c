/* Log and response: rows of entries with offsets in the whole text. */
#include "store/query.h"
#include "store/store.h"

enum { ENTRY_INSERT, ENTRY_EACH, ENTRY_START, LOG_SIZE, RESPONSE_SIZE, SET_LOG_SIZE, SET_RESPONSE_SIZE, STATEMENTS };

static const struct statement sql[STATEMENTS] = {
    [ENTRY_INSERT] = {"INSERT INTO entry (job, kind, seq, start, time, stream, open, bytes)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [ENTRY_EACH] = {"SELECT seq, start, time, stream, open, bytes FROM entry"
                    " WHERE job = ?1 AND kind = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4"},
    [ENTRY_START] = {"SELECT start FROM entry WHERE job = ?1 AND kind = ?2 AND seq = ?3"},
    [LOG_SIZE] = {"SELECT number, log_count, log_size FROM job WHERE id = ?1"},
    [RESPONSE_SIZE] = {"SELECT number, response_count, response_size FROM job WHERE id = ?1"},
    [SET_LOG_SIZE] = {"UPDATE job SET log_count = ?2, log_size = ?3 WHERE number = ?1"},
    [SET_RESPONSE_SIZE] = {"UPDATE job SET response_count = ?2, response_size = ?3 WHERE number = ?1"},
};

/* Where entries stand in the text: sets seq and start of each, and counts them. A log's entry is followed by a
 * newline unless its line goes on; between two responses stands a newline unless the first ends in one, so that one
 * response is exactly what was sent. */
static void place_entries(int64_t *seq, int64_t *size, enum entry_kind kind, struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct entry *e = &entries[i];

        if (kind == ENTRY_RESPONSE)
            e->open = e->open || e->size == 0 || e->bytes[e->size - 1] == '\n';
        e->seq = ++*seq;
        e->start = *size;
        *size += (int64_t)e->size + (e->open ? 0 : 1);
    }
}

static int insert_entry(struct query *q, int64_t job, enum entry_kind kind, const struct entry *e, struct error *err)
{
    query_set_number(q, 1, job);
    query_set_number(q, 2, kind);
    query_set_number(q, 3, e->seq);
    query_set_number(q, 4, e->start);
    query_set_number(q, 5, e->time_ms);
    query_set_number(q, 6, e->stream);
    query_set_number(q, 7, e->open);
    query_set_bytes(q, 8, e->size ? e->bytes : "", e->size);
    return query_run(q, err);
}

static int insert_entries(struct store *s, int64_t job, enum entry_kind kind, const struct entry *entries, size_t count,
                          struct error *err)
{
    struct query *q = query_prepare(s, &sql[ENTRY_INSERT], err);

    for (size_t i = 0; i < count; i++) {
        if (insert_entry(q, job, kind, &entries[i], err) < 0)
            return -1;
    }
    return 0;
}

int store_entry_append(struct store *s, struct job *job, enum entry_kind kind, struct entry *entries, size_t count,
                       struct error *err)
{
    if (kind == ENTRY_LOG)
        place_entries(&job->log_count, &job->log_size, kind, entries, count);
    else
        place_entries(&job->response_count, &job->response_size, kind, entries, count);
    return insert_entries(s, job->number, kind, entries, count, err);
}

/* All of a job is 46 columns, and to read and write them is half of the work for one entry. */
int store_entry_post(struct store *s, const char *id, enum entry_kind kind, struct entry *entries, size_t count,
                     struct error *err)
{
    struct query *q = query_prepare(s, &sql[kind == ENTRY_LOG ? LOG_SIZE : RESPONSE_SIZE], err);
    int64_t job, seq, size;
    bool found;

    query_set_text(q, 1, id);
    if (query_find(q, &found, "read the size of a log", err) < 0)
        return -1;
    if (!found) {
        query_end(q);
        return error_set(err, 404, "job_unknown", "there is no job %s", id);
    }
    job = query_number(q, 0);
    seq = query_number(q, 1);
    size = query_number(q, 2);
    query_end(q);
    place_entries(&seq, &size, kind, entries, count);
    if (insert_entries(s, job, kind, entries, count, err) < 0)
        return -1;
    q = query_prepare(s, &sql[kind == ENTRY_LOG ? SET_LOG_SIZE : SET_RESPONSE_SIZE], err);
    query_set_number(q, 1, job);
    query_set_number(q, 2, seq);
    query_set_number(q, 3, size);
    return query_run(q, err);
}

/* A back-end may take in all rows of an answer at once: so many of the largest entries are a few MiB. */
enum { PAGE = 128 };

struct reading {
    int64_t seq, left; /* after this entry; how many more */
    int (*each)(const struct entry *, void *);
    void *context;
    bool stopped;
};

/* Returns how many there were; -1 with err. */
static int64_t read_page(struct reading *r, struct query *q, struct error *err)
{
    int64_t count = 0;
    int result = 0;

    while (!r->stopped && query_next(q, "read entries", &result, err)) {
        struct entry e = {
            .seq = query_number(q, 0),
            .start = query_number(q, 1),
            .time_ms = query_number(q, 2),
            .stream = (enum entry_stream)query_int(q, 3),
            .open = query_int(q, 4),
        };

        e.bytes = query_bytes(q, 5, &e.size);
        r->seq = e.seq;
        count++;
        r->stopped = r->each(&e, r->context);
    }
    query_end(q);
    return result < 0 ? -1 : count;
}

int store_entry_each(const struct store *s, int64_t job, enum entry_kind kind, int64_t after_seq, int64_t limit,
                     int (*each)(const struct entry *, void *), void *context, struct error *err)
{
    struct reading r = {.seq = after_seq, .left = limit, .each = each, .context = context};
    int64_t asked, got;

    do {
        struct query *q = query_prepare(s, &sql[ENTRY_EACH], err);

        asked = r.left < PAGE ? r.left : PAGE;
        query_set_number(q, 1, job);
        query_set_number(q, 2, kind);
        query_set_number(q, 3, r.seq);
        query_set_number(q, 4, asked);
        got = read_page(&r, q, err);
        r.left -= got;
    } while (got == asked && r.left > 0 && !r.stopped);
    return got < 0 ? -1 : 0;
}

static int entry_start(const struct store *s, int64_t job, enum entry_kind kind, int64_t seq, int64_t *start,
                       struct error *err)
{
    struct query *q = query_prepare(s, &sql[ENTRY_START], err);
    int result = 0;

    if (!q)
        return -1;
    query_set_number(q, 1, job);
    query_set_number(q, 2, kind);
    query_set_number(q, 3, seq);
    if (query_step(q) == QUERY_ROW)
        *start = query_number(q, 0);
    else
        result = query_fail(q, "find an entry", err);
    query_end(q);
    return result;
}

/* Entries begin at rising offsets, so the sequence is searched by halves: 20 look-ups in a million entries, and no
 * index to keep while a log is written. */
int store_entry_at(const struct store *s, int64_t job, enum entry_kind kind, int64_t offset, int64_t last_seq,
                   int64_t *seq, struct error *err)
{
    int64_t low = 0, high = last_seq;

    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2, start = 0;

        if (entry_start(s, job, kind, middle, &start, err) < 0)
            return -1;
        if (start <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    *seq = low;
    return 0;
}
