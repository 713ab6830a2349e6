#ifndef JOBJOKER_STORE_STORE_OPS_H
#define JOBJOKER_STORE_STORE_OPS_H

#include "store/store.h"

/* What a back-end must keep: the functions of store.h, where their contracts stand. No member is NULL. */
struct store_ops {
    const char *scheme; /* "sqlite" in sqlite:/var/lib/jobs/jobs.db */
    struct store *(*open)(const char *place, struct error *err);
    void (*close)(struct store *s);
    int (*begin)(struct store *s, struct error *err);
    int (*try_begin)(struct store *s, bool *begun, struct error *err);
    int (*commit)(struct store *s, struct error *err);
    void (*rollback)(struct store *s);
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
};

/* A back-end's own struct begins with this one. */
struct store {
    const struct store_ops *ops;
};

extern const struct store_ops store_sqlite;

/* Where entries stand in the text: what every back-end must agree on. Sets seq and start of each, and counts them in
 * the job. A log's entry is followed by a newline unless its line goes on; between two responses stands a newline
 * unless the first ends in one, so that one response is exactly what was sent. */
void entry_place(struct job *job, enum entry_kind kind, struct entry *entries, size_t count);

#endif
