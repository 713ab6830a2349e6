/* Jobs that are not kept for ever. Two indexes hold those that have ended, in that order (job.stopped, 0 of all others): what is read
 * here begins at the oldest or goes on behind a place, and so walks over nothing that stays. */
#include "store/retention.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/jobs.h"
#include "store/query.h"
#include "store/store_ops.h"

enum {
    WORKER_EACH,
    ENDED_COUNT,
    ENDED_COUNT_OF_WORKER,
    JOB_EACH,
    JOB_EACH_OF_WORKER,
    SOME_READ,
    SOME_LEAVE_ENTRIES,
    SOME_DELETE,
    SOME_DELETE_ENTRIES,
    SOME_DELETE_ATTEMPTS,
    SOME_DELETE_AFTER,
    SOME_DELETE_DELIVERIES,
    ENTRIES_MEASURE,
    ENTRIES_CUT,
    LEFTOVER_FIRST,
    LEFTOVER_FORGET,
    STATEMENTS
};

#define OVER "(3, 4, 5)" /* enum job_state */
/* By the number of the one that waits, and never by way of all that wait: the 0 keeps a server from that. */
#define NEEDED \
    "EXISTS (SELECT 1 FROM job_after a JOIN job f ON f.number = a.job WHERE a.earlier = j.number AND f.state + 0 = 1)"
#define IS_NEEDED "CASE WHEN j.chain >= 2 AND " NEEDED " THEN 1 ELSE 0 END"
#define JOB_COLUMNS                                                                                              \
    "SELECT j.number, j.id, j.stopped, j.log_count + j.response_count, j.log_size + j.response_size, " IS_NEEDED \
    " FROM job j"
/* ENDED_JOBS_MAX numbers, of which those that are not set are NULL and so none. */
#define SOME " IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
#define BEHIND \
    " j.stopped > 0 AND j.stopped >= ?1 AND (j.stopped > ?1 OR j.number > ?2) ORDER BY j.stopped, j.number LIMIT ?3"

static const struct statement sql[STATEMENTS] = {
    [WORKER_EACH] = {"SELECT c.worker, sum(c.jobs), coalesce((SELECT j.stopped FROM job j WHERE j.worker = c.worker"
                     " AND j.stopped > 0 ORDER BY j.stopped LIMIT 1), 0), max(v.options)"
                     " FROM job_count c LEFT JOIN worker w ON w.name = c.worker"
                     " LEFT JOIN worker_version v ON v.worker = w.name AND v.version = w.version"
                     " WHERE c.worker > ?1 AND c.state IN " OVER " AND (?3 = 0 OR v.options IS NOT NULL)"
                     " GROUP BY c.worker ORDER BY c.worker LIMIT ?2"},
    [ENDED_COUNT] = {"SELECT coalesce(sum(jobs), 0) FROM job_count WHERE state IN " OVER},
    [ENDED_COUNT_OF_WORKER] = {"SELECT coalesce(sum(jobs), 0) FROM job_count WHERE worker = ?1 AND state IN " OVER},
    [JOB_EACH] = {JOB_COLUMNS " WHERE" BEHIND},
    [JOB_EACH_OF_WORKER] = {JOB_COLUMNS " WHERE j.worker = ?4 AND" BEHIND},
    [SOME_READ] = {"SELECT j.number, j.worker, j.state, " IS_NEEDED " FROM job j WHERE j.number" SOME
                   " AND j.state IN " OVER},
    [SOME_LEAVE_ENTRIES] = {"INSERT INTO leftover (job) SELECT number FROM job WHERE number" SOME},
    [SOME_DELETE] = {"DELETE FROM job WHERE number" SOME},
    [SOME_DELETE_ENTRIES] = {"DELETE FROM entry WHERE job" SOME},
    [SOME_DELETE_ATTEMPTS] = {"DELETE FROM attempt WHERE job" SOME},
    [SOME_DELETE_AFTER] = {"DELETE FROM job_after WHERE job" SOME},
    [SOME_DELETE_DELIVERIES] = {"DELETE FROM delivery WHERE due = 0 AND job" SOME},
    [ENTRIES_MEASURE] = {"SELECT kind, seq, start FROM entry WHERE job = ?1 ORDER BY kind, seq LIMIT ?2"},
    [ENTRIES_CUT] = {"DELETE FROM entry WHERE job = ?1 AND kind = ?2 AND seq <= ?3"},
    [LEFTOVER_FIRST] = {"SELECT coalesce(min(job), 0) FROM leftover"},
    [LEFTOVER_FORGET] = {"DELETE FROM leftover WHERE job = ?1"},
};

/* -- which there are -- */

int store_ended_worker_each(const struct store *s, bool optional, const char *after, int limit,
                            int (*each)(const struct ended_worker *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_EACH], err);
    struct ended_worker worker;
    int result = 0, stop = 0;
    char *options;

    query_set_text(q, 1, after);
    query_set_number(q, 2, limit);
    query_set_number(q, 3, optional);
    while (!stop && query_next(q, "list workers whose jobs have ended", &result, err)) {
        query_read_text(q, 0, worker.name, sizeof worker.name);
        worker.jobs = query_number(q, 1);
        worker.oldest_ms = query_number(q, 2);
        worker.options = options = query_copy_text(q, 3);
        stop = each(&worker, context);
        free(options);
    }
    query_end(q);
    return result;
}

int store_ended_count(const struct store *s, const char *worker, int64_t *jobs, struct error *err)
{
    struct query *q = query_prepare(s, &sql[worker ? ENDED_COUNT_OF_WORKER : ENDED_COUNT], err);

    query_set_text(q, 1, worker);
    return query_count(q, jobs, err);
}

static void read_job(struct query *q, struct ended_job *out)
{
    *out = (struct ended_job){
        .number = query_number(q, 0),
        .ended_ms = query_number(q, 2),
        .entries = query_number(q, 3),
        .bytes = query_number(q, 4),
        .needed = query_number(q, 5) > 0,
    };
    query_read_text(q, 1, out->id, sizeof out->id);
}

int store_ended_job_each(const struct store *s, const char *worker, const struct ended_job *after, int limit,
                         int (*each)(const struct ended_job *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[worker ? JOB_EACH_OF_WORKER : JOB_EACH], err);
    int result = 0, stop = 0;
    struct ended_job job;

    query_set_number(q, 1, after ? after->ended_ms : 0);
    query_set_number(q, 2, after ? after->number : 0);
    query_set_number(q, 3, limit);
    query_set_text(q, 4, worker);
    while (!stop && query_next(q, "list jobs that have ended", &result, err)) {
        read_job(q, &job);
        stop = each(&job, context);
    }
    query_end(q);
    return result;
}

/* -- how they go -- */

/* Jobs of one transaction, and what is to be counted of them. */
struct some {
    int64_t numbers[ENDED_JOBS_MAX];
    char workers[ENDED_JOBS_MAX][JOB_WORKER_SIZE];
    enum job_state states[ENDED_JOBS_MAX];
    int count;
};

static struct query *prepare_some(const struct store *s, int statement, const int64_t *numbers, int count,
                                  struct error *err)
{
    struct query *q = query_prepare(s, &sql[statement], err);

    assert(count <= ENDED_JOBS_MAX);
    for (int i = 0; i < count; i++)
        query_set_number(q, i + 1, numbers[i]);
    return q;
}

/* Those that may go, as they stand inside of the transaction: somebody may have come to wait for one since it was listed. */
static int read_some(const struct store *s, const int64_t *numbers, int count, struct some *out, struct error *err)
{
    struct query *q = prepare_some(s, SOME_READ, numbers, count, err);
    int result = 0;

    out->count = 0;
    while (query_next(q, "read jobs that are to go", &result, err)) {
        if (query_number(q, 3) > 0)
            continue;
        out->numbers[out->count] = query_number(q, 0);
        query_read_text(q, 1, out->workers[out->count], JOB_WORKER_SIZE);
        out->states[out->count++] = (enum job_state)query_int(q, 2);
    }
    query_end(q);
    return result;
}

/* Once for all of one worker and one state. */
static int count_some(struct store *s, const struct some *some, struct error *err)
{
    bool counted[ENDED_JOBS_MAX] = {false};

    for (int i = 0; i < some->count; i++) {
        int jobs = 0;

        for (int k = i; k < some->count; k++) {
            if (counted[k] || some->states[k] != some->states[i] || strcmp(some->workers[k], some->workers[i]) != 0)
                continue;
            counted[k] = true;
            jobs++;
        }
        if (jobs && jobs_count(s, some->workers[i], some->states[i], -jobs, err) < 0)
            return -1;
    }
    return 0;
}

static int run_some(struct store *s, int statement, const struct some *some, struct error *err)
{
    return query_run(prepare_some(s, statement, some->numbers, some->count, err), err);
}

int store_ended_jobs_delete(struct store *s, const int64_t *numbers, int count, bool entries_later, int *gone,
                            struct error *err)
{
    struct some some;

    *gone = 0;
    if (read_some(s, numbers, count, &some, err) < 0)
        return -1;
    if (some.count == 0)
        return 0;
    if (run_some(s, entries_later ? SOME_LEAVE_ENTRIES : SOME_DELETE_ENTRIES, &some, err) < 0 ||
        run_some(s, SOME_DELETE_ATTEMPTS, &some, err) < 0 || run_some(s, SOME_DELETE_AFTER, &some, err) < 0 ||
        run_some(s, SOME_DELETE_DELIVERIES, &some, err) < 0 || run_some(s, SOME_DELETE, &some, err) < 0 ||
        count_some(s, &some, err) < 0)
        return -1;
    *gone = some.count;
    return 0;
}

int store_leftover_first(const struct store *s, int64_t *number, struct error *err)
{
    return query_count(query_prepare(s, &sql[LEFTOVER_FIRST], err), number, err);
}

/* The first entries of a job, of one kind, that are not too many. */
struct piece {
    int kind;
    int64_t last; /* 0: there are no entries */
};

static int measure(const struct store *s, int64_t number, int64_t entries_max, int64_t bytes_max, struct piece *out,
                   struct error *err)
{
    struct query *q = query_prepare(s, &sql[ENTRIES_MEASURE], err);
    int64_t first = 0;
    int result = 0;

    *out = (struct piece){0};
    query_set_number(q, 1, number);
    query_set_number(q, 2, entries_max);
    while (query_next(q, "measure entries", &result, err)) {
        int kind = query_int(q, 0);
        int64_t start = query_number(q, 2);

        if (!out->last) {
            out->kind = kind;
            first = start;
        } else if (kind != out->kind || start - first > bytes_max) {
            break;
        }
        out->last = query_number(q, 1);
    }
    query_end(q);
    return result;
}

int store_leftover_shorten(struct store *s, int64_t number, int64_t entries_max, int64_t bytes_max, struct error *err)
{
    struct query *q;
    struct piece piece;

    if (measure(s, number, entries_max, bytes_max, &piece, err) < 0)
        return -1;
    if (!piece.last)
        return query_run_number(s, &sql[LEFTOVER_FORGET], number, err);
    q = query_prepare(s, &sql[ENTRIES_CUT], err);
    query_set_number(q, 1, number);
    query_set_number(q, 2, piece.kind);
    query_set_number(q, 3, piece.last);
    return query_run(q, err);
}

int store_give_back(struct store *s, int64_t bytes_max, bool *more, struct error *err)
{
    return s->ops->give_back(s, bytes_max, more, err);
}
