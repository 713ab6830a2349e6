/* The contract's front: picks the back-end by the scheme of the URI and passes each call on. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/store_ops.h"

static const struct store_ops *const backends[] = {&store_sqlite};

struct store *store_open(const char *uri, struct error *err)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        size_t length = strlen(backends[i]->scheme);

        if (strncmp(uri, backends[i]->scheme, length) == 0 && uri[length] == ':')
            return backends[i]->open(uri + length + 1, err);
    }
    log_line("there is no store of this kind: %s", uri);
    error_set(err, 500, "settings_invalid", "the setting `database` names no kind of store that is built in");
    return NULL;
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

void worker_clear(struct worker *worker)
{
    free(worker->description);
    free(worker->parameters);
    free(worker->options);
    free(worker->code);
    *worker = (struct worker){0};
}

bool grant_allows(const struct grant *grant, const char *worker)
{
    return !grant->limited || text_in_words(grant->workers, worker);
}

void grant_intersect(struct grant *grant, const struct grant *other)
{
    struct grant both = {.limited = true};

    if (!other->limited)
        return;
    if (grant->limited)
        text_common_words(grant->workers, other->workers, both.workers);
    else
        both = *other;
    *grant = both;
}

void token_id(const struct token *token, char out[TOKEN_ID_SIZE])
{
    text_to_hex(token->hash, (TOKEN_ID_SIZE - 1) / 2, out);
}

void entry_place(struct job *job, enum entry_kind kind, struct entry *entries, size_t count)
{
    int64_t *seq = kind == ENTRY_LOG ? &job->log_count : &job->response_count;
    int64_t *size = kind == ENTRY_LOG ? &job->log_size : &job->response_size;

    for (size_t i = 0; i < count; i++) {
        struct entry *e = &entries[i];

        if (kind == ENTRY_RESPONSE)
            e->open = e->open || e->size == 0 || e->bytes[e->size - 1] == '\n';
        e->seq = ++*seq;
        e->start = *size;
        *size += (int64_t)e->size + (e->open ? 0 : 1);
    }
}

int store_begin(struct store *s, struct error *err)
{
    return s->ops->begin(s, err);
}

int store_try_begin(struct store *s, bool *begun, struct error *err)
{
    return s->ops->try_begin(s, begun, err);
}

int store_commit(struct store *s, struct error *err)
{
    struct audit_note *note = s->along;

    if (!note || note->written)
        return s->ops->commit(s, err);
    if (audit_append(s, note, err) < 0) {
        store_rollback(s);
        return -1;
    }
    if (s->ops->commit(s, err) < 0)
        return -1;
    note->written = true;
    return 0;
}

int store_commit_alone(struct store *s, struct error *err)
{
    return s->ops->commit(s, err);
}

void store_rollback(struct store *s)
{
    s->ops->rollback(s);
}

void store_refresh(const struct store *s)
{
    s->ops->refresh(s);
}

int store_worker_get(const struct store *s, const char *name, int64_t version, bool code, struct worker *out,
                     struct error *err)
{
    return s->ops->worker_get(s, name, version, code, out, err);
}

int store_worker_each(const struct store *s, const struct grant *grant, const char *after, int limit,
                      int (*each)(const struct worker *, void *), void *context, struct error *err)
{
    return s->ops->worker_each(s, grant, after, limit, each, context, err);
}

int store_worker_count(const struct store *s, const struct grant *grant, int64_t *count, struct error *err)
{
    return s->ops->worker_count(s, grant, count, err);
}

int store_worker_put(struct store *s, struct worker *worker, struct error *err)
{
    return s->ops->worker_put(s, worker, err);
}

int store_worker_delete(struct store *s, const char *name, struct error *err)
{
    return s->ops->worker_delete(s, name, err);
}

int store_job_insert(struct store *s, struct job *job, struct error *err)
{
    return s->ops->job_insert(s, job, err);
}

int store_job_get(const struct store *s, const char *id, struct job *out, struct error *err)
{
    return s->ops->job_get(s, id, out, err);
}

int store_job_peek(const struct store *s, const char *id, struct job_peek *out, struct error *err)
{
    return s->ops->job_peek(s, id, out, err);
}

int store_job_update(struct store *s, const struct job *job, enum job_state from, struct error *err)
{
    return s->ops->job_update(s, job, from, err);
}

int store_job_delete(struct store *s, const struct job *job, struct error *err)
{
    return s->ops->job_delete(s, job, err);
}

int store_job_each(const struct store *s, const struct job_filter *filter, int (*each)(const struct job *, void *),
                   void *context, struct error *err)
{
    return s->ops->job_each(s, filter, each, context, err);
}

int store_job_count(const struct store *s, const struct job_filter *filter, int64_t *count, struct error *err)
{
    return s->ops->job_count(s, filter, count, err);
}

int store_job_counts(const struct store *s, const struct grant *grant, int64_t *counts, struct error *err)
{
    return s->ops->job_counts(s, grant, counts, err);
}

int store_entry_append(struct store *s, struct job *job, enum entry_kind kind, struct entry *entries, size_t count,
                       struct error *err)
{
    return s->ops->entry_append(s, job, kind, entries, count, err);
}

int store_entry_each(const struct store *s, int64_t job, enum entry_kind kind, int64_t after_seq, int64_t limit,
                     int (*each)(const struct entry *, void *), void *context, struct error *err)
{
    return s->ops->entry_each(s, job, kind, after_seq, limit, each, context, err);
}

int store_entry_at(const struct store *s, int64_t job, enum entry_kind kind, int64_t offset, int64_t last_seq,
                   int64_t *seq, struct error *err)
{
    return s->ops->entry_at(s, job, kind, offset, last_seq, seq, err);
}

int store_account_get(const struct store *s, const char *name, struct account *out, bool *found, struct error *err)
{
    return s->ops->account_get(s, name, out, found, err);
}

int store_account_each(const struct store *s, const char *after, int limit, int (*each)(const struct account *, void *),
                       void *context, struct error *err)
{
    return s->ops->account_each(s, after, limit, each, context, err);
}

int store_account_delete(struct store *s, const char *name, struct error *err)
{
    return s->ops->account_delete(s, name, err);
}

int store_account_has_role(const struct store *s, int role, const char *except, bool *there, struct error *err)
{
    return s->ops->account_has_role(s, role, except, there, err);
}

int store_account_put(struct store *s, const struct account *account, struct error *err)
{
    return s->ops->account_put(s, account, err);
}

int store_account_count(const struct store *s, int64_t *count, struct error *err)
{
    return s->ops->account_count(s, count, err);
}

int store_token_get(const struct store *s, const unsigned char *hash, struct token *out, bool *found, struct error *err)
{
    return s->ops->token_get(s, hash, out, found, err);
}

int store_token_each(const struct store *s, const char *account, const char *after, int limit,
                     int (*each)(const struct token *, void *), void *context, struct error *err)
{
    return s->ops->token_each(s, account, after, limit, each, context, err);
}

int store_token_count(const struct store *s, const char *account, int64_t *count, struct error *err)
{
    return s->ops->token_count(s, account, count, err);
}

int store_token_use(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err)
{
    return s->ops->token_use(s, hash, now_ms, err);
}

int store_token_revoke(struct store *s, const char *id, const char *account, struct error *err)
{
    return s->ops->token_revoke(s, id, account, err);
}

int store_token_end_sessions(struct store *s, const char *account, const unsigned char *except, struct error *err)
{
    return s->ops->token_end_sessions(s, account, except, err);
}

int store_token_put(struct store *s, const struct token *token, struct error *err)
{
    return s->ops->token_put(s, token, err);
}

int store_token_delete(struct store *s, const unsigned char *hash, struct error *err)
{
    return s->ops->token_delete(s, hash, err);
}

int store_password_seen_get(const struct store *s, const unsigned char *hash, int64_t now_ms, bool *found,
                            struct error *err)
{
    return s->ops->password_seen_get(s, hash, now_ms, found, err);
}

int store_password_seen_put(struct store *s, const unsigned char *hash, const char *account, int64_t now_ms,
                            int64_t expires_ms, struct error *err)
{
    return s->ops->password_seen_put(s, hash, account, now_ms, expires_ms, err);
}

int store_failure_get(const struct store *s, const unsigned char *hash, int64_t now_ms, struct failure *out,
                      struct error *err)
{
    return s->ops->failure_get(s, hash, now_ms, out, err);
}

int store_failure_add(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err)
{
    return s->ops->failure_add(s, hash, now_ms, err);
}

int store_failure_forget(struct store *s, const unsigned char *hash, struct error *err)
{
    return s->ops->failure_forget(s, hash, err);
}

int store_be_durable(struct store *s, struct error *err)
{
    return s->ops->be_durable(s, err);
}

int store_secret_get(const struct store *s, const char *name, struct secret *out, bool *found, struct error *err)
{
    return s->ops->secret_get(s, name, out, found, err);
}

int store_secret_each(const struct store *s, const struct secret_filter *filter,
                      int (*each)(const struct secret *, void *), void *context, struct error *err)
{
    return s->ops->secret_each(s, filter, each, context, err);
}

int store_secret_count(const struct store *s, int64_t *count, struct error *err)
{
    return s->ops->secret_count(s, count, err);
}

int store_secret_put(struct store *s, const struct secret *secret, struct error *err)
{
    return s->ops->secret_put(s, secret, err);
}

int store_secret_delete(struct store *s, const char *name, struct error *err)
{
    return s->ops->secret_delete(s, name, err);
}
