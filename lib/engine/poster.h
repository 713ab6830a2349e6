#ifndef JOBJOKER_ENGINE_POSTER_H
#define JOBJOKER_ENGINE_POSTER_H

#include <sys/types.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "job/delivery.h"

/* The program that sends webhooks (runner/post.c): it alone links the HTTP library, knows no secret and no database, and may work on
 * several at a time. */

struct poster {
    pid_t pid;   /* 0: it does not run */
    int in, out; /* its standard input, its standard output */
    struct buf said;
};

/* 0: it runs. -1: it cannot be started; *missing: because it is not there, which is so where JobJoker was built without libcurl. */
int poster_start(struct poster *p, const struct engine *e, bool *missing, struct error *err);
/* Asks for one POST under a number of our own. `headers`: lines that end in newlines. -1: it is gone; poster_stop() it. */
int poster_send(struct poster *p, int number, const char *url, const struct buf *headers, const struct delivery *d);
/* How one of them went, if it has said so by now. 1: *number and *out tell. 0: not yet. -1: it is gone. */
int poster_take(struct poster *p, int *number, struct delivery_try *out);
/* Reads what there is to read, once. -1: its end. */
int poster_read(struct poster *p);
/* Ends it, whatever it is at. One that does not run is fine. */
void poster_stop(struct poster *p);

#endif
