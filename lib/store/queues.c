/* Queues, and the lines in which jobs wait. How many slots of a queue are used is changed with the state of a job alone
 * (jobs.c), so it cannot be forgotten on any way that a job may end. */
#include "store/queues.h"

#include "store/query.h"

#define QUEUE_COLUMNS "name, slots, used, paused, created"

/* As the indexes have it, so that the first is found in one step. */
#define IN_ORDER " ORDER BY priority DESC, waiting_since, number LIMIT 1"

enum {
    QUEUE_GET,
    QUEUE_EACH,
    QUEUE_COUNT,
    QUEUE_ADD,
    QUEUE_CHANGE,
    QUEUE_DELETE,
    QUEUE_LENGTH,
    QUEUE_AT_GATES,
    QUEUE_NOTIFY_GET,
    QUEUE_NOTIFY_PUT,
    SLOTS_TAKE,
    SLOTS_GIVE,
    WORKER_ACTIVE,
    LINE_FIRST,
    GATE_FIRST,
    GATE_COUNT,
    GATE_NEXT,
    LINE_BEFORE,
    GATE_BEFORE,
    DUE_FIRST,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [QUEUE_GET] = {"SELECT " QUEUE_COLUMNS " FROM queue WHERE name = ?1"},
    [QUEUE_EACH] = {"SELECT " QUEUE_COLUMNS " FROM queue WHERE name > ?1 ORDER BY name LIMIT ?2"},
    [QUEUE_COUNT] = {"SELECT count(*) FROM queue"},
    [QUEUE_ADD] = {"INSERT INTO queue (" QUEUE_COLUMNS ") VALUES (?1, ?2, 0, ?3, ?4)"},
    [QUEUE_CHANGE] = {"UPDATE queue SET slots = ?2, paused = ?3 WHERE name = ?1"},
    [QUEUE_DELETE] = {"DELETE FROM queue WHERE name = ?1 AND used = 0"},
    [QUEUE_LENGTH] = {"SELECT count(*) FROM job WHERE waiting = 1 AND queue = ?1"},
    [QUEUE_AT_GATES] = {"SELECT count(*) FROM job WHERE waiting > 0 AND waiting = 2 AND queue = ?1"},
    [QUEUE_NOTIFY_GET] = {"SELECT notify FROM queue WHERE name = ?1"},
    [QUEUE_NOTIFY_PUT] = {"UPDATE queue SET notify = ?2 WHERE name = ?1"},
    /* As queue_has_room() has it. */
    [SLOTS_TAKE] = {"UPDATE queue SET used = used + ?2 WHERE name = ?1 AND (?3 = 0 OR (paused = 0 AND"
                    " (slots = 0 OR used = 0 OR used + ?2 <= slots)))"},
    [SLOTS_GIVE] = {"UPDATE queue SET used = used - ?2 WHERE name = ?1"},
    [WORKER_ACTIVE] = {"SELECT coalesce(sum(jobs), 0) FROM job_count WHERE worker = ?1 AND state = 2"},
    [LINE_FIRST] = {"SELECT id, slots FROM job WHERE waiting = 1 AND queue = ?1" IN_ORDER},
    [GATE_FIRST] = {"SELECT id FROM job WHERE waiting > 0 AND waiting = 2 AND worker = ?1" IN_ORDER},
    [GATE_COUNT] = {"SELECT (SELECT coalesce(sum(jobs), 0) FROM job_count WHERE worker = ?1 AND state = 2) +"
                    " (SELECT count(*) FROM job WHERE waiting > 0 AND waiting = 1 AND worker = ?1)"},
    [GATE_NEXT] = {"SELECT worker FROM job WHERE waiting > 0 AND waiting = 2 AND worker > ?1 ORDER BY worker LIMIT 1"},
    [LINE_BEFORE] = {"SELECT count(*) FROM job WHERE waiting = 1 AND queue = ?1 AND (priority > ?2 OR (priority = ?2"
                     " AND (waiting_since < ?3 OR (waiting_since = ?3 AND number < ?4))))"},
    [GATE_BEFORE] = {"SELECT count(*) FROM job WHERE waiting > 0 AND waiting = 2 AND worker = ?1 AND (priority > ?2 OR"
                     " (priority = ?2 AND (waiting_since < ?3 OR (waiting_since = ?3 AND number < ?4))))"},
    [DUE_FIRST] = {"SELECT id, due FROM job WHERE due > 0 AND waiting <> 5 ORDER BY due LIMIT 1"},
};

bool queue_has_room(const struct queue *queue, int64_t slots)
{
    return !queue->paused && (queue->slots == 0 || queue->used == 0 || queue->used + slots <= queue->slots);
}

static void read_queue(struct query *q, struct queue *out)
{
    *out = (struct queue){0};
    query_read_text(q, 0, out->name, sizeof out->name);
    out->slots = query_number(q, 1);
    out->used = query_number(q, 2);
    out->paused = query_int(q, 3);
    out->created_ms = query_number(q, 4);
}

int store_queue_get(const struct store *s, const char *name, struct queue *out, bool *found, struct error *err)
{
    struct query *q = query_prepare(s, &sql[QUEUE_GET], err);

    *out = (struct queue){0};
    query_set_text(q, 1, name);
    if (query_find(q, found, "read a queue", err) < 0)
        return -1;
    if (*found)
        read_queue(q, out);
    query_end(q);
    return 0;
}

int store_queue_each(const struct store *s, const char *after, int limit, int (*each)(const struct queue *, void *),
                     void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[QUEUE_EACH], err);
    int result = 0, stop = 0;
    struct queue queue;

    query_set_text(q, 1, after ? after : "");
    query_set_number(q, 2, limit);
    while (!stop && query_next(q, "list queues", &result, err)) {
        read_queue(q, &queue);
        stop = each(&queue, context);
    }
    query_end(q);
    return result;
}

int store_queue_count(const struct store *s, int64_t *count, struct error *err)
{
    return query_count(query_prepare(s, &sql[QUEUE_COUNT], err), count, err);
}

/* What is used belongs to the jobs, so a change does not touch it. */
int store_queue_put(struct store *s, const struct queue *queue, bool is_new, struct error *err)
{
    struct query *q = query_prepare(s, &sql[is_new ? QUEUE_ADD : QUEUE_CHANGE], err);

    query_set_text(q, 1, queue->name);
    query_set_number(q, 2, queue->slots);
    query_set_number(q, 3, queue->paused);
    if (is_new)
        query_set_number(q, 4, queue->created_ms);
    return query_run(q, err);
}

static int count_jobs(const struct store *s, int statement, const char *queue, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[statement], err);

    query_set_text(q, 1, queue);
    return query_count(q, count, err);
}

/* Those that wait for their worker come to its line later. */
int store_queue_delete(struct store *s, const char *name, struct error *err)
{
    struct queue queue;
    bool found;
    int64_t waiting, at_gates;

    if (store_queue_get(s, name, &queue, &found, err) < 0 || store_queue_length(s, name, &waiting, err) < 0 ||
        count_jobs(s, QUEUE_AT_GATES, name, &at_gates, err) < 0)
        return -1;
    waiting += at_gates;
    if (!found)
        return error_set(err, 404, "queue_unknown", "there is no queue %s", name);
    if (waiting == 0 && query_run_text(s, &sql[QUEUE_DELETE], name, err) < 0)
        return -1;
    if (waiting > 0 || query_changes(s) == 0)
        return error_set(err, 409, "queue_busy", "jobs of this queue wait or are active: wait for them, or end them");
    return 0;
}

int store_queue_length(const struct store *s, const char *name, int64_t *waiting, struct error *err)
{
    return count_jobs(s, QUEUE_LENGTH, name, waiting, err);
}

int store_queue_notify_get(const struct store *s, const char *name, char **out, struct error *err)
{
    struct query *q = query_prepare(s, &sql[QUEUE_NOTIFY_GET], err);
    bool found;

    *out = NULL;
    query_set_text(q, 1, name);
    if (query_find(q, &found, "read who is told of a queue", err) < 0)
        return -1;
    if (found)
        *out = query_copy_text(q, 0);
    query_end(q);
    return 0;
}

int store_queue_notify_put(struct store *s, const char *name, const char *text, struct error *err)
{
    struct query *q = query_prepare(s, &sql[QUEUE_NOTIFY_PUT], err);

    query_set_text(q, 1, name);
    query_set_text(q, 2, text);
    return query_run(q, err);
}

static int why_not_taken(const struct store *s, const struct job *job, struct error *err)
{
    struct queue queue;
    bool found;

    if (store_queue_get(s, job->queue, &queue, &found, err) < 0)
        return -1;
    if (!found)
        return error_set(err, 409, "queue_unknown", "the queue %s of this job was deleted", job->queue);
    return error_set(err, 409, "queue_full", "there is no room in the queue %s", job->queue);
}

/* Somebody else's process runs whether we like it or not: what it takes is counted, and not refused. */
static int take_slots(struct store *s, const struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[SLOTS_TAKE], err);

    query_set_text(q, 1, job->queue);
    query_set_number(q, 2, job->slots);
    query_set_number(q, 3, job->held);
    if (query_run(q, err) < 0)
        return -1;
    return query_changes(s) > 0 || !job->held ? 0 : why_not_taken(s, job, err);
}

static int give_slots(struct store *s, const struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[SLOTS_GIVE], err);

    query_set_text(q, 1, job->queue);
    query_set_number(q, 2, job->slots);
    return query_run(q, err);
}

/* The job itself is counted already, so of two that come at once the second sees both. */
static int check_worker(struct store *s, const struct job *job, struct error *err)
{
    struct query *q = query_prepare(s, &sql[WORKER_ACTIVE], err);
    int64_t active;

    query_set_text(q, 1, job->worker);
    if (query_count(q, &active, err) < 0)
        return -1;
    if (active <= job->max_active)
        return 0;
    return error_set(err, 409, "worker_full", "as many jobs of %s are active as may be", job->worker);
}

int queues_follow_state(struct store *s, const struct job *job, enum job_state from, struct error *err)
{
    bool begins = job->state == JOB_ACTIVE, ends = from == JOB_ACTIVE && !begins;

    if (begins && job->max_active > 0 && job->held && check_worker(s, job, err) < 0)
        return -1;
    if (!job->queue[0] || (!begins && !ends))
        return 0;
    return begins ? take_slots(s, job, err) : give_slots(s, job, err);
}

/* The id, and the number beside it, of what a query finds first; id "": nothing. Ends it. */
static int read_first(struct query *q, char id[ULID_SIZE], int64_t *number, struct error *err)
{
    bool found;

    id[0] = '\0';
    if (query_find(q, &found, "find who is first in line", err) < 0)
        return -1;
    if (found)
        query_read_text(q, 0, id, ULID_SIZE);
    if (found && number)
        *number = query_number(q, 1);
    query_end(q);
    return 0;
}

int store_line_first(const struct store *s, const char *queue, char id[ULID_SIZE], struct error *err)
{
    struct query *q = query_prepare(s, &sql[LINE_FIRST], err);
    struct queue found;
    int64_t slots = 0;
    bool there;

    query_set_text(q, 1, queue);
    if (read_first(q, id, &slots, err) < 0)
        return -1;
    if (!id[0])
        return 0;
    if (store_queue_get(s, queue, &found, &there, err) < 0)
        return -1;
    if (!there || !queue_has_room(&found, slots))
        id[0] = '\0';
    return 0;
}

int store_gate_first(const struct store *s, const char *worker, char id[ULID_SIZE], struct error *err)
{
    struct query *q = query_prepare(s, &sql[GATE_FIRST], err);

    query_set_text(q, 1, worker);
    return read_first(q, id, NULL, err);
}

int store_gate_count(const struct store *s, const char *worker, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[GATE_COUNT], err);

    query_set_text(q, 1, worker);
    return query_count(q, count, err);
}

int store_gate_next(const struct store *s, const char *after, char worker[JOB_WORKER_SIZE], struct error *err)
{
    struct query *q = query_prepare(s, &sql[GATE_NEXT], err);
    bool found;

    query_set_text(q, 1, after);
    if (query_find(q, &found, "find who waits for a worker", err) < 0)
        return -1;
    if (found)
        query_read_text(q, 0, worker, JOB_WORKER_SIZE);
    query_end(q);
    if (!found)
        worker[0] = '\0';
    return 0;
}

int store_line_position(const struct store *s, const struct job *job, int64_t *position, struct error *err)
{
    bool in_line = job->waiting == WAITING_SLOT;
    struct query *q;

    *position = 0;
    if (!in_line && job->waiting != WAITING_WORKER)
        return 0;
    q = query_prepare(s, &sql[in_line ? LINE_BEFORE : GATE_BEFORE], err);
    query_set_text(q, 1, in_line ? job->queue : job->worker);
    query_set_number(q, 2, job->priority);
    query_set_number(q, 3, job->waiting_since_ms);
    query_set_number(q, 4, job->number);
    if (query_count(q, position, err) < 0)
        return -1;
    ++*position;
    return 0;
}

int store_due_first(const struct store *s, char id[ULID_SIZE], int64_t *due_ms, struct error *err)
{
    *due_ms = 0;
    return read_first(query_prepare(s, &sql[DUE_FIRST], err), id, due_ms, err);
}
