#ifndef JOBJOKER_RUNNER_TICKET_H
#define JOBJOKER_RUNNER_TICKET_H

#include <stdint.h>

#include "base/buf.h"
#include "job/limits.h"

/* What the starter hands to the runner: strings "key=value", each ended by a NUL (DESIGN.md, section 5). */

enum ticket_kind { TICKET_C = 1, TICKET_PHP, TICKET_SCRIPT };

struct ticket {
    struct buf text; /* memory of all below */
    const char *id, *worker, *code, *folder, *lease, *token, *api, *program, *php, *path, *parameters, *attempt;
    enum ticket_kind kind;
    int64_t timeout_ms; /* 0: none */
    int64_t grace_ms;
    /* What follows may be missing in the ticket of another version: then it is empty, or 0. */
    const char *user, *sandbox, *sandbox_read, *sandbox_write, *sandbox_sockets, *cgroup, *fastcgi, *stop_at,
        *scheduled;
    struct limits limits;
    int64_t detach, nice, heartbeat_ms;
};

/* Reads it from a descriptor. -1: it is none; the reason is logged. */
int ticket_read(int fd, struct ticket *out);
void ticket_clear(struct ticket *t);

/* Calls each() for every key that begins with `prefix`, with the rest of the key, and the value. */
void ticket_each(const struct ticket *t, const char *prefix,
                 void (*each)(const char *name, const char *value, void *context), void *context);

#endif
