/* What a worker says. */
#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "job/command.h"

enum { MASKS_MAX = 100, MASK_SIZE_MAX = 4096, REASON_MAX = 500 };

struct masks {
    size_t count, longest;
    struct {
        char *text;
        size_t size;
    } mask[MASKS_MAX];
};

void output_init(struct output *o, struct report *report)
{
    *o = (struct output){.report = report, .out.name = STREAM_STDOUT, .err.name = STREAM_STDERR};
}

void output_clear(struct output *o)
{
    for (size_t i = 0; o->masks && i < o->masks->count; i++)
        free(o->masks->mask[i].text);
    free(o->masks);
    free(o->last_error);
    buf_clear(&o->out.line);
    buf_clear(&o->err.line);
}

static void add_mask(struct output *o, const char *text, size_t size)
{
    if (size == 0 || size > MASK_SIZE_MAX)
        return;
    if (!o->masks)
        o->masks = calloc(1, sizeof *o->masks);
    if (!o->masks || o->masks->count == MASKS_MAX)
        return;
    o->masks->mask[o->masks->count].text = malloc(size);
    if (!o->masks->mask[o->masks->count].text)
        return;
    memcpy(o->masks->mask[o->masks->count].text, text, size);
    o->masks->mask[o->masks->count++].size = size;
    if (size > o->masks->longest)
        o->masks->longest = size;
}

/* Replaces each secret by three stars, in place. */
static void apply_masks(const struct output *o, struct buf *text)
{
    for (size_t i = 0; o->masks && i < o->masks->count; i++) {
        const char *secret = o->masks->mask[i].text;
        size_t size = o->masks->mask[i].size, from = 0;
        struct buf result = {0};
        const char *at;

        while ((at = memmem(text->data + from, text->size - from, secret, size))) {
            buf_put(&result, text->data + from, (size_t)(at - text->data) - from);
            buf_puts(&result, "***");
            from = (size_t)(at - text->data) + size;
        }
        if (from == 0)
            continue;
        buf_put(&result, text->data + from, text->size - from);
        buf_clear(text);
        *text = result;
    }
}

static void put_entry(struct output *o, enum report_verb verb, enum entry_stream stream, bool open, const char *bytes,
                      size_t size)
{
    struct report_record r = {
        .verb = verb,
        .time_ms = clock_now_ms(),
        .stream = stream,
        .open = open,
        .bytes = bytes,
        .size = size,
    };

    report_add(o->report, &r);
}

/* Passes on a text of any length as entries that are not too large. */
static void put_text(struct output *o, enum report_verb verb, enum entry_stream stream, bool open, const char *bytes,
                     size_t size)
{
    while (size > ENTRY_SIZE_MAX) {
        put_entry(o, verb, stream, true, bytes, ENTRY_SIZE_MAX);
        bytes += ENTRY_SIZE_MAX;
        size -= ENTRY_SIZE_MAX;
    }
    put_entry(o, verb, stream, open, bytes, size);
}

/* Decodes and masks a text that a command carries, and passes it on. */
static void put_decoded(struct output *o, enum report_verb verb, enum entry_stream stream, bool open, const char *text,
                        size_t size)
{
    struct buf copy = {0};

    buf_put(&copy, text, size);
    if (!copy.failed) {
        copy.size = command_decode(copy.data, copy.size);
        apply_masks(o, &copy);
        put_text(o, verb, stream, open, copy.data, copy.size);
    }
    buf_clear(&copy);
}

static void put_progress(struct output *o, const struct command *c)
{
    struct report_record r = {.verb = REPORT_PROGRESS, .time_ms = clock_now_ms(), .percent = c->percent};
    struct buf message = {0};

    buf_put(&message, c->text, c->size < REASON_MAX ? c->size : REASON_MAX);
    if (!message.failed) {
        message.size = command_decode(message.data, message.size);
        apply_masks(o, &message);
        r.bytes = message.data;
        r.size = message.size;
        report_add(o->report, &r);
    }
    buf_clear(&message);
}

static void remember_error(struct output *o, const struct command *c)
{
    struct buf text = {0};

    buf_put(&text, c->text, c->size < REASON_MAX ? c->size : REASON_MAX);
    if (!text.failed) {
        text.size = command_decode(text.data, text.size);
        text.data[text.size] = '\0';
        apply_masks(o, &text);
        free(o->last_error);
        o->last_error = buf_take(&text);
    }
    buf_clear(&text);
}

static void take_mask(struct output *o, const struct command *c)
{
    char *copy = malloc(c->size + 1);

    if (copy) {
        memcpy(copy, c->text, c->size);
        add_mask(o, copy, command_decode(copy, c->size));
    }
    free(copy);
}

static void stop_commands(struct output *o, const struct command *c)
{
    size_t size = c->size < sizeof o->stop_token - 1 ? c->size : sizeof o->stop_token - 1;

    memcpy(o->stop_token, c->text, size);
    o->stop_token[size] = '\0';
}

/* A whole line, of which nothing was passed on yet. */
static void take_line(struct output *o, struct stream *s, bool open)
{
    struct command c = {.verb = COMMAND_NONE};

    if (s->name == STREAM_STDOUT && s->line.size > 2 && s->line.data[0] == ':')
        command_read(s->line.data, s->line.size, o->stop_token, &c);
    switch (c.verb) {
    case COMMAND_LOG:
        put_decoded(o, REPORT_LOG, STREAM_STDOUT, open, c.text, c.size);
        break;
    case COMMAND_RESPONSE:
        put_decoded(o, REPORT_RESPONSE, STREAM_STDOUT, open, c.text, c.size);
        break;
    case COMMAND_PROGRESS:
        put_progress(o, &c);
        break;
    case COMMAND_ERROR:
        remember_error(o, &c);
        put_decoded(o, REPORT_LOG, STREAM_STDERR, open, c.text, c.size);
        break;
    case COMMAND_ADD_MASK:
        take_mask(o, &c);
        break;
    case COMMAND_STOP_COMMANDS:
        stop_commands(o, &c);
        break;
    case COMMAND_RESUME:
        o->stop_token[0] = '\0';
        break;
    default:
        apply_masks(o, &s->line);
        put_text(o, REPORT_LOG, s->name, open, buf_text(&s->line), s->line.size);
    }
    if (open) { /* the next parts are of the same kind */
        s->rest = c.verb == COMMAND_RESPONSE ? REPORT_RESPONSE : REPORT_LOG;
        s->rest_is_encoded = c.verb != COMMAND_NONE;
    }
}

/* A further part of a long line. */
static void take_rest(struct output *o, struct stream *s, bool open)
{
    if (s->rest_is_encoded) {
        put_decoded(o, s->rest, s->name, open, buf_text(&s->line), s->line.size);
    } else {
        apply_masks(o, &s->line);
        put_text(o, s->rest, s->name, open, buf_text(&s->line), s->line.size);
    }
}

static void take(struct output *o, struct stream *s, bool open)
{
    if (s->rest)
        take_rest(o, s, open);
    else
        take_line(o, s, open);
    if (!open) {
        s->rest = 0;
        s->rest_is_encoded = false;
    }
    buf_reset(&s->line);
}

/* The line is longer than an entry may be. Its end is held back as far as a secret, or an escape, might begin there. */
static void pass_on_part(struct output *o, struct stream *s)
{
    size_t hold = o->masks && o->masks->longest > 3 ? 3 * o->masks->longest : 2;
    struct buf tail = {0};

    if (hold > s->line.size / 2)
        hold = s->line.size / 2;
    apply_masks(o, &s->line);
    if (hold > s->line.size)
        hold = 0;
    buf_put(&tail, s->line.data + s->line.size - hold, hold);
    s->line.size -= hold;
    take(o, s, true);
    buf_put(&s->line, tail.data, tail.size);
    buf_clear(&tail);
}

void output_take(struct output *o, struct stream *s, const char *bytes, size_t size)
{
    while (size > 0) {
        const char *newline = memchr(bytes, '\n', size);
        size_t part = newline ? (size_t)(newline - bytes) : size, room = ENTRY_SIZE_MAX - s->line.size;

        if (part > room)
            part = room;
        buf_put(&s->line, bytes, part);
        bytes += part;
        size -= part;
        if (size > 0 && *bytes == '\n') {
            take(o, s, false);
            bytes++;
            size--;
        } else if (s->line.size >= ENTRY_SIZE_MAX) {
            pass_on_part(o, s);
        }
    }
}

void output_end(struct output *o, struct stream *s)
{
    if (s->line.size > 0 || s->rest)
        take(o, s, false);
}
