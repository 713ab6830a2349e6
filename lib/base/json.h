#ifndef JOBJOKER_BASE_JSON_H
#define JOBJOKER_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Reading JSON (RFC 8259). cJSON does the work; json.c is the one file that knows it, and maps it at the first parse,
 * because a request that reads no JSON should not pay for it. */

enum json_type { JSON_NULL = 1, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* False in a program that is linked without it (json_none.c): then json_parse() only fails. */
bool json_is_there(void);

struct json; /* one value of a parsed text */

enum { JSON_DEPTH_MAX = 64 };

/* Parses one JSON text that fills all of `size` bytes (white space around it is allowed).
 * The caller's: json_free(). NULL: 400 json_malformed (no JSON, invalid UTF-8, nested deeper than JSON_DEPTH_MAX, two
 * members of one name, a number beyond the range of a double, a NUL byte or its escape, which no C string can hold),
 * 500 internal (memory, or cJSON is not installed). */
struct json *json_parse(const char *text, size_t size, struct error *err);
void json_free(struct json *value); /* only what json_parse() gave; NULL is fine */

enum json_type json_type(const struct json *value);
const char *json_type_name(enum json_type type); /* "null", "boolean", "number", "string", "array", "object" */

/* Members and items: all results are borrowed from the parsed text. */
const struct json *json_member(const struct json *object, const char *name); /* exact case; NULL: none, or no object */
const struct json *json_first(const struct json *container);                 /* of an object or array; NULL: empty */
const struct json *json_next(const struct json *item);                       /* NULL: that was the last */
const char *json_key(const struct json *member);                             /* name of a member of an object */
size_t json_count(const struct json *container);

const char *json_string(const struct json *value); /* NULL when it is no string */
double json_number(const struct json *value);      /* 0 when it is no number */
bool json_is_true(const struct json *value);
bool json_equal(const struct json *a, const struct json *b); /* by value; members in any order */

/* Appends the value as compact JSON to `out`. Read again it is equal: a double keeps its last bit, and a whole number
 * all of its digits. */
void json_print(const struct json *value, struct buf *out);

/* Writing JSON: straight into a buffer, without a tree, since lists are long. Commas are put where they belong.
 *     json_begin(&w, '{'); json_name(&w, "id"); json_put_string(&w, id); json_end(&w, '}'); */
struct json_writer {
    struct buf *out;
    bool comma; /* the next value or name needs one before it */
};

void json_begin(struct json_writer *w, char bracket); /* '{' or '[' */
void json_end(struct json_writer *w, char bracket);   /* '}' or ']' */
void json_name(struct json_writer *w, const char *name);
void json_put_string(struct json_writer *w, const char *text); /* NULL: null */
/* Any bytes: what is no valid UTF-8 (RFC 3629) becomes U+FFFD, one per maximal invalid part (Unicode 3.9, D93b). */
void json_put_bytes(struct json_writer *w, const void *bytes, size_t size);
/* Words that are separated by spaces, as a list of texts; NULL: null. */
void json_put_words(struct json_writer *w, const char *words);
void json_put_int(struct json_writer *w, long long number);
void json_put_seconds(struct json_writer *w, long long milliseconds); /* 1500 -> 1.5 */
void json_put_bool(struct json_writer *w, bool truth);
void json_put_null(struct json_writer *w);
void json_put_raw(struct json_writer *w, const char *json); /* a text that is JSON already; NULL: null */

#endif
