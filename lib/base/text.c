/* Small work on text and bytes. */
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How many bytes a character of this first byte has, and the range its second byte may have (Unicode, table 3-7). */
static int utf8_shape(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef) {
        *low = first == 0xe0 ? 0xa0 : 0x80;
        *high = first == 0xed ? 0x9f : 0xbf;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *low = first == 0xf0 ? 0x90 : 0x80;
        *high = first == 0xf4 ? 0x8f : 0xbf;
        return 4;
    }
    return 0;
}

bool text_utf8_next(const char *bytes, size_t size, size_t *length)
{
    const unsigned char *p = (const unsigned char *)bytes;
    unsigned char low, high;
    int need = utf8_shape(p[0], &low, &high);

    *length = 1;
    if (need == 0)
        return false;
    for (int i = 1; i < need; i++) {
        if ((size_t)i >= size || p[i] < low || p[i] > high)
            return false;
        low = 0x80;
        high = 0xbf;
        *length = (size_t)i + 1;
    }
    return true;
}

bool text_is_utf8(const char *bytes, size_t size)
{
    size_t length;

    for (size_t i = 0; i < size; i += length) {
        length = 1;
        if ((unsigned char)bytes[i] >= 0x80 && !text_utf8_next(bytes + i, size - i, &length))
            return false;
    }
    return true;
}

int text_to_int(const char *text, long long low, long long high, long long *out)
{
    long long n = 0;

    if (!*text)
        return -1;
    for (const char *p = text; *p; p++) {
        if (!isdigit((unsigned char)*p) || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return -1;
    }
    if (n < low || n > high)
        return -1;
    *out = n;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

long text_percent_decode(const char *text, size_t size, bool plus, char *out)
{
    char *to = out;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '%') {
            int high = size - i < 3 ? -1 : hex_digit(text[i + 1]);
            int low = size - i < 3 ? -1 : hex_digit(text[i + 2]);

            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return -1;
            *to++ = (char)(high * 16 + low);
            i += 2;
        } else {
            *to++ = plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    *to = '\0';
    return to - out;
}

void text_percent_encode(const char *text, const char *also, struct buf *out)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p >= 0x7f || strchr(also, *p))
            buf_printf(out, "%%%02X", *p);
        else
            buf_putc(out, (char)*p);
    }
}

bool text_is_name(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return n >= 1 && n <= 64 && text[n] == '\0';
}

bool text_in_words(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *p = words; *p;) {
        size_t n = strcspn(p, " ");

        if (n == length && n > 0 && memcmp(p, word, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

bool text_next_word(const char **words, char *out, size_t size)
{
    const char *p = *words + strspn(*words, " ");
    size_t n = strcspn(p, " "), copied = n < size ? n : size - 1;

    memcpy(out, p, copied);
    out[copied] = '\0';
    *words = p + n;
    return n > 0;
}

void text_common_words(const char *a, const char *b, char *out)
{
    char *to = out;

    *to = '\0';
    while (*(a += strspn(a, " "))) {
        size_t n = strcspn(a, " ");
        char *word = to + (to > out);

        memcpy(word, a, n);
        word[n] = '\0';
        if (text_in_words(b, word)) {
            if (to > out)
                *to = ' ';
            to = word + n;
        }
        *to = '\0';
        a += n;
    }
}

void text_to_hex(const unsigned char *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

void text_from_time(int64_t time_ms, char *out)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    snprintf(out, TEXT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (tm.tm_year + 1900) % 10000,
             (tm.tm_mon + 1) % 100, tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100,
             (int)(time_ms % 1000) % 1000);
}

/* Reads exactly `count` digits and moves *at past them. -1: there are fewer, or they are more than `high`. */
static int take_number(const char **at, int count, int high)
{
    int number = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return -1;
        number = 10 * number + (**at - '0');
    }
    return number <= high ? number : -1;
}

static bool take_sign(const char **at, const char *signs)
{
    bool there = **at && strchr(signs, **at);

    *at += there;
    return there;
}

/* The part after the seconds: .123 and then Z or +01:00. */
static int read_fraction_and_zone(const char *p, int64_t *time_ms)
{
    int hours, minutes, scale = 100;
    bool west;

    if (take_sign(&p, ".")) {
        if (!isdigit((unsigned char)*p))
            return -1;
        for (; isdigit((unsigned char)*p); p++, scale /= 10)
            *time_ms += (*p - '0') * scale;
    }
    if (take_sign(&p, "Zz"))
        return *p ? -1 : 0;
    west = *p == '-';
    if (!take_sign(&p, "+-") || (hours = take_number(&p, 2, 23)) < 0 || !take_sign(&p, ":") ||
        (minutes = take_number(&p, 2, 59)) < 0 || *p)
        return -1;
    *time_ms -= (west ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60000;
    return 0;
}

int text_to_time(const char *text, int64_t *time_ms)
{
    const char *p = text;
    struct tm tm = {0}, day;

    if ((tm.tm_year = take_number(&p, 4, 9999)) < 0 || !take_sign(&p, "-") ||
        (tm.tm_mon = take_number(&p, 2, 12)) < 1 || !take_sign(&p, "-") || (tm.tm_mday = take_number(&p, 2, 31)) < 1)
        return -1;
    if (*p &&
        (!take_sign(&p, "Tt ") || (tm.tm_hour = take_number(&p, 2, 23)) < 0 || !take_sign(&p, ":") ||
         (tm.tm_min = take_number(&p, 2, 59)) < 0 || !take_sign(&p, ":") || (tm.tm_sec = take_number(&p, 2, 60)) < 0))
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    day = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
    timegm(&day);
    if (day.tm_mday != tm.tm_mday) /* it made another one of it: there is no 30 February */
        return -1;
    *time_ms = (int64_t)timegm(&tm) * 1000;
    return p == text + 10 ? 0 : read_fraction_and_zone(p, time_ms);
}
