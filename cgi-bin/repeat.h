#ifndef JOBJOKER_CGI_REPEAT_H
#define JOBJOKER_CGI_REPEAT_H

#include "router.h"

/* Calls the route's writer; again, a few times, where its transaction was undone because others were in its way or the
 * connection to the database was lost (store_was_beaten()), as long as it has committed and answered nothing. Result and
 * errors are the last one's. */
int repeat_write(const struct route *route, struct request *req, const struct context *ctx, struct store *db,
                 struct response *res, struct error *err);

#endif
