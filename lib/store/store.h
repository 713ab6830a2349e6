#ifndef JOBJOKER_STORE_STORE_H
#define JOBJOKER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/settings.h"
#include "job/job.h"
#include "job/secret_rules.h"

/* Where everything is kept. Nothing above this folder knows SQL. A reader gets a `const struct store`, with which it
 * cannot write. Every function that fails fills err: besides what it names, 503 store_busy (locked for too long),
 * 503 store_down (a server does not answer), 503 store_in_doubt (it went away in a commit, which may be done or not),
 * 500 store_packet (larger than a server takes), 503 storage_full, 500 store (the reason is in the error log). Nothing is changed by a call that fails. */

struct store;

/* Opens what the setting `database` names ("sqlite:/path", "mysql://user@host/name"), makes it when it is not there (on a
 * server: its tables), and brings it up to this program's schema; safe when many do so at once. The caller's:
 * store_close(). NULL: 500 store; 503 store_newer (a later version of JobJoker wrote it); 500 settings_invalid (no such
 * kind of store). */
struct store *store_open(const struct settings *settings, struct error *err);
/* Can this program open it by itself? Else it loads a module, which a static program cannot. */
bool store_is_built_in(const char *uri);
void store_close(struct store *s); /* rolls back what is open; NULL is fine */

/* One transaction that writes: taken at once, waits for its turn. Not nested. */
int store_begin(struct store *s, struct error *err);
/* The same for what can be left undone: *begun is false when somebody else has his turn just now. */
int store_try_begin(struct store *s, bool *begun, struct error *err);
int store_commit(struct store *s, struct error *err); /* -1: it is rolled back */
/* The same, of what is only about the way to what was asked for (a failed log-in, the last use of a token): a row of the
 * audit trail that goes along (audit.h) waits for the next one. */
int store_commit_alone(struct store *s, struct error *err);

/* Asked within each transaction of store_begin(), before anything else is done in it, up to the first store_commit() that
 * succeeds: may who wants this still do it? So nothing is changed for somebody whose rights were taken away between the check
 * of his request and the change. -1: the transaction is not begun, and store_begin() fails with this error. */
typedef int store_guard_check(const struct store *s, const void *context, struct error *err);
void store_guard(struct store *s, store_guard_check *check, const void *context); /* borrowed; NULL: nobody is asked */
/* Asks once more, before the next change: where one request makes several that are each a caller's own wish. */
void store_guard_again(struct store *s);
void store_rollback(struct store *s); /* nothing open: does nothing */
/* Was the last transaction undone because others were in its way, on a server that takes several at once, or because the
 * connection to it was lost? Then all since the commit before can be done again. store_commits(): how many there were. */
bool store_was_beaten(const struct store *s);
unsigned store_commits(const struct store *s);
/* From here on a commit of this connection outlives a power cut as well. Outside of a transaction. */
int store_be_durable(struct store *s, struct error *err);
/* What the database takes in one statement at most, in bytes; 0: there is no such limit. */
int store_statement_max(const struct store *s, int64_t *bytes, struct error *err);

/* What is read after store_open() is the store as it was at the first read, all of it of one moment, until a
 * transaction that writes begins. This takes a newer view: for who waits for a change. */
void store_refresh(const struct store *s);

/* For a connection that is kept from one request to the next. store_rollback() lets go of all it held in between; this makes
 * it as good as one that was just opened. -1: it is of no use any more (its file was replaced, another program changed the
 * schema, the server is gone): close it, and store_open() says what is the matter, or has a better one. A server is not asked
 * for that: the first look or transaction finds it out, and connects again, or fails as store_open() does. A token and the
 * state of a job may be looked up by themselves before the moment of which all else is (query.h). */
int store_renew(struct store *s);

/* -- whose -- */

/* Which workers somebody may use, and whose jobs he may see: all, or those named. */
enum { GRANT_SIZE = 1024 };
struct grant {
    bool limited;
    char workers[GRANT_SIZE]; /* names separated by spaces; "" unless limited */
};

/* Is this worker one of them? */
bool grant_allows(const struct grant *grant, const char *worker);
/* What both allow. */
void grant_intersect(struct grant *grant, const struct grant *other);

/* -- workers -- */

enum worker_kind { WORKER_C = 1, WORKER_PHP, WORKER_SCRIPT, WORKER_KINDS };

enum { WORKER_SHA256_SIZE = 65, WORKER_AUTHOR_SIZE = 65 };

/* One version of a worker; the current one where only a name was given. */
struct worker {
    char name[JOB_WORKER_SIZE];
    int64_t version;
    enum worker_kind kind;
    char sha256[WORKER_SHA256_SIZE];
    int64_t size;
    int64_t created_ms;  /* of the first version */
    int64_t modified_ms; /* of this one */
    char author[WORKER_AUTHOR_SIZE];
    char *description;
    char *parameters; /* JSON Schema as text; NULL: none */
    char *options;    /* what it wants for its jobs, a JSON object as text (worker/options.h); NULL: nothing */
    char *code;       /* NULL unless it was asked for; may hold NULs: `size` bytes */
};

void worker_clear(struct worker *worker);

/* 404 worker_unknown. With `code`, the source as well. version 0: the current one; any other also when the worker was
 * deleted. *out is the caller's: worker_clear(). */
int store_worker_get(const struct store *s, const char *name, int64_t version, bool code, struct worker *out,
                     struct error *err);
/* Those that `grant` allows (NULL: all), in the order of names, from the first after `after` (NULL: from the start), at
 * most `limit`. each() borrows the worker; it returns 0 to go on. */
int store_worker_each(const struct store *s, const struct grant *grant, const char *after, int limit,
                      int (*each)(const struct worker *, void *), void *context, struct error *err);
int store_worker_count(const struct store *s, const struct grant *grant, int64_t *count, struct error *err);
/* Adds a version and makes it current; worker->version is set to the next number, also after a deletion. */
int store_worker_put(struct store *s, struct worker *worker, struct error *err);
int store_worker_delete(struct store *s, const char *name, struct error *err); /* 404 worker_unknown */

/* -- jobs -- */

struct job_filter {
    enum job_state state; /* 0: any */
    const char *worker, *name, *schedule, *queue;
    const struct grant *grant; /* jobs of these workers alone; NULL: of all */
    const char *text;          /* a part of id, worker, name or parameters */
    int64_t since_ms;          /* created at or after; 0: any */
    int64_t until_ms;          /* created before; 0: any */
    const char *before_id;     /* the page after this job */
    int limit;
};

int store_job_insert(struct store *s, struct job *job, struct error *err);                    /* sets job->number */
int store_job_get(const struct store *s, const char *id, struct job *out, struct error *err); /* 404 job_unknown */
/* As much of a job as tells whether it runs: cheap, for those who ask often. 404 job_unknown. */
struct job_peek {
    char worker[JOB_WORKER_SIZE];
    enum job_state state;
    bool held;
    enum job_waiting waiting;
    char host[JOB_HOST_SIZE];
};
int store_job_peek(const struct store *s, const char *id, struct job_peek *out, struct error *err);
/* As much of a job as shows who may speak for it; without a lease the hashes say nothing. 404 job_unknown. */
struct job_tokens {
    enum job_state state;
    bool has_lease;
    unsigned char lease_hash[SECRET_HASH_SIZE], token_hash[SECRET_HASH_SIZE];
};
int store_job_tokens(const struct store *s, const char *id, struct job_tokens *out, struct error *err);
/* Writes all that may change, if the job is still in state `from`: of two that race, one loses.
 * 404 job_unknown; 409 job_moved, and where it becomes active under a runner of ours: queue_full (there is no room in its
 * queue, which may be paused), queue_unknown, worker_full (max_active jobs of its worker are active). Whoever gets one of
 * these rolls back. */
int store_job_update(struct store *s, const struct job *job, enum job_state from, struct error *err);
/* Of a job that has not begun: what it is given. */
int store_job_set_parameters(struct store *s, const struct job *job, struct error *err);
/* With its log and response. 404 job_unknown. */
int store_job_delete(struct store *s, const struct job *job, struct error *err);
/* Newest first. each() borrows the job; it returns 0 to go on. */
int store_job_each(const struct store *s, const struct job_filter *filter, int (*each)(const struct job *, void *),
                   void *context, struct error *err);
int store_job_count(const struct store *s, const struct job_filter *filter, int64_t *count, struct error *err);
/* How many jobs that `grant` allows (NULL: all) are in each state: counts[JOB_STATES]. */
int store_job_counts(const struct store *s, const struct grant *grant, int64_t *counts, struct error *err);

/* -- queues, and lines in which jobs wait -- */

/* Jobs of a queue take slots of it while they are active. Who changes a job's state (store_job_insert, store_job_update)
 * takes and gives them in the same transaction. */
struct queue {
    char name[JOB_QUEUE_SIZE];
    int64_t slots; /* 0: no limit */
    int64_t used;  /* by jobs that are active; more than there are where jobs were reported from outside */
    bool paused;   /* no job of it is started */
    int64_t created_ms;
};

/* May a job that takes so many slots be started? One that takes more than there are may when it is alone. */
bool queue_has_room(const struct queue *queue, int64_t slots);

int store_queue_get(const struct store *s, const char *name, struct queue *out, bool *found, struct error *err);
/* In the order of names, from the first after `after` (NULL: from the start). each() borrows the queue; it returns 0 to
 * go on. */
int store_queue_each(const struct store *s, const char *after, int limit, int (*each)(const struct queue *, void *),
                     void *context, struct error *err);
int store_queue_count(const struct store *s, int64_t *count, struct error *err);
/* Adds one, or changes slots and paused of one that is there. */
int store_queue_put(struct store *s, const struct queue *queue, bool is_new, struct error *err);
/* 404 queue_unknown; 409 queue_busy: jobs wait in it, or are active. */
int store_queue_delete(struct store *s, const char *name, struct error *err);
/* Who is told of its jobs, as text (job/notify.h): *out is the caller's to free(); NULL: nobody, or there is no such queue. */
int store_queue_notify_get(const struct store *s, const char *name, char **out, struct error *err);
int store_queue_notify_put(struct store *s, const char *name, const char *text, struct error *err); /* NULL: nobody */
/* How many jobs wait in it: looks at each. */
int store_queue_length(const struct store *s, const char *name, int64_t *waiting, struct error *err);

/* Who is to be started next in a queue: the first in line, by priority, then by when he came. id "": nobody, or there is no
 * room for him; then nobody passes him. Costs the same however many wait. */
int store_line_first(const struct store *s, const char *queue, char id[ULID_SIZE], struct error *err);
/* The first of those that wait for their worker (WAITING_WORKER); id "": nobody does. */
int store_gate_first(const struct store *s, const char *worker, char id[ULID_SIZE], struct error *err);
/* How many jobs of a worker are active, or have passed to the line of a queue. */
int store_gate_count(const struct store *s, const char *worker, int64_t *count, struct error *err);
/* The next worker that jobs wait for, after that name; "": there is none. The two may be the same memory. */
int store_gate_next(const struct store *s, const char *after, char worker[JOB_WORKER_SIZE], struct error *err);
/* Where a job stands in its line, 1 being the next; 0: it stands in none. Looks at each that is before it. */
int store_line_position(const struct store *s, const struct job *job, int64_t *position, struct error *err);
/* The job whose due_ms is the earliest of those that do not wait for others; id "", *due_ms 0: none has one. */
int store_due_first(const struct store *s, char id[ULID_SIZE], int64_t *due_ms, struct error *err);

/* -- jobs that come after others -- */

/* Notes who goes before a job that was just inserted (job->after), in the same transaction. A job that is over by then counts as
 * that. 404 job_unknown. */
int store_after_put(struct store *s, const struct job *job, struct error *err);
/* Reads them into job->after. */
int store_after_get(const struct store *s, struct job *job, struct error *err);
/* The jobs that come after one, in the order of their numbers, from the first after `after` on. each() borrows the id; it
 * returns 0 to go on. */
int store_follower_each(const struct store *s, int64_t job, int64_t after, int limit,
                        int (*each)(int64_t number, const char *id, void *), void *context, struct error *err);
/* The first job after this number that waits for others (WAITING_JOBS) of which one is over; id "", number 0: none. */
int store_chain_next(const struct store *s, int64_t after, int64_t *number, char id[ULID_SIZE], struct error *err);

/* -- jobs that are made once -- */

enum { ONCE_KEPT_MS = 24 * 60 * 60 * 1000 };

/* The job that was made under a key within the last day; "": none. *same: with the same body. */
int store_once_get(const struct store *s, const struct once *once, int64_t now_ms, char job[ULID_SIZE], bool *same,
                   struct error *err);
/* In the transaction that makes the job. Drops keys that are older. 409 key_used: somebody else was faster. */
int store_once_put(struct store *s, const struct once *once, int64_t now_ms, const char *job, struct error *err);

/* -- attempts -- */

/* The attempt that a job is at is over, and ended in `state`; another one will come. What was said in it is appended. */
int store_attempt_put(struct store *s, const struct job *job, enum job_state state, struct error *err);
/* One that is over, by the number of its job. */
int store_attempt_get(const struct store *s, int64_t job, int64_t number, struct attempt *out, bool *found,
                      struct error *err);
/* In order, from the first after `after` on. each() borrows the attempt; it returns 0 to go on. */
int store_attempt_each(const struct store *s, int64_t job, int64_t after, int64_t limit,
                       int (*each)(const struct attempt *, void *), void *context, struct error *err);

/* -- entries -- */

/* Appends to the log or response and counts them in `job` (which the caller then updates in the same transaction).
 * Sets seq and start of each entry. */
int store_entry_append(struct store *s, struct job *job, enum entry_kind kind, struct entry *entries, size_t count,
                       struct error *err);
/* The same for those who know no more of a job than its id. In a transaction. 404 job_unknown. */
int store_entry_post(struct store *s, const char *id, enum entry_kind kind, struct entry *entries, size_t count,
                     struct error *err);
/* From the first entry after `after_seq` on, at most `limit`. each() borrows the entry; it returns 0 to go on. */
int store_entry_each(const struct store *s, int64_t job, enum entry_kind kind, int64_t after_seq, int64_t limit,
                     int (*each)(const struct entry *, void *), void *context, struct error *err);
/* The last entry that starts at or before the byte `offset`; *seq 0 when there is none. */
int store_entry_at(const struct store *s, int64_t job, enum entry_kind kind, int64_t offset, int64_t last_seq,
                   int64_t *seq, struct error *err);

/* -- who may -- */

struct account {
    char name[65];
    int role;
    bool disabled;
    struct grant grant;
    char password[SECRET_PASSWORD_SIZE]; /* its Argon2id hash; "": it has none */
    int64_t created_ms;
};

enum token_kind { TOKEN_API = 1, TOKEN_SESSION };

enum { TOKEN_NAME_SIZE = 101, TOKEN_ADDRESSES_SIZE = 512, TOKEN_ID_SIZE = 17 };

/* What a token may is also limited by what its owner may at the moment. */
struct token {
    unsigned char hash[SECRET_HASH_SIZE];
    char account[65];
    int role;
    enum token_kind kind;
    bool has_parent;
    unsigned char parent[SECRET_HASH_SIZE]; /* the token that a session was begun with: both end together */
    char name[TOKEN_NAME_SIZE];
    struct grant grant;
    char addresses[TOKEN_ADDRESSES_SIZE]; /* networks from which it is good, separated by spaces; "": from anywhere */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t used_ms;    /* when it was last used, to a minute; 0: not yet */
    struct {            /* of the account, as it is now: only read */
        int role;
        bool disabled;
        struct grant grant;
    } owner;
};

/* The public name of a token: the beginning of its hash, as 16 hexadecimal digits. */
void token_id(const struct token *token, char out[TOKEN_ID_SIZE]);

int store_account_get(const struct store *s, const char *name, struct account *out, bool *found, struct error *err);
/* Calls each() in the order of names, from the first after `after` (NULL: from the start), at most `limit` times.
 * each() borrows the account; it returns 0 to go on. */
int store_account_each(const struct store *s, const char *after, int limit, int (*each)(const struct account *, void *),
                       void *context, struct error *err);
int store_account_put(struct store *s, const struct account *account, struct error *err); /* new, or replaced */
/* With its tokens and sessions. 404 user_unknown. */
int store_account_delete(struct store *s, const char *name, struct error *err);
int store_account_count(const struct store *s, int64_t *count, struct error *err);
/* Is there an account that is not disabled and has at least this role, other than the one of this name ("": none)? */
int store_account_has_role(const struct store *s, int role, const char *except, bool *there, struct error *err);

/* Not found: also when its account is gone. */
int store_token_get(const struct store *s, const unsigned char *hash, struct token *out, bool *found,
                    struct error *err);
/* Of one account (NULL: of all), in the order of ids, from the first after `after` (NULL: from the start). */
int store_token_each(const struct store *s, const char *account, const char *after, int limit,
                     int (*each)(const struct token *, void *), void *context, struct error *err);
int store_token_count(const struct store *s, const char *account, int64_t *count, struct error *err);
int store_token_put(struct store *s, const struct token *token, struct error *err); /* and drops those that expired */
int store_token_use(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err); /* sets used_ms */
/* With the sessions that were begun with it; one that is not there is no error. */
int store_token_delete(struct store *s, const unsigned char *hash, struct error *err);
/* The same by its id, when it is this account's (NULL: anybody's). 404 token_unknown. */
int store_token_revoke(struct store *s, const char *id, const char *account, struct error *err);
/* Ends the sessions of an account, but for one (NULL: all). */
int store_token_end_sessions(struct store *s, const char *account, const unsigned char *except, struct error *err);

int store_password_seen_get(const struct store *s, const unsigned char *hash, int64_t now_ms, bool *found,
                            struct error *err);
int store_password_seen_put(struct store *s, const unsigned char *hash, const char *account, int64_t now_ms,
                            int64_t expires_ms, struct error *err); /* and drops those that expired */

/* Failed log-ins under a hash of who tried from where. */
struct failure {
    int64_t count; /* 0: none */
    int64_t last_ms;
};
enum { FAILURES_MAX = 4096, FAILURE_KEPT_MS = 60 * 60 * 1000 };

/* None also when the last one is longer ago than FAILURE_KEPT_MS. */
int store_failure_get(const struct store *s, const unsigned char *hash, int64_t now_ms, struct failure *out,
                      struct error *err);
/* One more. Drops what is too old, and some of the oldest when there are FAILURES_MAX. */
int store_failure_add(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err);
int store_failure_forget(struct store *s, const unsigned char *hash, struct error *err);

/* -- secrets for workers -- */

enum { SECRET_KEY_ID_SIZE = 16, SECRETS_MAX = 1000 };

/* The store knows nothing of the value: it is encrypted before it comes here (engine/vault.h). */
struct secret {
    char name[SECRET_NAME_SIZE];
    bool as_file;       /* given as a file, not as a variable */
    struct grant grant; /* the workers that get it */
    int64_t created_ms, changed_ms;
    char creator[65], changer[65];
    unsigned char key_id[SECRET_KEY_ID_SIZE]; /* of the key that it is encrypted under */
    const unsigned char *sealed;              /* borrowed */
    size_t sealed_size;
};

struct secret_filter {
    const char *name;   /* this one alone; NULL: any */
    const char *worker; /* those that it gets; NULL: all */
    const char *after;  /* from the first after this name; NULL: from the start */
    int limit;
    bool sealed; /* with their values */
};

/* Without its value: *found tells. */
int store_secret_get(const struct store *s, const char *name, struct secret *out, bool *found, struct error *err);
/* In the order of names. each() borrows the secret; it returns 0 to go on. */
int store_secret_each(const struct store *s, const struct secret_filter *filter,
                      int (*each)(const struct secret *, void *), void *context, struct error *err);
int store_secret_count(const struct store *s, int64_t *count, struct error *err);
/* New, or replaced; one whose `sealed` is NULL keeps its value and its key_id, and must be there. */
int store_secret_put(struct store *s, const struct secret *secret, struct error *err);
int store_secret_delete(struct store *s, const char *name, struct error *err); /* 404 secret_unknown */

#endif
