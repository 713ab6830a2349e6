/* Composing e-mail. Subject and text are sent in base 64, so that nothing in them can be taken for a header, an end of the message or a
 * line that is too long. */
#include "job/mail.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "base/text.h"

enum {
    WORD_BYTES = 39,      /* of an encoded word, so that "Subject: " and it stay below 76 (RFC 2047 section 2) */
    SUBJECT_MAX = 4 * 39, /* bytes */
    LINE_BYTES = 57,      /* become 76 characters (RFC 2045 section 6.8) */
};

/* strftime(3) would write the days of another language. */
static void put_date(int64_t time_ms, struct buf *out)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm t;

    gmtime_r(&seconds, &t);
    buf_printf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\n", days + 3 * t.tm_wday, t.tm_mday,
               months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* How many of the bytes are whole characters, and no more than `max`. */
static size_t whole_characters(const char *text, size_t size, size_t max)
{
    size_t n = 0, length;

    while (n < size) {
        (void)text_utf8_next(text + n, size - n, &length);
        if (n + length > max)
            break;
        n += length;
    }
    return n;
}

static void put_subject(const char *subject, struct buf *out)
{
    char encoded[SECRET_BASE64_SIZE(WORD_BYTES)], word[WORD_BYTES];
    size_t left = whole_characters(subject, strlen(subject), SUBJECT_MAX);

    buf_puts(out, "Subject:");
    while (left > 0) {
        size_t n = whole_characters(subject, left, WORD_BYTES);

        for (size_t i = 0; i < n; i++)
            word[i] = (unsigned char)subject[i] < ' ' || subject[i] == 0x7f ? ' ' : subject[i];
        secret_to_base64(word, n, encoded);
        buf_printf(out, " =?UTF-8?B?%s?=\n", encoded); /* the second and further ones are folded */
        subject += n;
        left -= n;
    }
}

static void put_text(const char *text, size_t size, struct buf *out)
{
    char encoded[SECRET_BASE64_SIZE(LINE_BYTES)];

    while (size > 0) {
        size_t n = size < LINE_BYTES ? size : LINE_BYTES;

        secret_to_base64(text, n, encoded);
        buf_printf(out, "%s\n", encoded);
        text += n;
        size -= n;
    }
}

void mail_compose(const struct mail *mail, struct buf *out)
{
    const char *domain = strchr(mail->from, '@');

    buf_printf(out, "From: JobJoker <%s>\nTo: <%s>\n", mail->from, mail->to);
    put_subject(mail->subject, out);
    put_date(mail->time_ms, out);
    buf_printf(out, "Message-ID: <%s%s>\n", mail->id, domain ? domain : "@localhost");
    buf_puts(out, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
                  "Content-Transfer-Encoding: base64\n\n");
    put_text(mail->text, mail->text_size, out);
}
