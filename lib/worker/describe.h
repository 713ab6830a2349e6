#ifndef JOBJOKER_WORKER_DESCRIBE_H
#define JOBJOKER_WORKER_DESCRIBE_H

#include <stddef.h>

#include "base/error.h"

/* What a worker says of itself: what it is for, the JSON Schema of its parameters, and its options. Pure work on text: who runs a
 * host with --describe is another. */

enum {
    DESCRIBE_SIZE_MAX = 65536, /* bytes that are looked at: of the output, or of a script's beginning */
    DESCRIBE_TEXT_MAX = 8192,  /* bytes of a description */
};

struct description {
    char *text;       /* never NULL after success; "" when nothing is said */
    char *parameters; /* a JSON Schema that passed schema_check(), compact; NULL: any parameters */
    char *options;    /* what worker_options_read() takes, compact; NULL: none */
};

void description_clear(struct description *d); /* frees, and is {0} again */

/* Reads the comments at the head of a script: its first lines that are blank or begin with #, //, --, or are in a
 * block comment, up to the first line of code. Three words count there, in any case, each at the beginning of a comment:
 *
 *     #!/bin/sh
 *     # Description: What it is for, which may go on in the next lines
 *     # until an empty one.
 *     #
 *     # Parameters: {"type": "object", "properties": {
 *     #   "count": {"type": "integer", "minimum": 0}
 *     # }}
 *     # Options: {"timeout": 60}
 *
 * "Parameters:" and "Options:" before anything but a { are ordinary prose. The first of each counts.
 * 0: *out is the caller's, description_clear() it. -1: *out untouched; 422 worker_description (a sentence that says
 * what is wrong with it), 422 schema_invalid, 422 worker_options, 500 internal. */
int describe_script(const char *source, size_t size, struct description *out, struct error *err);

/* Reads what a host printed for --describe: a text, or a JSON object with "description" (a string), "parameters" (a
 * schema) and "options" (an object), each of which may be missing. A text that begins with { is meant as JSON. Results as above. */
int describe_output(const char *output, size_t size, struct description *out, struct error *err);

#endif
