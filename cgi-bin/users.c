/* Users and tokens: the rules that hold whoever changes them. */
#include "users.h"

#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/network.h"
#include "base/text.h"
#include "password.h"
#include "store/audit.h"

#define TOKEN_PREFIX "jja_" /* so that a token that got lost is known for one by those who look for such things */

/* At the end of a path these ask for a format. */
static bool ends_in_format(const char *name)
{
    static const char *const formats[] = {".json", ".csv", ".txt"};
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t length = strlen(formats[i]);

        if (n >= length && strcmp(name + n - length, formats[i]) == 0)
            return true;
    }
    return false;
}

/* Names stand in paths, in Authorization: Basic and in lists. */
static int check_name(const char *name, struct error *err)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-");

    if (n >= 1 && n < sizeof((struct account *)0)->name && name[n] == '\0' && *name != '-' && !ends_in_format(name))
        return 0;
    return error_set(
        err, 422, "user_invalid",
        "the name of a user has 1 to 64 letters, digits and . _ @ + -, no - at its start and no .txt at its end");
}

static int check_password(const char *password, struct error *err)
{
    size_t n = strlen(password);

    if (n == 0 || (n >= PASSWORD_MIN && n <= PASSWORD_MAX))
        return 0;
    return error_set(err, 422, "password_weak", "a password has %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
}

static int check_grant(enum role role, const struct grant *grant, const char *code, struct error *err)
{
    if (role != ROLE_ADMIN || !grant->limited)
        return 0;
    return error_set(err, 422, code, "an admin may use every worker: give a lower role, or no list of workers");
}

int users_read_grant(const char *words, struct grant *out, const char *code, struct error *err)
{
    char word[JOB_WORKER_SIZE + 1];

    *out = (struct grant){.limited = true};
    if (strlen(words) >= sizeof out->workers)
        return error_set(err, 422, code, "the names of the workers have more than %d bytes together", GRANT_SIZE - 1);
    for (const char *p = words; text_next_word(&p, word, sizeof word);) {
        if (!text_is_name(word))
            return error_set(err, 422, code, "the name of a worker has 1 to 64 letters, digits, _ and -");
        snprintf(out->workers + strlen(out->workers), sizeof out->workers - strlen(out->workers), "%s%s",
                 out->workers[0] ? " " : "", word);
    }
    return 0;
}

/* -- users -- */

static bool is_ruling(const struct account *account)
{
    return account->role == ROLE_ADMIN && !account->disabled;
}

/* Without an admin nobody could make one. In the transaction that takes one away, or two might take the last two. */
static int check_admins(const struct store *db, const struct account *before, const struct account *after,
                        struct error *err)
{
    bool another;

    if (!is_ruling(before) || (after && is_ruling(after)))
        return 0;
    if (store_account_has_role(db, ROLE_ADMIN, before->name, &another, err) < 0)
        return -1;
    return another ? 0 : error_set(err, 409, "last_admin", "%s is the last admin", before->name);
}

static int apply(struct account *account, const struct user_change *change, const char *password_hash,
                 struct error *err)
{
    if (change->role)
        account->role = change->role;
    if (change->grant)
        account->grant = *change->grant;
    if (change->disabled >= 0)
        account->disabled = change->disabled;
    if (change->password)
        snprintf(account->password, sizeof account->password, "%s", password_hash);
    return check_grant((enum role)account->role, &account->grant, "user_invalid", err);
}

/* Slow on purpose, so before a transaction. */
static int hash_password(const struct user_change *change, char hash[SECRET_PASSWORD_SIZE], struct error *err)
{
    *hash = '\0';
    if (!change->password || !*change->password)
        return 0;
    if (check_password(change->password, err) < 0)
        return -1;
    return secret_password_hash(change->password, hash, err);
}

static int add(struct store *db, const struct account *account, struct error *err)
{
    struct account there;
    bool found;

    if (store_account_get(db, account->name, &there, &found, err) < 0)
        return -1;
    if (found)
        return error_set(err, 409, "user_exists", "there is a user %s already", account->name);
    return store_account_put(db, account, err);
}

/* Ends a transaction that was begun: by a commit where all went well. */
static int finish(struct store *db, int result, struct error *err)
{
    if (result == 0)
        return store_commit(db, err);
    store_rollback(db);
    return -1;
}

int users_add(struct store *db, int64_t now_ms, const char *name, const struct user_change *change, struct account *out,
              struct error *err)
{
    char hash[SECRET_PASSWORD_SIZE];

    *out = (struct account){.created_ms = now_ms};
    if (check_name(name, err) < 0)
        return -1;
    if (!change->role)
        return error_set(err, 422, "user_invalid", "`role` must be viewer, operator, developer or admin");
    snprintf(out->name, sizeof out->name, "%s", name);
    audit_about(db, name);
    if (hash_password(change, hash, err) < 0 || apply(out, change, hash, err) < 0 || store_begin(db, err) < 0)
        return -1;
    return finish(db, add(db, out, err), err);
}

/* Must be there. */
static int get(const struct store *db, const char *name, struct account *out, struct error *err)
{
    bool found;

    if (store_account_get(db, name, out, &found, err) < 0)
        return -1;
    return found ? 0 : error_set(err, 404, "user_unknown", "there is no user %.64s", name);
}

static int change_within(struct store *db, const char *name, const struct user_change *change, const char *hash,
                         struct account *out, struct error *err)
{
    struct account before;

    if (get(db, name, &before, err) < 0)
        return -1;
    *out = before;
    if (apply(out, change, hash, err) < 0 || check_admins(db, &before, out, err) < 0 ||
        store_account_put(db, out, err) < 0)
        return -1;
    if (!change->password && !out->disabled)
        return 0;
    return store_token_end_sessions(db, name, change->keeps, err);
}

int users_change(struct store *db, const char *name, const struct user_change *change, struct account *out,
                 struct error *err)
{
    char hash[SECRET_PASSWORD_SIZE];

    if (hash_password(change, hash, err) < 0 || store_begin(db, err) < 0)
        return -1;
    return finish(db, change_within(db, name, change, hash, out, err), err);
}

static int delete_within(struct store *db, const char *name, struct error *err)
{
    struct account account;

    if (get(db, name, &account, err) < 0 || check_admins(db, &account, NULL, err) < 0)
        return -1;
    return store_account_delete(db, name, err);
}

int users_delete(struct store *db, const char *name, struct error *err)
{
    if (store_begin(db, err) < 0)
        return -1;
    return finish(db, delete_within(db, name, err), err);
}

/* -- tokens -- */

static int check_token(const struct token *token, int64_t now_ms, struct error *err)
{
    char word[64];
    struct network network;

    if (strpbrk(token->name, "\r\n"))
        return error_set(err, 422, "token_invalid", "the name of a token is one line");
    if (token->expires_ms && token->expires_ms <= now_ms)
        return error_set(err, 422, "token_invalid", "`expires` is over already");
    for (const char *p = token->addresses; text_next_word(&p, word, sizeof word);) {
        if (network_parse(word, &network) < 0)
            return error_set(err, 422, "token_invalid", "%.60s is no address and no network (192.0.2.0/24)", word);
    }
    return 0;
}

/* The owner as he is now: a token is never made for more than that. */
static int check_owner(const struct store *db, struct token *token, struct error *err)
{
    struct account owner;
    bool found;

    if (store_account_get(db, token->account, &owner, &found, err) < 0)
        return -1;
    if (!found)
        return error_set(err, 422, "user_unknown", "there is no user %s", token->account);
    if (token->role == ROLE_NONE)
        token->role = token->grant.limited && owner.role == ROLE_ADMIN ? ROLE_DEVELOPER : owner.role;
    if (token->role > owner.role)
        return error_set(err, 422, "token_invalid", "the user has only the role %s", role_name((enum role)owner.role));
    token->owner.role = owner.role;
    token->owner.disabled = owner.disabled;
    token->owner.grant = owner.grant;
    return check_grant((enum role)token->role, &token->grant, "token_invalid", err);
}

int tokens_create(struct store *db, int64_t now_ms, struct token *token, char text[TOKEN_TEXT_SIZE], struct error *err)
{
    char id[TOKEN_ID_SIZE];

    token->kind = TOKEN_API;
    token->created_ms = now_ms;
    strcpy(text, TOKEN_PREFIX);
    secret_token(text + sizeof TOKEN_PREFIX - 1);
    secret_hash(text, strlen(text), token->hash);
    token_id(token, id);
    audit_about(db, id);
    if (check_token(token, now_ms, err) < 0 || store_begin(db, err) < 0)
        return -1;
    return finish(db, check_owner(db, token, err) < 0 ? -1 : store_token_put(db, token, err), err);
}

int tokens_revoke(struct store *db, const char *id, const char *user, struct error *err)
{
    if (strlen(id) != TOKEN_ID_SIZE - 1 || id[strspn(id, "0123456789abcdef")])
        return error_set(err, 404, "token_unknown", "this is no id of a token");
    if (store_begin(db, err) < 0)
        return -1;
    return finish(db, store_token_revoke(db, id, user, err), err);
}

enum role token_role(const struct token *token)
{
    return (enum role)(token->role < token->owner.role ? token->role : token->owner.role);
}

/* -- how they are shown -- */

static void put_time(struct json_writer *w, const char *name, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    json_name(w, name);
    text_from_time(time_ms, text);
    json_put_string(w, time_ms ? text : NULL);
}

static void put_words(struct json_writer *w, const char *name, const char *words, bool limited)
{
    json_name(w, name);
    json_put_words(w, limited ? words : NULL);
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

void user_put_json(const struct account *account, struct json_writer *w)
{
    json_begin(w, '{');
    put_text(w, "name", account->name);
    put_text(w, "role", role_name((enum role)account->role));
    put_words(w, "workers", account->grant.workers, account->grant.limited);
    json_name(w, "disabled");
    json_put_bool(w, account->disabled);
    json_name(w, "password");
    json_put_bool(w, account->password[0]);
    put_time(w, "created", account->created_ms);
    json_end(w, '}');
}

void token_put_json(const struct token *token, const char *text, struct json_writer *w)
{
    char id[TOKEN_ID_SIZE];
    struct grant grant = token->owner.grant;

    token_id(token, id);
    grant_intersect(&grant, &token->grant);
    json_begin(w, '{');
    put_text(w, "id", id);
    put_text(w, "kind", token->kind == TOKEN_API ? "token" : "session");
    put_text(w, "user", token->account);
    put_text(w, "name", token->name);
    put_text(w, "role", role_name(token_role(token)));
    put_words(w, "workers", grant.workers, grant.limited);
    put_words(w, "addresses", token->addresses, token->addresses[0]);
    put_time(w, "created", token->created_ms);
    put_time(w, "expires", token->expires_ms);
    put_time(w, "used", token->used_ms);
    if (text)
        put_text(w, "token", text);
    json_end(w, '}');
}

const char *const user_columns[] = {"name", "role", "workers", "disabled", "password", "created", NULL};
const char *const token_columns[] = {"id",        "kind",    "user",    "name", "role", "workers",
                                     "addresses", "created", "expires", "used", NULL};

static void csv_time(struct csv_writer *w, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    text_from_time(time_ms, text);
    csv_text(w, time_ms ? text : NULL);
}

void user_put_csv(const struct account *account, struct buf *out)
{
    struct csv_writer w = {.out = out};

    csv_text(&w, account->name);
    csv_text(&w, role_name((enum role)account->role));
    csv_text(&w, account->grant.limited ? account->grant.workers : "*");
    csv_text(&w, account->disabled ? "true" : "false");
    csv_text(&w, account->password[0] ? "true" : "false");
    csv_time(&w, account->created_ms);
    csv_end_row(&w);
}

void token_put_csv(const struct token *token, struct buf *out)
{
    struct csv_writer w = {.out = out};
    char id[TOKEN_ID_SIZE];
    struct grant grant = token->owner.grant;

    token_id(token, id);
    grant_intersect(&grant, &token->grant);
    csv_text(&w, id);
    csv_text(&w, token->kind == TOKEN_API ? "token" : "session");
    csv_text(&w, token->account);
    csv_text(&w, token->name);
    csv_text(&w, role_name(token_role(token)));
    csv_text(&w, grant.limited ? grant.workers : "*");
    csv_text(&w, token->addresses[0] ? token->addresses : "*");
    csv_time(&w, token->created_ms);
    csv_time(&w, token->expires_ms);
    csv_time(&w, token->used_ms);
    csv_end_row(&w);
}
