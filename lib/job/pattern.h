#ifndef JOBJOKER_JOB_PATTERN_H
#define JOBJOKER_JOB_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The regular expressions of `pattern` in a parameter schema. The dialect is POSIX extended (regcomp(3)) with what
 * users of JSON Schema are used to: \d \D \w \W \s \S, \t \n \r, \b \B, (?:...), and escapes inside [...]. As in JSON
 * Schema a pattern may match anywhere: anchor it with ^ and $. Texts are UTF-8, one `.` is one character.
 *
 * Neither a pattern nor a text can make the program hang: back references are refused, and so are long patterns,
 * repetitions that expand to much, and long texts. */

enum {
    PATTERN_SIZE_MAX = 256,                    /* bytes of a pattern */
    PATTERN_COST_MAX = 2000,                   /* single characters and groups after {n,m} and + were written out */
    PATTERN_GROUPS_MAX = 32,                   /* ( inside ( ... */
    PATTERN_TEXT_MAX = 4096,                   /* bytes of a text to match */
    PATTERN_WORK_MAX = 200 * PATTERN_TEXT_MAX, /* cost of the pattern times bytes of the text */
};

struct pattern;

/* The caller's: pattern_free(). NULL: 422 schema_invalid with a sentence that begins with the pattern; 500 internal. */
struct pattern *pattern_new(const char *source, struct error *err);
void pattern_free(struct pattern *p); /* NULL is fine */

/* A text of more bytes than this never matches: PATTERN_TEXT_MAX, fewer where the pattern is long when written out. */
size_t pattern_text_max(const struct pattern *p);
bool pattern_matches(const struct pattern *p, const char *text);

#endif
