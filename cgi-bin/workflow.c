/* From a list of jobs that name one another to jobs with ids. */
#include "workflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "job/reference.h"
#include "job_body.h"
#include "once.h"

void workflow_clear(struct workflow *w)
{
    for (size_t i = 0; w->jobs && i < w->count; i++)
        job_clear(&w->jobs[i]);
    free(w->jobs);
    free(w->start);
    free(w->once);
    *w = (struct workflow){0};
}

/* Names of the jobs in the list, NULL where one has none; they are borrowed from its text. */
struct names {
    const char *of[WORKFLOW_MAX];
    const struct workflow *workflow;
};

static long find(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->workflow->count; i++) {
        if (names->of[i] && strcmp(names->of[i], name) == 0)
            return (long)i;
    }
    return -1;
}

static int read_name(const struct json *given, size_t at, struct names *names, struct error *err)
{
    const char *name = json_string(given);
    long same;

    names->of[at] = NULL;
    if (!given)
        return 0;
    if (!name || !text_is_name(name) || ulid_is(name))
        return error_set(err, 422, "job_invalid",
                         "`ref` must be a name of 1 to 64 letters, digits, _ and -, and no id");
    same = find(names, name);
    if (same >= 0)
        return error_set(err, 422, "job_invalid", "two jobs of the list have the `ref` %s", name);
    names->of[at] = name;
    return 0;
}

/* Which of them is it? */
static int at_place(struct error *err, size_t at)
{
    char message[sizeof err->message];

    memcpy(message, err->message, sizeof message);
    snprintf(err->message, sizeof err->message, "job %zu of the list: %.150s", at + 1, message);
    return -1;
}

static void make_id(const struct context *ctx, struct job *job)
{
    unsigned char random[10];

    secret_random(random, sizeof random);
    ulid_make(ctx->engine->now_ms, random, job->id);
}

static int read_jobs(const struct json *list, const struct context *ctx, const struct store *db, struct workflow *w,
                     struct names *names, struct response *res, struct error *err)
{
    size_t i = 0;

    for (const struct json *item = json_first(list); item; item = json_next(item), i++) {
        if (job_body_read_listed(item, ctx, db, &w->jobs[i], &w->start[i], res, err) < 0 ||
            read_name(json_member(item, "ref"), i, names, err) < 0)
            return at_place(err, i);
        make_id(ctx, &w->jobs[i]);
    }
    return 0;
}

/* Their places in the list, and that those elsewhere are there. */
static int find_all(const struct context *ctx, const struct store *db, struct workflow *w, const struct names *names,
                    struct error *err)
{
    for (size_t i = 0; i < w->count; i++) {
        for (size_t k = 0; k < w->jobs[i].after_count; k++) {
            struct after *after = &w->jobs[i].after[k];

            after->number = find(names, after->name) + 1;
            if (!after->number && job_body_find_after(ctx, db, after, err) < 0)
                return at_place(err, i);
        }
    }
    return 0;
}

static int check_cycles(const struct workflow *w, struct error *err)
{
    const struct after *after[WORKFLOW_MAX];
    size_t counts[WORKFLOW_MAX];
    long found;

    for (size_t i = 0; i < w->count; i++) {
        after[i] = w->jobs[i].after;
        counts[i] = w->jobs[i].after_count;
    }
    found = chain_find_cycle(after, counts, w->count);
    return found < 0 ? 0 : error_set(err, 422, "chain_cycle", "job %ld of the list waits for itself", found + 1);
}

/* The id of who has that name in the list, or the name, which is an id then. */
static int get_id(const struct reference *r, struct buf *out, void *context, struct error *err)
{
    const struct names *names = context;
    long at = find(names, r->name);

    (void)err;
    buf_puts(out, at < 0 ? r->name : names->workflow->jobs[at].id);
    return 0;
}

static int rename_parameters(struct job *job, struct names *names, struct error *err)
{
    struct buf text = {0};
    struct json *value;
    int result;

    if (!job->after_count || !reference_may_be_in(job->parameters))
        return 0;
    value = json_parse(job->parameters, strlen(job->parameters), err);
    if (!value)
        return -1;
    result = reference_rename(value, "job_invalid", get_id, names, &text, err);
    json_free(value);
    if (result == 0) {
        free(job->parameters);
        job->parameters = buf_take(&text);
        result = job->parameters ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
    }
    buf_clear(&text);
    return result;
}

static int rename_all(struct workflow *w, struct names *names, struct error *err)
{
    for (size_t i = 0; i < w->count; i++) {
        struct job *job = &w->jobs[i];

        if (rename_parameters(job, names, err) < 0)
            return at_place(err, i);
        for (size_t k = 0; k < job->after_count; k++) {
            if (job->after[k].number)
                snprintf(job->after[k].name, sizeof job->after[k].name, "%s", w->jobs[job->after[k].number - 1].id);
        }
    }
    return 0;
}

int workflow_read(const struct json *list, const struct context *ctx, const struct store *db, struct workflow *out,
                  struct response *res, struct error *err)
{
    struct names names = {.workflow = out};

    *out = (struct workflow){0};
    if (json_count(list) < 1 || json_count(list) > WORKFLOW_MAX)
        return error_set(err, 422, "job_invalid", "a list of jobs has 1 to %d of them", WORKFLOW_MAX);
    out->count = json_count(list);
    out->jobs = calloc(out->count, sizeof *out->jobs);
    out->start = calloc(out->count, sizeof *out->start);
    if (!out->jobs || !out->start)
        return error_set(err, 500, "internal", "the server ran out of memory");
    if (read_jobs(list, ctx, db, out, &names, res, err) < 0 || find_all(ctx, db, out, &names, err) < 0 ||
        check_cycles(out, err) < 0)
        return -1;
    return rename_all(out, &names, err);
}

int workflow_set_once(struct workflow *w, const struct once *once, struct error *err)
{
    w->once = calloc(w->count, sizeof *w->once);
    if (!w->once)
        return error_set(err, 500, "internal", "the server ran out of memory");
    for (size_t i = 0; i < w->count; i++) {
        once_of_list(once, i, &w->once[i]);
        w->jobs[i].once = &w->once[i];
    }
    return 0;
}
