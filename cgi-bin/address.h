#ifndef JOBJOKER_CGI_ADDRESS_H
#define JOBJOKER_CGI_ADDRESS_H

#include "base/settings.h"
#include "request.h"

/* Appends the URL of the API as workers on this machine can call it, without a slash at its end: the setting `api`, or the
 * address and port that took this request. */
void address_of_api(const struct settings *settings, const struct request *req, struct buf *out);

#endif
