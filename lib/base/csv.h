#ifndef JOBJOKER_BASE_CSV_H
#define JOBJOKER_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Writing CSV (RFC 4180): lines end in CRLF; a field is quoted where it must be. A text that a spreadsheet would run as
 * a formula (it begins with = + - @ or their full-width forms, a tab or a line's end) gets an apostrophe before it; so
 * does one that begins with an apostrophe. So whoever drops one apostrophe from the front of a text has its exact bytes. */
struct csv_writer {
    struct buf *out;
    bool comma;
};

void csv_text(struct csv_writer *w, const char *text); /* NULL: an empty field */
void csv_bytes(struct csv_writer *w, const char *bytes, size_t size);
void csv_int(struct csv_writer *w, long long number);
void csv_end_row(struct csv_writer *w);
void csv_header(struct csv_writer *w, const char *const *names); /* ends in NULL */

#endif
