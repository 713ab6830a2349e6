#ifndef JOBJOKER_ENGINE_SIGN_H
#define JOBJOKER_ENGINE_SIGN_H

#include "engine/engine.h"
#include "job/delivery.h"

/* The headers of a webhook, as Standard Webhooks (1.0.0) wants them: webhook-id, webhook-timestamp and, where there is a secret,
 * webhook-signature: `v1,` and the HMAC-SHA-256 of `ID.TIMESTAMP.BODY` in base 64. A secret `whsec_…` is base 64 of the key; any
 * other is the key as it stands. -1: it cannot be signed, and t->fault says why. */
int sign_headers(struct engine *e, const struct delivery *d, struct buf *headers, struct delivery_try *t);

#endif
