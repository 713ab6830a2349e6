#ifndef JOBJOKER_WORKER_OPTIONS_H
#define JOBJOKER_WORKER_OPTIONS_H

#include "base/settings.h"
#include "job/job.h"
#include "job/retries.h"

/* What a worker wants for its jobs, besides their parameters: a JSON object in its description, such as
 *
 *     {"timeout": 60, "limits": {"memory": 500000000}, "detach": true, "on_lost": "requeue", "user": "alice",
 *      "queue": "gpu", "slots": 2, "max_active": 4, "singleton": true,
 *      "retries": {"limit": 3}, "no_retry": 65, "keep_days": 30, "keep_jobs": 100,
 *      "notify": ["https://example.org/hook"]}
 *
 * Each member may be missing. A job's own wishes go before these, the administrator's ceilings before both; who is to be told is told
 * besides those that the job names. */

enum { WORKER_USER_SIZE = 33 };

struct worker_options {
    bool has_timeout;
    int64_t timeout_ms; /* 0: none */
    bool has_limit[LIMITS];
    struct limits limits;
    bool detach; /* what its worker leaves running is left alone when it ends */
    enum job_on_lost on_lost;
    char user[WORKER_USER_SIZE]; /* whom it runs as; "": the server's own */
    char queue[JOB_QUEUE_SIZE];  /* "": none */
    int64_t slots;               /* 0: not said */
    int64_t max_active;          /* of its jobs at a time; 0: any number. A singleton has 1 */
    bool has_retries;
    struct retries retries;
    char *notify;     /* who is told of its jobs (job/notify.h); NULL: nobody */
    int64_t no_retry; /* the exit status by which it says that trying again is no use; 0: none */
    bool has_keep_days, has_keep_jobs;
    int64_t keep_days, keep_jobs; /* how long, and how many of its jobs are kept that are over; 0: for ever, all */
};

void worker_options_clear(struct worker_options *options);

/* -1: 422 worker_options, a sentence that says what is wrong. *out is the caller's in any case: worker_options_clear(). */
int worker_options_read(const struct json *object, struct worker_options *out, struct error *err);

/* The same from the text that the store keeps; NULL is none. */
int worker_options_parse(const char *text, struct worker_options *out, struct error *err);

/* Sets timeout, limits, on_lost, queue and slots of a job that says nothing of them: what the worker wants, else the
 * settings' presets, and never above their ceilings; and what no job can say: max_active, and whether it is kept for ever. */
void worker_options_preset(const struct worker_options *options, const struct settings *settings, struct job *job);

/* How long jobs of a worker are kept after their end, and how many: what the worker wants, else the settings. 0: for ever, all. */
struct worker_keeps {
    int64_t days, jobs;
};
struct worker_keeps worker_options_keeps(const struct worker_options *options, const struct settings *settings);

#endif
