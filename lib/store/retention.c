/* Jobs that are not kept for ever. Two indexes hold those that have ended, in that order (job.stopped, 0 of all others): what is read
 * here begins at the oldest or goes on behind a place, and so walks over nothing that stays. */
#include "store/retention.h"

#include <stdlib.h>
#include <string.h>

#include "store/jobs.h"
#include "store/query.h"
#include "store/store_ops.h"

enum {
    WORKER_EACH,
    ENDED_COUNT,
    JOB_EACH,
    JOB_EACH_OF_WORKER,
    JOB_IS_NEEDED,
    ENTRIES_DELETE,
    ENTRIES_MEASURE,
    ENTRIES_CUT,
    LEFTOVER_ADD,
    LEFTOVER_FIRST,
    LEFTOVER_FORGET,
    STATEMENTS
};

#define OVER "(3, 4, 5)" /* enum job_state */
/* By the number of the one that waits, and never by way of all that wait: the 0 keeps a server from that. */
#define NEEDED \
    "EXISTS (SELECT 1 FROM job_after a JOIN job f ON f.number = a.job WHERE a.earlier = j.number AND f.state + 0 = 1)"
#define JOB_COLUMNS                                                                                            \
    "SELECT j.number, j.id, j.worker, j.state, j.stopped, j.attempt, j.chain, j.log_count + j.response_count," \
    " j.log_size + j.response_size, CASE WHEN j.chain >= 2 AND " NEEDED " THEN 1 ELSE 0 END FROM job j"
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
    [JOB_EACH] = {JOB_COLUMNS " WHERE" BEHIND},
    [JOB_EACH_OF_WORKER] = {JOB_COLUMNS " WHERE j.worker = ?4 AND" BEHIND},
    [JOB_IS_NEEDED] = {"SELECT 1 FROM job j WHERE j.number = ?1 AND " NEEDED},
    [ENTRIES_DELETE] = {"DELETE FROM entry WHERE job = ?1"},
    [ENTRIES_MEASURE] = {"SELECT kind, seq, start FROM entry WHERE job = ?1 ORDER BY kind, seq LIMIT ?2"},
    [ENTRIES_CUT] = {"DELETE FROM entry WHERE job = ?1 AND kind = ?2 AND seq <= ?3"},
    [LEFTOVER_ADD] = {"INSERT INTO leftover (job) VALUES (?1)"},
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

int store_ended_count(const struct store *s, int64_t *jobs, struct error *err)
{
    return query_count(query_prepare(s, &sql[ENDED_COUNT], err), jobs, err);
}

static void read_job(struct query *q, struct ended_job *out)
{
    *out = (struct ended_job){.number = query_number(q, 0)};
    query_read_text(q, 1, out->id, sizeof out->id);
    query_read_text(q, 2, out->worker, sizeof out->worker);
    out->state = (enum job_state)query_int(q, 3);
    out->ended_ms = query_number(q, 4);
    out->attempt = query_number(q, 5);
    out->chain = (unsigned)query_int(q, 6);
    out->entries = query_number(q, 7);
    out->bytes = query_number(q, 8);
    out->needed = query_number(q, 9) > 0;
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

static int is_needed(const struct store *s, int64_t number, bool *needed, struct error *err)
{
    struct query *q = query_prepare(s, &sql[JOB_IS_NEEDED], err);

    query_set_number(q, 1, number);
    if (query_find(q, needed, "look who waits for a job", err) < 0)
        return -1;
    query_end(q);
    return 0;
}

/* Who has come to wait for it since it was read has changed its `chain`, and then its row is left alone. */
int store_ended_job_delete(struct store *s, const struct ended_job *ended, bool entries_later, bool *gone,
                           struct error *err)
{
    struct job job = {.number = ended->number, .state = ended->state, .attempt = ended->attempt, .chain = ended->chain};
    bool needed = false;

    *gone = false;
    if ((ended->chain & CHAIN_IS_FOLLOWED) && is_needed(s, ended->number, &needed, err) < 0)
        return -1;
    if (needed)
        return 0;
    memcpy(job.worker, ended->worker, sizeof job.worker);
    if (jobs_delete_row(s, &job, gone, err) < 0)
        return -1;
    return *gone ? query_run_number(s, &sql[entries_later ? LEFTOVER_ADD : ENTRIES_DELETE], ended->number, err) : 0;
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
