/* The limits of a job, as one table. */
#include "job/limits.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    bool seconds; /* told in seconds, kept in milliseconds */
    int64_t low, high;
    size_t preset, ceiling; /* in struct settings */
} table[LIMITS] = {
#define FROM(member) \
    .preset = offsetof(struct settings, limit_##member), .ceiling = offsetof(struct settings, limit_##member##_max)
    [LIMIT_CPU] = {"cpu", true, 1, 31536000000, FROM(cpu)},
    [LIMIT_MEMORY] = {"memory", false, 1 << 20, INT64_C(1) << 50, FROM(memory)},
    [LIMIT_FILES] = {"files", false, 8, 1 << 20, FROM(files)},
    [LIMIT_PROCESSES] = {"processes", false, 1, 1 << 22, FROM(processes)},
    [LIMIT_FILE_SIZE] = {"file_size", false, 1, INT64_C(1) << 50, FROM(file_size)},
    [LIMIT_LOG] = {"log", false, 4096, INT64_C(1) << 40, FROM(log)},
#undef FROM
};

const char *limit_name(enum limit limit)
{
    return table[limit].name;
}

static enum limit find(const char *name)
{
    enum limit limit = 0;

    while (limit < LIMITS && strcmp(table[limit].name, name) != 0)
        limit++;
    return limit;
}

static int read_one(const struct json *value, enum limit limit, const char *code, int64_t *out, struct error *err)
{
    double scale = table[limit].seconds ? 1000 : 1, number = json_number(value) * scale;

    if (json_type(value) == JSON_NULL || (json_type(value) == JSON_NUMBER && number == 0)) {
        *out = 0;
        return 0;
    }
    if (json_type(value) != JSON_NUMBER || !(number >= (double)table[limit].low && number <= (double)table[limit].high))
        return error_set(err, 422, code, "the limit `%s` must be a number from %.16g to %.16g, or 0 for none",
                         table[limit].name, (double)table[limit].low / scale, (double)table[limit].high / scale);
    *out = (int64_t)number;
    return 0;
}

int limits_read_json(const struct json *object, const char *code, struct limits *out, struct error *err)
{
    if (!object || json_type(object) == JSON_NULL)
        return 0;
    if (json_type(object) != JSON_OBJECT)
        return error_set(err, 422, code, "`limits` must be an object such as {\"cpu\": 60}");
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        enum limit limit = find(json_key(m));

        if (limit == LIMITS)
            return error_set(err, 422, code, "there is no limit `%.60s`", json_key(m));
        if (read_one(m, limit, code, &out->max[limit], err) < 0)
            return -1;
    }
    return 0;
}

static int64_t setting(const struct settings *settings, size_t offset)
{
    int64_t value;

    memcpy(&value, (const char *)settings + offset, sizeof value);
    return value;
}

void limits_from_settings(const struct settings *settings, struct limits *out)
{
    for (enum limit l = 0; l < LIMITS; l++)
        out->max[l] = setting(settings, table[l].preset);
}

static bool is_above(int64_t max, int64_t ceiling)
{
    return ceiling && (max == 0 || max > ceiling);
}

void limits_lower_to_ceiling(const struct settings *settings, struct limits *limits)
{
    for (enum limit l = 0; l < LIMITS; l++) {
        int64_t ceiling = setting(settings, table[l].ceiling);

        if (is_above(limits->max[l], ceiling))
            limits->max[l] = ceiling;
    }
}

enum limit limits_above_ceiling(const struct settings *settings, const struct limits *limits)
{
    enum limit l = 0;

    while (l < LIMITS && !is_above(limits->max[l], setting(settings, table[l].ceiling)))
        l++;
    return l;
}

void limits_put_json(const struct limits *limits, struct json_writer *w)
{
    bool any = false;

    for (enum limit l = 0; l < LIMITS; l++)
        any = any || limits->max[l];
    if (!any) {
        json_put_null(w);
        return;
    }
    json_begin(w, '{');
    for (enum limit l = 0; l < LIMITS; l++) {
        if (!limits->max[l])
            continue;
        json_name(w, table[l].name);
        if (table[l].seconds)
            json_put_seconds(w, limits->max[l]);
        else
            json_put_int(w, limits->max[l]);
    }
    json_end(w, '}');
}
