#ifndef JOBJOKER_CGI_TRAIL_H
#define JOBJOKER_CGI_TRAIL_H

#include "router.h"
#include "store/audit.h"

/* What of a request is written into the audit trail (store/audit.h): a write that is done, in the transaction of the change,
 * and what is refused. A read costs nothing, and what a job does with its own tokens is not written where its route says so. */

struct trail {
    const struct request *req;
    const struct route *route;
    const struct context *ctx;
    struct store *db;
    struct audit_note note;
};

/* Calls the route's writer, with its row going along. The row is there when this is 0, unless nothing was changed for nobody
 * who is known. Where the answer turned out other than it looked when the change was made, another row tells it.
 * -1: as the writer; 500, 503: the row could not be written, and the change was not made. */
int trail_write(struct trail *t, struct request *req, struct response *res, struct error *err);

/* Writes or counts a request that was refused. That it could not be written is logged, and changes no answer. */
void trail_refuse(struct trail *t, const struct identity *who, const struct error *refusal);

/* Is this answer a refusal: who are you, you may not, not now? */
bool trail_is_refusal(const struct error *err);

#endif
