/* Reading JSON. cJSON does the work; this is the one file that knows it. The library is mapped at the first
 * parse: mapping it at the start would cost every request, also the many that read no JSON. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <string.h>

#include "base/text.h"

/* struct json is a cJSON by another name, so that no other file needs cJSON's header. */
static const cJSON *node(const struct json *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct json *value_of(const cJSON *item)
{
    return (const struct json *)(const void *)item;
}

static struct {
    __typeof__(cJSON_ParseWithLengthOpts) *parse;
    __typeof__(cJSON_Delete) *delete;
    __typeof__(cJSON_PrintUnformatted) *print;
    __typeof__(cJSON_free) *free;
    __typeof__(cJSON_Compare) *compare;
} cjson; /* filled once and never changed: the only state of this file */

static int load_cjson(struct error *err)
{
    void *library;

    if (cjson.free)
        return 0;
    library = dlopen("libcjson.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        log_line("cJSON cannot be loaded: %s", dlerror());
        return error_set(err, 500, "internal", "the server cannot read JSON: its error log says why");
    }
    *(void **)&cjson.parse = dlsym(library, "cJSON_ParseWithLengthOpts");
    *(void **)&cjson.delete = dlsym(library, "cJSON_Delete");
    *(void **)&cjson.print = dlsym(library, "cJSON_PrintUnformatted");
    *(void **)&cjson.compare = dlsym(library, "cJSON_Compare");
    if (!cjson.parse || !cjson.delete || !cjson.print || !cjson.compare) {
        log_line("cJSON lacks a function that is needed (version 1.7.13 or later is)");
        return error_set(err, 500, "internal", "the server cannot read JSON: its error log says why");
    }
    *(void **)&cjson.free = dlsym(library, "cJSON_free");
    return 0;
}

/* Depth and NULs are looked for before cJSON sees the text: it recurses up to 1000 deep, and it cuts a string short at
 * an escaped NUL without a word. */
static int check_text(const char *text, size_t size, struct error *err)
{
    bool in_string = false;
    int depth = 0;

    if (memchr(text, '\0', size))
        return error_set(err, 400, "json_malformed", "the JSON contains a NUL byte");
    if (!text_is_utf8(text, size))
        return error_set(err, 400, "json_malformed", "the JSON is not valid UTF-8");
    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\') {
            if (size - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
                return error_set(err, 400, "json_malformed", "the JSON contains an escaped NUL (\\u0000)");
            i++;
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (text[i] == '[' || text[i] == '{')) {
            if (++depth > JSON_DEPTH_MAX)
                return error_set(err, 400, "json_malformed", "the JSON is nested deeper than %d", JSON_DEPTH_MAX);
        } else if (!in_string && (text[i] == ']' || text[i] == '}')) {
            depth--;
        }
    }
    return 0;
}

static bool only_space(const char *from, const char *end)
{
    while (from < end && strchr(" \t\r\n", *from))
        from++;
    return from == end;
}

bool json_is_there(void)
{
    return true;
}

struct json *json_parse(const char *text, size_t size, struct error *err)
{
    const char *end = text;
    cJSON *root;

    if (check_text(text, size, err) < 0 || load_cjson(err) < 0)
        return NULL;
    root = size ? cjson.parse(text, size, &end, 0) : NULL;
    if (!root) {
        error_set(err, 400, "json_malformed", "this is not JSON: something is wrong at byte %zu",
                  end ? (size_t)(end - text) : 0);
        return NULL;
    }
    if (!only_space(end, text + size)) {
        cjson.delete(root);
        error_set(err, 400, "json_malformed", "something follows the JSON at byte %zu", (size_t)(end - text));
        return NULL;
    }
    return (struct json *)(void *)root;
}

void json_free(struct json *value)
{
    if (value)
        cjson.delete((cJSON *)(void *)value);
}

enum json_type json_type(const struct json *value)
{
    switch (node(value)->type & 0xff) {
    case cJSON_True:
    case cJSON_False:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_BOOL] = "boolean", [JSON_NUMBER] = "number",
        [JSON_STRING] = "string", [JSON_ARRAY] = "array",  [JSON_OBJECT] = "object",
    };

    return names[type];
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (!object || json_type(object) != JSON_OBJECT)
        return NULL;
    for (const cJSON *c = node(object)->child; c; c = c->next) {
        if (strcmp(c->string, name) == 0)
            return value_of(c);
    }
    return NULL;
}

const struct json *json_first(const struct json *container)
{
    return container ? value_of(node(container)->child) : NULL;
}

const struct json *json_next(const struct json *item)
{
    return value_of(node(item)->next);
}

const char *json_key(const struct json *member)
{
    return node(member)->string;
}

size_t json_count(const struct json *container)
{
    size_t count = 0;

    for (const struct json *i = json_first(container); i; i = json_next(i))
        count++;
    return count;
}

const char *json_string(const struct json *value)
{
    return value && json_type(value) == JSON_STRING ? node(value)->valuestring : NULL;
}

double json_number(const struct json *value)
{
    return value && json_type(value) == JSON_NUMBER ? node(value)->valuedouble : 0;
}

bool json_is_true(const struct json *value)
{
    return value && (node(value)->type & 0xff) == cJSON_True;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return cjson.compare(node(a), node(b), 1);
}

void json_print(const struct json *value, struct buf *out)
{
    char *text = cjson.print(node(value));

    if (text)
        buf_puts(out, text);
    else
        out->failed = true;
    cjson.free(text);
}
