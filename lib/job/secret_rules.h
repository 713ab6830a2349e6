#ifndef JOBJOKER_JOB_SECRET_RULES_H
#define JOBJOKER_JOB_SECRET_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What a secret for workers may be called and may hold. A worker finds it in the variable of its name, or of a file in the
 * variable NAME_FILE, and its runner hides each of its lines. */

enum {
    SECRET_NAME_SIZE = 65,
    SECRET_VALUE_MAX = 65536,
    SECRET_LINE_MAX = 4096,  /* what a runner can hide: runner/masks.h */
    SECRET_LINES_MAX = 1000, /* the same */
};

#define SECRET_FILE_SUFFIX "_FILE"

/* True for [A-Za-z_][A-Za-z0-9_]{0,63}. */
bool secret_is_name(const char *name);

/* May a worker get this as a variable, or (as_file) as a file with its variable? 422 secret_invalid: it is no name, or it
 * would change how programs are found, loaded or run. */
int secret_check_name(const char *name, bool as_file, struct error *err);

/* 422 secret_invalid: it is empty, too long, has a line that is too long or too many of them, or a NUL, which no variable
 * can hold. */
int secret_check_value(const char *value, size_t size, struct error *err);

#endif
