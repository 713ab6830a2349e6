/* What a worker says of itself: the input as a script, and as what a host printed. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "job/schema.h"
#include "worker/describe.h"

static void check_description(const struct description *d)
{
    struct json *schema;

    MUST(d->text && strlen(d->text) <= DESCRIBE_TEXT_MAX);
    if (!d->parameters)
        return;
    schema = json_parse(d->parameters, strlen(d->parameters), NULL);
    MUST(schema && schema_check(schema, NULL) == 0);
    json_free(schema);
}

static void check(int (*describe)(const char *, size_t, struct description *, struct error *), const char *text,
                  size_t size)
{
    struct description d = {0};
    struct error err = {0};

    if (describe(text, size, &d, &err) == 0)
        check_description(&d);
    else
        MUST(err.status == 422 && !d.text && !d.parameters);
    description_clear(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(describe_script, (const char *)data, size);
    check(describe_output, (const char *)data, size);
    return 0;
}
