/* A pattern is translated to what regcomp understands, in one pass that also counts what it would expand to: regcomp
 * itself writes x{1000}{1000} out in memory. */
#include "job/pattern.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct pattern {
    regex_t regex;
    size_t text_max;
    locale_t utf8; /* 0: this system has no C.UTF-8; bytes are matched then */
};

/* \d and its like: inside brackets, outside, and the opposite, which brackets cannot hold. */
static const struct class
{
    char letter;
    const char *inside, *outside;
} classes[] = {
    {'d', "0-9", "[0-9]"},
    {'w', "A-Za-z0-9_", "[A-Za-z0-9_]"},
    {'s', "[:space:]", "[[:space:]]"},
    {'D', NULL, "[^0-9]"},
    {'W', NULL, "[^A-Za-z0-9_]"},
    {'S', NULL, "[^[:space:]]"},
    {'t', "\t", "\t"},
    {'n', "\n", "\n"},
    {'r', "\r", "\r"},
    {'b', NULL, "\\b"},
    {'B', NULL, "\\B"},
};

struct translation {
    const char *source, *at;
    struct buf out;
    struct error *err;
    size_t total[PATTERN_GROUPS_MAX]; /* cost of each open group so far ... */
    size_t depth;
    size_t last; /* ... in which this is the part that a {n,m} would repeat */
    bool holds_anchor[PATTERN_GROUPS_MAX], last_holds_anchor; /* or is empty: see add_anchor() */
};

static int refuse(const struct translation *t, const char *why)
{
    return error_set(t->err, 422, "schema_invalid", "\"%.80s\" %s", t->source, why);
}

static const struct class *class_of(char letter)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].letter == letter)
            return &classes[i];
    return NULL;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One more part that a repetition may follow. */
static void add_part(struct translation *t, size_t cost)
{
    t->last = cost;
    t->last_holds_anchor = false;
    t->total[t->depth] += cost;
}

/* A part that takes no character. Repeated, it changes nothing, but regcomp works at ((^|a)*){25} for years. */
static void add_anchor(struct translation *t, size_t cost)
{
    add_part(t, cost);
    t->holds_anchor[t->depth] = t->last_holds_anchor = true;
}

/* The part before is written out so many times. */
static int repeat_part(struct translation *t, unsigned long times)
{
    if (t->last_holds_anchor)
        return refuse(t, "repeats what takes no character: ^, $, \\b, \\B or ()");
    if (times > 1) {
        t->total[t->depth] += t->last * (times - 1);
        t->last *= times;
    }
    return 0;
}

/* A backslash outside of brackets. */
static int put_escape(struct translation *t)
{
    const struct class *class = class_of(t->at[1]);

    if (!t->at[1])
        return refuse(t, "ends with a backslash");
    if (!class && is_word(t->at[1]))
        return refuse(t, t->at[1] <= '9' ? "has a back reference, which is not supported"
                                         : "has an escape that is not supported");
    if (class)
        buf_puts(&t->out, class->outside);
    else
        buf_put(&t->out, t->at, 2);
    if (t->at[1] == 'b' || t->at[1] == 'B')
        add_anchor(t, 1);
    else
        add_part(t, 1);
    t->at += 2;
    return 0;
}

/* A backslash inside of brackets, where POSIX takes it as itself. What brackets give a meaning to (- ] ^ [) becomes a
 * collating element, which has none. */
static int put_escape_inside(struct translation *t)
{
    char c = t->at[1];
    const struct class *class = class_of(c);

    if (!c)
        return refuse(t, "ends with a backslash");
    if ((class && !class->inside) || (!class && is_word(c)))
        return refuse(t, "has an escape in [...] that is not supported");
    if (class)
        buf_puts(&t->out, class->inside);
    else if (strchr("-]^[", c))
        buf_printf(&t->out, "[.%c.]", c);
    else
        buf_putc(&t->out, c);
    t->at += 2;
    return 0;
}

/* [:name:] of POSIX is kept; any other [ inside of brackets is a plain character in both dialects. */
static size_t class_name_size(const char *at)
{
    size_t size;

    if (at[0] != '[' || at[1] != ':')
        return 0;
    size = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz");
    return at[size] == ':' && at[size + 1] == ']' ? size + 2 : 0;
}

/* One element of a bracket expression. */
static int put_inside(struct translation *t)
{
    size_t name = class_name_size(t->at);

    if (!*t->at)
        return refuse(t, "has a [ without its ]");
    if (*t->at == '\\')
        return put_escape_inside(t);
    if (name)
        buf_put(&t->out, t->at, name);
    else if (*t->at == '[')
        buf_puts(&t->out, "[.[.]");
    else
        buf_putc(&t->out, *t->at);
    t->at += name ? name : 1;
    return 0;
}

static int put_bracket(struct translation *t)
{
    buf_putc(&t->out, *t->at++);
    if (*t->at == '^')
        buf_putc(&t->out, *t->at++);
    if (*t->at == ']')
        buf_putc(&t->out, *t->at++);
    while (*t->at != ']')
        if (put_inside(t) < 0)
            return -1;
    buf_putc(&t->out, *t->at++);
    add_part(t, 1);
    return 0;
}

/* The end of a repetition. A ? asks for as few as possible, which changes nothing in whether a text matches; to regcomp it
 * would be a repetition of the repetition, and those take it time that doubles with each one. */
static int end_repetition(struct translation *t)
{
    t->at += *t->at == '?';
    return *t->at && strchr("*+?{", *t->at) ? refuse(t, "repeats a repetition: put it in (...)") : 0;
}

/* *, + or ?. x+ is written out as xx*; one inside of another takes regcomp more time than its copies tell. */
static int put_sign(struct translation *t)
{
    unsigned long times = *t->at == '*' ? 1 : t->last > 1 ? 4 : 2;

    if (*t->at != '?' && repeat_part(t, times) < 0)
        return -1;
    buf_putc(&t->out, *t->at++);
    return end_repetition(t);
}

/* {n}, {n,} or {n,m}: the part before it counts as often as it will be written out. */
static int put_repetition(struct translation *t)
{
    const char *end = t->at + 1 + strspn(t->at + 1, "0123456789,");
    const char *comma = strchr(t->at, ',');
    unsigned long times;

    if (*end != '}' || end == t->at + 1 || t->at[1] == ',')
        return refuse(t, "has a { that is no repetition: write \\{ for the character");
    times = strtoul(t->at + 1, NULL, 10);
    if (comma && comma < end)
        times = comma + 1 == end ? times + 1 : strtoul(comma + 1, NULL, 10);
    if (times > PATTERN_COST_MAX)
        return refuse(t, "repeats too much");
    if (repeat_part(t, times) < 0)
        return -1;
    buf_put(&t->out, t->at, (size_t)(end + 1 - t->at));
    t->at = end + 1;
    return end_repetition(t);
}

static int put_open(struct translation *t)
{
    if (t->depth + 1 == PATTERN_GROUPS_MAX)
        return refuse(t, "has too many groups inside of each other");
    if (t->at[1] == '?' && t->at[2] != ':')
        return refuse(t, "has a group (?...), which is not supported");
    buf_putc(&t->out, '(');
    t->at += t->at[1] == '?' ? 3 : 1;
    t->total[++t->depth] = 0;
    t->holds_anchor[t->depth] = false;
    t->last = 0;
    return 0;
}

static int put_close(struct translation *t)
{
    size_t cost;
    bool is_anchor;

    if (t->depth == 0)
        return refuse(t, "has a ) without its (");
    cost = t->total[t->depth];
    is_anchor = cost == 0 || t->holds_anchor[t->depth];
    t->depth--;
    (is_anchor ? add_anchor : add_part)(t, cost + 1);
    buf_putc(&t->out, *t->at++);
    return 0;
}

static int put_next(struct translation *t)
{
    switch (*t->at) {
    case '\\':
        return put_escape(t);
    case '[':
        return put_bracket(t);
    case '{':
        return put_repetition(t);
    case '(':
        return put_open(t);
    case ')':
        return put_close(t);
    case '*':
    case '+':
    case '?':
        return put_sign(t);
    }
    (*t->at == '^' || *t->at == '$' ? add_anchor : add_part)(t, 1);
    buf_putc(&t->out, *t->at++);
    return 0;
}

static int translate(struct translation *t)
{
    if (strlen(t->source) > PATTERN_SIZE_MAX)
        return refuse(t, "is too long");
    while (*t->at) {
        if (put_next(t) < 0)
            return -1;
        if (t->total[t->depth] > PATTERN_COST_MAX)
            return refuse(t, "repeats too much");
    }
    if (t->out.failed)
        return error_set(t->err, 500, "internal", "the server is out of memory");
    return t->depth ? refuse(t, "has a ( without its )") : 0;
}

static int compile(struct pattern *p, const char *source, const char *posix, struct error *err)
{
    char why[96];
    locale_t before = uselocale(p->utf8);
    int failed = regcomp(&p->regex, posix, REG_EXTENDED | REG_NOSUB);

    uselocale(before);
    if (!failed)
        return 0;
    regerror(failed, &p->regex, why, sizeof why);
    return error_set(err, 422, "schema_invalid", "\"%.80s\" is no regular expression: %s", source, why);
}

struct pattern *pattern_new(const char *source, struct error *err)
{
    struct translation t = {.source = source, .at = source, .err = err};
    struct pattern *p = calloc(1, sizeof *p);
    int failed;

    if (!p) {
        error_set(err, 500, "internal", "the server is out of memory");
        return NULL;
    }
    /* Where there is no C.UTF-8 this is 0, and uselocale(0) changes nothing. */
    p->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    failed = translate(&t) < 0 || compile(p, source, buf_text(&t.out), err) < 0;
    buf_clear(&t.out);
    p->text_max = t.total[0] > PATTERN_WORK_MAX / PATTERN_TEXT_MAX ? PATTERN_WORK_MAX / t.total[0] : PATTERN_TEXT_MAX;
    if (!failed)
        return p;
    if (p->utf8)
        freelocale(p->utf8);
    free(p);
    return NULL;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    regfree(&p->regex);
    if (p->utf8)
        freelocale(p->utf8);
    free(p);
}

size_t pattern_text_max(const struct pattern *p)
{
    return p->text_max;
}

bool pattern_matches(const struct pattern *p, const char *text)
{
    locale_t before;
    bool matches;

    if (strnlen(text, p->text_max + 1) > p->text_max)
        return false;
    before = uselocale(p->utf8);
    matches = regexec(&p->regex, text, 0, NULL, 0) == 0;
    uselocale(before);
    return matches;
}
