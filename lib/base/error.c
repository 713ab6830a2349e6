/* Errors as values, and the one way to the error log. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* A %.80s, or the end of the room, may cut in the middle of a character, and no answer is to hold half of one. */
static void drop_half_characters(char *text)
{
    size_t size = strlen(text), length;
    char *to = text;

    for (const char *from = text, *end = text + size; from < end; from += length) {
        if (!text_utf8_next(from, (size_t)(end - from), &length))
            continue;
        memmove(to, from, length);
        to += length;
    }
    *to = '\0';
}

int error_set(struct error *err, int status, const char *code, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return -1;
    err->status = status;
    err->retry_after = status == 503 || status == 429 ? 1 : 0;
    snprintf(err->code, sizeof err->code, "%s", code);
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    drop_half_characters(err->message);
    return -1;
}

int error_errno(struct error *err, const char *what)
{
    int number = errno;

    log_line("%s: %s", what, strerror(number));
    if (number == ENOSPC || number == EDQUOT)
        return error_set(err, 503, "storage_full", "the server's disk is full");
    return error_set(err, 500, "internal", "the server could not do this: its error log says why");
}

void log_line(const char *fmt, ...)
{
    char raw[1024], line[4 * sizeof raw + 16];
    size_t n = 0;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    n += (size_t)snprintf(line, sizeof line, "jobjoker: ");
    for (const unsigned char *p = (const unsigned char *)raw; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            n += (size_t)snprintf(line + n, sizeof line - n, "\\x%02x", *p);
        else
            line[n++] = (char)*p;
    }
    line[n++] = '\n';
    /* One write, so that lines of programs that log at once do not mix (POSIX: below PIPE_BUF on a pipe). */
    if (write(STDERR_FILENO, line, n) < 0)
        return; /* nowhere left to say it */
}
