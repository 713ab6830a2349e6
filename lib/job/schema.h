#ifndef JOBJOKER_JOB_SCHEMA_H
#define JOBJOKER_JOB_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

/* What a worker's parameters must look like, as its author said it in JSON Schema (draft 2020-12). Understood are:
 *     type (one or a list), enum, const, default, title, description,
 *     properties, required, additionalProperties,
 *     minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 *     minLength, maxLength (in characters), pattern (job/pattern.h), format (job/format.h),
 *     items, minItems, maxItems, uniqueItems,
 * and true or false where a schema is expected. As JSON Schema says, a keyword that is none of these is ignored, a
 * keyword looks only at values of its own type, and 3.0 is an integer. Pure: it knows no worker and no job. */

enum {
    SCHEMA_DEPTH_MAX = 32,  /* of a schema inside of schemas */
    SCHEMA_FAULTS_MAX = 32, /* collected by one schema_validate() */
};

struct schema_fault {
    char field[128];   /* "items[2].name"; "parameters" for all of them */
    char message[192]; /* "must be at least 1": with the field before it, a sentence */
};

struct schema_faults {
    struct schema_fault fault[SCHEMA_FAULTS_MAX];
    size_t count;
    bool more; /* there are more than these; looking ended there */
};

/* Is this a schema for parameters that we understand? Refused are a keyword whose value has a wrong form, a `pattern`
 * that does not compile, a `default` that its own schema would refuse, and a whole that wants anything but an object.
 * -1: 422 schema_invalid, whose message names the place ("properties.count.minimum must be a number"); 500 internal. */
int schema_check(const struct json *schema, struct error *err);

/* Compares the parameters with a schema that passed schema_check(); NULL: none, so everything goes. What is missing
 * but has a default is not missing. At most one fault per field; one bad item does not hide the next.
 * 0: all is well, *out is empty. -1: 422 parameters_invalid with *out filled and the first fault as the message, or
 * 500 internal. */
int schema_validate(const struct json *schema, const struct json *value, struct schema_faults *out, struct error *err);

/* Prints the parameters with the defaults of what is absent: of the whole object's properties and, where such a member
 * is an object that is there, of its properties. Both may be NULL: no schema, no parameters. Memory that runs out is
 * remembered in out->failed. */
void schema_apply_defaults(const struct json *schema, const struct json *value, struct buf *out);

#endif
