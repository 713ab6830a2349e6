/* A worker's description out of a script's comments or a host's output. The comments are first turned into their plain
 * text, line by line, so that what follows need not know of comment signs. */
#include "worker/describe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "job/schema.h"

void description_clear(struct description *d)
{
    free(d->text);
    free(d->parameters);
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

/* Takes both texts out of their buffers; an empty `parameters` is none. */
static int finish(struct buf *text, struct buf *parameters, struct description *out, struct error *err)
{
    struct description d = {0};

    if (text->size > DESCRIBE_TEXT_MAX)
        return error_set(err, 422, "worker_description", "the description is longer than %d bytes", DESCRIBE_TEXT_MAX);
    if (memchr(buf_text(text), '\0', text->size))
        return refuse(err, "the description contains a NUL byte");
    if (text->failed || parameters->failed)
        return out_of_memory(err);
    d.text = buf_take(text);
    d.parameters = parameters->size ? buf_take(parameters) : NULL;
    if (!d.text || (parameters->size && !d.parameters)) {
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

/* The rest of this line, and those after it until an empty one or the other word, joined. */
static void put_description(const char *from, struct buf *out)
{
    size_t length = strcspn(from, "\n");

    do {
        if (out->size)
            buf_putc(out, ' ');
        put_trimmed(out, from, length);
        from += length + (from[length] == '\n');
        length = strcspn(from, "\n");
    } while (length && !begins_with(from, "Parameters:"));
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

/* The first "Parameters:" with a { after it; NULL: there is none. */
static const char *find_parameters(const char *lines)
{
    const char *from = lines;

    while ((from = find_word(from, "Parameters:"))) {
        while (is_space(*from))
            from++;
        if (*from == '{')
            return from;
    }
    return NULL;
}

static int put_parameters(const char *lines, struct buf *out, struct error *err)
{
    const char *from = find_parameters(lines);
    size_t size = from ? object_size(from) : 0;
    struct json *schema;
    int result;

    if (!from)
        return 0;
    if (!size)
        return refuse(err, "the Parameters in the script's head end before the } that closes them");
    schema = parse(from, size, "the Parameters in the script's head", err);
    if (!schema)
        return -1;
    result = print_schema(schema, out, err);
    json_free(schema);
    return result;
}

int describe_script(const char *source, size_t size, struct description *out, struct error *err)
{
    AUTO(buf) struct buf lines = {0}, text = {0}, parameters = {0};
    const char *from;

    read_head(source, size < DESCRIBE_SIZE_MAX ? size : DESCRIBE_SIZE_MAX, &lines);
    if (lines.failed)
        return out_of_memory(err);
    from = find_word(buf_text(&lines), "Description:");
    if (from)
        put_description(from, &text);
    if (put_parameters(buf_text(&lines), &parameters, err) < 0)
        return -1;
    return finish(&text, &parameters, out, err);
}

/* ---- a host's output ---- */

static int read_object(const struct json *object, struct buf *text, struct buf *parameters, struct error *err)
{
    const struct json *description = json_member(object, "description"), *schema = json_member(object, "parameters");

    if (description && !json_string(description))
        return refuse(err, "the description's \"description\" must be a string");
    if (description)
        put_trimmed(text, json_string(description), strlen(json_string(description)));
    return schema ? print_schema(schema, parameters, err) : 0;
}

int describe_output(const char *output, size_t size, struct description *out, struct error *err)
{
    AUTO(buf) struct buf text = {0}, parameters = {0};
    struct json *object;
    int result;

    if (size > DESCRIBE_SIZE_MAX)
        return error_set(err, 422, "worker_description", "the description is longer than %d bytes", DESCRIBE_SIZE_MAX);
    while (size && is_space(*output))
        output++, size--;
    if (!size || *output != '{') {
        put_trimmed(&text, output, size);
        return finish(&text, &parameters, out, err);
    }
    object = parse(output, size, "the worker's description", err);
    if (!object)
        return -1;
    result = read_object(object, &text, &parameters, err);
    json_free(object);
    return result < 0 ? -1 : finish(&text, &parameters, out, err);
}
