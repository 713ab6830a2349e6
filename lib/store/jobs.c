/* Jobs, and how many there are in each state. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/ulid.h"
#include "store/chains.h"
#include "store/deliveries.h"
#include "store/jobs.h"
#include "store/query.h"
#include "store/queues.h"
#include "store/store.h"

/* All but its number. What is asked for often comes first. */
#define JOB_COLUMNS                                                                             \
    "id, worker, version, state, wanted, held, host, pid, created, started, stopped, attempt, " \
    "timeout, percent, exit_code, \"signal\", report, log_count, log_size, response_count, "    \
    "response_size, cpu_user, cpu_system, max_rss, lease_hash, token_hash, name, reason, "      \
    "progress, parameters, pause_wanted, paused, on_lost, seen, suspicion, limit_cpu, "         \
    "limit_memory, limit_files, limit_processes, limit_file_size, limit_log, wall, blocks_in, " \
    "blocks_out, switches, switches_forced, queue, slots, priority, max_active, waiting, "      \
    "waiting_since, due, schedule, scheduled, retries, attempt_started, chain, notify"

enum {
    JOB_INSERT,
    JOB_GET,
    JOB_UPDATE,
    JOB_DELETE,
    JOB_DELETE_ENTRIES,
    JOB_DELETE_ATTEMPTS,
    JOB_SET_PARAMETERS,
    JOB_PEEK,
    JOB_TOKENS,
    JOB_COUNTS,
    JOB_COUNT_ADD,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [JOB_INSERT] =
        {"INSERT INTO job (" JOB_COLUMNS ") VALUES ("
         "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
         "?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, "
         "?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46, ?47, ?48, ?49, ?50, ?51, ?52, ?53, ?54, ?55, ?56, ?57, ?58, "
         "?59)"},
    [JOB_GET] = {"SELECT number, " JOB_COLUMNS " FROM job WHERE id = ?1"},
    [JOB_UPDATE] = {"UPDATE job SET "
                    "version = ?3, state = ?4, wanted = ?5, held = ?6, host = ?7, pid = ?8, started = ?10, "
                    "stopped = ?11, attempt = ?12, timeout = ?13, percent = ?14, exit_code = ?15, "
                    "\"signal\" = ?16, report = ?17, log_count = ?18, log_size = ?19, response_count = ?20, "
                    "response_size = ?21, cpu_user = ?22, cpu_system = ?23, max_rss = ?24, lease_hash = ?25, "
                    "token_hash = ?26, name = ?27, reason = ?28, progress = ?29, pause_wanted = ?31, "
                    "paused = ?32, on_lost = ?33, seen = ?34, suspicion = ?35, limit_cpu = ?36, "
                    "limit_memory = ?37, limit_files = ?38, limit_processes = ?39, limit_file_size = ?40, "
                    "limit_log = ?41, wall = ?42, blocks_in = ?43, blocks_out = ?44, switches = ?45, "
                    "switches_forced = ?46, waiting = ?51, waiting_since = ?52, due = ?53, "
                    "attempt_started = ?57"
                    " WHERE id = ?1 AND state = ?60"},
    [JOB_DELETE] = {"DELETE FROM job WHERE number = ?1 AND state = ?2"},
    [JOB_DELETE_ENTRIES] = {"DELETE FROM entry WHERE job = ?1"},
    [JOB_DELETE_ATTEMPTS] = {"DELETE FROM attempt WHERE job = ?1"},
    [JOB_SET_PARAMETERS] = {"UPDATE job SET parameters = ?2 WHERE id = ?1"},
    [JOB_PEEK] = {"SELECT state, held, host, worker, waiting FROM job WHERE id = ?1", .alone = true},
    [JOB_TOKENS] = {"SELECT state, lease_hash, token_hash FROM job WHERE id = ?1"},
    [JOB_COUNTS] = {"SELECT state, sum(jobs) FROM job_count WHERE " ALLOWED("?1", "worker") " GROUP BY state"},
    [JOB_COUNT_ADD] = {"INSERT INTO job_count (worker, state, jobs) VALUES (?1, ?2, ?3)"
                       " ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs",
                       .mysql = "INSERT INTO job_count (worker, state, jobs) VALUES (?1, ?2, ?3) ON DUPLICATE KEY "
                                "UPDATE jobs = jobs + VALUES(jobs)"},
};

static int out_of_memory(struct error *err)
{
    return error_set(err, 500, "internal", "the server ran out of memory");
}

static int read_job(struct query *q, struct job *j, struct error *err)
{
    int c = 0;

    *j = (struct job){0};
    j->number = query_number(q, c++);
    query_read_text(q, c++, j->id, sizeof j->id);
    query_read_text(q, c++, j->worker, sizeof j->worker);
    j->version = query_number(q, c++);
    j->state = (enum job_state)query_int(q, c++);
    j->wanted = (enum job_wanted)query_int(q, c++);
    j->held = query_int(q, c++);
    query_read_text(q, c++, j->host, sizeof j->host);
    j->pid = query_number(q, c++);
    j->created_ms = query_number(q, c++);
    j->started_ms = query_number(q, c++);
    j->stopped_ms = query_number(q, c++);
    j->attempt = query_number(q, c++);
    j->timeout_ms = query_number(q, c++);
    j->percent = query_int(q, c++);
    j->exit_code = query_int(q, c++);
    j->signal = query_int(q, c++);
    j->report = query_number(q, c++);
    j->log_count = query_number(q, c++);
    j->log_size = query_number(q, c++);
    j->response_count = query_number(q, c++);
    j->response_size = query_number(q, c++);
    j->usage.cpu_user_ms = query_number(q, c++);
    j->usage.cpu_system_ms = query_number(q, c++);
    j->usage.max_rss_kib = query_number(q, c++);
    j->usage.known = j->usage.max_rss_kib >= 0;
    j->has_lease = !query_is_null(q, c);
    query_read_hash(q, c++, j->lease_hash);
    query_read_hash(q, c++, j->token_hash);
    j->name = query_copy_text(q, c++);
    j->reason = query_copy_text(q, c++);
    j->progress = query_copy_text(q, c++);
    j->parameters = query_copy_text(q, c++);
    j->pause_wanted = query_int(q, c++);
    j->paused = query_int(q, c++);
    j->on_lost = (enum job_on_lost)query_int(q, c++);
    j->seen_ms = query_number(q, c++);
    j->suspicion = query_copy_text(q, c++);
    for (enum limit l = 0; l < LIMITS; l++)
        j->limits.max[l] = query_number(q, c++);
    j->usage.wall_ms = query_number(q, c++);
    j->usage.blocks_in = query_number(q, c++);
    j->usage.blocks_out = query_number(q, c++);
    j->usage.switches = query_number(q, c++);
    j->usage.switches_forced = query_number(q, c++);
    query_read_text(q, c++, j->queue, sizeof j->queue);
    j->slots = query_number(q, c++);
    j->priority = query_number(q, c++);
    j->max_active = query_number(q, c++);
    j->waiting = (enum job_waiting)query_int(q, c++);
    j->waiting_since_ms = query_number(q, c++);
    j->due_ms = query_number(q, c++);
    query_read_text(q, c++, j->schedule, sizeof j->schedule);
    j->scheduled_ms = query_number(q, c++);
    j->retries = query_copy_text(q, c++);
    j->attempt_ms = query_number(q, c++);
    j->chain = (unsigned)query_int(q, c++);
    j->notify = query_copy_text(q, c++);
    if (j->parameters)
        return 0;
    job_clear(j);
    return out_of_memory(err);
}

enum { JOB_COLUMN_COUNT = 59 };

/* In the order of JOB_COLUMNS. */
static void bind_job(struct query *q, const struct job *j)
{
    int c = 1;

    query_set_text(q, c++, j->id);
    query_set_text(q, c++, j->worker);
    query_set_number(q, c++, j->version);
    query_set_number(q, c++, j->state);
    query_set_number(q, c++, j->wanted);
    query_set_number(q, c++, j->held);
    query_set_text(q, c++, j->host);
    query_set_number(q, c++, j->pid);
    query_set_number(q, c++, j->created_ms);
    query_set_number(q, c++, j->started_ms);
    query_set_number(q, c++, j->stopped_ms);
    query_set_number(q, c++, j->attempt);
    query_set_number(q, c++, j->timeout_ms);
    query_set_number(q, c++, j->percent);
    query_set_number(q, c++, j->exit_code);
    query_set_number(q, c++, j->signal);
    query_set_number(q, c++, j->report);
    query_set_number(q, c++, j->log_count);
    query_set_number(q, c++, j->log_size);
    query_set_number(q, c++, j->response_count);
    query_set_number(q, c++, j->response_size);
    query_set_number(q, c++, j->usage.known ? j->usage.cpu_user_ms : -1);
    query_set_number(q, c++, j->usage.known ? j->usage.cpu_system_ms : -1);
    query_set_number(q, c++, j->usage.known ? j->usage.max_rss_kib : -1);
    if (j->has_lease) {
        query_set_bytes(q, c, j->lease_hash, SECRET_HASH_SIZE);
        query_set_bytes(q, c + 1, j->token_hash, SECRET_HASH_SIZE);
    }
    c += 2;
    query_set_text(q, c++, j->name);
    query_set_text(q, c++, j->reason);
    query_set_text(q, c++, j->progress);
    query_set_text(q, c++, j->parameters);
    query_set_number(q, c++, j->pause_wanted);
    query_set_number(q, c++, j->paused);
    query_set_number(q, c++, j->on_lost);
    query_set_number(q, c++, j->seen_ms);
    query_set_text(q, c++, j->suspicion);
    for (enum limit l = 0; l < LIMITS; l++)
        query_set_number(q, c++, j->limits.max[l]);
    query_set_number(q, c++, j->usage.wall_ms);
    query_set_number(q, c++, j->usage.blocks_in);
    query_set_number(q, c++, j->usage.blocks_out);
    query_set_number(q, c++, j->usage.switches);
    query_set_number(q, c++, j->usage.switches_forced);
    query_set_text(q, c++, j->queue);
    query_set_number(q, c++, j->slots);
    query_set_number(q, c++, j->priority);
    query_set_number(q, c++, j->max_active);
    query_set_number(q, c++, j->waiting);
    query_set_number(q, c++, j->waiting_since_ms);
    query_set_number(q, c++, j->due_ms);
    query_set_text(q, c++, j->schedule[0] ? j->schedule : NULL);
    query_set_number(q, c++, j->scheduled_ms);
    query_set_text(q, c++, j->retries);
    query_set_number(q, c++, j->attempt_ms);
    query_set_number(q, c++, j->chain);
    query_set_text(q, c++, j->notify);
    assert(c == JOB_COLUMN_COUNT + 1);
}

/* The counters follow each insert, change of state and deletion, in the same transaction. */
int jobs_count(struct store *s, const char *worker, enum job_state state, int difference, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_COUNT_ADD], err);

    query_set_text(q, 1, worker);
    query_set_number(q, 2, state);
    query_set_number(q, 3, difference);
    return query_run(q, err);
}

int store_job_insert(struct store *s, struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_INSERT], err);

    bind_job(q, job);
    if (query_run(q, err) < 0)
        return -1;
    job->number = query_last_number(s);
    return jobs_count(s, job->worker, job->state, 1, err) < 0 ? -1 : queues_follow_state(s, job, 0, err);
}

/* Of a query for one job by its id: NULL with err filled where there is none. */
static struct query *find_job(const struct store *s, const struct statement *statement, const char *id,
                              struct error *err)
{
    struct query *q = query_prepare(s, statement, err);
    bool found;

    query_set_text(q, 1, id);
    if (query_find(q, &found, "read a job", err) < 0)
        return NULL;
    if (found)
        return q;
    query_end(q);
    error_set(err, 404, "job_unknown", "there is no job %s", id);
    return NULL;
}

int store_job_peek(const struct store *s, const char *id, struct job_peek *out, struct error *err)
{
    struct query *q = find_job(s, &sql[JOB_PEEK], id, err);

    if (!q)
        return -1;
    out->state = (enum job_state)query_int(q, 0);
    out->held = query_int(q, 1);
    query_read_text(q, 2, out->host, sizeof out->host);
    query_read_text(q, 3, out->worker, sizeof out->worker);
    out->waiting = (enum job_waiting)query_int(q, 4);
    query_end(q);
    return 0;
}

int store_job_tokens(const struct store *s, const char *id, struct job_tokens *out, struct error *err)
{
    struct query *q = find_job(s, &sql[JOB_TOKENS], id, err);

    if (!q)
        return -1;
    out->state = (enum job_state)query_int(q, 0);
    out->has_lease = !query_is_null(q, 1);
    query_read_hash(q, 1, out->lease_hash);
    query_read_hash(q, 2, out->token_hash);
    query_end(q);
    return 0;
}

int store_job_get(const struct store *s, const char *id, struct job *out, struct error *err)
{
    struct query *q = find_job(s, &sql[JOB_GET], id, err);
    int result;

    if (!q)
        return -1;
    result = read_job(q, out, err);
    query_end(q);
    return result;
}

/* An UPDATE or DELETE touched nothing: is the job gone, or in another state? */
static int why_untouched(const struct store *s, const char *id, struct error *err)
{
    struct job now = {0};

    if (store_job_get(s, id, &now, err) < 0)
        return -1;
    job_clear(&now);
    return error_set(err, 409, "job_moved", "job %s has just changed its state: look again", id);
}

int store_job_update(struct store *s, const struct job *job, enum job_state from, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_UPDATE], err);

    bind_job(q, job);
    query_set_number(q, JOB_COLUMN_COUNT + 1, from);
    if (query_run(q, err) < 0)
        return -1;
    if (query_changes(s) == 0)
        return why_untouched(s, job->id, err);
    if (job->state == from)
        return 0;
    if (jobs_count(s, job->worker, from, -1, err) < 0 || jobs_count(s, job->worker, job->state, 1, err) < 0)
        return -1;
    if (job_state_is_over(job->state) && (job->chain & CHAIN_IS_FOLLOWED) && chains_note_end(s, job, err) < 0)
        return -1;
    return queues_follow_state(s, job, from, err);
}

int store_job_set_parameters(struct store *s, const struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_SET_PARAMETERS], err);

    query_set_text(q, 1, job->id);
    query_set_text(q, 2, job->parameters);
    return query_run(q, err);
}

int store_job_delete(struct store *s, const struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_DELETE], err);

    query_set_number(q, 1, job->number);
    query_set_number(q, 2, job->state);
    if (query_run(q, err) < 0)
        return -1;
    if (query_changes(s) == 0)
        return why_untouched(s, job->id, err);
    if (jobs_count(s, job->worker, job->state, -1, err) < 0)
        return -1;
    if (job->attempt > 0 && query_run_number(s, &sql[JOB_DELETE_ATTEMPTS], job->number, err) < 0)
        return -1;
    if ((job->chain & CHAIN_COMES_AFTER) && chains_forget(s, job, err) < 0)
        return -1;
    if (deliveries_forget(s, job, err) < 0)
        return -1;
    return query_run_number(s, &sql[JOB_DELETE_ENTRIES], job->number, err);
}

/* Where the values of a filter are bound. */
enum filter_value {
    BY_STATE = 1,
    BY_WORKER,
    BY_GRANT,
    BY_NAME,
    BY_TEXT,
    BY_SINCE,
    BY_UNTIL,
    BY_PAGE,
    BY_SCHEDULE,
    BY_QUEUE
};

/* The conditions of a filter as SQL. */
static void put_conditions(const struct job_filter *f, bool page, struct buf *out)
{
    buf_puts(out, " WHERE 1");
    if (f->state)
        buf_puts(out, " AND state = ?1");
    if (f->worker)
        buf_puts(out, " AND worker = ?2");
    if (f->grant && f->grant->limited && !strchr(f->grant->workers, ' '))
        buf_puts(out, " AND worker = ?3"); /* of one alone there is an index */
    else if (f->grant && f->grant->limited)
        buf_puts(out, " AND " ALLOWED("?3", "worker"));
    if (f->name)
        buf_puts(out, " AND name = ?4");
    if (f->text && !text_is_utf8(f->text, strlen(f->text)))
        buf_puts(out, " AND 0"); /* no text is like that, and MySQL would take it for an empty one */
    else if (f->text)
        buf_puts(out, " AND (instr(lower(id), lower(?5)) OR instr(lower(worker), lower(?5))"
                      " OR instr(lower(name), lower(?5)) OR instr(lower(parameters), lower(?5)))");
    if (f->schedule)
        buf_puts(out, " AND schedule = ?9");
    if (f->queue)
        buf_puts(out, " AND queue = ?10 AND queue <> ''"); /* so is its index */
    if (f->since_ms)
        buf_puts(out, " AND id >= ?6");
    if (f->until_ms)
        buf_puts(out, " AND id < ?7");
    if (page && f->before_id)
        buf_puts(out, " AND id < ?8");
}

/* The ids that times stand for, as long as the query is there. */
struct filter_times {
    char since[ULID_SIZE], until[ULID_SIZE];
};

static void bind_filter(struct query *q, const struct job_filter *f, struct filter_times *times)
{
    query_set_number(q, BY_STATE, f->state);
    query_set_text(q, BY_WORKER, f->worker);
    query_set_grant(q, BY_GRANT, f->grant);
    query_set_text(q, BY_NAME, f->name);
    query_set_text(q, BY_TEXT, f->text);
    ulid_floor(f->since_ms, times->since);
    query_set_text(q, BY_SINCE, times->since);
    ulid_floor(f->until_ms, times->until);
    query_set_text(q, BY_UNTIL, times->until);
    query_set_text(q, BY_PAGE, f->before_id);
    query_set_text(q, BY_SCHEDULE, f->schedule);
    query_set_text(q, BY_QUEUE, f->queue);
}

/* A query that is made for this filter: query_free() it. */
static struct query *make_filtered(const struct store *s, struct buf *text, const struct job_filter *f,
                                   struct filter_times *times, struct error *err)
{
    struct query *q = NULL;

    if (text->failed)
        out_of_memory(err);
    else
        q = query_make(s, text->data, err);
    buf_clear(text);
    bind_filter(q, f, times);
    return q;
}

int store_job_each(const struct store *s, const struct job_filter *f, int (*each)(const struct job *, void *),
                   void *context, struct error *err)
{
    struct filter_times times;
    struct buf text = {0};
    struct query *q;
    int result = 0, stop = 0;

    buf_puts(&text, "SELECT number, " JOB_COLUMNS " FROM job");
    put_conditions(f, true, &text);
    buf_printf(&text, " ORDER BY id DESC LIMIT %d", f->limit);
    q = make_filtered(s, &text, f, &times, err);
    if (!q)
        return -1;
    while (!stop && query_next(q, "list jobs", &result, err)) {
        struct job job;

        if ((result = read_job(q, &job, err)) < 0)
            break;
        stop = each(&job, context);
        job_clear(&job);
    }
    query_free(q);
    return result;
}

/* Filters by state and worker alone are answered from the counters. */
int store_job_count(const struct store *s, const struct job_filter *f, int64_t *count, struct error *err)
{
    bool counted = !f->name && !f->schedule && !f->queue && !f->text && !f->since_ms && !f->until_ms;
    struct filter_times times;
    struct buf text = {0};
    struct query *q;
    int result = 0;

    buf_puts(&text, counted ? "SELECT coalesce(sum(jobs), 0) FROM job_count" : "SELECT count(*) FROM job");
    put_conditions(f, false, &text);
    q = make_filtered(s, &text, f, &times, err);
    if (!q)
        return -1;
    if (query_step(q) == QUERY_ROW)
        *count = query_number(q, 0);
    else
        result = query_fail(q, "count jobs", err);
    query_free(q);
    return result;
}

int store_job_counts(const struct store *s, const struct grant *grant, int64_t *counts, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_COUNTS], err);
    int result = 0;

    query_set_grant(q, 1, grant);
    memset(counts, 0, JOB_STATES * sizeof *counts);
    while (query_next(q, "count jobs", &result, err)) {
        int state = query_int(q, 0);

        if (state > 0 && state < JOB_STATES)
            counts[state] = query_number(q, 1);
    }
    query_end(q);
    return result;
}
