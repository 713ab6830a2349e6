#ifndef JOBJOKER_BASE_ENVIRONMENT_H
#define JOBJOKER_BASE_ENVIRONMENT_H

#include <stddef.h>

#include "base/buf.h"

/* An environment for a child, built from nothing: what is not put in is not there. */
struct environment {
    struct buf text; /* "NAME=value\0" ... */
    char **pointers; /* made by environment_array() */
};

void environment_put(struct environment *e, const char *name, const char *value);
void environment_put_number(struct environment *e, const char *name, long long value);
/* As execve(2) wants it; borrowed. NULL: memory ran out. */
char *const *environment_array(struct environment *e);
void environment_clear(struct environment *e);

#endif
