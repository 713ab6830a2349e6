#ifndef JOBJOKER_BASE_BUF_H
#define JOBJOKER_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/* A growing string of bytes. Memory that runs out is remembered in `failed` and further puts do nothing, so that a
 * writer checks once, at its end. `data` always ends in a NUL that `size` does not count; it is NULL while nothing
 * was put. Start with `struct buf b = {0}`; end with buf_clear(). */
struct buf {
    char *data;
    size_t size;
    size_t room;
    bool failed;
};

void buf_clear(struct buf *b); /* frees, and is {0} again */
void buf_reset(struct buf *b); /* empties and keeps the memory */
void buf_put(struct buf *b, const void *data, size_t size);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `size` more bytes and returns where they go, NULL when memory ran out. Add what was written to
 * b->size, then put nothing or more. */
char *buf_reserve(struct buf *b, size_t size);

/* Drops the first `size` bytes (at most all). */
void buf_drop(struct buf *b, size_t size);

/* The text, "" when nothing was put; borrowed until the next call on b. */
const char *buf_text(const struct buf *b);

/* Gives the bytes to the caller, who frees them, and leaves b empty. NULL when memory ran out. */
char *buf_take(struct buf *b);

#endif
