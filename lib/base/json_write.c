/* Writing JSON: straight into a buffer. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static void put_comma(struct json_writer *w)
{
    if (w->comma)
        buf_putc(w->out, ',');
    w->comma = true;
}

void json_begin(struct json_writer *w, char bracket)
{
    put_comma(w);
    buf_putc(w->out, bracket);
    w->comma = false;
}

void json_end(struct json_writer *w, char bracket)
{
    buf_putc(w->out, bracket);
    w->comma = true;
}

void json_name(struct json_writer *w, const char *name)
{
    json_put_string(w, name);
    buf_putc(w->out, ':');
    w->comma = false;
}

void json_put_string(struct json_writer *w, const char *text)
{
    if (text)
        json_put_bytes(w, text, strlen(text));
    else
        json_put_null(w);
}

static void put_escape(struct buf *out, unsigned char c)
{
    static const char *const short_forms[] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
                                              ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};

    if (c < sizeof short_forms / sizeof *short_forms && short_forms[c])
        buf_puts(out, short_forms[c]);
    else
        buf_printf(out, "\\u%04x", c);
}

void json_put_bytes(struct json_writer *w, const void *bytes, size_t size)
{
    const char *p = bytes, *end = p + size, *run = p;

    put_comma(w);
    buf_putc(w->out, '"');
    while (p < end) {
        unsigned char c = (unsigned char)*p;
        size_t length = 1;
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        bool valid = plain || c < 0x80 || text_utf8_next(p, (size_t)(end - p), &length);

        if (plain || (valid && c >= 0x80)) {
            p += length;
            continue;
        }
        buf_put(w->out, run, (size_t)(p - run));
        if (valid)
            put_escape(w->out, c);
        else
            buf_puts(w->out, "\xEF\xBF\xBD");
        p += length;
        run = p;
    }
    buf_put(w->out, run, (size_t)(p - run));
    buf_putc(w->out, '"');
}

void json_put_words(struct json_writer *w, const char *words)
{
    if (!words) {
        json_put_null(w);
        return;
    }
    json_begin(w, '[');
    while (*(words += strspn(words, " "))) {
        size_t n = strcspn(words, " ");

        json_put_bytes(w, words, n);
        words += n;
    }
    json_end(w, ']');
}

void json_put_int(struct json_writer *w, long long number)
{
    put_comma(w);
    buf_printf(w->out, "%lld", number);
}

void json_put_seconds(struct json_writer *w, long long milliseconds)
{
    put_comma(w);
    buf_printf(w->out, "%s%lld", milliseconds < 0 ? "-" : "", llabs(milliseconds / 1000));
    if (milliseconds % 1000)
        buf_printf(w->out, ".%03lld", llabs(milliseconds % 1000));
}

void json_put_bool(struct json_writer *w, bool truth)
{
    put_comma(w);
    buf_puts(w->out, truth ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
    put_comma(w);
    buf_puts(w->out, "null");
}

void json_put_raw(struct json_writer *w, const char *json)
{
    put_comma(w);
    buf_puts(w->out, json ? json : "null");
}
