/* What is done once, however often it is asked for. */
#include "once.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 255 };

static bool is_key(const char *text)
{
    size_t length = strlen(text);

    for (const char *p = text; *p; p++) {
        if (*p < ' ' || *p > '~')
            return false;
    }
    return length >= 1 && length <= KEY_MAX;
}

int once_read(const struct request *req, const struct context *ctx, struct once *once, struct error *err)
{
    const char *key = request_header(req, "IDEMPOTENCY_KEY");
    char own[KEY_MAX + sizeof ctx->who->name + 2];
    int size;

    if (!key)
        return 0;
    if (!is_key(key))
        return error_set(err, 400, "key_invalid", "an Idempotency-Key has 1 to %d visible characters", KEY_MAX);
    /* A name has no NUL in it, so nobody's key is taken for another's. */
    size = snprintf(own, sizeof own, "%s%c%s", ctx->who->name, '\0', key);
    secret_hash(own, (size_t)size, once->hash);
    secret_hash(buf_text(&req->body), req->body.size, once->body);
    return 1;
}

int once_find(const struct store *db, const struct context *ctx, const struct once *once, struct job *job,
              struct error *err)
{
    struct error problem = {0};
    char id[ULID_SIZE];
    bool same;

    if (store_once_get(db, once, ctx->engine->now_ms, id, &same, err) < 0)
        return -1;
    if (!id[0])
        return 0;
    if (!same)
        return error_set(err, 422, "key_reused", "this Idempotency-Key was used with another body");
    if (store_job_get(db, id, job, &problem) < 0) {
        *err = problem;
        return problem.status == 404 ? error_set(err, 410, "job_deleted", "the job of this key was deleted") : -1;
    }
    if (grant_allows(&ctx->who->grant, job->worker))
        return 1;
    job_clear(job);
    return 0;
}

void once_of_list(const struct once *once, size_t at, struct once *out)
{
    char own[sizeof once->hash + 24];

    *out = *once;
    if (at == 0)
        return;
    memcpy(own, once->hash, sizeof once->hash);
    secret_hash(own, sizeof once->hash + (size_t)snprintf(own + sizeof once->hash, 24, "%zu", at), out->hash);
}
