#ifndef JOBJOKER_JOB_UNIQUE_H
#define JOBJOKER_JOB_UNIQUE_H

#include <stddef.h>

#include "base/json.h"

/* Looks for two equal items of an array (uniqueItems of JSON Schema) in n log n steps, because arrays come from
 * strangers. 1: *first and *second are the indexes of the first such pair; 0: there is none; -1: memory ran out. */
int unique_find(const struct json *array, size_t *first, size_t *second);

#endif
