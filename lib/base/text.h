#ifndef JOBJOKER_BASE_TEXT_H
#define JOBJOKER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Small work on text and bytes. */

/* Looks at the start of `bytes`. True: *length bytes (1 to 4) are one valid UTF-8 character (RFC 3629: no overlong
 * form, no surrogate, at most U+10FFFF). False: *length bytes (1 to 3) are a maximal invalid part. `size` is not 0. */
bool text_utf8_next(const char *bytes, size_t size, size_t *length);
bool text_is_utf8(const char *bytes, size_t size);

/* Reads a whole decimal number: digits only, all of `text`, low to high. 0, or -1: it is none or out of range. */
int text_to_int(const char *text, long long low, long long high, long long *out);

/* Decodes percent-encoding (RFC 3986 section 2.1) of `size` bytes into `out`, which holds size + 1 bytes and then ends
 * in NUL. With `plus`, a '+' is a space (application/x-www-form-urlencoded). Returns the length, or -1 for a broken
 * escape or an encoded NUL. */
long text_percent_decode(const char *text, size_t size, bool plus, char *out);

/* Appends a text with what is not visible ASCII, and what stands in `also`, percent-encoded. */
void text_percent_encode(const char *text, const char *also, struct buf *out);

/* True for a name of a worker: [A-Za-z0-9_-]{1,64}. */
bool text_is_name(const char *text);

/* Lists of words that are separated by spaces. */
bool text_in_words(const char *words, const char *word);
/* Copies the next word into `out` and moves *words past it. False: there is none left. A word that is longer than `out` is
 * cut, and so is equal to no word that fits. */
bool text_next_word(const char **words, char *out, size_t size);
/* The words that stand in both, in the order of `a`; `out` holds at least strlen(a) + 1 bytes. */
void text_common_words(const char *a, const char *b, char *out);

void text_to_hex(const unsigned char *bytes, size_t size, char *out); /* out: 2 * size + 1 */

/* Milliseconds since 1970 UTC as RFC 3339: 2026-11-24T03:43:00.123Z. `out` holds TEXT_TIME_SIZE bytes. */
enum { TEXT_TIME_SIZE = 32 };
void text_from_time(int64_t time_ms, char *out);
/* The other way, also with an offset (+01:00), without fraction, or a date alone (midnight UTC); a leap second is the one
 * after it. -1: no such time. */
int text_to_time(const char *text, int64_t *time_ms);

#endif
