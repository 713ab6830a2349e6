/* When a job that has failed is tried again: numbers alone, so that a test can go through them. */
#include "job/retries.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { DELAY_MAX_S = 31536000, FACTOR_MAX = 100, THOUSAND = 1000 };

/* The numbers by name, in the order in which they are stored. */
static const struct {
    const char *name;
    size_t place; /* in struct retries */
    double low, high;
    int64_t scale; /* 1000: kept in thousandths */
    int64_t preset;
} numbers[] = {
    {"limit", offsetof(struct retries, limit), 0, RETRIES_LIMIT_MAX, 1, -1},
    {"delay", offsetof(struct retries, delay_ms), 0, DELAY_MAX_S, THOUSAND, 1000},
    {"factor", offsetof(struct retries, factor), 1, FACTOR_MAX, THOUSAND, 2000},
    {"max_delay", offsetof(struct retries, max_delay_ms), 0, DELAY_MAX_S, THOUSAND, 3600000},
    {"jitter", offsetof(struct retries, jitter), 0, 1, THOUSAND, 0},
};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

static int64_t *number_of(struct retries *retries, int i)
{
    return (int64_t *)(void *)((char *)retries + numbers[i].place);
}

static int64_t get_number(const struct retries *retries, int i)
{
    int64_t number;

    memcpy(&number, (const char *)retries + numbers[i].place, sizeof number);
    return number;
}

static int read_number(const struct json *value, int i, const char *code, struct retries *out, struct error *err)
{
    double number = json_number(value);

    if (json_type(value) != JSON_NUMBER || !(number >= numbers[i].low && number <= numbers[i].high) ||
        (numbers[i].scale == 1 && number != (double)(int64_t)number))
        return error_set(err, 422, code, "`%s` of `retries` must be a %snumber from %g to %g", numbers[i].name,
                         numbers[i].scale == 1 ? "whole " : "", numbers[i].low, numbers[i].high);
    *number_of(out, i) = (int64_t)(number * (double)numbers[i].scale + 0.5);
    return 0;
}

static int read_codes(const struct json *value, const char *code, struct retries *out, struct error *err)
{
    if (json_type(value) != JSON_ARRAY)
        return error_set(err, 422, code, "`on_exit` of `retries` must be a list of exit statuses");
    out->listed = true;
    for (const struct json *item = json_first(value); item; item = json_next(item)) {
        double status = json_number(item);

        if (json_type(item) != JSON_NUMBER || !(status >= 1 && status < RETRIES_CODES) || status != (double)(int)status)
            return error_set(err, 422, code, "`on_exit` of `retries` must hold whole numbers from 1 to 255");
        out->codes[(int)status] = true;
    }
    return 0;
}

static int read_member(const struct json *member, const char *code, struct retries *out, struct error *err)
{
    for (int i = 0; i < NUMBERS; i++) {
        if (strcmp(numbers[i].name, json_key(member)) == 0)
            return read_number(member, i, code, out, err);
    }
    if (strcmp(json_key(member), "on_exit") == 0)
        return read_codes(member, code, out, err);
    return error_set(err, 422, code, "`retries` has no member `%.60s`", json_key(member));
}

int retries_read_json(const struct json *object, const char *code, struct retries *out, struct error *err)
{
    *out = (struct retries){.no_retry = out->no_retry};
    if (json_type(object) != JSON_OBJECT)
        return error_set(err, 422, code, "`retries` must be an object such as {\"limit\": 3, \"delay\": 10}");
    for (int i = 0; i < NUMBERS; i++)
        *number_of(out, i) = numbers[i].preset;
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        if (read_member(m, code, out, err) < 0)
            return -1;
    }
    return out->limit >= 0 ? 0 : error_set(err, 422, code, "`retries` needs a `limit`");
}

void retries_to_text(const struct retries *retries, struct buf *out)
{
    for (int i = 0; i < NUMBERS; i++)
        buf_printf(out, "%lld ", (long long)get_number(retries, i));
    buf_printf(out, "%lld %d", (long long)retries->no_retry, retries->listed);
    for (int status = 1; status < RETRIES_CODES; status++) {
        if (retries->codes[status])
            buf_printf(out, " %d", status);
    }
}

/* The next number of a line; *text NULL: there is none. */
static int64_t next_number(const char **text)
{
    char *end;
    long long number;

    if (!*text)
        return 0;
    number = strtoll(*text, &end, 10);
    *text = end == *text ? NULL : end;
    return number;
}

int retries_from_text(const char *text, struct retries *out)
{
    *out = (struct retries){0};
    for (int i = 0; i < NUMBERS; i++)
        *number_of(out, i) = next_number(&text);
    out->no_retry = next_number(&text);
    out->listed = next_number(&text);
    while (text && *text) {
        int64_t status = next_number(&text);

        if (status < 1 || status >= RETRIES_CODES)
            return -1;
        out->codes[status] = true;
    }
    return text ? 0 : -1;
}

bool retries_go_on(const struct retries *retries, int64_t attempt, int exit_code)
{
    if (attempt > retries->limit || (exit_code > 0 && exit_code == retries->no_retry))
        return false;
    return !retries->listed || (exit_code > 0 && exit_code < RETRIES_CODES && retries->codes[exit_code]);
}

int64_t retries_delay_ms(const struct retries *retries, int64_t attempt, uint32_t chance)
{
    double delay = (double)retries->delay_ms, max = (double)retries->max_delay_ms;
    double spread = (double)retries->jitter / THOUSAND;

    for (int64_t n = 1; n < attempt && delay < max; n++)
        delay *= (double)retries->factor / THOUSAND;
    delay = delay < max ? delay : max;
    /* From 1 - spread to 1 + spread. */
    return (int64_t)(delay * (1 + spread * (2 * ((double)chance / UINT32_MAX) - 1)) + 0.5);
}

void retries_put_json(const struct retries *retries, struct json_writer *w)
{
    json_begin(w, '{');
    for (int i = 0; i < NUMBERS; i++) {
        json_name(w, numbers[i].name);
        if (numbers[i].scale == 1)
            json_put_int(w, get_number(retries, i));
        else
            json_put_seconds(w, get_number(retries, i));
    }
    if (retries->listed) {
        json_name(w, "on_exit");
        json_begin(w, '[');
        for (int status = 1; status < RETRIES_CODES; status++) {
            if (retries->codes[status])
                json_put_int(w, status);
        }
        json_end(w, ']');
    }
    json_name(w, "no_retry");
    if (retries->no_retry)
        json_put_int(w, retries->no_retry);
    else
        json_put_null(w);
    json_end(w, '}');
}
