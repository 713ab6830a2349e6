#ifndef JOBJOKER_WORKER_H
#define JOBJOKER_WORKER_H

/* A JobJoker worker in C.
 *
 *     #include <jobjoker/worker.h>
 *
 *     const char *information(void)
 *     {
 *         return JOBJOKER_JSON({
 *             "description": "Counts.",
 *             "parameters": {
 *                 "type": "object",
 *                 "properties": { "count": { "type": "integer", "minimum": 0, "default": 5 } }
 *             }
 *         });
 *     }
 *
 *     int run(struct jobjoker_worker *w)
 *     {
 *         long long count = jobjoker_int(w, "count", 5);
 *
 *         for (long long i = 0; i < count && jobjoker_wanted(w); i++) {
 *             jobjoker_log(w, "this is number %lld", i);
 *             jobjoker_progress(w, 100 * (i + 1) / count, NULL);
 *             jobjoker_sleep(w, 1);
 *         }
 *         return 0;
 *     }
 *
 * Each job runs in a process of its own, so a worker may crash, exit or leak without harm to anything but its job.
 * Besides these functions there is all of C: what is printed to stdout becomes log entries, line by line, and what is
 * printed to stderr becomes log entries that are marked so. */

#include <stdbool.h>
#include <stddef.h>

struct jobjoker_worker; /* the job, as its worker sees it */

/* ---- what you write ---- */

/* Does the work. 0: the job is done; anything else: it ended in error. */
int run(struct jobjoker_worker *w);

/* Says what the worker is for: a text, or a JSON object with "description", a text, and "parameters", the JSON Schema
 * of its parameters. You may leave it out. Called without a job, so it must not do any work. */
const char *information(void);

/* Makes a string of the JSON between its parentheses, as it stands there: no quotation mark needs a backslash. */
#define JOBJOKER_JSON(...) #__VA_ARGS__

/* ---- parameters ---- */

/* One parameter by its name. `otherwise` is the answer when there is none of that name, or it is null or of another
 * type. Strings live as long as the process. Use these from one thread at a time. */
const char *jobjoker_string(struct jobjoker_worker *w, const char *name, const char *otherwise);
long long jobjoker_int(struct jobjoker_worker *w, const char *name, long long otherwise); /* 3.0 is 3, 3.5 is none */
double jobjoker_double(struct jobjoker_worker *w, const char *name, double otherwise);
bool jobjoker_bool(struct jobjoker_worker *w, const char *name, bool otherwise);

/* Any parameter as JSON, such as ["a","b"]; NULL when there is none of that name. */
const char *jobjoker_json(struct jobjoker_worker *w, const char *name);

/* All of them: one JSON object. */
const char *jobjoker_parameters(struct jobjoker_worker *w);

/* ---- what the job tells ----
 * All of it keeps its order with what the worker prints to stdout, and may be called from any thread. */

/* One log entry. A text may have many lines. */
void jobjoker_log(struct jobjoker_worker *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jobjoker_log_bytes(struct jobjoker_worker *w, const void *bytes, size_t size);

/* One entry of the response, which is what the job was started for. */
void jobjoker_response(struct jobjoker_worker *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jobjoker_response_bytes(struct jobjoker_worker *w, const void *bytes, size_t size);

/* How far it is, 0 to 100, and what it is at; the message may be NULL. */
void jobjoker_progress(struct jobjoker_worker *w, double percent, const char *message);

/* A log entry that is also the reason why the job failed, if it fails. */
void jobjoker_error(struct jobjoker_worker *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the job itself ---- */

/* False once somebody asked the job to stop: leave run() soon, or be killed after a while. Being asked interrupts what
 * blocks (sleep(3), read(2) and others then fail with EINTR). */
bool jobjoker_wanted(const struct jobjoker_worker *w);

/* Sleeps, but not on when the job is asked to stop. Returns jobjoker_wanted(). */
bool jobjoker_sleep(const struct jobjoker_worker *w, double seconds);

const char *jobjoker_id(const struct jobjoker_worker *w);    /* of the job */
int jobjoker_attempt(const struct jobjoker_worker *w);       /* 1, and more when it is tried again */
const char *jobjoker_api(const struct jobjoker_worker *w);   /* URL of the API, without a slash at its end */
const char *jobjoker_token(const struct jobjoker_worker *w); /* lets you into this job's part of the API */

#endif
