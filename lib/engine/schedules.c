/* From times to jobs. */
#include "engine/schedules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/tell.h"
#include "store/schedules.h"

int schedule_read(const struct schedule *s, struct cron *cron, struct zone **zone, struct error *err)
{
    if (cron_parse(s->cron, cron, err) < 0)
        return -1;
    *zone = zone_load(s->zone, err);
    return *zone ? 0 : -1;
}

/* -- one job -- */

static void set_id(const struct engine *e, struct job *job)
{
    unsigned char random[10];

    secret_random(random, sizeof random);
    ulid_make(e->now_ms, random, job->id);
}

static int copy(char **to, const char *text, struct error *err)
{
    if (*to || !text)
        return 0;
    *to = strdup(text);
    return *to ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* What cannot be run any more is a job too, one that has failed: else nobody would see it. */
static int make_failed(const struct engine *e, const struct schedule *s, const struct error *why, struct job *job,
                       struct error *err)
{
    job_clear(job);
    snprintf(job->worker, sizeof job->worker, "%s", s->worker);
    job->slots = 1;
    job->state = JOB_ERROR;
    job->started_ms = job->stopped_ms = e->now_ms;
    return copy(&job->parameters, "{}", err) < 0 ? -1 : copy(&job->reason, why->message, err);
}

static int make_job(struct engine *e, struct schedule *s, int64_t time_ms, struct error *err)
{
    AUTO(job) struct job job = {0};
    struct error problem = {0};

    if (e->read_job(e, s->wish, &job, &problem) == 0) {
        job.state = JOB_IDLE;
        job.waiting = WAITING_TIME;
        job.waiting_since_ms = job.due_ms = e->now_ms;
    } else if (problem.status >= 500) {
        *err = problem;
        return -1;
    } else if (make_failed(e, s, &problem, &job, err) < 0) {
        return -1;
    }
    set_id(e, &job);
    job.created_ms = e->now_ms;
    job.percent = job.exit_code = -1;
    job.slots = job.slots ? job.slots : 1;
    memcpy(job.schedule, s->id, sizeof job.schedule);
    job.scheduled_ms = s->ran_ms = time_ms;
    memcpy(s->job, job.id, sizeof s->job);
    return copy(&job.name, s->name, err) < 0 ? -1 : tell_insert(e, &job, err);
}

/* -- one schedule -- */

/* Its zone is gone, or a newer version of the program wrote it: it does nothing until somebody changes it. */
static int give_up(struct engine *e, struct schedule *s, const struct error *why, struct error *err)
{
    log_line("schedule %s stands still: %s", s->id, why->message);
    s->next_ms = s->due_ms = 0;
    return store_schedule_update(e->store, s, err);
}

static int act(struct engine *e, struct schedule *s, const struct cron *cron, const struct zone *zone,
               struct error *err)
{
    struct schedule_plan plan;
    int64_t running, queued;

    if (store_schedule_running(e->store, s->id, &running, err) < 0)
        return -1;
    queued = schedule_take_queued(s, running);
    if (queued && make_job(e, s, queued, err) < 0)
        return -1;
    running += queued > 0;
    schedule_plan(s, cron, zone, e->now_ms, &plan);
    for (int i = 0; i < plan.count; i++) {
        if (!schedule_admit(s, plan.times[i], running))
            continue;
        if (make_job(e, s, plan.times[i], err) < 0)
            return -1;
        running++;
    }
    return store_schedule_update(e->store, s, err);
}

/* Within a transaction. */
static int look_at(struct engine *e, const char *id, struct error *err)
{
    struct schedule s;
    struct error problem = {0};
    struct cron cron;
    struct zone *zone;
    int result = 0;

    if (store_schedule_get(e->store, id, NULL, &s, err) < 0)
        return -1;
    if ((!s.due_ms || s.due_ms > e->now_ms) && s.queued_count == 0) { /* somebody else was faster */
        schedule_clear(&s);
        return 0;
    }
    if (schedule_read(&s, &cron, &zone, &problem) < 0) {
        result = give_up(e, &s, &problem, err);
    } else {
        result = act(e, &s, &cron, zone, err);
        zone_free(zone);
    }
    schedule_clear(&s);
    return result;
}

/* 0: done, if not by us. -1: 500, 503. */
static int act_on(struct engine *e, const char *id, struct error *err)
{
    struct error problem = {0};

    if (store_begin(e->store, &problem) == 0 && look_at(e, id, &problem) == 0 && tell_commit(e, &problem) == 0)
        return 0;
    store_rollback(e->store);
    if (problem.status == 404 || problem.status == 409)
        return 0;
    *err = problem;
    return -1;
}

bool engine_schedule_waits(const struct engine *e, const struct job *job)
{
    struct error ignored = {0};
    struct schedule s;
    bool waits;

    if (!job->schedule[0] || !job_state_is_over(job->state) ||
        store_schedule_get(e->store, job->schedule, NULL, &s, &ignored) < 0)
        return false;
    waits = s.queued_count > 0;
    schedule_clear(&s);
    return waits;
}

int engine_schedule_follow(struct engine *e, const char *id, struct error *err)
{
    return act_on(e, id, err);
}

/* -- all of them -- */

static int act_on_due(struct engine *e, int64_t *next_ms, struct error *err)
{
    char id[ULID_SIZE];

    for (;;) {
        store_refresh(e->store);
        e->now_ms = clock_now_ms();
        if (store_schedule_due_first(e->store, id, next_ms, err) < 0)
            return -1;
        if (!id[0] || *next_ms > e->now_ms)
            return 0;
        if (act_on(e, id, err) < 0)
            return -1;
    }
}

/* Times whose wait is over, should whoever ended the job before them not have come to it. */
static int act_on_queued(struct engine *e, struct error *err)
{
    char id[ULID_SIZE] = "";
    int64_t running;

    for (;;) {
        if (store_schedule_queued_next(e->store, id, id, err) < 0)
            return -1;
        if (!id[0])
            return 0;
        if (store_schedule_running(e->store, id, &running, err) < 0 || (running == 0 && act_on(e, id, err) < 0))
            return -1;
    }
}

int engine_schedules(struct engine *e, int64_t *next_ms, struct error *err)
{
    return act_on_queued(e, err) < 0 ? -1 : act_on_due(e, next_ms, err);
}

/* -- after a start of the machine -- */

static int note_start(struct engine *e, const char *host, const char *boot, struct error *err)
{
    char known[MACHINE_BOOT_SIZE];

    if (store_begin(e->store, err) < 0)
        return -1;
    if (store_machine_get(e->store, host, known, err) < 0)
        return -1;
    if (strcmp(known, boot) == 0) { /* somebody else was faster */
        store_rollback(e->store);
        return 0;
    }
    if (store_machine_put(e->store, host, boot, err) < 0 ||
        (known[0] && store_schedule_start_reboots(e->store, e->now_ms, err) < 0))
        return -1;
    return store_commit(e->store, err);
}

int engine_see_start(struct engine *e, struct error *err)
{
    char boot[CLOCK_BOOT_ID_SIZE], known[MACHINE_BOOT_SIZE];
    struct utsname host;
    int result;

    uname(&host);
    clock_boot_id(boot);
    if (store_machine_get(e->store, host.nodename, known, err) < 0)
        return -1;
    if (!boot[0] || strcmp(known, boot) == 0)
        return 0;
    result = note_start(e, host.nodename, boot, err);
    if (result < 0)
        store_rollback(e->store);
    return result;
}
