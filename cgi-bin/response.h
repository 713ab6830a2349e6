#ifndef JOBJOKER_CGI_RESPONSE_H
#define JOBJOKER_CGI_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "request.h"

/* What is answered. A handler fills it in one of three ways: JSON (values into `json`, which become the envelope's
 * `data`), a text of a type of its own, or a stream. It is sent once, by response_send(), or begun by
 * response_begin_stream(). */
struct response {
    struct gateway *gateway; /* where it goes to */
    int status;              /* 200 unless a handler says otherwise */
    struct buf headers;      /* "Name: value\r\n" each */
    bool has_tag;            /* a handler set an ETag of its own */
    bool no_store;           /* it holds a secret: nobody on the way may keep it */

    struct buf data;         /* items of `data`, as JSON */
    struct json_writer json; /* writes into `data` */
    int64_t total;           /* -1: as many as there are items; that is, one or none */
    struct buf extra;        /* further members of the envelope: ",\"next\":\"...\"" */

    const char *type; /* NULL: JSON */
    struct buf text;  /* body when type is not NULL */

    bool sent;      /* headers are out: a stream was begun */
    bool head_only; /* HEAD: no body */
};

void response_init(struct response *res, struct gateway *gateway);
void response_clear(struct response *res);

/* Adds a header. The value must be free of line breaks; what is not visible ASCII is percent-encoded. */
void response_header(struct response *res, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The answer is this type, and its body is what is put into res->text. */
struct buf *response_text(struct response *res, const char *type);

/* A path below the base as a reference that works in a header: percent-encoded, no host. */
void response_location(struct response *res, const struct request *req, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A list ends its page after so many bytes, whatever `limit` is: what an answer holds, it holds in memory. */
enum { RESPONSE_PAGE_MAX = 8 << 20 };

/* There is a next page, which the opaque `cursor` asks for: `next` in the envelope, and Link (RFC 8288). */
void response_next(struct response *res, const struct request *req, const char *cursor);

/* What cannot be done: drops what was put and answers the error in the envelope. */
void response_error(struct response *res, const struct request *req, const struct error *err);

/* Sends headers now, and then what response_write() gets. length -1: not known, the stream ends when we do.
 * -1: the client is gone. */
int response_begin_stream(struct response *res, const char *type, int64_t length);
int response_write(struct response *res, const void *bytes, size_t size);

/* Sends the whole answer. With If-None-Match on a GET that would be a 200, a 304 where nothing has changed. */
void response_send(struct response *res, const struct request *req);

#endif
