/* Accounts. */
#include "store/query.h"
#include "store/store.h"

#define ACCOUNT_COLUMNS "name, role, disabled, workers, password, created"

enum {
    ACCOUNT_GET,
    ACCOUNT_EACH,
    ACCOUNT_PUT,
    ACCOUNT_DELETE,
    ACCOUNT_COUNT,
    ACCOUNT_HAS_ROLE,
    TOKEN_DELETE_ACCOUNT,
    SEEN_FORGET,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [ACCOUNT_GET] = {"SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = ?1"},
    [ACCOUNT_EACH] = {"SELECT " ACCOUNT_COLUMNS " FROM account WHERE name > ?1 ORDER BY name LIMIT ?2"},
    [ACCOUNT_PUT] = {"REPLACE INTO account (" ACCOUNT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
    [ACCOUNT_DELETE] = {"DELETE FROM account WHERE name = ?1"},
    [ACCOUNT_COUNT] = {"SELECT count(*) FROM account"},
    [ACCOUNT_HAS_ROLE] =
        {"SELECT EXISTS (SELECT 1 FROM account WHERE role >= ?1 AND coalesce(disabled, 0) = 0 AND name <> ?2)"},
    [TOKEN_DELETE_ACCOUNT] = {"DELETE FROM token WHERE account = ?1"},
    [SEEN_FORGET] = {"DELETE FROM password_seen WHERE account = ?1"},
};

static void read_account(struct query *q, struct account *out)
{
    *out = (struct account){0};
    query_read_text(q, 0, out->name, sizeof out->name);
    out->role = query_int(q, 1);
    out->disabled = query_int(q, 2);
    query_read_grant(q, 3, &out->grant);
    query_read_text(q, 4, out->password, sizeof out->password);
    out->created_ms = query_number(q, 5);
}

int store_account_get(const struct store *s, const char *name, struct account *out, bool *found, struct error *err)
{
    struct query *q = query_prepare(s, &sql[ACCOUNT_GET], err);

    *out = (struct account){0};
    query_set_text(q, 1, name);
    if (query_find(q, found, "read an account", err) < 0)
        return -1;
    if (*found)
        read_account(q, out);
    query_end(q);
    return 0;
}

int store_account_each(const struct store *s, const char *after, int limit, int (*each)(const struct account *, void *),
                       void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[ACCOUNT_EACH], err);
    int result = 0, stop = 0;
    struct account account;

    query_set_text(q, 1, after ? after : "");
    query_set_number(q, 2, limit);
    while (!stop && query_next(q, "list accounts", &result, err)) {
        read_account(q, &account);
        stop = each(&account, context);
    }
    query_end(q);
    return result;
}

/* Also forgets that the password before was found right. */
int store_account_put(struct store *s, const struct account *account, struct error *err)
{
    struct query *q;

    if (query_run_text(s, &sql[SEEN_FORGET], account->name, err) < 0)
        return -1;
    q = query_prepare(s, &sql[ACCOUNT_PUT], err);
    query_set_text(q, 1, account->name);
    query_set_number(q, 2, account->role);
    query_set_number(q, 3, account->disabled);
    query_set_grant(q, 4, &account->grant);
    query_set_text(q, 5, account->password);
    query_set_number(q, 6, account->created_ms);
    return query_run(q, err);
}

int store_account_delete(struct store *s, const char *name, struct error *err)
{
    if (query_run_text(s, &sql[ACCOUNT_DELETE], name, err) < 0)
        return -1;
    if (query_changes(s) == 0)
        return error_set(err, 404, "user_unknown", "there is no user %s", name);
    return query_run_text(s, &sql[TOKEN_DELETE_ACCOUNT], name, err) < 0 ||
                   query_run_text(s, &sql[SEEN_FORGET], name, err) < 0
               ? -1
               : 0;
}

int store_account_count(const struct store *s, int64_t *count, struct error *err)
{
    return query_count(query_prepare(s, &sql[ACCOUNT_COUNT], err), count, err);
}

int store_account_has_role(const struct store *s, int role, const char *except, bool *there, struct error *err)
{
    struct query *q = query_prepare(s, &sql[ACCOUNT_HAS_ROLE], err);
    int64_t found = 0;

    query_set_number(q, 1, role);
    query_set_text(q, 2, except);
    if (query_count(q, &found, err) < 0)
        return -1;
    *there = found != 0;
    return 0;
}
