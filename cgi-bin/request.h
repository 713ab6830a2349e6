#ifndef JOBJOKER_CGI_REQUEST_H
#define JOBJOKER_CGI_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "gateway.h"

/* One HTTP request as a gateway hands it over, with the variables of CGI/1.1 (RFC 3875). The path is taken
 * from REQUEST_URI, which is what the client sent: so an encoded slash stays inside its segment. The program's
 * arguments are never looked at: a query without '=' becomes them (RFC 3875 section 4.4). */

enum method { METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_OPTIONS, METHODS };

enum format { FORMAT_JSON = 1, FORMAT_CSV = 2, FORMAT_TEXT = 4 }; /* bits: a route says which it has */

enum {
    REQUEST_SEGMENTS_MAX = 8,
    REQUEST_PARAMETERS_MAX = 32,
    REQUEST_PATH_MAX = 4096, /* bytes; longer is 414 */
    REQUEST_QUERY_MAX = 8192,
};

struct parameter {
    const char *name, *value;
};

struct request {
    struct gateway *gateway; /* where it comes from */
    enum method method;
    char id[17];     /* of this request: stands in the error log and in answers that failed */
    char *base;      /* path of the folder that JobJoker lives in, "" or "/jobs-app"; no slash at its end */
    char *path_copy; /* memory of the segments */
    const char *segments[REQUEST_SEGMENTS_MAX];
    int segment_count;
    enum format suffix; /* what .json, .csv or .txt at the end of the path asked for; 0: nothing */
    char *query_copy;   /* memory of the parameters */
    struct parameter query[REQUEST_PARAMETERS_MAX];
    int query_count;
    struct parameter path[4]; /* filled by the router: ":id" of the route's pattern, without the colon */
    int path_count;
    enum format format; /* settled by the router */
    struct buf body;
    bool body_was_read;
};

/* Reads method, path and query out of the gateway, which outlives it; the body stays where it is.
 * -1: 400 bad_request (broken escapes), 414 path_too_long, 500. A method that no path has is the router's matter. */
int request_init(struct request *req, struct gateway *gateway, struct error *err);
void request_clear(struct request *req);

/* Appends the path of the folder that JobJoker lives in, as it stands in a URL: percent-encoded, no slash at its end. */
void request_put_base(const struct request *req, struct buf *out);

/* Name of a method, as in HTTP. */
const char *method_name(enum method method);

/* A header of the request, by its CGI name ("IF_NONE_MATCH"); NULL: not sent. */
const char *request_header(const struct request *req, const char *cgi_name);
/* What the server says of it besides (RFC 3875 section 4.1): "REMOTE_ADDR", "HTTPS"; "": nothing. */
const char *request_variable(const struct request *req, const char *name);

/* A parameter of the path; there, since the route matched. */
const char *request_path(const struct request *req, const char *name);
/* A parameter of the query; NULL: not there. */
const char *request_query(const struct request *req, const char *name);
/* The same as a whole number in [low, high], `preset` when it is not there. -1: 400 bad_parameter. */
int request_query_int(const struct request *req, const char *name, int64_t low, int64_t high, int64_t preset,
                      int64_t *out, struct error *err);
/* The same as a time (RFC 3339, or a date); 0 when it is not there. -1: 400 bad_parameter. */
int request_query_time(const struct request *req, const char *name, int64_t *time_ms, struct error *err);

/* Reads the body into req->body. `max` bytes at most.
 * -1: 413 body_too_large (nothing was read when Content-Length says so), 400 body_short (Content-Length lied),
 * 400 bad_request (no number), 500. */
int request_read_body(struct request *req, int64_t max, struct error *err);

/* Reads what is left of the body and drops it. Before an answer that did not want it: the server hands the whole body
 * over first, and an answer that it meets half way may be lost. */
void request_drop_body(struct request *req);

/* Type of the body without parameters, in lower case ("application/json"); "" when none was sent. */
void request_content_type(const struct request *req, char *out, size_t out_size);

/* Picks one of the formats (bits) a route has: the path's suffix decides, else Accept (RFC 9110 section 12.5.1).
 * -1: 406 not_acceptable. */
int request_negotiate(struct request *req, unsigned formats, struct error *err);

/* Does a list of entity tags hold this one, or '*' (RFC 9110 section 8.8.3)? `weak`, for If-None-Match: W/ does not
 * matter; for If-Match it does. The endings -gzip and -br, which Apache appends when it compresses, never do. */
bool request_tag_matches(const char *list, const char *tag, bool weak);

#endif
