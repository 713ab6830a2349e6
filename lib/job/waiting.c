/* What a job waits for, as a table: the first row that holds is it. */
#include "job/waiting.h"

#include <stddef.h>

#include "job/job.h"

static const char *const names[WAITINGS] = {
    [WAITING_SLOT] = "slot",   [WAITING_WORKER] = "worker", [WAITING_TIME] = "time",
    [WAITING_RETRY] = "retry", [WAITING_JOBS] = "job",
};

const char *waiting_name(enum job_waiting waiting)
{
    return names[waiting];
}

static bool comes_after_others(const struct job *job, const struct waiting_facts *facts)
{
    (void)job;
    return facts->jobs_left;
}

static bool is_to_be_tried_again(const struct job *job, const struct waiting_facts *facts)
{
    return job->attempt > 0 && job->due_ms > facts->now_ms;
}

static bool is_early(const struct job *job, const struct waiting_facts *facts)
{
    return job->due_ms > facts->now_ms;
}

static bool is_one_of_too_many(const struct job *job, const struct waiting_facts *facts)
{
    return job->max_active > 0 && facts->worker_full;
}

static bool stands_in_line(const struct job *job, const struct waiting_facts *facts)
{
    (void)facts;
    return job->queue[0] != '\0';
}

static const struct {
    bool (*holds)(const struct job *job, const struct waiting_facts *facts);
    enum job_waiting waiting;
} rows[] = {
    {comes_after_others, WAITING_JOBS},   {is_to_be_tried_again, WAITING_RETRY}, {is_early, WAITING_TIME},
    {is_one_of_too_many, WAITING_WORKER}, {stands_in_line, WAITING_SLOT},
};

enum job_waiting waiting_settle(const struct job *job, const struct waiting_facts *facts)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].holds(job, facts))
            return rows[i].waiting;
    }
    return WAITING_NOT;
}

bool waiting_is_bounded(const struct job *job)
{
    return job->queue[0] || job->max_active > 0;
}
