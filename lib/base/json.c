/* Reading JSON. cJSON does the work; this is the one file that knows it. The library is mapped at the first
 * parse: mapping it at the start would cost every request, also the many that read no JSON. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
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
} cjson; /* filled once and never changed: the only state of this file */

static int load_cjson(struct error *err)
{
    void *library;

    if (cjson.parse)
        return 0;
    library = dlopen("libcjson.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        log_line("cJSON cannot be loaded: %s", dlerror());
        return error_set(err, 500, "internal", "the server cannot read JSON: its error log says why");
    }
    *(void **)&cjson.delete = dlsym(library, "cJSON_Delete");
    if (cjson.delete)
        *(void **)&cjson.parse = dlsym(library, "cJSON_ParseWithLengthOpts");
    if (cjson.parse)
        return 0;
    log_line("cJSON lacks a function that is needed (version 1.7.13 or later is)");
    return error_set(err, 500, "internal", "the server cannot read JSON: its error log says why");
}

static int malformed(struct error *err, const char *what, size_t at)
{
    return error_set(err, 400, "json_malformed", "this is not JSON: %s at byte %zu", what, at);
}

static size_t digits(const char *from, const char *end)
{
    const char *at = from;

    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - from);
}

/* Length of the number at `from`, by the grammar of RFC 8259, section 6; 0: it is none. *whole: digits alone. */
static size_t number_size(const char *from, const char *end, bool *whole)
{
    const char *at = from + (*from == '-');
    size_t n = digits(at, end);

    if (n == 0 || (n > 1 && *at == '0'))
        return 0;
    at += n;
    *whole = true;
    if (at < end && *at == '.') {
        *whole = false;
        n = digits(at + 1, end);
        if (n == 0)
            return 0;
        at += 1 + n;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        *whole = false;
        at++;
        at += at < end && (*at == '+' || *at == '-');
        n = digits(at, end);
        if (n == 0)
            return 0;
        at += n;
    }
    return (size_t)(at - from);
}

/* What cJSON lets pass is looked for before it sees the text: it recurses up to 1000 deep, cuts a string short at an
 * escaped NUL without a word, and takes `01`, `1.` and control characters. */
struct scan {
    bool in_string;
    int depth;
    bool long_numbers; /* a whole number has more digits than a double surely keeps */
};

enum { DOUBLE_DIGITS = 15 };

static int scan_string(struct scan *s, const char *text, size_t size, size_t *i, struct error *err)
{
    if ((unsigned char)text[*i] < 0x20)
        return malformed(err, "a control character in a text", *i);
    if (text[*i] == '"')
        s->in_string = false;
    if (text[*i] != '\\')
        return 0;
    if (size - *i >= 6 && memcmp(text + *i, "\\u0000", 6) == 0)
        return malformed(err, "an escaped NUL (\\u0000)", *i);
    ++*i;
    return 0;
}

static int scan_outside(struct scan *s, const char *text, size_t size, size_t *i, struct error *err)
{
    bool whole = false;
    size_t length;

    if (text[*i] == '"') {
        s->in_string = true;
    } else if (text[*i] == '[' || text[*i] == '{') {
        if (++s->depth > JSON_DEPTH_MAX)
            return error_set(err, 400, "json_malformed", "the JSON is nested deeper than %d", JSON_DEPTH_MAX);
    } else if (text[*i] == ']' || text[*i] == '}') {
        s->depth--;
    } else if (text[*i] == '-' || (text[*i] >= '0' && text[*i] <= '9')) {
        length = number_size(text + *i, text + size, &whole);
        if (length == 0)
            return malformed(err, "no number", *i);
        s->long_numbers = s->long_numbers || (whole && length > DOUBLE_DIGITS);
        *i += length - 1;
    } else if ((unsigned char)text[*i] < 0x20 && !strchr("\t\r\n", text[*i])) {
        return malformed(err, "a control character", *i);
    }
    return 0;
}

static int check_text(const char *text, size_t size, struct scan *s, struct error *err)
{
    if (memchr(text, '\0', size))
        return error_set(err, 400, "json_malformed", "the JSON contains a NUL byte");
    if (!text_is_utf8(text, size))
        return error_set(err, 400, "json_malformed", "the JSON is not valid UTF-8");
    for (size_t i = 0; i < size; i++) {
        if ((s->in_string ? scan_string : scan_outside)(s, text, size, &i, err) < 0)
            return -1;
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which of two members of one name counts is up to each program (RFC 8259, section 4): nobody may see another than we. */
static int check_names(const cJSON *object, struct error *err)
{
    size_t count = 0;
    const char **names;
    int result = 0;

    for (const cJSON *c = object->child; c; c = c->next)
        count++;
    if (count < 2)
        return 0;
    names = malloc(count * sizeof *names);
    if (!names)
        return error_set(err, 500, "internal", "the server ran out of memory");
    count = 0;
    for (const cJSON *c = object->child; c; c = c->next)
        names[count++] = c->string;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; result == 0 && i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            result = error_set(err, 400, "json_malformed", "the JSON has two members `%.60s` in one object", names[i]);
    }
    free(names);
    return result;
}

/* A place in the text that goes along with a walk over the tree; at NULL: nobody needs it. */
struct place {
    const char *at, *end;
};

/* Goes to the next number, which is there, and tells its length. */
static size_t next_number(struct place *p)
{
    bool in_string = false, whole;

    for (;; p->at++) {
        if (in_string && *p->at == '\\')
            p->at++;
        else if (*p->at == '"')
            in_string = !in_string;
        else if (!in_string && (*p->at == '-' || digits(p->at, p->end) > 0))
            return number_size(p->at, p->end, &whole);
    }
}

/* A whole number of many digits keeps them as text beside the double (in the member that strings use, which cJSON
 * frees): ids of other systems have 64 bits, and a changed id is another one. */
static int keep_digits(cJSON *number, struct place *p, struct error *err)
{
    size_t length = next_number(p);
    const char *from = p->at;

    p->at += length;
    if (length <= DOUBLE_DIGITS || digits(from + 1, from + length) < length - 1)
        return 0;
    number->valuestring = strndup(from, length);
    return number->valuestring ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

/* Looks over what cJSON made, in the order of the text. */
static int settle(cJSON *value, struct place *p, struct error *err)
{
    int type = value->type & 0xff;

    if (type == cJSON_Number) {
        if (value->valuedouble - value->valuedouble != 0) /* infinite */
            return error_set(err, 400, "json_malformed", "the JSON has a number that is too large");
        return p->at ? keep_digits(value, p, err) : 0;
    }
    if (type == cJSON_Object && check_names(value, err) < 0)
        return -1;
    if (type != cJSON_Object && type != cJSON_Array)
        return 0;
    for (cJSON *c = value->child; c; c = c->next) {
        if (settle(c, p, err) < 0)
            return -1;
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
    struct scan scan = {0};
    const char *end = text;
    struct place place;
    cJSON *root;

    if (check_text(text, size, &scan, err) < 0 || load_cjson(err) < 0)
        return NULL;
    root = size ? cjson.parse(text, size, &end, 0) : NULL;
    if (!root) {
        malformed(err, "something is wrong", end ? (size_t)(end - text) : 0);
        return NULL;
    }
    place = (struct place){scan.long_numbers ? text : NULL, text + size};
    if (!only_space(end, text + size)) {
        error_set(err, 400, "json_malformed", "something follows the JSON at byte %zu", (size_t)(end - text));
        goto delete_root;
    }
    if (settle(root, &place, err) == 0)
        return (struct json *)(void *)root;
delete_root:
    cjson.delete(root);
    return NULL;
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

static bool numbers_equal(const cJSON *a, const cJSON *b)
{
    if (a->valuestring && b->valuestring)
        return strcmp(a->valuestring, b->valuestring) == 0;
    return !(a->valuedouble < b->valuedouble) && !(a->valuedouble > b->valuedouble);
}

static bool members_equal(const struct json *a, const struct json *b)
{
    if (json_count(a) != json_count(b))
        return false;
    for (const struct json *m = json_first(a); m; m = json_next(m)) {
        const struct json *other = json_member(b, json_key(m));

        if (!other || !json_equal(m, other))
            return false;
    }
    return true;
}

static bool items_equal(const struct json *a, const struct json *b)
{
    a = json_first(a);
    b = json_first(b);
    for (; a && b; a = json_next(a), b = json_next(b)) {
        if (!json_equal(a, b))
            return false;
    }
    return a == b;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (json_type(a) != json_type(b))
        return false;
    switch (json_type(a)) {
    case JSON_BOOL:
        return json_is_true(a) == json_is_true(b);
    case JSON_NUMBER:
        return numbers_equal(node(a), node(b));
    case JSON_STRING:
        return strcmp(json_string(a), json_string(b)) == 0;
    case JSON_ARRAY:
        return items_equal(a, b);
    case JSON_OBJECT:
        return members_equal(a, b);
    default:
        return true;
    }
}

/* As few digits as read as the same double. cJSON's own printing is content with one that is nearly the same. */
static void put_number(struct json_writer *w, const cJSON *n)
{
    char text[32];

    if (n->valuestring) {
        json_put_raw(w, n->valuestring);
        return;
    }
    for (int precision = DOUBLE_DIGITS; precision <= 17; precision++) {
        double again;

        snprintf(text, sizeof text, "%.*g", precision, n->valuedouble);
        again = strtod(text, NULL);
        if (!(again < n->valuedouble) && !(again > n->valuedouble))
            break;
    }
    json_put_raw(w, text);
}

static void put_value(struct json_writer *w, const struct json *value)
{
    enum json_type type = json_type(value);

    switch (type) {
    case JSON_BOOL:
        json_put_bool(w, json_is_true(value));
        return;
    case JSON_NUMBER:
        put_number(w, node(value));
        return;
    case JSON_STRING:
        json_put_string(w, json_string(value));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        json_begin(w, type == JSON_ARRAY ? '[' : '{');
        for (const struct json *c = json_first(value); c; c = json_next(c)) {
            if (type == JSON_OBJECT)
                json_name(w, json_key(c));
            put_value(w, c);
        }
        json_end(w, type == JSON_ARRAY ? ']' : '}');
        return;
    default:
        json_put_null(w);
    }
}

void json_print(const struct json *value, struct buf *out)
{
    struct json_writer w = {.out = out};

    put_value(&w, value);
}
