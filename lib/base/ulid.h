#ifndef JOBJOKER_BASE_ULID_H
#define JOBJOKER_BASE_ULID_H

#include <stdbool.h>
#include <stdint.h>

/* Time-ordered ids: 48 bits of milliseconds, 80 random bits, as 26 characters of Crockford's base 32 (the ULID
 * specification). Ids of one millisecond are in no particular order. */
enum { ULID_SIZE = 27 };

void ulid_make(int64_t now_ms, const unsigned char random[10], char out[ULID_SIZE]);
bool ulid_is(const char *text);
/* The least id of this time: for "since" and "until". */
void ulid_floor(int64_t time_ms, char out[ULID_SIZE]);

#endif
