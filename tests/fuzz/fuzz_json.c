/* JSON: what was read and printed reads as the same, and prints as the same; two ways to look for equal items agree. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "job/unique.h"

static void check_unique(const struct json *array)
{
    size_t first = 0, second = 0, i = 0, j;
    int found = unique_find(array, &first, &second);

    MUST(found >= 0);
    if (json_count(array) > 64)
        return;
    for (const struct json *a = json_first(array); a; a = json_next(a), i++) {
        j = i + 1;
        for (const struct json *b = json_next(a); b; b = json_next(b), j++) {
            if (!json_equal(a, b))
                continue;
            MUST(found && first == i && second == j);
            return;
        }
    }
    MUST(!found);
}

/* Along the tree, whose depth json_parse() bounds. */
static void check_value(const struct json *value, int depth)
{
    MUST(depth <= JSON_DEPTH_MAX);
    MUST((json_type(value) == JSON_STRING) == (json_string(value) != NULL));
    if (json_string(value))
        MUST(text_is_utf8(json_string(value), strlen(json_string(value))));
    if (json_type(value) == JSON_ARRAY)
        check_unique(value);
    if (json_type(value) != JSON_ARRAY && json_type(value) != JSON_OBJECT)
        return;
    for (const struct json *i = json_first(value); i; i = json_next(i)) {
        if (json_type(value) == JSON_OBJECT)
            MUST(json_member(value, json_key(i)) == i);
        check_value(i, depth + 1);
    }
}

static void check_print(const struct json *value)
{
    struct buf once = {0}, twice = {0};
    struct json *again;

    json_print(value, &once);
    MUST(!once.failed);
    again = json_parse(once.data, once.size, NULL);
    MUST(again && json_equal(value, again) && json_equal(again, value));
    json_print(again, &twice);
    MUST(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    json_free(again);
    buf_clear(&once);
    buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct json *value = json_parse((const char *)data, size, &err);

    MUST(value || err.status == 400);
    if (value) {
        check_value(value, 0);
        check_print(value);
    }
    json_free(value);
    return 0;
}
