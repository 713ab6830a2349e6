#ifndef JOBJOKER_JOB_DELIVERY_H
#define JOBJOKER_JOB_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "job/job.h"
#include "job/notify.h"

/* One thing to be told to one target, and how that went. Times are milliseconds since 1970 UTC, 0: not yet. */

enum delivery_state { DELIVERY_WAITING = 1, DELIVERY_SENT, DELIVERY_FAILED, DELIVERY_STATES }; /* stored */

enum { DELIVERY_FAULT_SIZE = 200, DELIVERY_TRIES_MAX = 8 };

struct delivery {
    char id[ULID_SIZE]; /* the same in each try, so that a receiver knows what it has already */
    int64_t job;        /* its number */
    char worker[JOB_WORKER_SIZE];
    enum notify_event event;
    enum notify_way way;
    char to[NOTIFY_TO_SIZE];
    char secret[SECRET_NAME_SIZE];
    enum delivery_state state;
    int64_t created_ms;
    int64_t due_ms; /* of one that waits; while it is being tried, when somebody else may */
    int64_t turn;   /* counts the claims */
    int64_t tries;
    int64_t tried_ms;
    int status;                      /* HTTP status of the last answer; 0: none */
    char fault[DELIVERY_FAULT_SIZE]; /* a sentence; "": nothing was wrong */
    char *body; /* what is sent: JSON, or an e-mail's subject, a newline and its text. NULL where not asked for */
    size_t body_size;
};

void delivery_clear(struct delivery *d);

const char *delivery_state_name(enum delivery_state state); /* "waiting", "sent", "failed" */

/* As they are stored, in two texts: to whom and of what, which stays, and how it went. -1: it is no such text. */
void delivery_put_target(const struct delivery *d, struct buf *out);
int delivery_read_target(const char *text, struct delivery *d);
void delivery_put_record(const struct delivery *d, struct buf *out);
int delivery_read_record(const char *text, struct delivery *d);

/* How one try went. */
struct delivery_try {
    int status;                      /* HTTP status; 0: none */
    bool sent;                       /* it has arrived */
    bool final;                      /* trying again is no use */
    int64_t retry_after_ms;          /* which the receiver wishes; 0: nothing */
    char fault[DELIVERY_FAULT_SIZE]; /* "" where it was sent */
};

/* How long to wait after that many tries (from 1 on) without success, with up to a fifth more or less by chance (of all
 * 32 bits). About a day in all. */
int64_t delivery_delay_ms(int64_t tries, uint32_t chance);
/* What is to become of it after a try. */
void delivery_settle(struct delivery *d, const struct delivery_try *t, int64_t now_ms, uint32_t chance);

/* One as a JSON object. */
void delivery_put_json(const struct delivery *d, struct json_writer *w);
extern const char *const delivery_columns[]; /* ends in NULL */
void delivery_put_csv(const struct delivery *d, struct buf *out);

#endif
