#ifndef JOBJOKER_JOB_FORMAT_H
#define JOBJOKER_JOB_FORMAT_H

#include <stdbool.h>

/* The formats of strings in a parameter schema (JSON Schema Validation 2020-12, section 7.3). */

/* What a string of this format is called in a sentence, "a date such as 2026-01-31"; NULL: no format that we check,
 * so a mere annotation. */
const char *format_phrase(const char *format);

/* Whether the text has the format; true for a format that we do not check. */
bool format_matches(const char *format, const char *text);

#endif
