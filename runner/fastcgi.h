#ifndef JOBJOKER_RUNNER_FASTCGI_H
#define JOBJOKER_RUNNER_FASTCGI_H

#include "base/buf.h"

/* One request to a FastCGI process at a socket of this machine, without waiting: what is to be sent goes off as the socket
 * takes it, and the answer is put together as it comes. */

struct fastcgi_call {
    int fd;         /* -1: none is under way */
    struct buf out; /* the request, from `sent` on not yet sent */
    size_t sent;
    struct buf in; /* the beginning of a record that is not all there */
};

enum fastcgi_progress { FASTCGI_GOES_ON, FASTCGI_WHOLE, FASTCGI_BROKEN };

/* Connects, and begins with the meta-variables of CGI ("NAME=value", NULL at the end) and a body. 0: work on it. -1: nobody
 * takes it (errno); the call is as it was, with fd -1. */
int fastcgi_begin(struct fastcgi_call *c, const char *socket, char *const *variables, const struct buf *body);

/* What to wait for (poll(2)). */
short fastcgi_events(const struct fastcgi_call *c);

/* Sends and receives what there is. The answer's bytes (RFC 3875, section 6) are appended to `answer`, as many as fit into
 * `max`. FASTCGI_BROKEN: the connection ended before the request did. */
enum fastcgi_progress fastcgi_work(struct fastcgi_call *c, struct buf *answer, size_t max);

/* Hangs up. */
void fastcgi_clear(struct fastcgi_call *c);

#endif
