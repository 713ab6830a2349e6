/* Who comes after whom. How one has ended is written beside those that come after it, in the transaction of its end. */
#include "store/chains.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/query.h"

enum {
    EARLIER_GET,
    AFTER_ADD,
    CHAIN_SET,
    AFTER_COUNT,
    AFTER_EACH,
    AFTER_END,
    AFTER_FORGET,
    FOLLOWER_EACH,
    CHAIN_NEXT,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [EARLIER_GET] = {"SELECT number, state FROM job WHERE id = ?1"},
    [AFTER_ADD] = {"INSERT INTO job_after (job, earlier, earlier_id, awaits, outcome) VALUES (?1, ?2, ?3, ?4, ?5)"},
    [CHAIN_SET] = {"UPDATE job SET chain = chain | ?2 WHERE number = ?1"},
    [AFTER_COUNT] = {"SELECT count(*) FROM job_after WHERE job = ?1"},
    [AFTER_EACH] = {"SELECT a.earlier, a.earlier_id, a.awaits, a.outcome, j.state FROM job_after a"
                    " LEFT JOIN job j ON j.number = a.earlier WHERE a.job = ?1 ORDER BY a.earlier LIMIT ?2"},
    [AFTER_END] = {"UPDATE job_after SET outcome = ?2 WHERE earlier = ?1"},
    [AFTER_FORGET] = {"DELETE FROM job_after WHERE job = ?1"},
    [FOLLOWER_EACH] = {"SELECT j.number, j.id FROM job_after a JOIN job j ON j.number = a.job WHERE a.earlier = ?1"
                       " AND a.job > ?2 ORDER BY a.job LIMIT ?3"},
    [CHAIN_NEXT] =
        {"SELECT j.number, j.id FROM job j WHERE j.waiting > 0 AND j.waiting = 5 AND j.number > ?1 AND EXISTS"
         " (SELECT 1 FROM job_after a WHERE a.job = j.number AND a.outcome > 0) ORDER BY j.number LIMIT 1"},
};

static int set_chain(struct store *s, int64_t number, int bit, struct error *err)
{
    struct query *q = query_prepare(s, &sql[CHAIN_SET], err);

    query_set_number(q, 1, number);
    query_set_number(q, 2, bit);
    return query_run(q, err);
}

/* Its number, and how it has ended, if it has. */
static int find_earlier(struct store *s, struct after *after, struct error *err)
{
    struct query *q = query_prepare(s, &sql[EARLIER_GET], err);
    enum job_state state;
    bool found;

    query_set_text(q, 1, after->name);
    if (query_find(q, &found, "find a job that goes before", err) < 0)
        return -1;
    if (found) {
        after->number = query_number(q, 0);
        state = (enum job_state)query_int(q, 1);
        after->outcome = job_state_is_over(state) ? state : 0;
    }
    query_end(q);
    return found ? 0 : error_set(err, 404, "job_unknown", "there is no job %s", after->name);
}

static int put_one(struct store *s, const struct job *job, struct after *after, struct error *err)
{
    struct query *q;

    if (find_earlier(s, after, err) < 0 || set_chain(s, after->number, CHAIN_IS_FOLLOWED, err) < 0)
        return -1;
    q = query_prepare(s, &sql[AFTER_ADD], err);
    query_set_number(q, 1, job->number);
    query_set_number(q, 2, after->number);
    query_set_text(q, 3, after->name);
    query_set_number(q, 4, after->awaits);
    query_set_number(q, 5, after->outcome);
    return query_run(q, err);
}

int store_after_put(struct store *s, const struct job *job, struct error *err)
{
    for (size_t i = 0; i < job->after_count; i++) {
        if (put_one(s, job, &job->after[i], err) < 0)
            return -1;
    }
    return job->after_count ? set_chain(s, job->number, CHAIN_COMES_AFTER, err) : 0;
}

static void read_after(struct query *q, struct after *out)
{
    enum job_state now = (enum job_state)query_int(q, 4);

    *out = (struct after){.number = query_number(q, 0)};
    query_read_text(q, 1, out->name, sizeof out->name);
    out->awaits = (enum chain_condition)query_int(q, 2);
    out->outcome = (enum job_state)query_int(q, 3);
    if (!out->outcome && job_state_is_over(now))
        out->outcome = now;
}

int store_after_get(const struct store *s, struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[AFTER_COUNT], err);
    int64_t count;
    int result = 0;

    query_set_number(q, 1, job->number);
    if (query_count(q, &count, err) < 0)
        return -1;
    free(job->after);
    job->after_count = 0;
    job->after = calloc((size_t)count + 1, sizeof *job->after);
    if (!job->after)
        return error_set(err, 500, "internal", "the server ran out of memory");
    q = query_prepare(s, &sql[AFTER_EACH], err);
    query_set_number(q, 1, job->number);
    query_set_number(q, 2, count);
    while ((int64_t)job->after_count < count && query_next(q, "read who goes before", &result, err))
        read_after(q, &job->after[job->after_count++]);
    query_end(q);
    return result;
}

int chains_note_end(struct store *s, const struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[AFTER_END], err);

    query_set_number(q, 1, job->number);
    query_set_number(q, 2, job->state);
    return query_run(q, err);
}

int chains_forget(struct store *s, const struct job *job, struct error *err)
{
    return query_run_number(s, &sql[AFTER_FORGET], job->number, err);
}

int store_follower_each(const struct store *s, int64_t job, int64_t after, int limit,
                        int (*each)(int64_t number, const char *id, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[FOLLOWER_EACH], err);
    int result = 0, stop = 0;
    char id[ULID_SIZE];

    query_set_number(q, 1, job);
    query_set_number(q, 2, after);
    query_set_number(q, 3, limit);
    while (!stop && query_next(q, "list who comes after", &result, err)) {
        query_read_text(q, 1, id, sizeof id);
        stop = each(query_number(q, 0), id, context);
    }
    query_end(q);
    return result;
}

int store_chain_next(const struct store *s, int64_t after, int64_t *number, char id[ULID_SIZE], struct error *err)
{
    struct query *q = query_prepare(s, &sql[CHAIN_NEXT], err);
    bool found;

    query_set_number(q, 1, after);
    id[0] = '\0';
    *number = 0;
    if (query_find(q, &found, "find a chain that stands still", err) < 0)
        return -1;
    if (found) {
        *number = query_number(q, 0);
        query_read_text(q, 1, id, ULID_SIZE);
    }
    query_end(q);
    return 0;
}
