/* Taking a runner's report: whole or not at all, and each number once. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/finish.h"
#include "engine/follow.h"
#include "engine/tell.h"
#include "job/report_format.h"

/* What a report says, gathered before anything is written. The entries borrow their bytes from its body. */
struct gathered {
    int64_t number;
    struct entry *log, *response;
    size_t log_count, log_room, response_count, response_room;
    enum job_event end; /* 0: it has not ended */
    int64_t end_ms;
};

static void gathered_clear(struct gathered *g)
{
    free(g->log);
    free(g->response);
    *g = (struct gathered){0};
}

static int add_entry(struct entry **list, size_t *count, size_t *room, const struct report_record *r, struct error *err)
{
    if (*count == *room) {
        size_t more = *room ? 2 * *room : 64;
        struct entry *grown = realloc(*list, more * sizeof *grown);

        if (!grown)
            return error_set(err, 500, "internal", "the server ran out of memory");
        *list = grown;
        *room = more;
    }
    (*list)[(*count)++] = (struct entry){
        .time_ms = r->time_ms,
        .stream = r->stream,
        .open = r->open,
        .bytes = r->bytes,
        .size = r->size,
    };
    return 0;
}

static int set_text(char **place, const struct report_record *r, size_t max, struct error *err)
{
    free(*place);
    *place = strndup(r->bytes, r->size < max ? r->size : max);
    return *place ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* What the end means is settled when all that was said before it is appended. */
static int note_end(struct job *job, struct gathered *g, const struct report_record *r, struct error *err)
{
    g->end = r->event;
    g->end_ms = r->time_ms;
    job->exit_code = r->exit_code;
    job->signal = r->signal;
    return r->size ? set_text(&job->reason, r, JOB_REASON_MAX, err) : 0;
}

static int apply_record(struct job *job, struct gathered *g, const struct report_record *r, struct error *err)
{
    switch (r->verb) {
    case REPORT_LOG:
        return add_entry(&g->log, &g->log_count, &g->log_room, r, err);
    case REPORT_RESPONSE:
        return add_entry(&g->response, &g->response_count, &g->response_room, r, err);
    case REPORT_PROGRESS:
        job->percent = r->percent;
        free(job->progress);
        job->progress = NULL;
        return r->size ? set_text(&job->progress, r, JOB_REASON_MAX, err) : 0;
    case REPORT_PID:
        job->pid = r->pid;
        return 0;
    case REPORT_USAGE:
        job->usage = r->usage;
        return 0;
    case REPORT_PAUSED:
        job->paused = r->paused;
        return 0;
    case REPORT_END:
        return note_end(job, g, r, err);
    default:
        return error_set(err, 400, "report_malformed", "a report has one number, at its beginning");
    }
}

static int apply(struct engine *e, struct job *job, struct report_reader *reader, struct error *err)
{
    AUTO(gathered) struct gathered g = {0};
    struct report_record r;
    int got;

    while ((got = report_read_next(reader, &r, err)) > 0) {
        if (g.end)
            return error_set(err, 400, "report_malformed", "the end must come last in a report");
        if (apply_record(job, &g, &r, err) < 0)
            return -1;
    }
    if (got < 0 || store_entry_append(e->store, job, ENTRY_LOG, g.log, g.log_count, err) < 0 ||
        store_entry_append(e->store, job, ENTRY_RESPONSE, g.response, g.response_count, err) < 0)
        return -1;
    if (g.end && finish_attempt(e, job, g.end, g.end_ms, err) < 0)
        return -1;
    return tell_update(e, job, JOB_ACTIVE, err);
}

static const char *wish(const struct job *job)
{
    return job->wanted == WANT_KILL ? "kill" : job->wanted == WANT_STOP ? "stop" : job->pause_wanted ? "pause" : "run";
}

/* The numbers of a new attempt begin anew, so what an earlier one still says would be taken for its own. */
static int check_lease(const struct job *job, const unsigned char *lease_hash, struct error *err)
{
    if (!lease_hash || (job->has_lease && secret_equal(lease_hash, job->lease_hash, SECRET_HASH_SIZE)))
        return 0;
    return error_set(err, 409, "lease_lost", "another runner has job %s by now", job->id);
}

/* Also when its end was told before: who took it in then may not have come to this. */
static int follow_end(struct engine *e, const struct job *job)
{
    if (job->state != JOB_ACTIVE)
        engine_follow_apart(e, job);
    return 0;
}

int engine_report(struct engine *e, const char *id, const unsigned char *lease_hash, const void *body, size_t size,
                  const char **wanted, struct error *err)
{
    struct report_reader reader = {body, (const char *)body + size};
    struct report_record first;
    AUTO(job) struct job job = {0};

    if (report_read_next(&reader, &first, err) <= 0 || first.verb != REPORT_NUMBER)
        return error_set(err, 400, "report_malformed", "a report begins with its number");
    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, &job, err) < 0 ||
        check_lease(&job, lease_hash, err) < 0)
        return -1;
    *wanted = wish(&job);
    if (first.number <= job.report) { /* the answer was lost, not the report */
        store_rollback(e->store);
        return follow_end(e, &job);
    }
    if (job.state == JOB_IDLE)
        return error_set(err, 409, "job_idle", "job %s is not running", job.id);
    if (job.state != JOB_ACTIVE || !job.held)
        return error_set(err, 409, "job_over", "job %s is over", job.id);
    job.report = first.number;
    job.seen_ms = e->now_ms;
    if (apply(e, &job, &reader, err) < 0 || tell_commit(e, err) < 0)
        return -1;
    return follow_end(e, &job);
}
