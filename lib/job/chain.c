/* Who may run after whom, without a look at any store. */
#include "job/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CHAIN_CONDITIONS] = {
    [CHAIN_DONE] = "done", [CHAIN_ERROR] = "error", [CHAIN_STOP] = "stop", [CHAIN_ENDED] = "ended"};

/* Which end satisfies what. */
static const bool satisfies[CHAIN_CONDITIONS][JOB_STATES] = {
    [CHAIN_DONE] = {[JOB_DONE] = true},
    [CHAIN_ERROR] = {[JOB_ERROR] = true},
    [CHAIN_STOP] = {[JOB_STOP] = true},
    [CHAIN_ENDED] = {[JOB_DONE] = true, [JOB_ERROR] = true, [JOB_STOP] = true},
};

const char *chain_condition_name(enum chain_condition condition)
{
    return names[condition];
}

enum chain_condition chain_condition_from_name(const char *name)
{
    for (enum chain_condition c = CHAIN_DONE; c < CHAIN_CONDITIONS; c++) {
        if (strcmp(names[c], name) == 0)
            return c;
    }
    return 0;
}

enum chain_verdict chain_judge(const struct after *after, size_t count, const struct after **culprit)
{
    enum chain_verdict verdict = CHAIN_GO;

    for (size_t i = 0; i < count; i++) {
        if (!after[i].outcome) {
            verdict = CHAIN_WAIT;
        } else if (!satisfies[after[i].awaits][after[i].outcome]) {
            *culprit = &after[i];
            return CHAIN_CANCEL;
        }
    }
    return verdict;
}

static int read_one(const struct json *item, const char *code, struct after *out, struct error *err)
{
    const struct json *on = json_member(item, "on");
    const char *job = json_string(json_type(item) == JSON_OBJECT ? json_member(item, "job") : item);

    *out = (struct after){.awaits = CHAIN_DONE};
    if (!job || !*job || strlen(job) >= sizeof out->name)
        return error_set(err, 422, code,
                         "`after` must be a list of jobs: \"ID\", or {\"job\": \"ID\", \"on\": \"ended\"}");
    snprintf(out->name, sizeof out->name, "%s", job);
    if (on && (!json_string(on) || !(out->awaits = chain_condition_from_name(json_string(on)))))
        return error_set(err, 422, code, "`on` must be \"done\", \"error\", \"stop\" or \"ended\"");
    for (const struct json *m = json_type(item) == JSON_OBJECT ? json_first(item) : NULL; m; m = json_next(m)) {
        if (strcmp(json_key(m), "job") != 0 && strcmp(json_key(m), "on") != 0)
            return error_set(err, 422, code, "`after` has no member `%.60s`", json_key(m));
    }
    return 0;
}

static int read_all(const struct json *list, const char *code, struct after *out, size_t *count, struct error *err)
{
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        if (read_one(item, code, &out[*count], err) < 0)
            return -1;
        for (size_t i = 0; i < *count; i++) {
            if (strcmp(out[i].name, out[*count].name) == 0)
                return error_set(err, 422, code, "`after` names %s twice", out[i].name);
        }
        ++*count;
    }
    return 0;
}

int chain_read_json(const struct json *list, const char *code, struct after **out, size_t *count, struct error *err)
{
    *out = NULL;
    *count = 0;
    if (json_type(list) != JSON_ARRAY || json_count(list) > CHAIN_AFTER_MAX)
        return error_set(err, 422, code, "`after` must be a list of at most %d jobs", CHAIN_AFTER_MAX);
    if (json_count(list) == 0)
        return 0;
    *out = calloc(json_count(list), sizeof **out);
    if (!*out)
        return error_set(err, 500, "internal", "the server ran out of memory");
    if (read_all(list, code, *out, count, err) == 0)
        return 0;
    free(*out);
    *out = NULL;
    *count = 0;
    return -1;
}

/* Does one of those that are left over come before this one? */
static bool is_held_up(const bool *gone, const struct after *after, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (after[i].number && !gone[after[i].number - 1])
            return true;
    }
    return false;
}

/* Takes away whoever is held up by nobody, until that helps no more. */
long chain_find_cycle(const struct after *const *after, const size_t *after_count, size_t count)
{
    bool *gone = calloc(count + 1, sizeof *gone), moved = true;
    long left = -1;

    if (!gone)
        return 0; /* refused rather than never run */
    while (moved) {
        moved = false;
        left = -1;
        for (size_t i = 0; i < count; i++) {
            if (gone[i])
                continue;
            gone[i] = !is_held_up(gone, after[i], after_count[i]);
            moved = moved || gone[i];
            left = gone[i] ? left : (long)i;
        }
    }
    free(gone);
    return left;
}
