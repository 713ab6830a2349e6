#include "base/csv.h"

#include <string.h>

static void separate(struct csv_writer *w)
{
    if (w->comma)
        buf_putc(w->out, ',');
    w->comma = true;
}

/* Spreadsheets of some languages take the full-width forms for the others: U+FF1D, U+FF0B, U+FF0D, U+FF20. */
static bool is_full_width(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbc", 2) == 0 && memchr("\x9d\x8b\x8d\xa0", bytes[2], 4);
}

/* What begins with an apostrophe is marked too, or nobody could tell it from what we marked. */
static bool needs_mark(const char *bytes, size_t size)
{
    return size && (memchr("=+-@\t\r\n'", bytes[0], 8) || is_full_width(bytes, size));
}

void csv_bytes(struct csv_writer *w, const char *bytes, size_t size)
{
    bool mark = needs_mark(bytes, size), quote = mark;

    separate(w);
    for (size_t i = 0; i < size && !quote; i++)
        quote = strchr(",\"\r\n", bytes[i]) != NULL;
    if (quote)
        buf_putc(w->out, '"');
    if (mark)
        buf_putc(w->out, '\'');
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '"')
            buf_putc(w->out, '"');
        buf_putc(w->out, bytes[i]);
    }
    if (quote)
        buf_putc(w->out, '"');
}

void csv_text(struct csv_writer *w, const char *text)
{
    if (text)
        csv_bytes(w, text, strlen(text));
    else
        separate(w);
}

void csv_int(struct csv_writer *w, long long number)
{
    separate(w);
    buf_printf(w->out, "%lld", number);
}

void csv_end_row(struct csv_writer *w)
{
    buf_puts(w->out, "\r\n");
    w->comma = false;
}

void csv_header(struct csv_writer *w, const char *const *names)
{
    for (; *names; names++)
        csv_text(w, *names);
    csv_end_row(w);
}
