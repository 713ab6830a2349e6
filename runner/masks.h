#ifndef JOBJOKER_RUNNER_MASKS_H
#define JOBJOKER_RUNNER_MASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Secrets that are shown as "***". At each place the longest one counts; those that overlap are shown as one, so that
 * none is seen in part; what was put in their place is not looked at again. So no list of secrets can make a text more
 * than three times as long. */

enum {
    MASKS_MAX = 1000,
    MASK_SIZE_MAX = 4096,
    MASKS_SIZE_MAX = 65536, /* of all together */
};

struct masks {
    struct mask *list; /* the longest first */
    size_t count, size;
    bool begins[256]; /* does one begin with this byte? */
};

void masks_clear(struct masks *m);

/* Hides a secret from here on. One of many lines is hidden line by line, because that is how it is shown.
 * -1: it is too large, or there are too many: it is not hidden. */
int masks_add(struct masks *m, const char *secret, size_t size);

/* How many bytes at the end of a text may be the beginning of a secret that goes on: these wait for more. */
size_t masks_lookahead(const struct masks *m);

/* Appends `text` to `out` with its secrets hidden. Unless it is `whole`, it ends before the first place that may be
 * the beginning of a secret. Returns how many bytes of `text` were taken: some, if it is longer than the lookahead. */
size_t masks_apply(const struct masks *m, const char *text, size_t size, bool whole, struct buf *out);

#endif
