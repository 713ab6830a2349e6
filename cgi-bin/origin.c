/* Requests that come from pages. */
#include "origin.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static bool is_listed(const struct settings *settings, const char *origin)
{
    return origin && *origin && text_in_words(settings->cors, origin);
}

/* Old browsers send Origin alone. */
static bool is_own(const struct request *req, const char *origin)
{
    const char *host = request_header(req, "HOST"), *own = strstr(origin, "://");

    return own && host && strcasecmp(own + 3, host) == 0;
}

enum origin origin_of_request(const struct request *req, const struct settings *settings)
{
    const char *site = request_header(req, "SEC_FETCH_SITE"), *origin = request_header(req, "ORIGIN");

    if (site ? strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0 : !origin || is_own(req, origin))
        return ORIGIN_OWN;
    return is_listed(settings, origin) ? ORIGIN_LISTED : ORIGIN_OTHER;
}

bool origin_is_form(const struct request *req)
{
    char type[64];

    request_content_type(req, type, sizeof type);
    return req->method == METHOD_POST &&
           (!*type || text_in_words("application/x-www-form-urlencoded multipart/form-data text/plain", type));
}

void origin_put_headers(const struct request *req, const struct settings *settings, struct response *res)
{
    const char *origin = request_header(req, "ORIGIN");

    if (!settings->cors[0])
        return;
    response_header(res, "Vary", "Origin"); /* whoever asks: a cache must not give one the other's answer */
    if (!is_listed(settings, origin))
        return;
    response_header(res, "Access-Control-Allow-Origin", "%s", origin);
    response_header(res, "Access-Control-Expose-Headers",
                    "Allow, Content-Range, ETag, Idempotency-Replayed, Link, Location, Retry-After, WWW-Authenticate");
}

void origin_put_preflight(const struct request *req, const struct settings *settings, struct response *res)
{
    origin_put_headers(req, settings, res);
    if (!is_listed(settings, request_header(req, "ORIGIN")) || !request_header(req, "ACCESS_CONTROL_REQUEST_METHOD"))
        return;
    response_header(res, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
    response_header(res, "Access-Control-Allow-Headers",
                    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range");
    response_header(res, "Access-Control-Max-Age", "600");
}
