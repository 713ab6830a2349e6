/* References to responses, in the texts of a JSON value. */
#include "job/reference.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const char BEGIN[] = "${jobs.";
static const char NAME[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

typedef int getter(const struct reference *, struct buf *, void *, struct error *);

/* What is done with those that are found. */
struct walk {
    const char *code;
    int (*each)(const struct reference *, void *, struct error *); /* NULL: they are replaced */
    getter *get;
    bool rename;
    void *context;
    struct json_writer w;
};

bool reference_may_be_in(const char *text)
{
    return strstr(text, BEGIN) != NULL;
}

/* Reads one at the start of `text`. Returns its length; 0: it is none. */
static size_t read_reference(const char *text, struct reference *out)
{
    const char *p = text + strlen(BEGIN);
    size_t length = strspn(p, NAME);

    if (length == 0 || length >= sizeof out->name)
        return 0;
    snprintf(out->name, sizeof out->name, "%.*s", (int)length, p);
    p += length;
    out->as_json = strncmp(p, ".json}", 6) == 0;
    if (!out->as_json && strncmp(p, ".response}", 10) != 0)
        return 0;
    return (size_t)(p - text) + (out->as_json ? 6 : 10);
}

static int put_reference(const struct walk *k, const struct reference *r, struct buf *text, struct error *err)
{
    if (k->each)
        return k->each(r, k->context, err);
    if (!k->rename)
        return k->get(r, text, k->context, err);
    buf_puts(text, BEGIN);
    if (k->get(r, text, k->context, err) < 0)
        return -1;
    buf_puts(text, r->as_json ? ".json}" : ".response}");
    return 0;
}

/* One that is read as JSON is the whole of its text, and becomes the value. */
static int put_json(struct walk *k, const struct reference *r, struct error *err)
{
    struct buf text = {0};
    struct json *value = NULL;
    int result = k->get(r, &text, k->context, err);

    if (result == 0 && (text.failed || !(value = json_parse(buf_text(&text), text.size, err))))
        result = error_set(err, 422, k->code, "the response of job %s is no JSON", r->name);
    if (result == 0)
        json_put_raw(&k->w, buf_text(&text));
    json_free(value);
    buf_clear(&text);
    return result;
}

/* Takes one text apart. */
static int put_parts(struct walk *k, const char *text, struct buf *out, struct error *err)
{
    struct reference r;
    const char *next;

    for (; (next = strstr(text, BEGIN)); text = next) {
        size_t length = read_reference(next, &r);

        if (length == 0 || (r.as_json && (next != text || next[length])))
            return error_set(err, 422, k->code,
                             "`${jobs.` begins ${jobs.NAME.response}, or ${jobs.NAME.json} alone in its text");
        buf_put(out, text, (size_t)(next - text));
        next += length;
        if (put_reference(k, &r, out, err) < 0)
            return -1;
    }
    buf_puts(out, text);
    return 0;
}

static int walk_text(struct walk *k, const char *text, struct error *err)
{
    struct buf out = {0};
    struct reference r;
    int result;

    if (!k->each && !k->rename && strncmp(text, BEGIN, strlen(BEGIN)) == 0) {
        size_t length = read_reference(text, &r);

        if (length && r.as_json && !text[length])
            return put_json(k, &r, err);
    }
    result = put_parts(k, text, &out, err);
    if (result == 0 && out.failed)
        result = error_set(err, 500, "internal", "the server ran out of memory");
    if (result == 0 && !k->each)
        json_put_string(&k->w, buf_text(&out));
    buf_clear(&out);
    return result;
}

/* As deep as JSON that was read may be (JSON_DEPTH_MAX). */
static int walk(struct walk *k, const struct json *value, struct error *err)
{
    bool object = json_type(value) == JSON_OBJECT;

    if (json_type(value) == JSON_STRING)
        return walk_text(k, json_string(value), err);
    if (!object && json_type(value) != JSON_ARRAY) {
        struct buf text = {0};

        json_print(value, &text);
        if (!k->each)
            json_put_raw(&k->w, buf_text(&text));
        buf_clear(&text);
        return 0;
    }
    if (!k->each)
        json_begin(&k->w, object ? '{' : '[');
    for (const struct json *item = json_first(value); item; item = json_next(item)) {
        if (object && !k->each)
            json_name(&k->w, json_key(item));
        if (walk(k, item, err) < 0)
            return -1;
    }
    if (!k->each)
        json_end(&k->w, object ? '}' : ']');
    return 0;
}

int reference_each(const struct json *value, const char *code,
                   int (*each)(const struct reference *, void *, struct error *), void *context, struct error *err)
{
    struct walk k = {.code = code, .each = each, .context = context};

    return walk(&k, value, err);
}

static int rewrite(struct walk *k, const struct json *value, struct error *err)
{
    if (walk(k, value, err) < 0)
        return -1;
    return k->w.out->failed ? error_set(err, 500, "internal", "the server ran out of memory") : 0;
}

int reference_replace(const struct json *value, const char *code, getter *get, void *context, struct buf *out,
                      struct error *err)
{
    struct walk k = {.code = code, .get = get, .context = context, .w = {.out = out}};

    return rewrite(&k, value, err);
}

int reference_rename(const struct json *value, const char *code, getter *get, void *context, struct buf *out,
                     struct error *err)
{
    struct walk k = {.code = code, .get = get, .rename = true, .context = context, .w = {.out = out}};

    return rewrite(&k, value, err);
}
