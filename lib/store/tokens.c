/* Tokens: of the API, and sessions of the admin page. */
#include <stdio.h>

#include "store/query.h"
#include "store/store.h"

/* With the name of their table and a dot before each, or "". */
#define TOKEN_COLUMNS(t)                                                                                   \
    t "hash, " t "account, " t "role, " t "kind, " t "parent, " t "name, " t "workers, " t "addresses, " t \
      "created, " t "expires, " t "used"

#define OWNER_COLUMNS(a) a "role, " a "disabled, " a "workers"

#define TOKEN_ID(hash) "lower(hex(substr(" hash ", 1, 8)))"

enum {
    TOKEN_GET,
    OWNER_GET,
    TOKEN_EACH,
    TOKEN_COUNT,
    TOKEN_PUT,
    TOKEN_USE,
    TOKEN_EXPIRE,
    TOKEN_DELETE,
    TOKEN_REVOKE,
    TOKEN_END_SESSIONS,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    /* Looked up at each request. In SQLite preparing one statement for both tables costs more than two; in MySQL each one is
     * a round trip to the server. */
    [TOKEN_GET] = {"SELECT " TOKEN_COLUMNS("") ", NULL FROM token WHERE hash = ?1",
                   "SELECT " TOKEN_COLUMNS("t.") ", " OWNER_COLUMNS(
                       "a.") " FROM token t LEFT JOIN account a ON a.name = t.account WHERE t.hash = ?1",
                   .alone = true},
    [OWNER_GET] = {"SELECT " OWNER_COLUMNS("") " FROM account WHERE name = ?1"},
    [TOKEN_EACH] = {"SELECT " TOKEN_COLUMNS("t.") ", " OWNER_COLUMNS(
        "a.") " FROM token t JOIN account a ON a.name = t.account"
              " WHERE (?1 IS NULL OR t.account = ?1) AND lower(hex(t.hash)) > ?2 ORDER BY t.hash LIMIT ?3"},
    [TOKEN_COUNT] = {"SELECT count(*) FROM token t JOIN account a ON a.name = t.account"
                     " WHERE ?1 IS NULL OR t.account = ?1"},
    [TOKEN_PUT] = {"REPLACE INTO token (hash, account, role, kind, parent, name, workers, addresses, created, expires,"
                   " used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
    [TOKEN_USE] = {"UPDATE token SET used = ?2 WHERE hash = ?1"},
    [TOKEN_EXPIRE] = {"DELETE FROM token WHERE expires > 0 AND expires < ?1"},
    [TOKEN_DELETE] = {"DELETE FROM token WHERE hash = ?1 OR parent = ?1"},
    [TOKEN_REVOKE] = {"DELETE FROM token WHERE ?1 IN (" TOKEN_ID("hash") ", " TOKEN_ID(
        "parent") ")"
                  " AND (?2 IS NULL OR account = ?2)"},
    [TOKEN_END_SESSIONS] = {"DELETE FROM token WHERE account = ?1 AND kind = 2 AND (?2 IS NULL OR hash <> ?2)"},
};

static void read_token(struct query *q, struct token *out)
{
    int c = 0;

    *out = (struct token){0};
    query_read_hash(q, c++, out->hash);
    query_read_text(q, c++, out->account, sizeof out->account);
    out->role = query_int(q, c++);
    out->kind = (enum token_kind)query_int(q, c++);
    out->has_parent = !query_is_null(q, c);
    query_read_hash(q, c++, out->parent);
    query_read_text(q, c++, out->name, sizeof out->name);
    query_read_grant(q, c++, &out->grant);
    query_read_text(q, c++, out->addresses, sizeof out->addresses);
    out->created_ms = query_number(q, c++);
    out->expires_ms = query_number(q, c++);
    out->used_ms = query_number(q, c++);
}

enum { OWNER_COLUMN = 11 /* after those of the token */ };

/* The columns of its owner, from this one on. */
static void read_owner(struct query *q, int c, struct token *out)
{
    out->owner.role = query_int(q, c++);
    out->owner.disabled = query_int(q, c++);
    query_read_grant(q, c, &out->owner.grant);
}

static int get_owner(const struct store *s, struct token *token, bool *found, struct error *err)
{
    struct query *q = query_prepare(s, &sql[OWNER_GET], err);

    query_set_text(q, 1, token->account);
    if (query_find(q, found, "read a token's owner", err) < 0)
        return -1;
    if (*found)
        read_owner(q, 0, token);
    query_end(q);
    return 0;
}

int store_token_get(const struct store *s, const unsigned char *hash, struct token *out, bool *found, struct error *err)
{
    struct query *q = query_prepare(s, &sql[TOKEN_GET], err);
    bool has_owner = false;

    *out = (struct token){0};
    query_set_hash(q, 1, hash);
    if (query_find(q, found, "read a token", err) < 0)
        return -1;
    if (*found) {
        read_token(q, out);
        has_owner = !query_is_null(q, OWNER_COLUMN);
    }
    if (has_owner)
        read_owner(q, OWNER_COLUMN, out);
    query_end(q);
    return *found && !has_owner ? get_owner(s, out, found, err) : 0;
}

int store_token_each(const struct store *s, const char *account, const char *after, int limit,
                     int (*each)(const struct token *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[TOKEN_EACH], err);
    int result = 0, stop = 0;
    char first[2 * SECRET_HASH_SIZE + 1];
    struct token token;

    /* An id is the beginning of a hash: what follows the last hash that begins with it? */
    snprintf(first, sizeof first, "%s%s", after ? after : "", after ? "g" : "");
    query_set_text(q, 1, account);
    query_set_text(q, 2, first);
    query_set_number(q, 3, limit);
    while (!stop && query_next(q, "list tokens", &result, err)) {
        read_token(q, &token);
        read_owner(q, OWNER_COLUMN, &token);
        stop = each(&token, context);
    }
    query_end(q);
    return result;
}

int store_token_count(const struct store *s, const char *account, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[TOKEN_COUNT], err);

    query_set_text(q, 1, account);
    return query_count(q, count, err);
}

int store_token_put(struct store *s, const struct token *token, struct error *err)
{
    struct query *q;

    if (query_run_number(s, &sql[TOKEN_EXPIRE], token->created_ms, err) < 0)
        return -1;
    q = query_prepare(s, &sql[TOKEN_PUT], err);
    query_set_hash(q, 1, token->hash);
    query_set_text(q, 2, token->account);
    query_set_number(q, 3, token->role);
    query_set_number(q, 4, token->kind);
    query_set_hash(q, 5, token->has_parent ? token->parent : NULL);
    query_set_text(q, 6, token->name);
    query_set_grant(q, 7, &token->grant);
    query_set_text(q, 8, token->addresses);
    query_set_number(q, 9, token->created_ms);
    query_set_number(q, 10, token->expires_ms);
    query_set_number(q, 11, token->used_ms);
    return query_run(q, err);
}

int store_token_use(struct store *s, const unsigned char *hash, int64_t now_ms, struct error *err)
{
    struct query *q = query_prepare(s, &sql[TOKEN_USE], err);

    query_set_hash(q, 1, hash);
    query_set_number(q, 2, now_ms);
    return query_run(q, err);
}

int store_token_delete(struct store *s, const unsigned char *hash, struct error *err)
{
    return query_run_hash(s, &sql[TOKEN_DELETE], hash, err);
}

int store_token_revoke(struct store *s, const char *id, const char *account, struct error *err)
{
    struct query *q = query_prepare(s, &sql[TOKEN_REVOKE], err);

    query_set_text(q, 1, id);
    query_set_text(q, 2, account);
    if (query_run(q, err) < 0)
        return -1;
    if (query_changes(s) == 0)
        return error_set(err, 404, "token_unknown", "there is no token %.16s", id);
    return 0;
}

int store_token_end_sessions(struct store *s, const char *account, const unsigned char *except, struct error *err)
{
    struct query *q = query_prepare(s, &sql[TOKEN_END_SESSIONS], err);

    query_set_text(q, 1, account);
    query_set_hash(q, 2, except);
    return query_run(q, err);
}
