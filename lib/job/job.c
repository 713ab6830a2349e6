/* One job, as JSON and CSV. */
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/text.h"
#include "job/notify.h"
#include "job/retries.h"

static const char *const on_lost_names[ON_LOST_ACTIONS] = {[ON_LOST_FAIL] = "fail", [ON_LOST_REQUEUE] = "requeue"};

const char *job_on_lost_name(enum job_on_lost action)
{
    return on_lost_names[action];
}

int job_on_lost_from_name(const char *name, enum job_on_lost *out)
{
    for (enum job_on_lost a = 0; a < ON_LOST_ACTIONS; a++) {
        if (strcmp(on_lost_names[a], name) == 0) {
            *out = a;
            return 0;
        }
    }
    return -1;
}

void job_clear(struct job *job)
{
    free(job->name);
    free(job->parameters);
    free(job->progress);
    free(job->reason);
    free(job->suspicion);
    free(job->retries);
    free(job->notify);
    free(job->after);
    *job = (struct job){0};
}

static void put_time(struct json_writer *w, const char *name, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    json_name(w, name);
    if (time_ms)
        text_from_time(time_ms, text);
    json_put_string(w, time_ms ? text : NULL);
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

/* A number that is absent is null. */
static void put_number(struct json_writer *w, const char *name, int64_t number, bool present)
{
    json_name(w, name);
    if (present)
        json_put_int(w, number);
    else
        json_put_null(w);
}

static void put_usage(struct json_writer *w, const struct job_usage *usage)
{
    json_name(w, "usage");
    if (!usage->known) {
        json_put_null(w);
        return;
    }
    json_begin(w, '{');
    json_name(w, "cpu_user");
    json_put_seconds(w, usage->cpu_user_ms);
    json_name(w, "cpu_system");
    json_put_seconds(w, usage->cpu_system_ms);
    json_name(w, "max_rss");
    json_put_int(w, usage->max_rss_kib * 1024);
    json_name(w, "wall");
    if (usage->wall_ms >= 0)
        json_put_seconds(w, usage->wall_ms);
    else
        json_put_null(w);
    put_number(w, "bytes_read", usage->blocks_in * 512, usage->blocks_in >= 0);
    put_number(w, "bytes_written", usage->blocks_out * 512, usage->blocks_out >= 0);
    put_number(w, "switches", usage->switches, usage->switches >= 0);
    put_number(w, "switches_forced", usage->switches_forced, usage->switches_forced >= 0);
    json_end(w, '}');
}

static void put_progress(struct json_writer *w, const struct job *job)
{
    json_name(w, "progress");
    if (job->percent < 0) {
        json_put_null(w);
        return;
    }
    json_begin(w, '{');
    put_number(w, "percent", job->percent, true);
    put_text(w, "message", job->progress);
    json_end(w, '}');
}

static void put_retries(struct json_writer *w, const char *text)
{
    struct retries retries;

    json_name(w, "retries");
    if (text && retries_from_text(text, &retries) == 0)
        retries_put_json(&retries, w);
    else
        json_put_null(w);
}

static void put_waiting(struct json_writer *w, const struct job *job)
{
    json_name(w, "waiting");
    if (!job->waiting) {
        json_put_null(w);
        return;
    }
    json_begin(w, '{');
    put_text(w, "for", waiting_name(job->waiting));
    put_time(w, "since", job->waiting_since_ms);
    put_time(w, "until", job->due_ms);
    put_number(w, "position", job->position, job->position > 0);
    json_end(w, '}');
}

void job_put_after(const struct after *after, size_t count, struct json_writer *w)
{
    json_begin(w, '[');
    for (size_t i = 0; i < count; i++) {
        json_begin(w, '{');
        put_text(w, "job", after[i].name);
        put_text(w, "on", chain_condition_name(after[i].awaits));
        put_text(w, "status", after[i].outcome ? job_state_name(after[i].outcome) : NULL);
        json_end(w, '}');
    }
    json_end(w, ']');
}

void job_put_json(const struct job *job, struct json_writer *w)
{
    json_begin(w, '{');
    put_text(w, "id", job->id);
    put_text(w, "worker", job->worker);
    put_number(w, "version", job->version, job->version > 0);
    put_text(w, "name", job->name);
    put_text(w, "status", job_state_name(job->state));
    json_name(w, "paused");
    json_put_bool(w, job->paused);
    json_name(w, "parameters");
    json_put_raw(w, job->parameters);
    put_number(w, "pid", job->pid, job->pid > 0);
    put_text(w, "host", job->host[0] ? job->host : NULL);
    put_time(w, "created", job->created_ms);
    put_time(w, "starttime", job->started_ms);
    put_time(w, "stoptime", job->stopped_ms);
    put_progress(w, job);
    put_number(w, "exit_code", job->exit_code, job->exit_code >= 0);
    put_number(w, "signal", job->signal, job->signal > 0);
    put_text(w, "reason", job->reason);
    json_name(w, "stop_requested");
    json_put_bool(w, job->wanted != WANT_RUN);
    put_number(w, "attempt", job->attempt, true);
    json_name(w, "timeout");
    if (job->timeout_ms)
        json_put_seconds(w, job->timeout_ms);
    else
        json_put_null(w);
    json_name(w, "limits");
    limits_put_json(&job->limits, w);
    put_text(w, "on_lost", job_on_lost_name(job->on_lost));
    put_retries(w, job->retries);
    put_text(w, "queue", job->queue[0] ? job->queue : NULL);
    put_number(w, "slots", job->slots, true);
    put_number(w, "priority", job->priority, true);
    put_waiting(w, job);
    json_name(w, "after");
    if (job->after)
        job_put_after(job->after, job->after_count, w);
    else
        json_put_null(w);
    json_name(w, "notify");
    notify_put_json(job->notify, w);
    put_text(w, "schedule", job->schedule[0] ? job->schedule : NULL);
    put_time(w, "scheduled", job->scheduled_ms);
    put_number(w, "log_size", job->log_size, true);
    put_number(w, "response_size", job->response_size, true);
    put_usage(w, &job->usage);
    json_end(w, '}');
}

const char *const job_columns[] = {
    "id",      "worker",   "version",        "name",     "status",  "parameters", "pid",
    "host",    "created",  "starttime",      "stoptime", "percent", "message",    "exit_code",
    "signal",  "reason",   "stop_requested", "attempt",  "timeout", "log_size",   "response_size",
    "paused",  "cpu_user", "cpu_system",     "max_rss",  "wall",    "queue",      "priority",
    "waiting", "schedule", "scheduled",      NULL,
};

static void csv_time(struct csv_writer *w, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    if (time_ms)
        text_from_time(time_ms, text);
    csv_text(w, time_ms ? text : NULL);
}

static void csv_number(struct csv_writer *w, int64_t number, bool present)
{
    if (present)
        csv_int(w, number);
    else
        csv_text(w, NULL);
}

/* As json_put_seconds() writes it. */
static void csv_seconds(struct csv_writer *w, bool present, int64_t ms)
{
    struct buf text = {0};
    struct json_writer number = {.out = &text};

    if (present)
        json_put_seconds(&number, ms);
    csv_text(w, present ? buf_text(&text) : NULL);
    buf_clear(&text);
}

void job_put_csv(const struct job *job, struct buf *out)
{
    struct csv_writer w = {.out = out};

    csv_text(&w, job->id);
    csv_text(&w, job->worker);
    csv_number(&w, job->version, job->version > 0);
    csv_text(&w, job->name);
    csv_text(&w, job_state_name(job->state));
    csv_text(&w, job->parameters);
    csv_number(&w, job->pid, job->pid > 0);
    csv_text(&w, job->host[0] ? job->host : NULL);
    csv_time(&w, job->created_ms);
    csv_time(&w, job->started_ms);
    csv_time(&w, job->stopped_ms);
    csv_number(&w, job->percent, job->percent >= 0);
    csv_text(&w, job->progress);
    csv_number(&w, job->exit_code, job->exit_code >= 0);
    csv_number(&w, job->signal, job->signal > 0);
    csv_text(&w, job->reason);
    csv_text(&w, job->wanted != WANT_RUN ? "true" : "false");
    csv_int(&w, job->attempt);
    csv_seconds(&w, job->timeout_ms > 0, job->timeout_ms);
    csv_int(&w, job->log_size);
    csv_int(&w, job->response_size);
    csv_text(&w, job->paused ? "true" : "false");
    csv_seconds(&w, job->usage.known, job->usage.cpu_user_ms);
    csv_seconds(&w, job->usage.known, job->usage.cpu_system_ms);
    csv_number(&w, job->usage.max_rss_kib * 1024, job->usage.known);
    csv_seconds(&w, job->usage.known && job->usage.wall_ms >= 0, job->usage.wall_ms);
    csv_text(&w, job->queue[0] ? job->queue : NULL);
    csv_int(&w, job->priority);
    csv_text(&w, waiting_name(job->waiting));
    csv_text(&w, job->schedule[0] ? job->schedule : NULL);
    csv_time(&w, job->scheduled_ms);
    csv_end_row(&w);
}
