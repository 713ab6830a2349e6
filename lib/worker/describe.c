/* A worker's description out of a script's comments or a host's output. The comments are first turned into their plain
 * text, line by line, so that what follows need not know of comment signs. */
#include "worker/describe.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "job/schema.h"
#include "worker/options.h"

void description_clear(struct description *d)
{
    free(d->text);
    free(d->parameters);
    free(d->options);
    *d = (struct description){0};
}

static int out_of_memory(struct error *err)
{
    return error_set(err, 500, "internal", "the server is out of memory");
}

static int refuse(struct error *err, const char *what)
{
    return error_set(err, 422, "worker_description", "%s", what);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Puts a text without the white space around it. */
static void put_trimmed(struct buf *out, const char *text, size_t size)
{
    while (size && is_space(text[size - 1]))
        size--;
    while (size && is_space(*text))
        text++, size--;
    buf_put(out, text, size);
}

/* ---- from parts to a description ---- */

/* The parts as they are gathered; an empty one is none. */
struct parts {
    struct buf text, parameters, options;
};

static void parts_clear(struct parts *p)
{
    buf_clear(&p->text);
    buf_clear(&p->parameters);
    buf_clear(&p->options);
}

/* What is malformed here is not the request. */
static struct json *parse(const char *text, size_t size, const char *what, struct error *err)
{
    struct error why = {0};
    struct json *value = json_parse(text, size, &why);

    if (!value && why.status == 400)
        error_set(err, 422, "worker_description", "%s: %.150s", what, why.message);
    else if (!value && err)
        *err = why;
    return value;
}

/* Prints a schema that is one. */
static int print_schema(const struct json *schema, struct buf *out, struct error *err)
{
    if (json_type(schema) != JSON_OBJECT)
        return refuse(err, "the description's \"parameters\" must be an object: a JSON Schema");
    if (schema_check(schema, err) < 0)
        return -1;
    json_print(schema, out);
    return 0;
}

/* Prints options that are some. */
static int print_options(const struct json *options, struct buf *out, struct error *err)
{
    AUTO(worker_options) struct worker_options ignored = {0};

    if (worker_options_read(options, &ignored, err) < 0)
        return -1;
    json_print(options, out);
    return 0;
}

/* Takes the texts out of their buffers. */
static int finish(struct parts *p, struct description *out, struct error *err)
{
    struct description d = {0};

    if (p->text.size > DESCRIBE_TEXT_MAX)
        return error_set(err, 422, "worker_description", "the description is longer than %d bytes", DESCRIBE_TEXT_MAX);
    if (memchr(buf_text(&p->text), '\0', p->text.size))
        return refuse(err, "the description contains a NUL byte");
    if (p->text.failed || p->parameters.failed || p->options.failed)
        return out_of_memory(err);
    d.text = buf_take(&p->text);
    d.parameters = p->parameters.size ? buf_take(&p->parameters) : NULL;
    d.options = p->options.size ? buf_take(&p->options) : NULL;
    if (!d.text || (p->parameters.size && !d.parameters) || (p->options.size && !d.options)) {
        description_clear(&d);
        return out_of_memory(err);
    }
    *out = d;
    return 0;
}

/* ---- a script's comments ---- */

/* Where we are in a script's head. */
struct head {
    const char *at, *end;
    bool in_block; /* between the signs of a block comment */
};

/* The comment in one line, with *size; NULL: the line is code. */
static const char *comment_of(struct head *h, const char *line, size_t *size)
{
    const char *from = line, *end = line + *size, *close;

    while (from < end && is_space(*from))
        from++;
    if (!h->in_block && end - from >= 2 && memcmp(from, "/*", 2) == 0) {
        h->in_block = true;
        from++;
    }
    if (h->in_block) {
        close = memmem(from, (size_t)(end - from), "*/", 2);
        h->in_block = !close;
        end = close ? close : end;
        while (from < end && *from == '*')
            from++;
    } else if (from < end && *from == '#') {
        while (from < end && *from == '#')
            from++;
    } else if (end - from >= 2 && (memcmp(from, "//", 2) == 0 || memcmp(from, "--", 2) == 0)) {
        from += 2;
    } else if (from < end) {
        return NULL;
    }
    *size = (size_t)(end - from);
    return from;
}

/* The text of all comments, one line each. */
static void read_head(const char *source, size_t size, struct buf *out)
{
    struct head h = {source, source + size, false};

    if (size >= 2 && memcmp(source, "#!", 2) == 0) {
        h.at = memchr(source, '\n', size);
        h.at = h.at ? h.at + 1 : h.end;
    }
    while (h.at < h.end) {
        const char *newline = memchr(h.at, '\n', (size_t)(h.end - h.at));
        const char *next = newline ? newline + 1 : h.end;
        size_t length = (size_t)((newline ? newline : h.end) - h.at);
        const char *comment = comment_of(&h, h.at, &length);

        if (!comment)
            return;
        put_trimmed(out, comment, length);
        buf_putc(out, '\n');
        h.at = next;
    }
}

static bool begins_with(const char *line, const char *word)
{
    return strncasecmp(line, word, strlen(word)) == 0;
}

/* The text after `word` where a line begins with it; NULL: no line does. */
static const char *find_word(const char *lines, const char *word)
{
    while (lines && !begins_with(lines, word)) {
        lines = strchr(lines, '\n');
        lines = lines ? lines + 1 : NULL;
    }
    return lines ? lines + strlen(word) : NULL;
}

static bool begins_with_word(const char *line)
{
    return begins_with(line, "Parameters:") || begins_with(line, "Options:");
}

/* The rest of this line, and those after it until an empty one or another word, joined. */
static void put_description(const char *from, struct buf *out)
{
    size_t length = strcspn(from, "\n");

    do {
        if (out->size)
            buf_putc(out, ' ');
        put_trimmed(out, from, length);
        from += length + (from[length] == '\n');
        length = strcspn(from, "\n");
    } while (length && !begins_with_word(from));
}

/* Length of the JSON object at the beginning of `text`, by its braces; 0: it does not end. */
static size_t object_size(const char *text)
{
    bool in_string = false;
    size_t depth = 0;

    for (const char *p = text; *p; p++) {
        if (in_string && *p == '\\' && p[1])
            p++;
        else if (*p == '"')
            in_string = !in_string;
        else if (!in_string && *p == '{')
            depth++;
        else if (!in_string && *p == '}' && --depth == 0)
            return (size_t)(p + 1 - text);
    }
    return 0;
}

/* The first such word with a { after it; NULL: there is none. */
static const char *find_object(const char *lines, const char *word)
{
    const char *from = lines;

    while ((from = find_word(from, word))) {
        while (is_space(*from))
            from++;
        if (*from == '{')
            return from;
    }
    return NULL;
}

/* Prints the object after the word, such as "Parameters:", where it is what `print` takes. */
static int put_object(const char *lines, const char *word,
                      int (*print)(const struct json *, struct buf *, struct error *), struct buf *out,
                      struct error *err)
{
    const char *from = find_object(lines, word);
    size_t size = from ? object_size(from) : 0;
    struct json *object;
    char what[64];
    int result;

    if (!from)
        return 0;
    snprintf(what, sizeof what, "the %.*s in the script's head", (int)strlen(word) - 1, word);
    if (!size)
        return error_set(err, 422, "worker_description", "%s end before the } that closes them", what);
    object = parse(from, size, what, err);
    if (!object)
        return -1;
    result = print(object, out, err);
    json_free(object);
    return result;
}

int describe_script(const char *source, size_t size, struct description *out, struct error *err)
{
    AUTO(buf) struct buf lines = {0};
    AUTO(parts) struct parts p = {0};
    const char *from;

    read_head(source, size < DESCRIBE_SIZE_MAX ? size : DESCRIBE_SIZE_MAX, &lines);
    if (lines.failed)
        return out_of_memory(err);
    from = find_word(buf_text(&lines), "Description:");
    if (from)
        put_description(from, &p.text);
    if (put_object(buf_text(&lines), "Parameters:", print_schema, &p.parameters, err) < 0 ||
        put_object(buf_text(&lines), "Options:", print_options, &p.options, err) < 0)
        return -1;
    return finish(&p, out, err);
}

/* ---- a host's output ---- */

static int read_object(const struct json *object, struct parts *p, struct error *err)
{
    const struct json *description = json_member(object, "description"), *schema = json_member(object, "parameters");
    const struct json *options = json_member(object, "options");

    if (description && !json_string(description))
        return refuse(err, "the description's \"description\" must be a string");
    if (description)
        put_trimmed(&p->text, json_string(description), strlen(json_string(description)));
    if (schema && print_schema(schema, &p->parameters, err) < 0)
        return -1;
    return options ? print_options(options, &p->options, err) : 0;
}

int describe_output(const char *output, size_t size, struct description *out, struct error *err)
{
    AUTO(parts) struct parts p = {0};
    struct json *object;
    int result;

    if (size > DESCRIBE_SIZE_MAX)
        return error_set(err, 422, "worker_description", "the description is longer than %d bytes", DESCRIBE_SIZE_MAX);
    while (size && is_space(*output))
        output++, size--;
    if (!size || *output != '{') {
        put_trimmed(&p.text, output, size);
        return finish(&p, out, err);
    }
    object = parse(output, size, "the worker's description", err);
    if (!object)
        return -1;
    result = read_object(object, &p, err);
    json_free(object);
    return result < 0 ? -1 : finish(&p, out, err);
}
