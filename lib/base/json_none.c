/* In place of json.c in the program that is linked statically: a static program cannot load cJSON when it needs it, so it
 * hands each request that needs it to its dynamic twin (router.c), and nothing here is ever called with a value. */
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"

bool json_is_there(void)
{
    return false;
}

struct json *json_parse(const char *text, size_t size, struct error *err)
{
    (void)text, (void)size;
    error_set(err, 500, "internal", "this program reads no JSON");
    return NULL;
}

void json_free(struct json *value)
{
    assert(!value);
    (void)value;
}

static _Noreturn void impossible(void)
{
    assert(!"a JSON value in a program that reads none");
    abort();
}

enum json_type json_type(const struct json *value)
{
    (void)value;
    impossible();
}

const char *json_type_name(enum json_type type)
{
    (void)type;
    impossible();
}

const struct json *json_member(const struct json *object, const char *name)
{
    (void)object, (void)name;
    return NULL;
}

const struct json *json_first(const struct json *container)
{
    (void)container;
    return NULL;
}

const struct json *json_next(const struct json *item)
{
    (void)item;
    impossible();
}

const char *json_key(const struct json *member)
{
    (void)member;
    impossible();
}

size_t json_count(const struct json *container)
{
    (void)container;
    return 0;
}

const char *json_string(const struct json *value)
{
    (void)value;
    return NULL;
}

double json_number(const struct json *value)
{
    (void)value;
    return 0;
}

bool json_is_true(const struct json *value)
{
    (void)value;
    return false;
}

bool json_equal(const struct json *a, const struct json *b)
{
    (void)a, (void)b;
    impossible();
}

void json_print(const struct json *value, struct buf *out)
{
    (void)value, (void)out;
    impossible();
}
