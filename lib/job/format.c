/* One small recogniser per format. Each one reads a text from its beginning and must reach its end. */
#include "job/format.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Reads `count` digits and moves *at past them; -1 when there are fewer. */
static int take_number(const char **at, int count)
{
    int number = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (!is_digit(**at))
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* full-date of RFC 3339. */
static bool take_date(const char **at)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    bool leap;

    year = take_number(at, 4);
    if (year < 0 || !take(at, '-'))
        return false;
    month = take_number(at, 2);
    if (month < 1 || month > 12 || !take(at, '-'))
        return false;
    day = take_number(at, 2);
    leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

static bool take_clock(const char **at)
{
    int hour, minute;

    hour = take_number(at, 2);
    if (hour < 0 || hour > 23 || !take(at, ':'))
        return false;
    minute = take_number(at, 2);
    return minute >= 0 && minute <= 59;
}

/* full-time of RFC 3339; second 60 is a leap second. */
static bool take_time(const char **at)
{
    int second;

    if (!take_clock(at) || !take(at, ':'))
        return false;
    second = take_number(at, 2);
    if (second < 0 || second > 60)
        return false;
    if (take(at, '.')) {
        if (!is_digit(**at))
            return false;
        *at += strspn(*at, "0123456789");
    }
    if (take(at, 'Z') || take(at, 'z'))
        return true;
    return (take(at, '+') || take(at, '-')) && take_clock(at);
}

static bool is_date(const char *text)
{
    return take_date(&text) && !*text;
}

static bool is_time(const char *text)
{
    return take_time(&text) && !*text;
}

static bool is_date_time(const char *text)
{
    return take_date(&text) && (take(&text, 'T') || take(&text, 't')) && take_time(&text) && !*text;
}

/* One part of a host name (RFC 1123): 1 to 63 letters, digits and hyphens, no hyphen at its ends. */
static bool is_label(const char *label, size_t size)
{
    if (size < 1 || size > 63 || label[0] == '-' || label[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_alnum(label[i]) && label[i] != '-')
            return false;
    return true;
}

static bool is_hostname(const char *text)
{
    size_t size;

    if (strlen(text) > 253)
        return false;
    for (;; text += size + 1) {
        size = strcspn(text, ".");
        if (!is_label(text, size))
            return false;
        if (!text[size])
            return true;
    }
}

/* The part before the @: words of the characters of RFC 5322 (3.2.3), or of UTF-8, with single dots between. */
static bool is_local_part(const char *local, size_t size)
{
    if (size < 1 || size > 64 || local[0] == '.' || local[size - 1] == '.')
        return false;
    for (size_t i = 0; i < size; i++) {
        if (local[i] == '.' ? local[i + 1] == '.'
                            : !is_alnum(local[i]) && !(local[i] & 0x80) && !strchr("!#$%&'*+-/=?^_`{|}~", local[i]))
            return false;
    }
    return true;
}

static bool is_email(const char *text)
{
    const char *at = strrchr(text, '@');

    return at && is_local_part(text, (size_t)(at - text)) && is_hostname(at + 1);
}

/* RFC 3986: a scheme, a colon, and then nothing that would have to be written as %XX. */
static bool is_uri(const char *text)
{
    const char *at = text;

    while (is_alnum(*at) || (at > text && *at && strchr("+-.", *at)))
        at++;
    if (at == text || is_digit(*text) || *at++ != ':')
        return false;
    for (; *at; at++) {
        if (*at == '%' && !(is_hex(at[1]) && is_hex(at[2])))
            return false;
        if (!is_alnum(*at) && !strchr("-._~:/?#[]@!$&'()*+,;=%", *at))
            return false;
    }
    return true;
}

static bool is_ipv4(const char *text)
{
    struct in_addr address;

    return inet_pton(AF_INET, text, &address) == 1;
}

static bool is_ipv6(const char *text)
{
    struct in6_addr address;

    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i;

    for (i = 0; text[i] && form[i]; i++)
        if (form[i] == 'x' ? !is_hex(text[i]) : text[i] != '-')
            return false;
    return text[i] == form[i];
}

static const struct format {
    const char *name, *phrase;
    bool (*matches)(const char *text);
} formats[] = {
    {"date", "a date such as 2026-01-31", is_date},
    {"time", "a time such as 23:59:00Z", is_time},
    {"date-time", "a time such as 2026-01-31T23:59:00Z", is_date_time},
    {"email", "an e-mail address", is_email},
    {"uri", "a URL such as https://example.org/", is_uri},
    {"hostname", "a host name such as www.example.org", is_hostname},
    {"ipv4", "an IPv4 address such as 192.0.2.1", is_ipv4},
    {"ipv6", "an IPv6 address such as 2001:db8::1", is_ipv6},
    {"uuid", "a UUID such as 123e4567-e89b-12d3-a456-426614174000", is_uuid},
};

static const struct format *find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const char *format_phrase(const char *format)
{
    const struct format *f = find(format);

    return f ? f->phrase : NULL;
}

bool format_matches(const char *format, const char *text)
{
    const struct format *f = find(format);

    return !f || f->matches(text);
}
