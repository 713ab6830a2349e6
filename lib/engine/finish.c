/* The one way to the end of a job, and from there to its next attempt. */
#include "engine/finish.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "engine/tell.h"
#include "job/retries.h"

void finish_job(struct job *job, enum job_event event, int64_t stopped_ms)
{
    job->state = job_state_next(job->state, job->wanted != WANT_RUN ? EVENT_KILLED : event);
    job->stopped_ms = stopped_ms;
    job->held = job->paused = false;
    job->waiting = WAITING_NOT;
    job->waiting_since_ms = job->due_ms = 0;
}

static bool is_tried_again(const struct job *job, enum job_event event, struct retries *retries)
{
    return event == EVENT_FAILURE && job->wanted == WANT_RUN && job->retries &&
           retries_from_text(job->retries, retries) == 0 && retries_go_on(retries, job->attempt, job->exit_code);
}

static int tell_in_log(struct engine *e, struct job *job, int64_t delay_ms, struct error *err)
{
    char text[JOB_REASON_MAX + 96];
    struct entry entry = {.time_ms = job->stopped_ms, .stream = STREAM_SYSTEM, .bytes = text};

    entry.size = (size_t)snprintf(text, sizeof text, "FAILED: %s. Attempt %lld begins in %g s.",
                                  job->reason ? job->reason : "no reason was told", (long long)job->attempt + 1,
                                  (double)delay_ms / 1000);
    return store_entry_append(e->store, job, ENTRY_LOG, &entry, 1, err);
}

int finish_attempt(struct engine *e, struct job *job, enum job_event event, int64_t stopped_ms, struct error *err)
{
    struct retries retries;
    uint32_t chance;
    int64_t delay_ms;

    if (!is_tried_again(job, event, &retries)) {
        finish_job(job, event, stopped_ms);
        return 0;
    }
    secret_random(&chance, sizeof chance);
    delay_ms = retries_delay_ms(&retries, job->attempt, chance);
    job->stopped_ms = stopped_ms;
    if (tell_in_log(e, job, delay_ms, err) < 0 || store_attempt_put(e->store, job, JOB_ERROR, err) < 0)
        return -1;
    job->state = job_state_next(job->state, EVENT_AGAIN);
    job->stopped_ms = 0;
    job->held = job->paused = false;
    job->waiting = WAITING_RETRY;
    job->waiting_since_ms = e->now_ms;
    job->due_ms = e->now_ms + delay_ms;
    return tell_retry(e, job, err);
}
