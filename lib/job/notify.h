#ifndef JOBJOKER_JOB_NOTIFY_H
#define JOBJOKER_JOB_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "job/job_state.h"
#include "job/secret_rules.h"

/* Who is to be told of a job, and of what. As JSON a list such as
 *
 *     ["https://example.org/hook", {"url": "https://example.org/hook", "on": ["error"], "secret": "HOOK_KEY"},
 *      {"email": "ann@example.org", "on": ["change"]}]
 *
 * and as text, for who reads no JSON, a line `WAY ON SECRET TO` for each target. */

/* The numbers of these two are stored. */
enum notify_event { NOTIFY_ACTIVE = 1, NOTIFY_RETRY, NOTIFY_DONE, NOTIFY_ERROR, NOTIFY_STOP, NOTIFY_EVENTS };
enum notify_way { NOTIFY_WEBHOOK = 1, NOTIFY_MAIL };

/* Bits of `on`. */
enum {
    NOTIFY_ON_CHANGE = 1, /* the first failure, and the first success after it */
    NOTIFY_ON_ENDED = 1 << NOTIFY_DONE | 1 << NOTIFY_ERROR | 1 << NOTIFY_STOP,
};

enum { NOTIFY_TO_SIZE = 1025, NOTIFY_TARGETS_MAX = 10 };

struct notify_target {
    enum notify_way way;
    unsigned on;                   /* bits 1 << event, NOTIFY_ON_CHANGE */
    char secret[SECRET_NAME_SIZE]; /* the name of the one that signs it; "": the site's */
    char to[NOTIFY_TO_SIZE];       /* a URL, or an address of e-mail */
};

const char *notify_event_name(enum notify_event event); /* "active", "retry", "done", "error", "stop" */
/* What a job has come to; 0: nothing that is told. */
enum notify_event notify_event_of(enum job_state state);

/* Appends the targets of a list as text; null is none. 422 `code`: what is wrong. */
int notify_read_json(const struct json *list, const char *code, struct buf *out, struct error *err);
/* Reads words that are separated by spaces: URLs and addresses, and of what they are told. -1: one is neither; out has the
 * others. */
int notify_read_words(const char *to, const char *on, struct buf *out);

/* Takes the next target from a text and moves on. False: there is none left. *text NULL is an empty one. */
bool notify_next(const char **text, struct notify_target *out);
/* Is anybody in this text told of that, be it only sometimes? NULL: nobody. */
bool notify_wants(const char *text, enum notify_event event);

/* The list as answers show it: of a URL only where it leads to. NULL: null. */
void notify_put_json(const char *text, struct json_writer *w);
/* A URL without its path, which is often a key: "https://example.org/…". Other texts as they are. */
void notify_show(const char *to, char out[NOTIFY_TO_SIZE]);

/* http or https, a host, perhaps a port, path and query; visible ASCII, and no user or fragment. */
bool notify_is_url(const char *text);
/* LOCAL@DOMAIN of ordinary characters (a part of RFC 5321's, without quotes), at most 254 bytes. It can stand in a header and among
 * arguments. */
bool notify_is_address(const char *text);

#endif
