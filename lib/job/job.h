#ifndef JOBJOKER_JOB_JOB_H
#define JOBJOKER_JOB_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/secret.h"
#include "base/ulid.h"
#include "job/chain.h"
#include "job/job_state.h"
#include "job/limits.h"
#include "job/waiting.h"

/* One job: a worker, its parameters, and what became of it. Times are milliseconds since 1970 UTC, 0: not yet. */

enum job_wanted { WANT_RUN = 0, WANT_STOP, WANT_KILL };

enum {
    JOB_WORKER_SIZE = 65,
    JOB_NAME_MAX = 200,   /* bytes */
    JOB_REASON_MAX = 500, /* bytes */
    JOB_HOST_SIZE = 65,
    JOB_QUEUE_SIZE = 65,
    JOB_SLOTS_MAX = 1000000,
    JOB_PRIORITY_MAX = 1000, /* and as low as -1000 */
};

/* The two tokens of a run begin with these, then the job's id and '_': so a request finds its job, and a process that was
 * started by its worker is known by the variable JOBJOKER_TOKEN. */
#define JOB_LEASE_PREFIX "jjl_"
#define JOB_TOKEN_PREFIX "jjw_"

/* What becomes of a job whose runner is lost. The numbers are stored. */
enum job_on_lost { ON_LOST_FAIL = 0, ON_LOST_REQUEUE, ON_LOST_ACTIONS };

const char *job_on_lost_name(enum job_on_lost action);              /* "fail", "requeue" */
int job_on_lost_from_name(const char *name, enum job_on_lost *out); /* -1: there is none of that name */

/* What all its processes together have used (getrusage(2)); max_rss is that of the largest. */
struct job_usage {
    bool known;
    int64_t cpu_user_ms, cpu_system_ms, max_rss_kib;
    int64_t wall_ms;                   /* that it ran, pauses included; -1 in this and the rest: not known */
    int64_t blocks_in, blocks_out;     /* of 512 bytes, that were really read and written */
    int64_t switches, switches_forced; /* of context: when it waited, and when others had their turn */
};

/* The key under which somebody wants one job made, and no more, and the body that came with it: as hashes. */
struct once {
    unsigned char hash[SECRET_HASH_SIZE];
    unsigned char body[SECRET_HASH_SIZE];
};

struct job {
    int64_t number; /* the store's own key */
    char id[ULID_SIZE];
    char worker[JOB_WORKER_SIZE];
    int64_t version; /* of the worker; 0: not started yet */
    char *name;      /* NULL: none */
    enum job_state state;
    char *parameters; /* a JSON object as text */
    int64_t pid;      /* of the worker; 0: none */
    char host[JOB_HOST_SIZE];
    int64_t created_ms, started_ms, stopped_ms;
    int percent;    /* -1: none told */
    char *progress; /* NULL: none */
    int exit_code;  /* -1: none */
    int signal;     /* 0: none */
    char *reason;   /* NULL: none */
    enum job_wanted wanted;
    int64_t attempt;    /* 0: not started yet */
    int64_t attempt_ms; /* when that began; started_ms is of the first one */
    int64_t timeout_ms;
    struct limits limits;
    enum job_on_lost on_lost;
    char queue[JOB_QUEUE_SIZE]; /* in which it stands in line; "": in none */
    int64_t slots;              /* of its queue that it takes while it is active */
    int64_t priority;           /* the higher goes first */
    int64_t max_active;         /* jobs of its worker at a time; 0: any number */
    enum job_waiting waiting;   /* of a job that is idle and was started */
    int64_t waiting_since_ms;
    char *retries;            /* how often it is tried again, as retries_to_text() has it; NULL: not at all */
    int64_t due_ms;           /* when it goes on by itself; 0: at no set time */
    int64_t position;         /* in its line, 1 being the next; not stored: 0 unless it was asked for */
    char schedule[ULID_SIZE]; /* that made it; "": none did */
    int64_t scheduled_ms;     /* the time that it was meant for; 0: none */
    const struct once *once;  /* borrowed; of one that is to be made; NULL: none */
    bool is_swept;            /* it is not kept for ever: of one that is to be made; not stored */
    char *notify;             /* who is told of it, as job/notify.h has it; NULL: nobody by its own wish */
    unsigned chain;           /* bits: CHAIN_COMES_AFTER, CHAIN_IS_FOLLOWED */
    struct after *after;      /* those that go before it: of one that is to be made, or where they were asked for */
    size_t after_count;
    bool pause_wanted, paused;   /* asked for; done */
    int64_t log_count, log_size; /* entries; bytes of the text */
    int64_t response_count, response_size;
    struct job_usage usage;
    bool held;       /* a runner of ours has it: only that may report its end */
    int64_t report;  /* number of the runner's last report that was applied */
    int64_t seen_ms; /* when that was, or when it was started */
    char *suspicion; /* of another host that found it silent (engine/silence.c); NULL: none */
    bool has_lease;
    unsigned char lease_hash[SECRET_HASH_SIZE]; /* of the runner's token */
    unsigned char token_hash[SECRET_HASH_SIZE]; /* of the worker's token */
};

void job_clear(struct job *job);

/* An attempt that is over, with another one after it. Log and response go on from one attempt to the next. */
struct extent {
    int64_t count, size; /* entries and bytes of the whole text until its end */
};

struct attempt {
    int64_t number; /* 1, 2 ... */
    int64_t version;
    enum job_state state;
    char host[JOB_HOST_SIZE];
    int64_t started_ms, stopped_ms; /* 0: not known */
    int exit_code;                  /* -1: none */
    int signal;                     /* 0: none */
    struct extent log, response;
    char reason[JOB_REASON_MAX + 1]; /* "": none */
};

/* Writes the job as a JSON object: what the API answers. */
void job_put_json(const struct job *job, struct json_writer *w);

/* What goes before a job, as a list: {"job", "on", "status" (once it is over)}. */
void job_put_after(const struct after *after, size_t count, struct json_writer *w);

/* Column names and one row for CSV. */
extern const char *const job_columns[]; /* ends in NULL */
void job_put_csv(const struct job *job, struct buf *out);

/* Entries of a log or a response. */
enum entry_kind { ENTRY_LOG = 1, ENTRY_RESPONSE };
enum entry_stream { STREAM_API = 1, STREAM_STDOUT, STREAM_STDERR, STREAM_SYSTEM, STREAMS };

struct entry {
    int64_t seq;   /* 1, 2, 3 ... in each log and each response */
    int64_t start; /* where its bytes begin in the whole text */
    int64_t time_ms;
    enum entry_stream stream;
    bool open; /* its line goes on in the next entry: no newline follows in the text */
    const char *bytes;
    size_t size;
};

const char *entry_stream_name(enum entry_stream stream);
enum entry_stream entry_stream_from_name(const char *name, size_t size); /* 0: none */

#endif
