#ifndef JOBJOKER_RUNNER_DELIVER_H
#define JOBJOKER_RUNNER_DELIVER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fastcgi.h"
#include "report.h"
#include "spool.h"
#include "ticket.h"

/* Delivering reports, in order, one at a time, without waiting: the program that answers the API is run as CGI/1.1
 * (RFC 3875), and supervise.c's loop tells us when it has said something and when it ended. What is refused for the
 * moment is kept in the spool and tried again.
 *
 * Where the job was started by a FastCGI process, its socket is tried first, which costs a tenth. It only ever shortens the
 * way: what it does not take, for whatever reason, the program is asked about, and the socket is left alone from then on. */

enum answer {
    ANSWER_NONE,
    ANSWER_RUN,
    ANSWER_PAUSE,
    ANSWER_STOP,
    ANSWER_KILL,
    ANSWER_FENCED /* we do not own this job any more */
};

struct delivery {
    const struct ticket *ticket;
    struct report report; /* being put together */
    struct buf head;      /* the first that is not delivered: on its way, or waiting for its next try */
    bool head_spooled;    /* it stands in the spool as well */
    struct spool spool;
    struct fastcgi_call call; /* under way; fd -1: none */
    bool no_socket;           /* it has failed once */
    pid_t pid;                /* of the program at work; 0: none */
    int answer_fd;            /* -1: none */
    struct buf answer_text;
    int64_t kill_at_ms;       /* when a program that does not answer is given up; monotonic */
    int64_t retry_at_ms;      /* 0: the last try went well */
    int64_t retry_ms;         /* the next pause */
    bool asked;               /* while the program was at work: if it fails, it is tried again without a pause */
    int64_t failing_since_ms; /* 0: it works */
    int64_t sent_ms;          /* when a report went off last, or was tried to */
    bool fenced;              /* the job is not ours any more: nothing more is delivered */
};

void delivery_init(struct delivery *d, const struct ticket *t);
void delivery_clear(struct delivery *d);

/* Does what can be done now: sends what is due (all of it when `now`), or spools it. Returns when to be called again:
 * monotonic milliseconds, INT64_MAX: not before something happens. */
int64_t delivery_work(struct delivery *d, bool now);

/* Begins a report even if nothing is to be said, because its answer tells what is wanted. Who made us ask has changed
 * the job through the program, so a pause after a failure is over. */
void delivery_ask(struct delivery *d);

/* No more output should be read: what is there has no place to go. */
bool delivery_is_full(const struct delivery *d);
/* Everything was delivered. */
bool delivery_is_done(const struct delivery *d);
/* Everything was delivered or stands in the spool: nothing is lost when we end. */
bool delivery_is_safe(const struct delivery *d);

/* A report is on its way. */
bool delivery_is_busy(const struct delivery *d);
/* What to wait for: an answer, or that more can be sent. */
struct pollfd delivery_poll(const struct delivery *d);
/* It has come. What the API wants of us, when that was the end of an answer. */
enum answer delivery_continue(struct delivery *d);
/* The program has ended and was reaped. What the API wants of us. */
enum answer delivery_ended(struct delivery *d);

#endif
