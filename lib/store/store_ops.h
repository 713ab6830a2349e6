#ifndef JOBJOKER_STORE_STORE_OPS_H
#define JOBJOKER_STORE_STORE_OPS_H

#include "store/audit.h"
#include "store/store.h"

/* Both ends of the audit trail's chain (audit.h). */
struct audit_chain {
    int64_t first;                          /* the oldest row that is kept */
    unsigned char before[SECRET_HASH_SIZE]; /* hash of the row before it; all zero: there was none */
    int64_t last;
    unsigned char hash[SECRET_HASH_SIZE]; /* of the last row */
    unsigned char seal[SECRET_HASH_SIZE]; /* of all this */
};

/* Refused requests of one sender with one code in one minute. */
struct audit_refused {
    char sender[AUDIT_ADDRESS_SIZE], code[AUDIT_CODE_SIZE]; /* both "": of all */
    int status;
    int64_t minute, written, missed;
};

/* What a back-end must keep: the functions of store.h, where their contracts stand. No member is NULL. */
struct store_ops {
    const char *scheme; /* "sqlite" in sqlite:/var/lib/jobs/jobs.db */
    struct store *(*open)(const char *place, struct error *err);
    void (*close)(struct store *s);
    int (*begin)(struct store *s, struct error *err);
    int (*try_begin)(struct store *s, bool *begun, struct error *err);
    int (*commit)(struct store *s, struct error *err);
    void (*rollback)(struct store *s);
    int (*be_durable)(struct store *s, struct error *err);
    void (*refresh)(const struct store *s);
    int (*worker_get)(const struct store *s, const char *name, int64_t version, bool code, struct worker *out,
                      struct error *err);
    int (*worker_each)(const struct store *s, const struct grant *grant, const char *after, int limit,
                       int (*each)(const struct worker *, void *), void *context, struct error *err);
    int (*worker_count)(const struct store *s, const struct grant *grant, int64_t *count, struct error *err);
    int (*worker_put)(struct store *s, struct worker *worker, struct error *err);
    int (*worker_delete)(struct store *s, const char *name, struct error *err);
    int (*job_insert)(struct store *s, struct job *job, struct error *err);
    int (*job_get)(const struct store *s, const char *id, struct job *out, struct error *err);
    int (*job_peek)(const struct store *s, const char *id, struct job_peek *out, struct error *err);
    int (*job_update)(struct store *s, const struct job *job, enum job_state from, struct error *err);
    int (*job_delete)(struct store *s, const struct job *job, struct error *err);
    int (*job_each)(const struct store *s, const struct job_filter *filter, int (*each)(const struct job *, void *),
                    void *context, struct error *err);
    int (*job_count)(const struct store *s, const struct job_filter *filter, int64_t *count, struct error *err);
    int (*job_counts)(const struct store *s, const struct grant *grant, int64_t *counts, struct error *err);
    int (*entry_append)(struct store *s, struct job *job, enum entry_kind kind, struct entry *entries, size_t count,
                        struct error *err);
    int (*entry_each)(const struct store *s, int64_t job, enum entry_kind kind, int64_t after_seq, int64_t limit,
                      int (*each)(const struct entry *, void *), void *context, struct error *err);
    int (*entry_at)(const struct store *s, int64_t job, enum entry_kind kind, int64_t offset, int64_t last_seq,
                    int64_t *seq, struct error *err);
    int (*account_get)(const struct store *s, const char *name, struct account *out, bool *found, struct error *err);
    int (*account_each)(const struct store *s, const char *after, int limit,
                        int (*each)(const struct account *, void *), void *context, struct error *err);
    int (*account_put)(struct store *s, const struct account *account, struct error *err);
    int (*account_delete)(struct store *s, const char *name, struct error *err);
    int (*account_count)(const struct store *s, int64_t *count, struct error *err);
    int (*account_has_role)(const struct store *s, int role, const char *except, bool *there, struct error *err);
    int (*token_get)(const struct store *s, const unsigned char *hash, struct token *out, bool *found,
                     struct error *err);
    int (*token_each)(const struct store *s, const char *account, const char *after, int limit,
                      int (*each)(const struct token *, void *), void *context, struct error *err);
    int (*token_count)(const struct store *s, const char *account, int64_t *count, struct error *err);
    int (*token_put)(struct store *s, const struct token *token, struct error *err);
    int (*token_use)(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err);
    int (*token_delete)(struct store *s, const unsigned char *hash, struct error *err);
    int (*token_revoke)(struct store *s, const char *id, const char *account, struct error *err);
    int (*token_end_sessions)(struct store *s, const char *account, const unsigned char *except, struct error *err);
    int (*password_seen_get)(const struct store *s, const unsigned char *hash, int64_t now_ms, bool *found,
                             struct error *err);
    int (*password_seen_put)(struct store *s, const unsigned char *hash, const char *account, int64_t now_ms,
                             int64_t expires_ms, struct error *err);
    int (*failure_get)(const struct store *s, const unsigned char *hash, int64_t now_ms, struct failure *out,
                       struct error *err);
    int (*failure_add)(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err);
    int (*failure_forget)(struct store *s, const unsigned char *hash, struct error *err);

    int (*audit_chain_get)(const struct store *s, struct audit_chain *out, bool *found, struct error *err);
    int (*audit_chain_put)(struct store *s, const struct audit_chain *chain, struct error *err);
    int (*audit_highest)(const struct store *s, int64_t *seq, struct error *err); /* of all rows; 0: there is none */
    int (*audit_insert)(struct store *s, const struct audit_row *row, struct error *err);
    int (*audit_delete)(struct store *s, int64_t from_seq, int64_t to_seq, struct error *err); /* but for the last */
    int (*audit_each)(const struct store *s, const struct audit_filter *filter,
                      int (*each)(const struct audit_row *, void *), void *context, struct error *err);
    int (*audit_count)(const struct store *s, const struct audit_filter *filter, int64_t *count, struct error *err);
    /* Sender, code and minute are given, and status; written and missed are set, 0 when there is none of this minute. */
    int (*refused_get)(const struct store *s, struct audit_refused *row, struct error *err);
    int (*refused_put)(struct store *s, const struct audit_refused *row,
                       struct error *err); /* in place of one before */
    /* Those of other minutes in which some were missed; what each() returns as above. */
    int (*refused_each)(const struct store *s, int64_t minute, int (*each)(const struct audit_refused *, void *),
                        void *context, struct error *err);
    int (*refused_forget)(struct store *s, int64_t minute,
                          struct error *err); /* those of other minutes with none missed */

    int (*secret_get)(const struct store *s, const char *name, struct secret *out, bool *found, struct error *err);
    int (*secret_each)(const struct store *s, const struct secret_filter *filter,
                       int (*each)(const struct secret *, void *), void *context, struct error *err);
    int (*secret_count)(const struct store *s, int64_t *count, struct error *err);
    int (*secret_put)(struct store *s, const struct secret *secret, struct error *err);
    int (*secret_delete)(struct store *s, const char *name, struct error *err);
};

/* A back-end's own struct begins with this one. */
struct store {
    const struct store_ops *ops;
    struct audit_note *along; /* what the next commit takes along; NULL: nothing */
};

extern const struct store_ops store_sqlite;

/* Where entries stand in the text: what every back-end must agree on. Sets seq and start of each, and counts them in
 * the job. A log's entry is followed by a newline unless its line goes on; between two responses stands a newline
 * unless the first ends in one, so that one response is exactly what was sent. */
void entry_place(struct job *job, enum entry_kind kind, struct entry *entries, size_t count);

#endif
