/* What others than a runner of ours say of a job: its state, and entries of its log and response. */
#include "engine/engine.h"
#include "engine/finish.h"
#include "engine/follow.h"
#include "engine/tell.h"

int engine_tell_state(struct engine *e, const char *id, enum job_state state, struct job *job, struct error *err)
{
    enum job_state from;

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, job, err) < 0)
        return -1;
    from = job->state;
    if (job->held && from == JOB_ACTIVE)
        return error_set(err, 409, "job_held", "a runner of ours has this job and tells its state itself");
    if (job_state_is_over(from))
        return error_set(err, 409, "job_over", "job %s is over", job->id);
    if (state == JOB_ACTIVE) {
        job->state = JOB_ACTIVE;
        job->waiting = WAITING_NOT;
        job->waiting_since_ms = job->due_ms = 0;
    } else {
        finish_job(job, state == JOB_DONE ? EVENT_SUCCESS : EVENT_FAILURE, e->now_ms);
    }
    job->started_ms = job->started_ms ? job->started_ms : e->now_ms;
    if (tell_update(e, job, from, err) < 0 || tell_commit(e, err) < 0)
        return -1;
    engine_follow(e, job);
    return 0;
}

int engine_append(struct engine *e, const char *id, enum entry_kind kind, struct entry *entries, size_t count,
                  struct error *err)
{
    if (store_begin(e->store, err) < 0 || store_entry_post(e->store, id, kind, entries, count, err) < 0)
        return -1;
    return store_commit(e->store, err);
}
