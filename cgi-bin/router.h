#ifndef JOBJOKER_CGI_ROUTER_H
#define JOBJOKER_CGI_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "auth.h"
#include "engine/engine.h"
#include "request.h"
#include "response.h"

/* What a handler gets besides request, store and response. */
struct context {
    const struct settings *settings;
    struct engine *engine; /* readers ask it for the time only */
    const struct identity *who;
};

typedef int read_handler(const struct request *req, const struct context *ctx, const struct store *db,
                         struct response *res, struct error *err);
typedef int write_handler(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                          struct error *err);

/* Where the limit of a body stands. */
enum body_limit {
    BODY_NONE,
    BODY_SMALL, /* 4 KiB */
    BODY_SECRET,
    BODY_CODE,
    BODY_PARAMETERS,
    BODY_ENTRY,
    BODY_REPORT, /* 1 MiB */
};

/* One row of the API. HEAD comes with GET, OPTIONS with every path. Exactly one of read and write is there. */
struct route {
    enum method method;
    const char *path;   /* "/jobs/:id/log" */
    enum role role;     /* ROLE_NONE: anybody */
    unsigned job_right; /* what tokens of the job itself may call it: enum job_right */
    bool in_person;     /* for the user of an account himself, not for a token of his */
    bool of_all;        /* what it changes is everybody's: not for who is limited to some workers */
    read_handler *read; /* gets a store that it cannot write */
    write_handler *write;
    unsigned unaudited; /* whose writes leave no row in the audit trail, being what a job consists of: enum job_right */
    unsigned formats;   /* of the answer: enum format; 0: it has no body of its own */
    enum body_limit body;
    bool reads_json; /* its body, or what is in the store */
    bool reap;       /* before: look after runners that vanished, so that no state is a lie; one handler looks itself */
    const char *query;   /* names of the parameters that it takes, separated by spaces; NULL: none */
    const char *summary; /* one line for people */
};

extern const struct route routes[];
extern const size_t route_count;

/* Finds the route of a request. NULL: 404 route_unknown, or 405 method_not_allowed with Allow; or no error at all for
 * OPTIONS, whose answer is in res. */
const struct route *router_find(struct request *req, struct response *res, struct error *err);

/* Will answering this request read JSON? */
bool router_reads_json(const struct request *req, const struct route *route);

/* Answers one request: checks the rights, reads the body, calls the handler. */
void router_answer(const struct route *route, struct request *req, const struct context *ctx_without_who,
                   struct store *db, struct response *res);

#endif
