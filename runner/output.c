/* What a worker says. A text passes three steps: escapes are decoded, secrets hidden, and what is too long is cut into
 * entries. Each step may keep a few bytes at the end of an unfinished line, so a long line comes out in parts just as it
 * would have come out in one. */
#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { REASON_MAX = 500 };

void output_init(struct output *o, const struct ticket *t, struct report *report)
{
    *o = (struct output){.report = report, .out.name = STREAM_STDOUT, .err.name = STREAM_STDERR};
    log_limit_init(&o->log, t, report);
}

void output_clear(struct output *o)
{
    masks_clear(&o->masks);
    log_limit_clear(&o->log);
    free(o->last_error);
    buf_clear(&o->out.line);
    buf_clear(&o->err.line);
}

/* -- passing on -- */

static void put_entry(struct output *o, const struct destination *to, bool open, const char *bytes, size_t size)
{
    struct report_record r = {
        .verb = to->verb,
        .time_ms = clock_now_ms(),
        .stream = to->stream,
        .open = open,
        .bytes = bytes,
        .size = size,
    };

    if (to->verb == REPORT_LOG)
        log_limit_add(&o->log, &r);
    else
        report_add(o->report, &r);
}

/* Passes on a text of any length as entries that are not too large. */
static void put_text(struct output *o, const struct destination *to, bool open, const char *bytes, size_t size)
{
    while (size > ENTRY_SIZE_MAX) {
        put_entry(o, to, true, bytes, ENTRY_SIZE_MAX);
        bytes += ENTRY_SIZE_MAX;
        size -= ENTRY_SIZE_MAX;
    }
    put_entry(o, to, open, bytes, size);
}

/* Hides secrets on the way. Returns how many bytes were passed on. */
static size_t put_masked(struct output *o, const struct destination *to, bool whole, const char *bytes, size_t size)
{
    struct buf masked = {0};
    size_t taken;

    if (o->masks.count == 0) {
        put_text(o, to, !whole, bytes, size);
        return size;
    }
    taken = masks_apply(&o->masks, bytes, size, whole, &masked);
    put_text(o, to, !whole, buf_text(&masked), masked.size);
    buf_clear(&masked);
    return taken;
}

/* Passes on what stands in s->line: all when the line is `whole`, else what cannot change by what comes next. */
static void pass_on(struct output *o, struct stream *s, bool whole)
{
    size_t taken, rest = 0;

    s->is_rest = !whole;
    if (s->to.verb == 0) {
        buf_reset(&s->line);
        return;
    }
    if (s->to.encoded) {
        if (whole && s->line.size && s->line.data[s->line.size - 1] == '\r')
            s->line.size--;
        s->decoded += command_decode(s->line.data + s->decoded, s->line.size - s->decoded, whole, &rest);
        s->line.size = s->decoded + rest;
    } else {
        s->decoded = s->line.size;
    }
    taken = put_masked(o, &s->to, whole, buf_text(&s->line), s->decoded);
    buf_drop(&s->line, taken);
    s->decoded -= taken;
}

/* -- commands -- */

/* The text of a command as a string: decoded, its secrets hidden, and cut only then. NULL: memory ran out. */
static char *read_short_text(const struct output *o, const struct command *c, size_t max)
{
    struct buf raw = {0}, text = {0};
    size_t rest;

    buf_put(&raw, c->text, c->size);
    if (!raw.failed)
        masks_apply(&o->masks, raw.data, command_decode(raw.data, raw.size, true, &rest), true, &text);
    buf_clear(&raw);
    if (text.size > max) {
        while (max > 0 && ((unsigned char)text.data[max] & 0xC0) == 0x80) /* not within a character */
            max--;
        text.size = max;
    }
    return buf_take(&text);
}

static void put_progress(struct output *o, const struct command *c)
{
    struct report_record r = {.verb = REPORT_PROGRESS, .time_ms = clock_now_ms(), .percent = c->percent};
    char *message = read_short_text(o, c, REASON_MAX);

    if (message) {
        r.bytes = message;
        r.size = strlen(message);
        report_add(o->report, &r);
    }
    free(message);
}

static void remember_error(struct output *o, const struct command *c)
{
    free(o->last_error);
    o->last_error = read_short_text(o, c, REASON_MAX);
}

/* The worker decides how often this is said, so it counts as what the worker says. */
static void say_mask_failed(struct output *o)
{
    static const struct destination system = {.verb = REPORT_LOG, .stream = STREAM_SYSTEM};
    static const char text[] = "A secret is not hidden: it is too long, or there are too many.";

    put_entry(o, &system, false, text, sizeof text - 1);
}

static void add_mask(struct output *o, const struct command *c)
{
    struct buf secret = {0};
    size_t rest;

    buf_put(&secret, c->text, c->size);
    if (secret.failed || masks_add(&o->masks, secret.data, command_decode(secret.data, secret.size, true, &rest)) < 0)
        say_mask_failed(o);
    buf_clear(&secret);
}

static void stop_commands(struct output *o, const struct command *c)
{
    memcpy(o->stop_token, c->text, c->size);
    o->stop_token[c->size] = '\0';
}

/* What a long line is can be told from its beginning only where a text follows to its end. */
static bool can_be_long(enum command_verb verb)
{
    return verb == COMMAND_LOG || verb == COMMAND_RESPONSE || verb == COMMAND_ERROR || verb == COMMAND_GROUP ||
           verb == COMMAND_ADD_MASK;
}

static struct command read_command(const struct output *o, const struct stream *s, bool whole)
{
    struct command c = {.verb = COMMAND_NONE};

    if (s->name == STREAM_STDOUT && s->line.size > 2 && s->line.data[0] == ':')
        command_read(s->line.data, s->line.size, o->stop_token, &c);
    if (!whole && !can_be_long(c.verb))
        c.verb = COMMAND_NONE;
    return c;
}

/* Does what a command says at once. False: its text is to be passed on. */
static bool obey_command(struct output *o, const struct command *c, bool whole)
{
    switch (c->verb) {
    case COMMAND_PROGRESS:
        put_progress(o, c);
        return true;
    case COMMAND_ADD_MASK:
        if (whole)
            add_mask(o, c);
        else
            say_mask_failed(o);
        return true;
    case COMMAND_STOP_COMMANDS:
        stop_commands(o, c);
        return true;
    case COMMAND_RESUME:
        o->stop_token[0] = '\0';
        return true;
    case COMMAND_ERROR:
        remember_error(o, c);
        return false;
    default:
        return false;
    }
}

/* The beginning of a line: where does it go? */
static void begin_line(struct output *o, struct stream *s, bool whole)
{
    struct command c = read_command(o, s, whole);

    s->to = (struct destination){.verb = REPORT_LOG, .stream = s->name, .encoded = c.verb != COMMAND_NONE};
    if (obey_command(o, &c, whole)) {
        s->to.verb = 0;
        return;
    }
    if (c.verb == COMMAND_RESPONSE)
        s->to.verb = REPORT_RESPONSE;
    if (c.verb == COMMAND_ERROR)
        s->to.stream = STREAM_STDERR;
    if (c.verb != COMMAND_NONE && c.verb != COMMAND_GROUP)
        buf_drop(&s->line, (size_t)(c.text - s->line.data));
}

static void take(struct output *o, struct stream *s, bool whole)
{
    if (!s->is_rest)
        begin_line(o, s, whole);
    pass_on(o, s, whole);
}

void output_take(struct output *o, struct stream *s, const char *bytes, size_t size)
{
    while (size > 0) {
        const char *newline = memchr(bytes, '\n', size);
        size_t part = newline ? (size_t)(newline - bytes) : size, room;

        if (part > 0 && s->line.size >= ENTRY_SIZE_MAX)
            take(o, s, false);
        room = ENTRY_SIZE_MAX - s->line.size;
        if (part > room) {
            part = room;
            newline = NULL;
        }
        buf_put(&s->line, bytes, part);
        if (newline)
            take(o, s, true);
        part += newline != NULL;
        bytes += part;
        size -= part;
    }
}

void output_end(struct output *o, struct stream *s)
{
    if (s->line.size > 0 || s->is_rest)
        take(o, s, true);
}
