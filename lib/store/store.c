/* Picks the back-end by the scheme of the URI; its transactions; and what of the contract needs no database. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/audit.h"
#include "store/store_ops.h"

/* NULL: this program has none of that scheme in it. */
static const struct store_ops *built_in(const char *scheme, size_t length)
{
    return length == strlen(store_sqlite.scheme) && memcmp(scheme, store_sqlite.scheme, length) == 0 ? &store_sqlite
                                                                                                     : NULL;
}

bool store_is_built_in(const char *uri)
{
    return built_in(uri, strcspn(uri, ":")) != NULL;
}

struct store *store_open(const struct settings *settings, struct error *err)
{
    const char *uri = settings->database;
    size_t length = strcspn(uri, ":");
    const struct store_ops *ops = built_in(uri, length);

    if (!ops && uri[length])
        ops = store_module(uri, length);
    if (ops)
        return ops->open(uri + length + 1, settings, err);
    log_line("there is no store of this kind: %.*s", (int)length, uri); /* what follows may hold a password */
    error_set(err, 500, "settings_invalid", "the setting `database` names no kind of store that is built in");
    return NULL;
}

void store_close(struct store *s)
{
    struct query *q;

    if (!s)
        return;
    store_rollback(s);
    while ((q = s->memo->queries)) {
        s->memo->queries = q->next;
        query_free(q);
    }
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

void store_guard(struct store *s, store_guard_check *check, const void *context)
{
    s->guard = check;
    s->guard_context = context;
    store_guard_again(s);
}

void store_guard_again(struct store *s)
{
    s->guarded = s->guard != NULL;
}

int store_begin(struct store *s, struct error *err)
{
    if (s->ops->begin(s, err) < 0)
        return -1;
    if (!s->guarded || s->guard(s, s->guard_context, err) == 0)
        return 0;
    store_rollback(s);
    return -1;
}

int store_try_begin(struct store *s, bool *begun, struct error *err)
{
    return s->ops->try_begin(s, begun, err);
}

static int commit(struct store *s, struct error *err)
{
    if (s->ops->commit(s, err) < 0)
        return -1;
    s->commits++;
    return 0;
}

int store_commit(struct store *s, struct error *err)
{
    struct audit_note *note = s->along;

    if (note && note->written)
        note = NULL;
    if (note && audit_append(s, note, err) < 0) {
        store_rollback(s);
        return -1;
    }
    if (commit(s, err) < 0)
        return -1;
    s->guarded = false;
    if (note)
        note->written = true;
    return 0;
}

int store_commit_alone(struct store *s, struct error *err)
{
    return commit(s, err);
}

unsigned store_commits(const struct store *s)
{
    return s->commits;
}

bool store_was_beaten(const struct store *s)
{
    return s->ops->was_beaten(s);
}

void store_rollback(struct store *s)
{
    s->ops->rollback(s);
}

int store_renew(struct store *s)
{
    return s->ops->renew(s);
}

void store_refresh(const struct store *s)
{
    s->ops->refresh(s);
}

int store_be_durable(struct store *s, struct error *err)
{
    return s->ops->be_durable(s, err);
}

int store_statement_max(const struct store *s, int64_t *bytes, struct error *err)
{
    static const struct statement ask = {"SELECT 0", "SELECT @@max_allowed_packet"};

    return query_count(query_prepare(s, &ask, err), bytes, err);
}
