/* A worker's options. */
#include "worker/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "job/notify.h"
#include "worker/targets.h"

enum { TIMEOUT_MAX_S = 31536000, ACTIVE_MAX = 1000000 };

static int refuse(struct error *err, const char *sentence)
{
    return error_set(err, 422, "worker_options", "the worker's options: %s", sentence);
}

static int read_timeout(const struct json *value, struct worker_options *out, struct error *err)
{
    double seconds = json_number(value);

    if (json_type(value) != JSON_NUMBER || !(seconds >= 0 && seconds <= TIMEOUT_MAX_S))
        return refuse(err, "`timeout` must be a number of seconds from 0 (none) to 31536000 (a year)");
    out->has_timeout = true;
    out->timeout_ms = (int64_t)(seconds * 1000 + 0.5);
    if (seconds > 0 && out->timeout_ms == 0) /* 0 is none */
        out->timeout_ms = 1;
    return 0;
}

static int read_limits(const struct json *value, struct worker_options *out, struct error *err)
{
    if (limits_read_json(value, "worker_options", &out->limits, err) < 0)
        return -1;
    for (enum limit l = 0; l < LIMITS; l++)
        out->has_limit[l] = json_member(value, limit_name(l)) != NULL;
    return 0;
}

static int read_detach(const struct json *value, struct worker_options *out, struct error *err)
{
    if (json_type(value) != JSON_BOOL)
        return refuse(err, "`detach` must be true or false");
    out->detach = json_is_true(value);
    return 0;
}

static int read_on_lost(const struct json *value, struct worker_options *out, struct error *err)
{
    if (!json_string(value) || job_on_lost_from_name(json_string(value), &out->on_lost) < 0)
        return refuse(err, "`on_lost` must be \"fail\" or \"requeue\"");
    return 0;
}

static int read_user(const struct json *value, struct worker_options *out, struct error *err)
{
    const char *user = json_string(value);

    if (!user || !text_is_name(user) || strlen(user) >= sizeof out->user)
        return refuse(err, "`user` must be the name of a user");
    strcpy(out->user, user);
    return 0;
}

static int read_queue(const struct json *value, struct worker_options *out, struct error *err)
{
    const char *queue = json_string(value);

    if (!queue || !text_is_name(queue))
        return refuse(err, "`queue` must be the name of a queue");
    snprintf(out->queue, sizeof out->queue, "%s", queue);
    return 0;
}

static int read_whole(const struct json *value, const char *name, int64_t min, int64_t max, int64_t *out,
                      struct error *err)
{
    double number = json_number(value);

    if (json_type(value) != JSON_NUMBER || !(number >= (double)min && number <= (double)max) ||
        number != (double)(int64_t)number)
        return error_set(err, 422, "worker_options",
                         "the worker's options: `%s` must be a whole number from %lld to %lld", name, (long long)min,
                         (long long)max);
    *out = (int64_t)number;
    return 0;
}

static int read_count(const struct json *value, const char *name, int64_t max, int64_t *out, struct error *err)
{
    return read_whole(value, name, 1, max, out, err);
}

static int read_slots(const struct json *value, struct worker_options *out, struct error *err)
{
    return read_count(value, "slots", JOB_SLOTS_MAX, &out->slots, err);
}

static int read_max_active(const struct json *value, struct worker_options *out, struct error *err)
{
    return read_count(value, "max_active", ACTIVE_MAX, &out->max_active, err);
}

static int read_retries(const struct json *value, struct worker_options *out, struct error *err)
{
    out->has_retries = true;
    return retries_read_json(value, "worker_options", &out->retries, err);
}

static int read_no_retry(const struct json *value, struct worker_options *out, struct error *err)
{
    return read_count(value, "no_retry", RETRIES_CODES - 1, &out->no_retry, err);
}

static int read_notify(const struct json *value, struct worker_options *out, struct error *err)
{
    AUTO(buf) struct buf text = {0};

    if (notify_read_json(value, "worker_options", &text, err) < 0)
        return -1;
    return targets_add(buf_text(&text), &out->notify, err);
}

static int read_keep_days(const struct json *value, struct worker_options *out, struct error *err)
{
    out->has_keep_days = true;
    return read_whole(value, "keep_days", 0, KEEP_DAYS_MAX, &out->keep_days, err);
}

static int read_keep_jobs(const struct json *value, struct worker_options *out, struct error *err)
{
    out->has_keep_jobs = true;
    return read_whole(value, "keep_jobs", 0, KEEP_JOBS_MAX, &out->keep_jobs, err);
}

/* `max_active` in a word that says what is meant. */
static int read_singleton(const struct json *value, struct worker_options *out, struct error *err)
{
    if (json_type(value) != JSON_BOOL)
        return refuse(err, "`singleton` must be true or false");
    if (json_is_true(value))
        out->max_active = 1;
    return 0;
}

static const struct {
    const char *name;
    int (*read)(const struct json *value, struct worker_options *out, struct error *err);
} members[] = {
    {"timeout", read_timeout},     {"limits", read_limits},
    {"detach", read_detach},       {"on_lost", read_on_lost},
    {"user", read_user},           {"queue", read_queue},
    {"slots", read_slots},         {"max_active", read_max_active},
    {"singleton", read_singleton}, {"retries", read_retries},
    {"no_retry", read_no_retry},   {"keep_days", read_keep_days},
    {"keep_jobs", read_keep_jobs}, {"notify", read_notify},
};

static int read_member(const struct json *member, struct worker_options *out, struct error *err)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(members[i].name, json_key(member)) == 0)
            return members[i].read(member, out, err);
    }
    return error_set(err, 422, "worker_options", "the worker's options: there is none called `%.60s`",
                     json_key(member));
}

void worker_options_clear(struct worker_options *options)
{
    free(options->notify);
    *options = (struct worker_options){0};
}

int worker_options_read(const struct json *object, struct worker_options *out, struct error *err)
{
    *out = (struct worker_options){0};
    if (json_type(object) != JSON_OBJECT)
        return refuse(err, "they must be an object such as {\"timeout\": 60}");
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        if (read_member(m, out, err) < 0)
            return -1;
    }
    return 0;
}

int worker_options_parse(const char *text, struct worker_options *out, struct error *err)
{
    struct json *object;
    int result;

    *out = (struct worker_options){0};
    if (!text)
        return 0;
    object = json_parse(text, strlen(text), err);
    if (!object)
        return -1;
    result = worker_options_read(object, out, err);
    json_free(object);
    return result;
}

struct worker_keeps worker_options_keeps(const struct worker_options *options, const struct settings *settings)
{
    return (struct worker_keeps){
        .days = options->has_keep_days ? options->keep_days : settings->keep_days,
        .jobs = options->has_keep_jobs ? options->keep_jobs : settings->keep_jobs,
    };
}

void worker_options_preset(const struct worker_options *options, const struct settings *settings, struct job *job)
{
    struct worker_keeps keeps = worker_options_keeps(options, settings);

    job->timeout_ms = options->has_timeout ? options->timeout_ms : settings->timeout_ms;
    if (settings->timeout_max_ms && (!job->timeout_ms || job->timeout_ms > settings->timeout_max_ms))
        job->timeout_ms = settings->timeout_max_ms;
    limits_from_settings(settings, &job->limits);
    for (enum limit l = 0; l < LIMITS; l++) {
        if (options->has_limit[l])
            job->limits.max[l] = options->limits.max[l];
    }
    limits_lower_to_ceiling(settings, &job->limits);
    job->on_lost = options->on_lost;
    memcpy(job->queue, options->queue, sizeof job->queue);
    job->slots = options->slots ? options->slots : 1;
    job->max_active = options->max_active;
    job->is_swept = keeps.days || keeps.jobs || settings->keep_jobs_all;
}
