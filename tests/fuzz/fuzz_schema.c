/* The schema of parameters: the first line of the input is a schema, the rest an instance. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "job/schema.h"

static void check_faults(int result, const struct schema_faults *faults, const struct error *err)
{
    MUST((result == 0) == (faults->count == 0));
    MUST(result == 0 || (err->status == 422 && text_is_utf8(err->message, strlen(err->message))));
    MUST(faults->count <= SCHEMA_FAULTS_MAX);
    for (size_t i = 0; i < faults->count; i++) {
        const struct schema_fault *f = &faults->fault[i];

        MUST(*f->field && text_is_utf8(f->field, strlen(f->field)));
        MUST(*f->message && text_is_utf8(f->message, strlen(f->message)));
    }
}

/* A default is right by its own schema, but what holds for a whole that it becomes part of is another question. */
static bool judges_wholes(const char *schema)
{
    return strstr(schema, "enum") || strstr(schema, "const") || strstr(schema, "uniqueItems") || strchr(schema, '\\');
}

static void check_instance(const struct json *schema, const char *schema_text, const struct json *value)
{
    struct schema_faults faults, after;
    struct buf filled = {0}, again = {0};
    struct error err = {0};
    struct json *whole;
    int result = schema_validate(schema, value, &faults, &err);

    check_faults(result, &faults, &err);
    schema_apply_defaults(schema, value, &filled);
    whole = json_parse(buf_text(&filled), filled.size, NULL);
    MUST(whole);
    schema_apply_defaults(schema, whole, &again);
    MUST(filled.size == again.size && memcmp(filled.data, again.data, filled.size) == 0);
    if (result == 0 && !judges_wholes(schema_text))
        MUST(schema_validate(schema, whole, &after, &err) == 0);
    json_free(whole);
    buf_clear(&filled);
    buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    size_t schema_size = 0;
    char *schema_text = fuzz_part(&in, '\n', &schema_size), *text = NULL;
    struct json *schema = schema_text ? json_parse(schema_text, schema_size, NULL) : NULL, *value = NULL;
    struct error err = {0};

    if (!schema)
        goto done;
    if (schema_check(schema, &err) < 0) {
        MUST(err.status == 422 && text_is_utf8(err.message, strlen(err.message)));
        goto done;
    }
    text = fuzz_copy(in.at, (size_t)(in.end - in.at));
    value = json_parse(text, (size_t)(in.end - in.at), NULL);
    if (value)
        check_instance(schema, schema_text, value);
done:
    json_free(value);
    json_free(schema);
    free(text);
    free(schema_text);
    return 0;
}
