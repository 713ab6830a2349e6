/* What is answered, as CGI/1.1 (RFC 3875 section 6) wants it: headers, an empty line, the body. */
#include "response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

void response_init(struct response *res, struct gateway *gateway)
{
    *res = (struct response){.gateway = gateway, .status = 200, .total = -1};
    res->json.out = &res->data;
}

void response_clear(struct response *res)
{
    buf_clear(&res->headers);
    buf_clear(&res->data);
    buf_clear(&res->extra);
    buf_clear(&res->text);
}

void response_header(struct response *res, const char *name, const char *fmt, ...)
{
    char value[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    buf_printf(&res->headers, "%s: ", name);
    text_percent_encode(value, "", &res->headers);
    buf_puts(&res->headers, "\r\n");
    if (strcmp(name, "ETag") == 0)
        res->has_tag = true;
}

struct buf *response_text(struct response *res, const char *type)
{
    res->type = type;
    return &res->text;
}

void response_location(struct response *res, const struct request *req, const char *fmt, ...)
{
    char path[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    buf_puts(&res->headers, "Location: ");
    request_put_base(req, &res->headers);
    buf_printf(&res->headers, "%s\r\n", path);
}

static void put_link(struct buf *out, const struct request *req, const char *cursor)
{
    static const char unsafe[] = " \"%?#<>\\^`{|}&=+;,";

    buf_puts(out, "Link: <?");
    for (int i = 0; i < req->query_count; i++) {
        if (strcmp(req->query[i].name, "cursor") == 0)
            continue;
        text_percent_encode(req->query[i].name, unsafe, out);
        buf_putc(out, '=');
        text_percent_encode(req->query[i].value, unsafe, out);
        buf_putc(out, '&');
    }
    buf_puts(out, "cursor=");
    text_percent_encode(cursor, unsafe, out);
    buf_puts(out, ">; rel=\"next\"\r\n");
}

void response_next(struct response *res, const struct request *req, const char *cursor)
{
    struct json_writer w = {.out = &res->extra, .comma = true};

    json_name(&w, "next");
    json_put_string(&w, cursor);
    put_link(&res->headers, req, cursor);
}

/* The envelope of every JSON answer. */
static void put_envelope(struct response *res, struct buf *out)
{
    int64_t total = res->total >= 0 ? res->total : res->data.size > 0;

    buf_printf(out, "{\"success\":true,\"message\":\"\",\"total\":%lld,\"data\":[", (long long)total);
    buf_put(out, res->data.data, res->data.size);
    buf_putc(out, ']');
    buf_put(out, res->extra.data, res->extra.size);
    buf_puts(out, "}\n");
    out->failed = out->failed || res->data.failed || res->extra.failed;
}

static bool wants_text(const struct request *req)
{
    const char *accept = request_header(req, "ACCEPT");

    return req->suffix == FORMAT_TEXT || (req->format == FORMAT_TEXT && accept && strstr(accept, "text/plain"));
}

/* Some errors say more than a sentence: a handler leaves that in `data` (compiler messages, wrong parameters). */
void response_error(struct response *res, const struct request *req, const struct error *err)
{
    struct buf *out = &res->text;
    struct json_writer w = {.out = out};

    buf_reset(out);
    res->status = err->status;
    res->type = "application/json";
    if (err->retry_after)
        response_header(res, "Retry-After", "%d", err->retry_after);
    json_begin(&w, '{');
    json_name(&w, "success");
    json_put_bool(&w, false);
    json_name(&w, "message");
    json_put_string(&w, err->message);
    json_name(&w, "code");
    json_put_string(&w, err->code);
    json_name(&w, "total");
    json_put_int(&w, 0);
    json_name(&w, "data");
    buf_putc(out, '[');
    if (err->status == 422)
        buf_put(out, res->data.data, res->data.size);
    buf_putc(out, ']');
    if (err->status >= 500) {
        w.comma = true;
        json_name(&w, "request");
        json_put_string(&w, req->id);
    }
    json_end(&w, '}');
    buf_putc(out, '\n');
    if (wants_text(req) && err->status != 422) { /* a shell script wants a sentence, not JSON */
        buf_reset(out);
        res->type = "text/plain";
        if (err->status >= 500)
            buf_printf(out, "%s (request %s)\n", err->message, req->id);
        else
            buf_printf(out, "%s\n", err->message);
    }
}

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {206, "Partial Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {422, "Unprocessable Content"},
        {424, "Failed Dependency"},
        {429, "Too Many Requests"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Internal Server Error";
}

static void put_head(const struct response *res, const char *type, int64_t length, struct buf *out)
{
    buf_printf(out, "Status: %d %s\r\n", res->status, reason_phrase(res->status));
    if (type)
        buf_printf(out, "Content-Type: %s%s\r\n", type, strncmp(type, "text/", 5) == 0 ? "; charset=utf-8" : "");
    if (length >= 0)
        buf_printf(out, "Content-Length: %lld\r\n", (long long)length);
    buf_printf(out, "Cache-Control: %s\r\n", res->no_store ? "no-store" : "private, no-cache");
    buf_puts(out, "X-Content-Type-Options: nosniff\r\n"
                  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                  "Cross-Origin-Resource-Policy: same-origin\r\n"
                  "Referrer-Policy: no-referrer\r\n"
                  "Vary: Accept, Authorization, Cookie\r\n");
    buf_put(out, res->headers.data, res->headers.size);
    buf_puts(out, "\r\n");
    out->failed = out->failed || res->headers.failed;
}

int response_begin_stream(struct response *res, const char *type, int64_t length)
{
    struct buf head = {0};
    int result;

    if (length < 0)
        response_header(res, "X-Accel-Buffering", "no"); /* nginx shows it when it comes, not when much has come */
    put_head(res, type, length, &head);
    res->sent = true;
    result = head.failed ? -1 : gateway_write(res->gateway, head.data, head.size);
    buf_clear(&head);
    return result;
}

int response_write(struct response *res, const void *bytes, size_t size)
{
    return res->head_only ? 0 : gateway_write(res->gateway, bytes, size);
}

/* A tag from the bytes themselves: whatever changes the answer changes it. */
static void tag_body(struct response *res, const struct request *req, const struct buf *body)
{
    unsigned char hash[SECRET_HASH_SIZE];
    char hex[33], tag[128];
    const char *known = request_header(req, "IF_NONE_MATCH");

    if (!res->has_tag) {
        secret_hash(body->data, body->size, hash);
        text_to_hex(hash, 16, hex);
        snprintf(tag, sizeof tag, "\"%s\"", hex);
        response_header(res, "ETag", "%s", tag);
    } else {
        const char *own = strstr(res->headers.data, "ETag: ") + 6;

        snprintf(tag, sizeof tag, "%.*s", (int)strcspn(own, "\r"), own);
    }
    if (known && (req->method == METHOD_GET || req->method == METHOD_HEAD) && request_tag_matches(known, tag, true))
        res->status = 304;
}

void response_send(struct response *res, const struct request *req)
{
    struct buf whole = {0}, envelope = {0}, *body = &res->text;

    if (res->sent)
        return;
    if (!res->type) {
        put_envelope(res, &envelope);
        body = &envelope;
    }
    if (res->status == 200 && (req->method == METHOD_GET || req->method == METHOD_HEAD))
        tag_body(res, req, body);
    if (res->status == 304)
        put_head(res, NULL, -1, &whole);
    else
        put_head(res, res->type ? res->type : "application/json", (int64_t)body->size, &whole);
    if (req->method != METHOD_HEAD && res->status != 304) /* also before the router looked at it */
        buf_put(&whole, body->data, body->size);
    if (whole.failed || body->failed) {
        static const char sorry[] = "Status: 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

        log_line("an answer was too large for the memory");
        (void)gateway_write(res->gateway, sorry, sizeof sorry - 1);
    } else if (gateway_write(res->gateway, whole.data, whole.size) < 0) {
        log_line("the client went away before it had its answer");
    }
    buf_clear(&envelope);
    buf_clear(&whole);
    res->sent = true;
}
