#include "base/csv.h"

#include <string.h>

static void separate(struct csv_writer *w)
{
    if (w->comma)
        buf_putc(w->out, ',');
    w->comma = true;
}

static bool would_run(const char *bytes, size_t size)
{
    return size && strchr("=+-@\t\r\n", bytes[0]) && bytes[0];
}

void csv_bytes(struct csv_writer *w, const char *bytes, size_t size)
{
    bool defuse = would_run(bytes, size), quote = defuse;

    separate(w);
    for (size_t i = 0; i < size && !quote; i++)
        quote = strchr(",\"\r\n", bytes[i]) != NULL;
    if (quote)
        buf_putc(w->out, '"');
    if (defuse)
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
