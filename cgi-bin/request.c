/* One HTTP request, out of the variables that CGI/1.1 gives. */
#include "request.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

static const char *const method_names[METHODS] = {
    [METHOD_OTHER] = "this method", [METHOD_GET] = "GET",       [METHOD_HEAD] = "HEAD",       [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT",           [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
};

static const char PROGRAM[] = "/cgi-bin/jobjoker.cgi";

const char *method_name(enum method method)
{
    return method_names[method];
}

const char *request_variable(const struct request *req, const char *name)
{
    return gateway_variable(req->gateway, name);
}

const char *request_header(const struct request *req, const char *cgi_name)
{
    char name[64];

    snprintf(name, sizeof name, "HTTP_%s", cgi_name);
    return req->gateway->kind->variable(req->gateway, name);
}

static enum method read_method(const struct request *req)
{
    const char *sent = request_variable(req, "REQUEST_METHOD");

    for (enum method m = METHOD_GET; m < METHODS; m++) {
        if (strcmp(method_names[m], sent) == 0)
            return m;
    }
    return METHOD_OTHER;
}

void request_put_base(const struct request *req, struct buf *out)
{
    text_percent_encode(req->base ? req->base : "", " \"%?#<>\\^`{|};,", out);
}

/* Copies the raw path of the request: no query, no scheme and host, no doubled slash. */
static void copy_raw_path(const char *uri, char *out, size_t out_size)
{
    const char *end = uri + strcspn(uri, "?#"), *host;
    size_t n = 0;

    if (*uri != '/' && (host = strstr(uri, "://")) && host < end) { /* absolute-form, RFC 9112 section 3.2.2 */
        uri = host + 3;
        uri += strcspn(uri, "/?#");
    }
    for (; uri < end && n + 1 < out_size; uri++) {
        if (*uri != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = *uri;
    }
    out[n] = '\0';
}

/* Where the raw path goes on after `prefix`, which is decoded. NULL: it does not begin with it. */
static const char *skip_prefix(const char *raw, const char *prefix)
{
    char decoded[2];

    while (*prefix) {
        size_t used = *raw == '%' ? 3 : 1;

        if (!*raw || strnlen(raw, used) < used || text_percent_decode(raw, used, false, decoded) != 1 ||
            decoded[0] != *prefix || (used == 3 && decoded[0] == '/')) /* which is part of a name */
            return NULL;
        raw += used;
        prefix++;
    }
    return *raw == '/' || *raw == '\0' ? raw : NULL;
}

/* The folder we live in is known from SCRIPT_NAME, which the server derived from its own configuration. */
static int find_base(struct request *req, struct error *err)
{
    const char *script = request_variable(req, "SCRIPT_NAME");
    size_t length = strlen(script), program = sizeof PROGRAM - 1;

    if (length < program || strcmp(script + length - program, PROGRAM) != 0)
        length = 0;
    else
        length -= program;
    req->base = strndup(script, length);
    return req->base ? 0 : error_errno(err, "memory");
}

static enum format take_suffix(char *segment)
{
    static const struct {
        const char *text;
        enum format format;
    } suffixes[] = {{".json", FORMAT_JSON}, {".csv", FORMAT_CSV}, {".txt", FORMAT_TEXT}};
    size_t length = strlen(segment);

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t n = strlen(suffixes[i].text);

        if (length > n && strcmp(segment + length - n, suffixes[i].text) == 0) {
            segment[length - n] = '\0';
            return suffixes[i].format;
        }
    }
    return 0;
}

/* Splits first and decodes then, so that %2F is part of a name and no separator. */
static int split_path(struct request *req, const char *raw, struct error *err)
{
    char *to = req->path_copy = malloc(strlen(raw) + REQUEST_SEGMENTS_MAX + 2);

    if (!to)
        return error_errno(err, "memory");
    while (*raw) {
        size_t length;
        long decoded;

        raw += *raw == '/';
        length = strcspn(raw, "/");
        if (length == 0)
            break;
        if (req->segment_count == REQUEST_SEGMENTS_MAX)
            return error_set(err, 404, "route_unknown", "there is nothing at this path");
        decoded = text_percent_decode(raw, length, false, to);
        if (decoded < 0)
            return error_set(err, 400, "bad_request", "the path has a broken or forbidden %% escape");
        req->segments[req->segment_count++] = to;
        to += decoded + 1;
        raw += length;
    }
    if (req->segment_count)
        req->suffix = take_suffix((char *)(uintptr_t)req->segments[req->segment_count - 1]);
    return 0;
}

static int read_path(struct request *req, struct error *err)
{
    const char *uri = request_variable(req, "REQUEST_URI"), *rest;
    char raw[REQUEST_PATH_MAX];

    if (find_base(req, err) < 0)
        return -1;
    if (!*uri) /* no rewriting server in between: the runner's reports come this way */
        return split_path(req, request_variable(req, "PATH_INFO"), err);
    if (strcspn(uri, "?") >= sizeof raw)
        return error_set(err, 414, "path_too_long", "the path is longer than %d bytes", REQUEST_PATH_MAX - 1);
    copy_raw_path(uri, raw, sizeof raw);
    rest = skip_prefix(raw, request_variable(req, "SCRIPT_NAME"));
    if (!rest)
        rest = skip_prefix(raw, req->base);
    if (!rest)
        return error_set(err, 400, "bad_request", "the path is outside of this site's folder");
    return split_path(req, rest, err);
}

static int read_query(struct request *req, struct error *err)
{
    const char *p = request_variable(req, "QUERY_STRING");
    char *to;

    if (strlen(p) > REQUEST_QUERY_MAX)
        return error_set(err, 414, "query_too_long", "the query is longer than %d bytes", REQUEST_QUERY_MAX);
    to = req->query_copy = malloc(2 * strlen(p) + 2);
    if (!to)
        return error_errno(err, "memory");
    while (*p) {
        size_t length = strcspn(p, "&"), name = strcspn(p, "=&");
        long n, v;

        if (length && req->query_count == REQUEST_PARAMETERS_MAX)
            return error_set(err, 400, "bad_request", "the query has more than %d parameters", REQUEST_PARAMETERS_MAX);
        if (length) {
            struct parameter *q = &req->query[req->query_count++];

            q->name = to;
            n = text_percent_decode(p, name, true, to);
            to += n + 1;
            q->value = n < 0 ? NULL : to;
            v = n < 0 ? -1 : text_percent_decode(p + name + (name < length), length - name - (name < length), true, to);
            if (v < 0)
                return error_set(err, 400, "bad_request", "the query has a broken or forbidden %% escape");
            to += v + 1;
        }
        p += length + (p[length] == '&');
    }
    return 0;
}

static void make_request_id(struct request *req)
{
    unsigned char random[8];

    secret_random(random, sizeof random);
    text_to_hex(random, sizeof random, req->id);
}

int request_init(struct request *req, struct gateway *gateway, struct error *err)
{
    req->gateway = gateway;
    make_request_id(req);
    req->method = read_method(req);
    if (read_path(req, err) < 0)
        return -1;
    return read_query(req, err);
}

void request_clear(struct request *req)
{
    free(req->base);
    free(req->path_copy);
    free(req->query_copy);
    buf_clear(&req->body);
    *req = (struct request){0};
}

/* The pattern's names run on (":id/log"), so they are compared up to the slash. */
const char *request_path(const struct request *req, const char *name)
{
    size_t length = strlen(name);

    for (int i = 0; i < req->path_count; i++) {
        const char *n = req->path[i].name;

        if (strncmp(n, name, length) == 0 && (n[length] == '/' || n[length] == '\0'))
            return req->path[i].value;
    }
    return NULL;
}

const char *request_query(const struct request *req, const char *name)
{
    for (int i = 0; i < req->query_count; i++) {
        if (strcmp(req->query[i].name, name) == 0)
            return req->query[i].value;
    }
    return NULL;
}

int request_query_int(const struct request *req, const char *name, int64_t low, int64_t high, int64_t preset,
                      int64_t *out, struct error *err)
{
    const char *text = request_query(req, name);
    long long number;

    *out = preset;
    if (!text)
        return 0;
    if (text_to_int(text, low, high, &number) < 0)
        return error_set(err, 400, "bad_parameter", "%s must be a whole number from %lld to %lld", name, (long long)low,
                         (long long)high);
    *out = number;
    return 0;
}

int request_query_time(const struct request *req, const char *name, int64_t *time_ms, struct error *err)
{
    const char *text = request_query(req, name);

    *time_ms = 0;
    if (!text || text_to_time(text, time_ms) == 0)
        return 0;
    return error_set(err, 400, "bad_parameter", "%s must be a time such as 2026-11-24T03:43:00Z", name);
}

/* Without a length (a chunked body, which the server has put together) the end of the input is the body's end. */
static int read_to_end(struct request *req, int64_t max, struct error *err)
{
    enum { CHUNK = 65536 };

    for (;;) {
        char *to = buf_reserve(&req->body, CHUNK);
        ssize_t n;

        if (!to)
            return error_set(err, 500, "internal", "the server ran out of memory");
        n = gateway_read(req->gateway, to, CHUNK);
        if (n < 0)
            return error_set(err, 400, "body_short", "the body could not be read");
        req->body.size += (size_t)n;
        req->body.data[req->body.size] = '\0';
        if ((int64_t)req->body.size > max)
            return error_set(err, 413, "body_too_large", "the body is larger than %lld bytes", (long long)max);
        if (n < CHUNK)
            return 0;
    }
}

int request_read_body(struct request *req, int64_t max, struct error *err)
{
    const char *length_text = request_variable(req, "CONTENT_LENGTH");
    long long length;
    ssize_t got;
    char *to;

    if (!*length_text) {
        if (read_to_end(req, max, err) < 0)
            return -1;
        req->body_was_read = true;
        return 0;
    }
    if (text_to_int(length_text, 0, INT64_MAX, &length) < 0)
        return error_set(err, 400, "bad_request", "Content-Length is no number");
    if (length > max)
        return error_set(err, 413, "body_too_large", "the body is larger than %lld bytes", (long long)max);
    to = buf_reserve(&req->body, (size_t)length);
    if (!to)
        return error_set(err, 500, "internal", "the server ran out of memory");
    got = gateway_read(req->gateway, to, (size_t)length);
    if (got != length)
        return error_set(err, 400, "body_short", "the body ended before the length that was announced");
    req->body_was_read = true;
    req->body.size = (size_t)length;
    req->body.data[req->body.size] = '\0';
    return 0;
}

void request_drop_body(struct request *req)
{
    char chunk[16384];

    if (req->body_was_read || (!*request_variable(req, "CONTENT_LENGTH") && !request_header(req, "TRANSFER_ENCODING")))
        return;
    while (gateway_read(req->gateway, chunk, sizeof chunk) > 0)
        ;
    req->body_was_read = true;
}

void request_content_type(const struct request *req, char *out, size_t out_size)
{
    const char *type = request_variable(req, "CONTENT_TYPE");
    size_t n = strcspn(type, "; \t");

    if (n >= out_size)
        n = out_size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)tolower((unsigned char)type[i]);
    out[n] = '\0';
}

static const struct {
    enum format format;
    const char *type;
} format_types[] = {{FORMAT_JSON, "application/json"}, {FORMAT_CSV, "text/csv"}, {FORMAT_TEXT, "text/plain"}};

/* How well one range of Accept fits a type: 0 not at all, 1 any type, 2 any of its main type, 3 exactly. */
static int range_fits(const char *range, size_t size, const char *type)
{
    size_t main_type = strcspn(type, "/") + 1;

    if (size == 3 && memcmp(range, "*/*", 3) == 0)
        return 1;
    if (size == main_type + 1 && range[size - 1] == '*' && strncasecmp(range, type, main_type) == 0)
        return 2;
    return size == strlen(type) && strncasecmp(range, type, size) == 0 ? 3 : 0;
}

/* The weight of one range (";q=0.5", RFC 9110 section 12.4.2) in thousandths; 1000 where none is given. */
static int read_weight(const char *p, const char *end)
{
    while ((p = memchr(p, ';', (size_t)(end - p)))) {
        int weight = 0, scale = 100;

        p++;
        p += strspn(p, " \t");
        if (end - p < 3 || tolower((unsigned char)*p) != 'q' || p[1] != '=')
            continue;
        if (p[2] != '0')
            return p[2] == '1' ? 1000 : 0;
        for (p += 3 + (p[3] == '.'); scale && isdigit((unsigned char)*p); p++, scale /= 10)
            weight += (*p - '0') * scale;
        return weight;
    }
    return 1000;
}

/* Quality (0 to 1000) that Accept gives a type: the most specific range that fits decides. */
static int quality(const char *accept, const char *type)
{
    int best_fit = 0, best = 0;

    while (*accept) {
        size_t item = strcspn(accept, ","), skip = strspn(accept, " \t"), range;
        int fit;

        range = skip > item ? 0 : strcspn(accept + skip, " \t;,");
        fit = range_fits(accept + skip, range, type);
        if (fit > best_fit) {
            best_fit = fit;
            best = read_weight(accept, accept + item);
        }
        accept += item + (accept[item] == ',');
    }
    return best;
}

int request_negotiate(struct request *req, unsigned formats, struct error *err)
{
    const char *accept = request_header(req, "ACCEPT");
    int best = 0;

    req->format = FORMAT_JSON;
    if (formats == 0) /* nothing to choose: the answer has no body of its own */
        return 0;

    if (req->suffix && !(req->suffix & formats))
        return error_set(err, 404, "route_unknown", "there is nothing at this path in this format");
    req->format = req->suffix;
    if (req->format)
        return 0;
    for (size_t i = 0; i < sizeof format_types / sizeof *format_types; i++) {
        int value = accept && *accept ? quality(accept, format_types[i].type) : 1;

        if ((formats & format_types[i].format) && value > best) {
            best = value;
            req->format = format_types[i].format;
        }
    }
    return req->format ? 0 : error_set(err, 406, "not_acceptable", "this cannot be had in any format that you accept");
}

/* Does the list go on with this tag, and then a comma, a space or its end? */
static bool begins_with_tag(const char *list, const char *tag)
{
    static const char *const endings[] = {"\"", "-gzip\"", "-br\""};
    size_t length = strlen(tag) - 1;

    if (strncmp(list, tag, length) != 0)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);

        if (strncmp(list + length, endings[i], n) == 0 && strchr(" \t,", list[length + n]))
            return true;
    }
    return false;
}

bool request_tag_matches(const char *list, const char *tag, bool weak)
{
    while (*list) {
        list += strspn(list, " \t,");
        if (*list == '*')
            return true;
        if (weak && strncmp(list, "W/", 2) == 0)
            list += 2;
        if (begins_with_tag(list, tag))
            return true;
        list += strcspn(list, ",");
    }
    return false;
}
