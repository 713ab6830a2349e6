/* What a worker says (runner/output.c): the same bytes become the same entries, however they arrive, and a long line
 * comes out in parts just as it would have come out in one.
 *
 * The first byte seeds the sizes of the pieces. In the rest, two bytes have a meaning of their own: REPEAT N puts the last
 * line that was begun N times more, so that a small input makes long lines; SWITCH goes on with the other stream. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "runner/output.h"

enum { REPEAT = 0x01, SWITCH = 0x02, SAID_MAX = 140000 /* more than two entries */, SEGMENTS_MAX = 64 };

/* What is said, in order: segments of one stream or the other. */
struct said {
    struct buf bytes;
    struct {
        size_t from, size;
        bool on_err;
    } segment[SEGMENTS_MAX];
    size_t count;
};

static void repeat_line(struct buf *bytes, size_t line, size_t times)
{
    size_t size = bytes->size - line;
    char *copy = fuzz_copy(buf_text(bytes) + line, size);

    while (times-- > 0 && bytes->size + size <= SAID_MAX)
        buf_put(bytes, copy, size);
    free(copy);
}

static void read_said(struct fuzz_input *in, struct said *s)
{
    size_t line = 0, from = 0;
    bool on_err = false;

    for (;;) {
        bool end = in->at == in->end || s->count == SEGMENTS_MAX - 1;
        uint8_t c = fuzz_byte(in);

        if (end || c == SWITCH) {
            s->segment[s->count].from = from;
            s->segment[s->count].size = s->bytes.size - from;
            s->segment[s->count++].on_err = on_err;
            from = line = s->bytes.size;
            on_err = !on_err;
        } else if (c == REPEAT) {
            repeat_line(&s->bytes, line, fuzz_byte(in));
        } else {
            buf_putc(&s->bytes, (char)c);
            line = c == '\n' ? s->bytes.size : line;
        }
        if (end)
            return;
    }
}

/* xorshift: the same sizes for the same input. */
static size_t next_size(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return 1 + (*seed >> 16) % (*seed & 1 ? 7 : OUTPUT_READ_SIZE);
}

static void take_pieces(struct output *o, struct stream *s, const char *bytes, size_t size, uint64_t *seed)
{
    while (size > 0) {
        size_t piece = next_size(seed), before = o->report->body.size;
        char *copy;

        piece = piece < size ? piece : size;
        copy = fuzz_copy(bytes, piece);
        output_take(o, s, copy, piece);
        free(copy);
        /* What a report may take in after it is full: runner/report.h. */
        MUST(o->report->body.size - before <= 3 * ENTRY_SIZE_MAX + 32 * OUTPUT_READ_SIZE);
        MUST(s->line.size <= ENTRY_SIZE_MAX);
        bytes += piece;
        size -= piece;
    }
}

/* Without a limit of the log nothing goes to a disk. */
static const struct ticket no_limits;

/* Lets a runner hear it: in pieces, or each segment whole (seed 0). */
static void hear(const struct said *s, uint64_t seed, struct output *o, struct report *report)
{
    *report = (struct report){0};
    output_init(o, &no_limits, report);
    for (size_t i = 0; i < s->count; i++) {
        struct stream *stream = s->segment[i].on_err ? &o->err : &o->out;
        const char *bytes = buf_text(&s->bytes) + s->segment[i].from;

        if (seed)
            take_pieces(o, stream, bytes, s->segment[i].size, &seed);
        else
            output_take(o, stream, bytes, s->segment[i].size);
    }
    output_end(o, &o->out);
    output_end(o, &o->err);
    MUST(o->out.line.size == 0 && o->err.line.size == 0 && !report->body.failed);
}

static struct report_reader reader_of(const struct report *report)
{
    return (struct report_reader){buf_text(&report->body), buf_text(&report->body) + report->body.size};
}

static void check_same(const struct output *a, const struct output *b)
{
    struct report_reader in_a = reader_of(a->report), in_b = reader_of(b->report);
    struct report_record x, y;
    int got;

    while ((got = report_read_next(&in_a, &x, NULL)) > 0) {
        MUST(report_read_next(&in_b, &y, NULL) == 1);
        MUST(x.verb == y.verb && x.stream == y.stream && x.open == y.open && x.percent == y.percent);
        MUST(x.size == y.size && memcmp(x.bytes, y.bytes, x.size) == 0);
        MUST(x.size <= ENTRY_SIZE_MAX);
    }
    MUST(got == 0 && report_read_next(&in_b, &y, NULL) == 0);
    MUST(strcmp(a->stop_token, b->stop_token) == 0);
    MUST(!a->last_error == !b->last_error && (!a->last_error || strcmp(a->last_error, b->last_error) == 0));
}

/* -- the same, line by line, with all of a line at hand -- */

/* Secrets that overlap are shown as one; how many such places touch is another question (masks.h), and is not asked. */
static void put_squeezed(struct buf *out, const char *bytes, size_t size)
{
    while (size > 0) {
        const char *star = memchr(bytes, '*', size);
        size_t plain = star ? (size_t)(star - bytes) : size;

        buf_put(out, bytes, plain);
        if (star && out->data[out->size - 1] != '*')
            buf_putc(out, '*');
        plain += star != NULL;
        bytes += plain;
        size -= plain;
    }
}

/* One entry of the model: what it is, and its text. */
static void put_model(struct buf *out, enum report_verb verb, enum entry_stream stream, const char *bytes, size_t size)
{
    buf_printf(out, "\n%d %d:", verb, stream);
    put_squeezed(out, bytes, size);
}

struct model {
    struct masks masks;
    char stop_token[COMMAND_TOKEN_MAX + 1];
    struct buf out;
};

static void mask_failed(struct model *m)
{
    static const char sorry[] = "A secret is not hidden: it is too long, or there are too many.";

    put_model(&m->out, REPORT_LOG, STREAM_SYSTEM, sorry, sizeof sorry - 1);
}

static void model_text(struct model *m, const struct command *c, char *text, size_t size)
{
    enum report_verb verb = c->verb == COMMAND_RESPONSE ? REPORT_RESPONSE : REPORT_LOG;
    enum entry_stream stream = c->verb == COMMAND_ERROR ? STREAM_STDERR : STREAM_STDOUT;
    struct buf masked = {0};

    masks_apply(&m->masks, text, size, true, &masked);
    put_model(&m->out, verb, stream, buf_text(&masked), masked.size);
    buf_clear(&masked);
}

static void model_line(struct model *m, const char *line, size_t size)
{
    bool is_long = size > ENTRY_SIZE_MAX;
    struct command c = {.verb = COMMAND_NONE, .text = line, .size = size};
    size_t rest, text_size;
    char *text;

    if (size > 2)
        command_read(line, size, m->stop_token, &c);
    if (is_long && (c.verb == COMMAND_PROGRESS || c.verb == COMMAND_RESUME))
        c = (struct command){.verb = COMMAND_NONE, .text = line, .size = size};
    if (c.verb == COMMAND_GROUP) { /* as it is, but for the carriage return, which ends no text of a command */
        c.size += (size_t)(c.text - line);
        c.text = line;
    }
    text = fuzz_copy(c.text, c.size);
    text_size = c.verb == COMMAND_NONE ? c.size : command_decode(text, c.size, true, &rest);
    if (c.verb == COMMAND_ADD_MASK && (is_long || masks_add(&m->masks, text, text_size) < 0)) {
        mask_failed(m);
    } else if (c.verb == COMMAND_STOP_COMMANDS) {
        memcpy(m->stop_token, c.text, c.size);
        m->stop_token[c.size] = '\0';
    } else if (c.verb == COMMAND_RESUME) {
        m->stop_token[0] = '\0';
    } else if (c.verb != COMMAND_ADD_MASK && c.verb != COMMAND_PROGRESS) {
        model_text(m, &c, text, text_size);
    }
    free(text);
}

/* The entries of a report as the model writes them, parts put together. */
static void put_together(const struct report *report, struct buf *out)
{
    struct report_reader in = reader_of(report);
    bool goes_on[STREAMS] = {false};
    struct report_record r;

    while (report_read_next(&in, &r, NULL) > 0) {
        if (r.verb != REPORT_LOG && r.verb != REPORT_RESPONSE)
            continue;
        if (goes_on[r.stream])
            put_squeezed(out, r.bytes, r.size);
        else
            put_model(out, r.verb, r.stream, r.bytes, r.size);
        goes_on[r.stream] = r.open;
    }
}

static void check_model(const struct said *s, const struct report *report)
{
    const char *at = buf_text(&s->bytes), *end = at + s->bytes.size;
    struct model m = {0};
    struct buf together = {0};

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((newline ? newline : end) - at);

        model_line(&m, at, size);
        at += size + (newline != NULL);
    }
    put_together(report, &together);
    MUST(together.size == m.out.size && memcmp(buf_text(&together), buf_text(&m.out), m.out.size) == 0);
    masks_clear(&m.masks);
    buf_clear(&m.out);
    buf_clear(&together);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    uint64_t seed = fuzz_byte(&in) * UINT64_C(0x9E3779B97F4A7C15) | 1;
    struct report report, report_of_pieces;
    struct output whole, pieces;
    struct said said = {0};

    read_said(&in, &said);
    hear(&said, 0, &whole, &report);
    hear(&said, seed, &pieces, &report_of_pieces);
    check_same(&whole, &pieces);
    if (said.count == 1) /* with two streams at once, a secret may be told in the middle of a line */
        check_model(&said, &report);
    output_clear(&whole);
    output_clear(&pieces);
    buf_clear(&report.body);
    buf_clear(&report_of_pieces.body);
    buf_clear(&said.bytes);
    return 0;
}
