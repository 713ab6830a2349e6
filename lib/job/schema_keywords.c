/* One table holds what is known of each keyword: how its own value must look, and how it judges a parameter. */
#include "job/schema_keywords.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "job/format.h"
#include "job/pattern.h"
#include "job/unique.h"

/* ---- type ---- */

static const struct type {
    const char *name, *phrase;
    enum json_type json;
    bool whole;
} types[] = {
    {"null", "null", JSON_NULL, false},
    {"boolean", "true or false", JSON_BOOL, false},
    {"integer", "a whole number", JSON_NUMBER, true},
    {"number", "a number", JSON_NUMBER, false},
    {"string", "a string", JSON_STRING, false},
    {"array", "a list", JSON_ARRAY, false},
    {"object", "an object", JSON_OBJECT, false},
};

static const struct type *find_type(const char *name)
{
    for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static bool is_whole(double number)
{
    return isfinite(number) && floor(number) == number;
}

static bool has_type(const struct json *value, const struct type *type)
{
    if (!type || json_type(value) != type->json)
        return false;
    return type->json != JSON_NUMBER || (type->whole ? is_whole(json_number(value)) : isfinite(json_number(value)));
}

static int check_type(const struct place *at, const struct json *word, struct error *err)
{
    static const char wrong[] = "must be null, boolean, integer, number, string, array or object, or a list of these";

    if (json_type(word) != JSON_ARRAY)
        return find_type(json_string(word)) ? 0 : schema_refuse(at, err, wrong);
    if (!json_first(word))
        return schema_refuse(at, err, wrong);
    for (const struct json *i = json_first(word); i; i = json_next(i))
        if (!find_type(json_string(i)))
            return schema_refuse(at, err, wrong);
    return 0;
}

static bool holds_type(const struct meeting *m)
{
    AUTO(buf) struct buf phrases = {0};
    const struct json *i = json_type(m->word) == JSON_ARRAY ? json_first(m->word) : m->word;

    for (; i; i = i == m->word ? NULL : json_next(i)) {
        const struct type *type = find_type(json_string(i));

        if (has_type(m->value, type))
            return true;
        buf_printf(&phrases, "%s%s", phrases.size ? " or " : "", type ? type->phrase : "nothing");
    }
    return schema_fault(m->v, m->at, "must be %s", buf_text(&phrases));
}

/* ---- enum and const ---- */

static int check_list(const struct place *at, const struct json *word, struct error *err)
{
    return json_type(word) == JSON_ARRAY && json_first(word) ? 0 : schema_refuse(at, err, "must be a list of values");
}

static bool holds_enum(const struct meeting *m)
{
    AUTO(buf) struct buf list = {0};

    for (const struct json *i = json_first(m->word); i; i = json_next(i))
        if (json_equal(i, m->value))
            return true;
    for (const struct json *i = json_first(m->word); i && list.size < 150; i = json_next(i)) {
        buf_puts(&list, list.size ? ", " : "");
        json_print(i, &list);
    }
    return schema_fault(m->v, m->at, "must be one of %s", buf_text(&list));
}

static bool holds_const(const struct meeting *m)
{
    AUTO(buf) struct buf text = {0};

    if (json_equal(m->word, m->value))
        return true;
    json_print(m->word, &text);
    return schema_fault(m->v, m->at, "must be %s", buf_text(&text));
}

/* ---- numbers ---- */

static int check_number(const struct place *at, const struct json *word, struct error *err)
{
    return has_type(word, find_type("number")) ? 0 : schema_refuse(at, err, "must be a number");
}

static bool holds_minimum(const struct meeting *m)
{
    double limit = json_number(m->word);

    return json_number(m->value) >= limit || schema_fault(m->v, m->at, "must be at least %.15g", limit);
}

static bool holds_maximum(const struct meeting *m)
{
    double limit = json_number(m->word);

    return json_number(m->value) <= limit || schema_fault(m->v, m->at, "must be at most %.15g", limit);
}

static bool holds_exclusive_minimum(const struct meeting *m)
{
    double limit = json_number(m->word);

    return json_number(m->value) > limit || schema_fault(m->v, m->at, "must be more than %.15g", limit);
}

static bool holds_exclusive_maximum(const struct meeting *m)
{
    double limit = json_number(m->word);

    return json_number(m->value) < limit || schema_fault(m->v, m->at, "must be less than %.15g", limit);
}

/* ---- strings ---- */

static int check_size(const struct place *at, const struct json *word, struct error *err)
{
    bool fits = json_type(word) == JSON_NUMBER && is_whole(json_number(word)) && json_number(word) >= 0;

    return fits ? 0 : schema_refuse(at, err, "must be a whole number, at least 0");
}

static int check_string(const struct place *at, const struct json *word, struct error *err)
{
    return json_string(word) ? 0 : schema_refuse(at, err, "must be a string");
}

static size_t count_characters(const char *utf8)
{
    size_t count = 0;

    for (; *utf8; utf8++)
        count += ((unsigned char)*utf8 & 0xC0) != 0x80;
    return count;
}

static bool holds_min_length(const struct meeting *m)
{
    double limit = json_number(m->word);

    if ((double)count_characters(json_string(m->value)) >= limit)
        return true;
    if (limit <= 1)
        return schema_fault(m->v, m->at, "must not be empty");
    return schema_fault(m->v, m->at, "must have at least %.15g characters", limit);
}

static bool holds_max_length(const struct meeting *m)
{
    double limit = json_number(m->word);

    return (double)count_characters(json_string(m->value)) <= limit ||
           schema_fault(m->v, m->at, "must have at most %.15g character%s", limit, limit <= 1 ? "" : "s");
}

static int check_pattern(const struct place *at, const struct json *word, struct error *err)
{
    struct error why = {0};
    struct pattern *pattern;

    if (check_string(at, word, err) < 0)
        return -1;
    pattern = pattern_new(json_string(word), &why);
    if (!pattern && why.status == 422)
        return schema_refuse(at, err, why.message);
    if (!pattern && err)
        *err = why;
    pattern_free(pattern);
    return pattern ? 0 : -1;
}

/* The compiled form of a `pattern`, made when it is first asked for. NULL: v is broken. */
static const struct pattern *pattern_of(struct validation *v, const struct json *word)
{
    struct compiled *c = v->patterns;

    while (c && c->word != word)
        c = c->next;
    if (c)
        return c->pattern;
    c = calloc(1, sizeof *c);
    if (!c || !(c->pattern = pattern_new(json_string(word), NULL))) {
        free(c);
        schema_out_of_memory(v);
        return NULL;
    }
    c->word = word;
    c->next = v->patterns;
    v->patterns = c;
    return c->pattern;
}

static bool holds_pattern(const struct meeting *m)
{
    const struct pattern *pattern = pattern_of(m->v, m->word);
    const char *text = json_string(m->value);

    if (!pattern || pattern_matches(pattern, text))
        return true;
    if (strlen(text) > pattern_text_max(pattern))
        return schema_fault(m->v, m->at, "is too long for its pattern: at most %zu bytes", pattern_text_max(pattern));
    return schema_fault(m->v, m->at, "must match the pattern %s", json_string(m->word));
}

static bool holds_format(const struct meeting *m)
{
    const char *format = json_string(m->word);

    return format_matches(format, json_string(m->value)) ||
           schema_fault(m->v, m->at, "must be %s", format_phrase(format));
}

/* ---- arrays ---- */

static bool holds_items(const struct meeting *m)
{
    struct place here = {.up = m->at};

    for (const struct json *i = json_first(m->value); i; i = json_next(i), here.index++)
        schema_validate_value(m->v, &here, m->word, i);
    return true;
}

static bool holds_min_items(const struct meeting *m)
{
    double limit = json_number(m->word);

    return (double)json_count(m->value) >= limit ||
           schema_fault(m->v, m->at, "must have at least %.15g item%s", limit, limit <= 1 ? "" : "s");
}

static bool holds_max_items(const struct meeting *m)
{
    double limit = json_number(m->word);

    return (double)json_count(m->value) <= limit ||
           schema_fault(m->v, m->at, "must have at most %.15g item%s", limit, limit <= 1 ? "" : "s");
}

static int check_bool(const struct place *at, const struct json *word, struct error *err)
{
    return json_type(word) == JSON_BOOL ? 0 : schema_refuse(at, err, "must be true or false");
}

static bool holds_unique_items(const struct meeting *m)
{
    size_t first = 0, second = 0;
    int found = json_is_true(m->word) ? unique_find(m->value, &first, &second) : 0;

    if (found < 0)
        schema_out_of_memory(m->v);
    return found <= 0 ||
           schema_fault(m->v, m->at, "must not repeat a value: items [%zu] and [%zu] are equal", first, second);
}

/* ---- objects ---- */

static int check_properties(const struct place *at, const struct json *word, struct error *err)
{
    if (json_type(word) != JSON_OBJECT)
        return schema_refuse(at, err, "must be an object: names and their schemas");
    for (const struct json *p = json_first(word); p; p = json_next(p)) {
        struct place here = {.up = at, .name = json_key(p)};

        if (schema_check_any(&here, p, err) < 0)
            return -1;
    }
    return 0;
}

/* Along the value's members, of which no two have one name (base/json.h). */
static bool holds_properties(const struct meeting *m)
{
    for (const struct json *i = json_first(m->value); i; i = json_next(i)) {
        const struct json *schema = json_member(m->word, json_key(i));
        struct place here = {.up = m->at, .name = json_key(i)};

        if (schema)
            schema_validate_value(m->v, &here, schema, i);
    }
    return true;
}

static bool holds_additional_properties(const struct meeting *m)
{
    const struct json *known = json_member(m->schema, "properties");

    for (const struct json *i = json_first(m->value); i; i = json_next(i)) {
        struct place here = {.up = m->at, .name = json_key(i)};

        if (!json_member(known, json_key(i)))
            schema_validate_value(m->v, &here, m->word, i);
    }
    return true;
}

static int check_names(const struct place *at, const struct json *word, struct error *err)
{
    if (json_type(word) != JSON_ARRAY)
        return schema_refuse(at, err, "must be a list of names");
    for (const struct json *i = json_first(word); i; i = json_next(i))
        if (!json_string(i))
            return schema_refuse(at, err, "must be a list of names");
    return 0;
}

static bool holds_required(const struct meeting *m)
{
    const struct json *properties = json_member(m->schema, "properties");

    for (const struct json *i = json_first(m->word); i; i = json_next(i)) {
        const char *name = json_string(i);
        struct place here = {.up = m->at, .name = name};

        if (name && !json_member(m->value, name) && !json_member(json_member(properties, name), "default"))
            schema_fault(m->v, &here, "is required");
    }
    return true;
}

/* ---- the table ---- */

const struct keyword schema_keywords[] = {
    {"type", 0, check_type, holds_type},
    {"enum", 0, check_list, holds_enum},
    {"const", 0, NULL, holds_const},
    {"minimum", JSON_NUMBER, check_number, holds_minimum},
    {"maximum", JSON_NUMBER, check_number, holds_maximum},
    {"exclusiveMinimum", JSON_NUMBER, check_number, holds_exclusive_minimum},
    {"exclusiveMaximum", JSON_NUMBER, check_number, holds_exclusive_maximum},
    {"minLength", JSON_STRING, check_size, holds_min_length},
    {"maxLength", JSON_STRING, check_size, holds_max_length},
    {"pattern", JSON_STRING, check_pattern, holds_pattern},
    {"format", JSON_STRING, check_string, holds_format},
    {"minItems", JSON_ARRAY, check_size, holds_min_items},
    {"maxItems", JSON_ARRAY, check_size, holds_max_items},
    {"uniqueItems", JSON_ARRAY, check_bool, holds_unique_items},
    {"items", JSON_ARRAY, schema_check_any, holds_items},
    {"required", JSON_OBJECT, check_names, holds_required},
    {"properties", JSON_OBJECT, check_properties, holds_properties},
    {"additionalProperties", JSON_OBJECT, schema_check_any, holds_additional_properties},
    {"title", 0, check_string, NULL},
    {"description", 0, check_string, NULL},
    {NULL, 0, NULL, NULL},
};
