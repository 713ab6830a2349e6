#ifndef JOBJOKER_CGI_LISTING_H
#define JOBJOKER_CGI_LISTING_H

#include "request.h"
#include "response.h"

/* A page of a list, as JSON or CSV. */

struct listing {
    struct response *res;
    bool csv;
    int64_t left;  /* of the page; the one after it shows that there is a next page */
    char last[65]; /* name or id of the last one, for the cursor: the caller's to set */
    bool more;
};

/* Reads `limit`, and writes the header of a CSV. 400 bad_parameter. */
int listing_begin(const struct request *req, const char *const *columns, struct response *res, struct listing *l,
                  struct error *err);

/* Is there no room for one more? */
bool listing_is_full(struct listing *l);

#endif
