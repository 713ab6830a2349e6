/* Who is to be told of a job. The text is what is stored, since the static program reads no JSON and is the one that takes in most
 * ends of jobs. */
#include "job/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { ADDRESS_MAX = 254 }; /* RFC 5321 section 4.5.3.1.3, without the brackets */

static const char *const event_names[NOTIFY_EVENTS] = {
    [NOTIFY_ACTIVE] = "active", [NOTIFY_RETRY] = "retry", [NOTIFY_DONE] = "done",
    [NOTIFY_ERROR] = "error",   [NOTIFY_STOP] = "stop",
};

/* What `on` may hold besides the names of events. */
static const struct {
    const char *name;
    unsigned bits;
} more_names[] = {{"ended", NOTIFY_ON_ENDED}, {"change", NOTIFY_ON_CHANGE}};

enum { MORE = sizeof more_names / sizeof *more_names };

const char *notify_event_name(enum notify_event event)
{
    return event > 0 && event < NOTIFY_EVENTS ? event_names[event] : NULL;
}

enum notify_event notify_event_of(enum job_state state)
{
    static const enum notify_event events[JOB_STATES] = {
        [JOB_ACTIVE] = NOTIFY_ACTIVE, [JOB_DONE] = NOTIFY_DONE, [JOB_ERROR] = NOTIFY_ERROR, [JOB_STOP] = NOTIFY_STOP};

    return state > 0 && state < JOB_STATES ? events[state] : 0;
}

/* 0: there is no such word. */
static unsigned bits_of(const char *word)
{
    for (int e = 1; e < NOTIFY_EVENTS; e++) {
        if (strcmp(word, event_names[e]) == 0)
            return 1U << e;
    }
    for (int i = 0; i < MORE; i++) {
        if (strcmp(word, more_names[i].name) == 0)
            return more_names[i].bits;
    }
    return 0;
}

/* -- what may be a target -- */

static size_t scheme_length(const char *text)
{
    return strncasecmp(text, "https://", 8) == 0 ? 8 : strncasecmp(text, "http://", 7) == 0 ? 7 : 0;
}

/* NAME, NAME:PORT, [ADDRESS], [ADDRESS]:PORT */
static bool is_host(const char *text, size_t length)
{
    static const char digits[] = "0123456789";
    size_t n;

    if (*text == '[') {
        n = strspn(text + 1, "0123456789abcdefABCDEF:.") + 1;
        if (n < 3 || text[n] != ']')
            return false;
        n++;
    } else {
        n = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_");
    }
    if (n == 0 || n > length)
        return false;
    if (n < length && text[n] == ':')
        n += 1 + strspn(text + n + 1, digits);
    return n == length;
}

bool notify_is_url(const char *text)
{
    size_t scheme = scheme_length(text), length = strlen(text);

    if (!scheme || length >= NOTIFY_TO_SIZE)
        return false;
    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}#", *p))
            return false;
    }
    return is_host(text + scheme, strcspn(text + scheme, "/?"));
}

static bool is_domain(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-");

    return n > 0 && !text[n] && !strchr(".-", text[0]) && !strchr(".-", text[n - 1]) && !strstr(text, "..");
}

bool notify_is_address(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.!#$%&'*+/=?^_`{|}~-");

    if (n == 0 || n > 64 || text[n] != '@' || strlen(text) > ADDRESS_MAX)
        return false;
    if (strchr(".-", text[0]) || text[n - 1] == '.' ||
        memmem(text, n, "..", 2)) /* a '-' would be an option of programs */
        return false;
    return is_domain(text + n + 1);
}

/* -- as text -- */

static void put_target(const struct notify_target *t, struct buf *out)
{
    buf_printf(out, "%d %u %s %s\n", t->way, t->on, t->secret[0] ? t->secret : "-", t->to);
}

static bool next_word(const char **text, char *out, size_t size)
{
    size_t n = strcspn(*text, " \n");

    if (n == 0 || n >= size)
        return false;
    memcpy(out, *text, n);
    out[n] = '\0';
    *text += n + ((*text)[n] == ' ');
    return true;
}

static bool read_line(const char *line, struct notify_target *out)
{
    char way[4], on[12];

    *out = (struct notify_target){0};
    if (!next_word(&line, way, sizeof way) || !next_word(&line, on, sizeof on) ||
        !next_word(&line, out->secret, sizeof out->secret) || !next_word(&line, out->to, sizeof out->to))
        return false;
    out->way = (enum notify_way)atoi(way);
    out->on = (unsigned)atoi(on);
    if (strcmp(out->secret, "-") == 0)
        out->secret[0] = '\0';
    return *line == '\n' && (out->way == NOTIFY_WEBHOOK || out->way == NOTIFY_MAIL);
}

bool notify_next(const char **text, struct notify_target *out)
{
    while (*text && **text) {
        const char *line = *text, *end = strchr(line, '\n');

        *text = end ? end + 1 : NULL;
        if (read_line(line, out)) /* a later version may know more */
            return true;
    }
    return false;
}

bool notify_wants(const char *text, enum notify_event event)
{
    bool may_change = event == NOTIFY_DONE || event == NOTIFY_ERROR;
    struct notify_target t;

    while (notify_next(&text, &t)) {
        if ((t.on & 1U << event) || (may_change && (t.on & NOTIFY_ON_CHANGE)))
            return true;
    }
    return false;
}

/* -- from JSON -- */

static int read_on(const struct json *list, const char *code, unsigned *on, struct error *err)
{
    *on = 0;
    for (const struct json *item = json_type(list) == JSON_ARRAY ? json_first(list) : NULL; item;
         item = json_next(item)) {
        unsigned bits = json_string(item) ? bits_of(json_string(item)) : 0;

        if (!bits)
            return error_set(err, 422, code,
                             "`on` of `notify` knows `active`, `retry`, `done`, `error`, `stop`, `ended` and `change`");
        *on |= bits;
    }
    return *on ? 0 : error_set(err, 422, code, "`on` of `notify` must be a list such as [\"error\", \"stop\"]");
}

static int read_to(const struct json *value, enum notify_way way, const char *code, struct notify_target *t,
                   struct error *err)
{
    const char *text = json_string(value);

    if (t->way)
        return error_set(err, 422, code, "a target of `notify` has one `url` or one `email`");
    if (!text || !(way == NOTIFY_MAIL ? notify_is_address : notify_is_url)(text))
        return error_set(
            err, 422, code,
            way == NOTIFY_MAIL
                ? "`email` of `notify` must be an address such as ann@example.org"
                : "`notify` wants URLs such as https://example.org/hook, without user, password or fragment");
    t->way = way;
    strcpy(t->to, text); /* which the checks have measured */
    return 0;
}

static int read_secret(const struct json *value, const char *code, struct notify_target *t, struct error *err)
{
    const char *name = json_string(value);

    if (!name || !secret_is_name(name))
        return error_set(err, 422, code, "`secret` of `notify` must be the name of a secret");
    strcpy(t->secret, name);
    return 0;
}

static int read_member(const struct json *m, const char *code, struct notify_target *t, struct error *err)
{
    const char *name = json_key(m);

    if (strcmp(name, "url") == 0)
        return read_to(m, NOTIFY_WEBHOOK, code, t, err);
    if (strcmp(name, "email") == 0)
        return read_to(m, NOTIFY_MAIL, code, t, err);
    if (strcmp(name, "on") == 0)
        return read_on(m, code, &t->on, err);
    if (strcmp(name, "secret") == 0)
        return read_secret(m, code, t, err);
    return error_set(err, 422, code, "a target of `notify` has no member `%.60s`", name);
}

static int read_target(const struct json *item, const char *code, struct notify_target *t, struct error *err)
{
    *t = (struct notify_target){.on = NOTIFY_ON_ENDED};
    if (json_type(item) == JSON_STRING)
        return read_to(item, NOTIFY_WEBHOOK, code, t, err);
    for (const struct json *m = json_type(item) == JSON_OBJECT ? json_first(item) : NULL; m; m = json_next(m)) {
        if (read_member(m, code, t, err) < 0)
            return -1;
    }
    if (!t->way)
        return error_set(err, 422, code, "a target of `notify` is a URL, or an object with `url` or `email`");
    if (t->secret[0] && t->way == NOTIFY_MAIL)
        return error_set(err, 422, code, "an e-mail is not signed: `secret` goes with `url`");
    return 0;
}

int notify_read_json(const struct json *list, const char *code, struct buf *out, struct error *err)
{
    struct notify_target t;

    if (json_type(list) == JSON_NULL)
        return 0;
    if (json_type(list) != JSON_ARRAY || json_count(list) > NOTIFY_TARGETS_MAX)
        return error_set(err, 422, code, "`notify` must be a list of at most %d targets", NOTIFY_TARGETS_MAX);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        if (read_target(item, code, &t, err) < 0)
            return -1;
        put_target(&t, out);
    }
    return out->failed ? error_set(err, 500, "internal", "the server ran out of memory") : 0;
}

int notify_read_words(const char *to, const char *on, struct buf *out)
{
    struct notify_target t = {0};
    char word[NOTIFY_TO_SIZE];
    int result = 0;

    while (text_next_word(&on, word, sizeof word))
        t.on |= bits_of(word);
    while (text_next_word(&to, t.to, sizeof t.to)) {
        t.way = notify_is_url(t.to) ? NOTIFY_WEBHOOK : NOTIFY_MAIL;
        if (t.way == NOTIFY_MAIL && !notify_is_address(t.to))
            result = -1;
        else
            put_target(&t, out);
    }
    return result;
}

/* -- as answers show it -- */

void notify_show(const char *to, char out[NOTIFY_TO_SIZE])
{
    size_t scheme = scheme_length(to), host = strcspn(to + scheme, "/?");

    if (scheme && to[scheme + host] && strcmp(to + scheme + host, "/") != 0)
        snprintf(out, NOTIFY_TO_SIZE, "%.*s/…", (int)(scheme + host), to);
    else
        snprintf(out, NOTIFY_TO_SIZE, "%s", to);
}

static void put_on(unsigned on, struct json_writer *w)
{
    json_begin(w, '[');
    for (int e = 1; e < NOTIFY_EVENTS; e++) {
        if (on & 1U << e)
            json_put_string(w, event_names[e]);
    }
    if (on & NOTIFY_ON_CHANGE)
        json_put_string(w, "change");
    json_end(w, ']');
}

void notify_put_json(const char *text, struct json_writer *w)
{
    struct notify_target t;
    char shown[NOTIFY_TO_SIZE];

    if (!text) {
        json_put_null(w);
        return;
    }
    json_begin(w, '[');
    while (notify_next(&text, &t)) {
        notify_show(t.to, shown);
        json_begin(w, '{');
        json_name(w, t.way == NOTIFY_MAIL ? "email" : "url");
        json_put_string(w, shown);
        json_name(w, "on");
        put_on(t.on, w);
        json_name(w, "secret");
        json_put_string(w, t.secret[0] ? t.secret : NULL);
        json_end(w, '}');
    }
    json_end(w, ']');
}
