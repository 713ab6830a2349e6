#ifndef JOBJOKER_WORKER_TARGETS_H
#define JOBJOKER_WORKER_TARGETS_H

#include "base/json.h"
#include "base/settings.h"

/* Reads who is to be told (job/notify.h) and adds it to *text, which may be NULL and is the caller's to free(). 422 `code`: what is
 * wrong; also an address of e-mail where none is sent. */
int targets_read(const struct json *list, const char *code, const struct settings *settings, char **text,
                 struct error *err);
/* Adds `more` (NULL: nothing) to *text. */
int targets_add(const char *more, char **text, struct error *err);

#endif
