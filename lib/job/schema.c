/* The check of a schema and the validation of parameters: two walks along the table of keywords. They recurse along the
 * schema, whose depth json_parse() bounds and schema_check() bounds further, and never along the parameters alone. */
#include "job/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "job/pattern.h"
#include "job/schema_keywords.h"

/* ---- places, and what is wrong at them ---- */

static void put_place(struct buf *out, const struct place *at)
{
    if (!at)
        return;
    put_place(out, at->up);
    if (at->name)
        buf_printf(out, "%s%s", at->up ? "." : "", *at->name ? at->name : "\"\"");
    else
        buf_printf(out, "[%zu]", at->index);
}

/* Copies a text into a fixed room, and does not end it inside a character. */
static void copy_text(char *to, size_t room, const char *text)
{
    size_t size = strlen(text);

    if (size >= room) {
        size = room - 1;
        while (size && ((unsigned char)text[size] & 0xC0) == 0x80)
            size--;
    }
    memcpy(to, text, size);
    to[size] = '\0';
}

static void copy_place(char *to, size_t room, const struct place *at, const char *whole)
{
    AUTO(buf) struct buf where = {0};

    put_place(&where, at);
    copy_text(to, room, at ? buf_text(&where) : whole);
}

bool schema_fault(struct validation *v, const struct place *at, const char *fmt, ...)
{
    struct schema_fault *f;
    char text[512];
    va_list ap;

    if (v->faults->count == SCHEMA_FAULTS_MAX) {
        v->faults->more = true;
        return false;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f = &v->faults->fault[v->faults->count++];
    copy_place(f->field, sizeof f->field, at, "parameters");
    copy_text(f->message, sizeof f->message, text);
    return false;
}

int schema_refuse(const struct place *at, struct error *err, const char *what)
{
    char where[128];

    copy_place(where, sizeof where, at, "the schema");
    return error_set(err, 422, "schema_invalid", "%s %s", where, what);
}

void schema_out_of_memory(struct validation *v)
{
    v->broken = true;
    error_set(v->err, 500, "internal", "the server is out of memory");
}

/* ---- the two walks ---- */

void schema_validate_value(struct validation *v, const struct place *at, const struct json *schema,
                           const struct json *value)
{
    if (v->faults->more || v->broken)
        return;
    if (json_type(schema) == JSON_BOOL && !json_is_true(schema)) {
        schema_fault(v, at, "is not a known parameter");
        return;
    }
    for (const struct keyword *k = schema_keywords; k->name; k++) {
        struct meeting m = {v, at, schema, json_member(schema, k->name), value};

        if (m.word && k->holds && (!k->of || k->of == json_type(value)) && !k->holds(&m))
            return;
    }
}

/* `at` is the place of the whole value. 0: right, or with faults; -1: memory ran out. */
static int validate(const struct place *at, const struct json *schema, const struct json *value,
                    struct schema_faults *faults, struct error *err)
{
    struct validation v = {.faults = faults, .err = err};
    struct compiled *c;

    memset(faults, 0, sizeof *faults);
    schema_validate_value(&v, at, schema, value);
    while ((c = v.patterns)) {
        v.patterns = c->next;
        pattern_free(c->pattern);
        free(c);
    }
    return v.broken ? -1 : 0;
}

/* A default that its own schema would refuse would turn every job without this parameter away, or worse, not. */
static int check_default(const struct place *at, const struct json *schema, struct error *err)
{
    const struct json *value = json_member(schema, "default");
    struct place here = {.up = at, .name = "default"};
    struct schema_faults faults;

    if (!value)
        return 0;
    if (validate(&here, schema, value, &faults, err) < 0)
        return -1;
    if (faults.count)
        return error_set(err, 422, "schema_invalid", "%s %.120s", faults.fault[0].field, faults.fault[0].message);
    return 0;
}

static int depth_of(const struct place *at)
{
    int depth = 0;

    for (; at; at = at->up)
        depth++;
    return depth;
}

int schema_check_any(const struct place *at, const struct json *schema, struct error *err)
{
    if (json_type(schema) == JSON_BOOL)
        return 0;
    if (json_type(schema) != JSON_OBJECT)
        return schema_refuse(at, err, "must be a schema: an object, true or false");
    if (depth_of(at) > SCHEMA_DEPTH_MAX)
        return schema_refuse(at, err, "is nested too deep");
    for (const struct keyword *k = schema_keywords; k->name; k++) {
        const struct json *word = json_member(schema, k->name);
        struct place here = {.up = at, .name = k->name};

        if (word && k->check && k->check(&here, word, err) < 0)
            return -1;
    }
    return check_default(at, schema, err);
}

static bool allows_objects(const struct json *schema)
{
    const struct json *type = json_member(schema, "type");

    if (!type)
        return true;
    for (const struct json *i = json_first(type); i; i = json_next(i))
        if (strcmp(json_string(i), "object") == 0)
            return true;
    return json_string(type) && strcmp(json_string(type), "object") == 0;
}

int schema_check(const struct json *schema, struct error *err)
{
    struct place type = {.name = "type"};

    if (json_type(schema) != JSON_OBJECT)
        return schema_refuse(NULL, err, "must be a JSON object");
    if (schema_check_any(NULL, schema, err) < 0)
        return -1;
    return allows_objects(schema) ? 0 : schema_refuse(&type, err, "must be \"object\": parameters are one");
}

int schema_validate(const struct json *schema, const struct json *value, struct schema_faults *out, struct error *err)
{
    const struct schema_fault *first = &out->fault[0];
    char more[40] = "";

    if (!schema) {
        memset(out, 0, sizeof *out);
        return 0;
    }
    if (validate(NULL, schema, value, out, err) < 0)
        return -1;
    if (!out->count)
        return 0;
    if (out->count > 1)
        snprintf(more, sizeof more, " (and %zu more)", out->count - 1);
    return error_set(err, 422, "parameters_invalid", "%s %.100s%s", first->field, first->message, more);
}

/* ---- defaults ---- */

static void fill(struct json_writer *w, const struct json *schema, const struct json *value)
{
    const struct json *properties = json_member(schema, "properties");

    if (!properties || json_type(value) != JSON_OBJECT) {
        json_print(value, w->out);
        w->comma = true;
        return;
    }
    json_begin(w, '{');
    for (const struct json *i = json_first(value); i; i = json_next(i)) {
        json_name(w, json_key(i));
        fill(w, json_member(properties, json_key(i)), i);
    }
    for (const struct json *p = json_first(properties); p; p = json_next(p)) {
        const struct json *absent = json_member(value, json_key(p)) ? NULL : json_member(p, "default");

        if (!absent)
            continue;
        json_name(w, json_key(p));
        fill(w, p, absent);
    }
    json_end(w, '}');
}

void schema_apply_defaults(const struct json *schema, const struct json *value, struct buf *out)
{
    struct json_writer w = {.out = out};
    struct json *nothing = value ? NULL : json_parse("{}", 2, NULL);

    if (value || nothing)
        fill(&w, schema, value ? value : nothing);
    else
        out->failed = true;
    json_free(nothing);
}
