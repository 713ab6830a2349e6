#ifndef JOBJOKER_CGI_BODY_H
#define JOBJOKER_CGI_BODY_H

#include <stddef.h>

#include "base/json.h"
#include "store/store.h"

/* Members of a request's body. Errors are 422 with the code that the caller names. */

/* The body must be an object, and may have the members of a list of words alone. */
int body_check_members(const struct json *body, const char *known, const char *code, struct error *err);

/* A list of texts as words that are separated by spaces; "" for null or nothing. -1: it is no such list, or too long. */
int body_read_words(const struct json *list, char *out, size_t size);

/* `workers`: null for all, or a list. */
int body_read_grant(const struct json *list, struct grant *out, const char *code, struct error *err);

#endif
