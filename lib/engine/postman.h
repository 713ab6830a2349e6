#ifndef JOBJOKER_ENGINE_POSTMAN_H
#define JOBJOKER_ENGINE_POSTMAN_H

#include "engine/engine.h"
#include "job/delivery.h"

/* Hands an e-mail over to the program that the setting `sendmail` names, and waits for its end (30 s at most). *t tells how it went. */
void postman_send(struct engine *e, const struct delivery *d, struct delivery_try *t);

#endif
