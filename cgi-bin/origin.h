#ifndef JOBJOKER_CGI_ORIGIN_H
#define JOBJOKER_CGI_ORIGIN_H

#include <stdbool.h>

#include "base/settings.h"
#include "request.h"
#include "response.h"

/* Which page does a request come from? A page of another site can make a browser send one with the user's password or
 * cookie. Browsers say where a request comes from (Fetch Metadata; Origin, RFC 6454 section 7); programs send neither. */
enum origin {
    ORIGIN_OWN,    /* a page of this site, an address that was typed, or a program */
    ORIGIN_LISTED, /* a page of a site that the setting `cors` lists */
    ORIGIN_OTHER,
};

enum origin origin_of_request(const struct request *req, const struct settings *settings);

/* Could a form of any site have sent this body (a "simple" request, which asks nobody before)? */
bool origin_is_form(const struct request *req);

/* What a listed page may read of the answer. Nothing is said to others; cookies are never wanted. */
void origin_put_headers(const struct request *req, const struct settings *settings, struct response *res);
/* And what it may send: for OPTIONS. */
void origin_put_preflight(const struct request *req, const struct settings *settings, struct response *res);

#endif
