/* A growing string of bytes whose failure is sticky. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_clear(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
    b->size = 0;
    if (b->data)
        b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t size)
{
    size_t room = b->room ? b->room : 256;
    char *data;

    if (b->failed || size > SIZE_MAX / 4 - b->size)
        goto failed;
    while (room < b->size + size + 1)
        room *= 2;
    if (room != b->room) {
        data = realloc(b->data, room);
        if (!data)
            goto failed;
        b->data = data;
        b->room = room;
    }
    return b->data + b->size;
failed:
    b->failed = true;
    return NULL;
}

void buf_put(struct buf *b, const void *data, size_t size)
{
    char *to = buf_reserve(b, size);

    if (!to)
        return;
    if (size)
        memcpy(to, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    char *to;
    int size;

    va_start(ap, fmt);
    size = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (size < 0 || !(to = buf_reserve(b, (size_t)size))) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(to, (size_t)size + 1, fmt, ap);
    va_end(ap);
    b->size += (size_t)size;
}

void buf_drop(struct buf *b, size_t size)
{
    if (size >= b->size) {
        buf_reset(b);
        return;
    }
    memmove(b->data, b->data + size, b->size - size + 1);
    b->size -= size;
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *data;

    if (!buf_reserve(b, 0)) {
        buf_clear(b);
        return NULL;
    }
    b->data[b->size] = '\0';
    data = b->data;
    *b = (struct buf){0};
    return data;
}
