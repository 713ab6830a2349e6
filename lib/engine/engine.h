#ifndef JOBJOKER_ENGINE_ENGINE_H
#define JOBJOKER_ENGINE_ENGINE_H

#include <stdint.h>

#include "base/settings.h"
#include "store/store.h"

/* What changes jobs. Each function is one step of a job's life, with its own transaction. */

struct engine {
    const struct settings *settings;
    struct store *store;
    const char *app_folder; /* where .htaccess, cgi-bin/ and runner/ lie */
    const char *api;        /* URL of the API for workers; NULL: the one of the last job that a request started */
    const char *fastcgi;    /* path of a socket at which FastCGI processes take reports; NULL: none */
    int64_t now_ms;         /* when the request began; engine_reap() moves it on */
    /* Makes a job of what would be posted (cgi-bin/job_body.h), for schedules. NULL: this program cannot read it. */
    int (*read_job)(struct engine *e, const char *wish, struct job *out, struct error *err);
    bool has_told;   /* something was noted that is to be told (tell.h) */
    bool has_pushed; /* it has had a job that waited moved on (follow.h) */
};

/* Inserts a job that is idle, and starts it when `start` is true; job->worker, parameters, name and timeout_ms are
 * given, the rest is set. 409 key_used (job->once): there is one by now, and no other is made. 422 worker_broken (it is gone, or its code cannot be made ready): there is no job then.
 * 500 runner_failed, secret_unreadable, data_in_site: there is one, and it has ended as error. */
int engine_create(struct engine *e, struct job *job, bool start, struct error *err);

/* Inserts a list of jobs, all of them or none, whose ids are given and that may come after one another (job->after); and
 * starts those that come after nobody and whose `start` is true. What becomes of each stands in it: it is read anew. */
int engine_create_all(struct engine *e, struct job *jobs, const bool *start, size_t count, struct error *err);

/* Claims an idle job and starts its runner: of two that start it, one wins. *job is read anew (job_clear() it).
 * A worker that is gone, or whose code cannot be made ready, ends the job as error with the reason: that is 0 too.
 * 404 job_unknown; 409 job_active, job_over; 500 runner_failed, secret_unreadable, data_in_site (the job is
 * error then, or stop when that was wanted). */
int engine_start(struct engine *e, const char *id, struct job *job, struct error *err);

/* Asks an active job to stop (SIGTERM, then SIGKILL after the grace period), and returns at once; or kills it, and
 * returns when no process of it is left. *job is read anew. 404 job_unknown; 409 job_idle, job_over; 503 still_alive. */
int engine_end(struct engine *e, const char *id, enum job_wanted wanted, struct job *job, struct error *err);

/* Deletes a job with all that it has said. *job is as it was. 404 job_unknown; 409 job_active, job_followed (others wait for
 * it). */
int engine_delete(struct engine *e, const char *id, struct job *job, struct error *err);

/* Makes a job as one that is over was: with the same worker, in its current version, and parameters, and what was said of
 * it besides; and starts it. *job is the new one. 404 job_unknown; 409 job_active, job_idle; and as engine_create(). */
int engine_repeat(struct engine *e, const char *id, struct job *job, struct error *err);

/* Freezes all processes of an active job (SIGSTOP, or its cgroup), or lets them go on, and waits up to 5 s until that is
 * done: job->paused tells. *job is read anew. 404 job_unknown; 409 job_idle, job_over, job_not_held (no runner of ours has
 * it), job_stopping. */
int engine_pause(struct engine *e, const char *id, bool pause, struct job *job, struct error *err);

/* Takes a runner's report (the format is in job/report_format.h) and tells what is wanted of the run: "run", "pause",
 * "stop" or "kill". A report that was applied before changes nothing. `lease_hash` (SECRET_HASH_SIZE bytes) is that of the
 * runner's token: the job may have been started again since it was found valid. NULL: the caller holds the lock of the run.
 * 400 report_malformed; 404; 409 job_idle, job_over, lease_lost. */
int engine_report(struct engine *e, const char *id, const unsigned char *lease_hash, const void *body, size_t size,
                  const char **wanted, struct error *err);

/* What an external process says of a job that no runner of ours holds: active, done or error.
 * 404 job_unknown; 409 job_held (a runner has it), job_over. */
int engine_tell_state(struct engine *e, const char *id, enum job_state state, struct job *job, struct error *err);

/* Appends to the log or the response. 404 job_unknown. */
int engine_append(struct engine *e, const char *id, enum entry_kind kind, struct entry *entries, size_t count,
                  struct error *err);

/* Looks after jobs that are `active` and whose runner is gone: takes in what it left, ends what it left running, and ends
 * the job as error, or starts it again where its on_lost says so. On this host that is known at once; of another host's
 * runner silence tells (silence.h). Costs one look into the store when no job is active. -1: 500, one could not be looked
 * after, and the others were; 503. */
int engine_reap(struct engine *e, struct error *err);
/* The same for one job; one that is not there is nothing to look after. What a runner has left of one that is over is
 * removed. */
int engine_reap_job(struct engine *e, const char *id, struct error *err);
/* The same, and what the job is after that: one question less to the store for who asks for nothing else. 404 job_unknown. */
int engine_peek_job(struct engine *e, const char *id, struct job_peek *job, struct error *err);

/* Removes what runners have left of jobs that are over, all of them, and of those that were deleted a day ago or earlier. Looks at each
 * folder of a run. */
void engine_tidy(struct engine *e);

#endif
