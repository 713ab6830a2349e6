/* Who calls, and what may they do? Tokens are random, so only their hash is kept and looked up; what they may do is settled
 * at each use, from what their owner may at that moment. */
#include "auth.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/key.h"
#include "base/network.h"
#include "base/text.h"
#include "guess.h"
#include "password.h"

enum { USE_NOTED_MS = 60 * 1000 };

const char auth_cookie_name[] = "jobjoker_session";

static const char *const role_names[ROLES] = {
    [ROLE_NONE] = "none",           [ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator",
    [ROLE_DEVELOPER] = "developer", [ROLE_ADMIN] = "admin",   [ROLE_NOBODY] = "nobody",
};

const char *role_name(enum role role)
{
    return role_names[role];
}

enum role role_from_name(const char *name)
{
    for (enum role r = ROLE_VIEWER; r <= ROLE_ADMIN; r++) {
        if (strcmp(role_names[r], name) == 0)
            return r;
    }
    return ROLE_NONE;
}

/* One sentence for all: who guesses learns nothing from it. */
static int refuse(struct error *err)
{
    return error_set(err, 401, "unauthorized", "these credentials are not valid");
}

int auth_require_admin(const struct store *db, struct error *err)
{
    bool there;

    if (store_account_has_role(db, ROLE_ADMIN, "", &there, err) < 0)
        return -1;
    if (there)
        return 0;
    error_set(err, 503, "no_admin",
              "there is no administrator yet: make one on the server with `jobjoker init`, or `jobjoker user add NAME "
              "--role admin`");
    err->retry_after = 60;
    return -1;
}

/* Whoever is limited to some workers rules none over others, so he is no admin. */
static void settle(struct identity *who, enum role role)
{
    who->role = who->grant.limited && role > ROLE_DEVELOPER ? ROLE_DEVELOPER : role;
}

static void become_account(const struct account *account, const char *via, struct identity *out)
{
    snprintf(out->name, sizeof out->name, "%s", account->name);
    out->grant = account->grant;
    out->via = via;
    out->of_admin = account->role == ROLE_ADMIN;
    out->in_person = true;
    secret_hash(account->password, strlen(account->password), out->hash);
    settle(out, (enum role)account->role);
}

static void become_token_owner(const struct token *token, struct identity *out)
{
    snprintf(out->name, sizeof out->name, "%s", token->account);
    out->grant = token->owner.grant;
    grant_intersect(&out->grant, &token->grant);
    out->via = token->kind == TOKEN_API ? "token" : "session";
    out->in_person = token->kind == TOKEN_SESSION && !token->has_parent;
    out->has_token = true;
    out->of_admin = token->owner.role == ROLE_ADMIN;
    memcpy(out->hash, token->hash, sizeof out->hash);
    out->token_used_ms = token->used_ms;
    settle(out, (enum role)(token->role < token->owner.role ? token->role : token->owner.role));
}

/* -- tokens and sessions -- */

static bool is_good_here(const struct request *req, const struct token *token)
{
    return !token->addresses[0] || network_list_holds(token->addresses, request_variable(req, "REMOTE_ADDR"));
}

static bool is_idle(const struct token *token, int64_t idle_ms, int64_t now_ms)
{
    int64_t last = token->used_ms > token->created_ms ? token->used_ms : token->created_ms;

    return token->kind == TOKEN_SESSION && now_ms - last >= idle_ms;
}

static int load_token(const struct request *req, const struct store *db, const unsigned char *hash, int64_t now_ms,
                      struct token *out, struct error *err)
{
    bool found;

    if (store_token_get(db, hash, out, &found, err) < 0)
        return -1;
    if (!found || out->owner.disabled || (out->expires_ms && out->expires_ms <= now_ms) || !is_good_here(req, out))
        return refuse(err);
    return 0;
}

static int look_up_token(const struct request *req, const struct store *db, const struct settings *settings,
                         int64_t now_ms, const char *text, enum token_kind kind, struct token *out, struct error *err)
{
    unsigned char hash[SECRET_HASH_SIZE];

    secret_hash(text, strlen(text), hash);
    if (load_token(req, db, hash, now_ms, out, err) < 0)
        return -1;
    return out->kind == kind && !is_idle(out, settings->session_idle_ms, now_ms) ? 0 : refuse(err);
}

/* A token that is right is never made to wait: nobody can guess 256 bits. But who tries is told so. */
static int slow_down(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                     struct error *err)
{
    unsigned char key[SECRET_KEY_SIZE];
    struct guess guess;

    if (key_read(settings, key, err) < 0)
        return -1;
    guess_init(&guess, GUESS_TOKEN, key, request_variable(req, "REMOTE_ADDR"), NULL);
    if (guess_check(&guess, db, now_ms, err) < 0)
        return -1;
    guess_failed(&guess, db, now_ms);
    return refuse(err);
}

/* Whom a log-in that failed was for, for the audit trail. Only names of accounts get there: people type passwords into the
 * wrong field. */
static void note_attempt(const char *account, const char *via, struct identity *out)
{
    if (!account[0])
        return;
    snprintf(out->name, sizeof out->name, "%s", account);
    out->via = via;
}

static int find_token(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                      const char *text, struct token *token, struct error *err)
{
    if (look_up_token(req, db, settings, now_ms, text, TOKEN_API, token, err) == 0)
        return 0;
    return err->status == 401 ? slow_down(req, db, settings, now_ms, err) : -1;
}

/* A token is dead when its job is over, except that a runner may repeat its last report. */
static int check_job_token(const struct store *db, const char *id, const unsigned char *hash, bool runner,
                           struct error *err)
{
    struct job_tokens job;
    struct error unknown = {0};
    bool right;

    if (store_job_tokens(db, id, &job, &unknown) < 0) {
        if (unknown.status == 404)
            return refuse(err);
        *err = unknown;
        return -1;
    }
    right = job.has_lease && (runner || job.state == JOB_ACTIVE) &&
            secret_equal(hash, runner ? job.lease_hash : job.token_hash, SECRET_HASH_SIZE);
    return right ? 0 : refuse(err);
}

static int identify_job(const struct store *db, const char *text, bool runner, struct identity *out, struct error *err)
{
    snprintf(out->job_id, sizeof out->job_id, "%.26s", text + 4);
    secret_hash(text, strlen(text), out->hash);
    if (!ulid_is(out->job_id))
        return refuse(err);
    if (check_job_token(db, out->job_id, out->hash, runner, err) < 0)
        return -1;
    snprintf(out->name, sizeof out->name, "job %s", out->job_id);
    out->job_right = runner ? JOB_RIGHT_RUNNER : JOB_RIGHT_WORKER;
    out->via = "job";
    return 0;
}

static int identify_bearer(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                           const char *text, struct identity *out, struct error *err)
{
    struct token token = {0};

    if (strncmp(text, AUTH_LEASE_PREFIX, 4) == 0)
        return identify_job(db, text, true, out, err);
    if (strncmp(text, AUTH_WORKER_PREFIX, 4) == 0)
        return identify_job(db, text, false, out, err);
    if (find_token(req, db, settings, now_ms, text, &token, err) < 0) {
        note_attempt(token.account, "token", out);
        return -1;
    }
    become_token_owner(&token, out);
    return 0;
}

const char *auth_session_cookie(const struct request *req, char out[SECRET_TOKEN_SIZE])
{
    const char *p = request_header(req, "COOKIE");
    size_t name = strlen(auth_cookie_name);

    while (p && *p) {
        p += strspn(p, "; ");
        if (strncmp(p, auth_cookie_name, name) == 0 && p[name] == '=') {
            snprintf(out, SECRET_TOKEN_SIZE, "%.*s", (int)strcspn(p + name + 1, ";"), p + name + 1);
            return out;
        }
        p += strcspn(p, ";");
    }
    return NULL;
}

/* Failures are not counted: the cookie of a page that was left open is no attack. */
static int identify_session(const struct request *req, const struct store *db, const struct settings *settings,
                            int64_t now_ms, const char *text, struct identity *out, struct error *err)
{
    struct token token;

    if (look_up_token(req, db, settings, now_ms, text, TOKEN_SESSION, &token, err) < 0)
        return -1;
    become_token_owner(&token, out);
    return 0;
}

/* -- passwords -- */

/* RFC 7617: base64 of user, colon, password. */
static int identify_basic(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                          const char *text, struct identity *out, struct error *err)
{
    char pair[2 * PASSWORD_MAX];
    struct account account = {0};
    const char *end;
    size_t size;
    char *colon;

    if (sodium_base642bin((unsigned char *)pair, sizeof pair - 1, text, strlen(text), " ", &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *end)
        return refuse(err);
    pair[size] = '\0';
    colon = strchr(pair, ':');
    if (!colon || strlen(pair) != size)
        return refuse(err);
    *colon = '\0';
    if (password_check(request_variable(req, "REMOTE_ADDR"), db, settings, now_ms, pair, colon + 1, &account, err) <
        0) {
        note_attempt(account.name, "password", out);
        return -1;
    }
    become_account(&account, "password", out);
    return 0;
}

/* The account as it is now, unless its password is another one. */
static int load_account(const struct store *db, const struct identity *who, struct account *out, struct error *err)
{
    unsigned char hash[SECRET_HASH_SIZE];
    bool found;

    if (store_account_get(db, who->name, out, &found, err) < 0)
        return -1;
    secret_hash(out->password, strlen(out->password), hash);
    return found && !out->disabled && secret_equal(hash, who->hash, sizeof hash) ? 0 : refuse(err);
}

/* -- the web server's own users -- */

static const char *remote_user(const struct request *req, const struct settings *settings)
{
    const char *user = request_variable(req, "REMOTE_USER");

    return strcmp(settings->remote_user, "yes") == 0 && *user ? user : NULL;
}

/* Is the Authorization header the web server's, which has checked it already? With `AuthType Basic`, say, a Basic header is
 * about its users, and none of ours. A Bearer token is always for us. */
static bool is_for_web_server(const struct request *req, const struct settings *settings, const char *sent)
{
    const char *type = request_variable(req, "AUTH_TYPE");
    size_t scheme = strcspn(sent, " ");

    if (!remote_user(req, settings) || (scheme == 6 && strncasecmp(sent, "Bearer", 6) == 0))
        return false;
    if (scheme == 5 && strncasecmp(sent, "Basic", 5) == 0)
        return strcasecmp(type, "Basic") == 0;
    return true; /* Digest, Negotiate: nothing that we understand */
}

/* The role that the setting gives: "alice:admin *:viewer". */
static enum role mapped_role(const char *map, const char *user)
{
    char word[SETTING_TEXT_SIZE];
    enum role others = ROLE_NONE;

    while (text_next_word(&map, word, sizeof word)) {
        char *colon = strrchr(word, ':');

        if (!colon)
            continue;
        *colon = '\0';
        if (strcmp(word, user) == 0)
            return role_from_name(colon + 1);
        if (strcmp(word, "*") == 0)
            others = role_from_name(colon + 1);
    }
    return others;
}

/* An account of that name says what he may; else the setting does. */
static int identify_remote(const struct store *db, const struct settings *settings, const char *user,
                           struct identity *out, struct error *err)
{
    struct account account;
    bool found;

    if (strlen(user) >= sizeof out->name)
        return error_set(err, 403, "forbidden", "the name of this user is too long");
    if (store_account_get(db, user, &account, &found, err) < 0)
        return -1;
    if (found && account.disabled)
        return refuse(err);
    if (found) {
        become_account(&account, "remote", out);
        return 0;
    }
    snprintf(out->name, sizeof out->name, "%s", user);
    out->via = "remote";
    out->role = mapped_role(settings->remote_user_roles, user);
    if (out->role == ROLE_NONE)
        return error_set(err, 403, "forbidden", "you have no role here: ask the administrator");
    return 0;
}

static int identify_anonymous(const struct settings *settings, struct identity *out, struct error *err)
{
    out->role = role_from_name(settings->anonymous);
    if (out->role == ROLE_NONE)
        return error_set(err, 401, "unauthorized", "this needs credentials: a user and password, or a token");
    snprintf(out->name, sizeof out->name, "anonymous");
    out->via = "anonymous";
    return 0;
}

/* -- all of them -- */

/* A session that was begun here goes before the web server's user; one that has ended does not stand in his way. */
static int identify_browser(const struct request *req, const struct store *db, const struct settings *settings,
                            int64_t now_ms, bool cookies, struct identity *out, struct error *err)
{
    const char *user = remote_user(req, settings);
    char cookie[SECRET_TOKEN_SIZE];

    if (cookies && auth_session_cookie(req, cookie)) {
        if (identify_session(req, db, settings, now_ms, cookie, out, err) == 0)
            return 0;
        if (err->status != 401 || !user)
            return -1;
    }
    return user ? identify_remote(db, settings, user, out, err) : identify_anonymous(settings, out, err);
}

static int identify(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                    bool cookies, struct identity *out, struct error *err)
{
    const char *sent = request_header(req, "AUTHORIZATION");

    if (!sent || !*sent || is_for_web_server(req, settings, sent))
        return identify_browser(req, db, settings, now_ms, cookies, out, err);
    if (strncasecmp(sent, "Bearer ", 7) == 0)
        return identify_bearer(req, db, settings, now_ms, sent + 7 + strspn(sent + 7, " "), out, err);
    if (strncasecmp(sent, "Basic ", 6) == 0)
        return identify_basic(req, db, settings, now_ms, sent + 6 + strspn(sent + 6, " "), out, err);
    return error_set(err, 401, "unauthorized", "only Basic and Bearer credentials are understood");
}

/* Where an account has turned out to be an admin's, there is one; a job was started when there was. It spares a look-up. */
static bool shows_admin(const struct identity *who)
{
    return who->job_right || who->of_admin;
}

int auth_identify(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                  bool cookies, struct identity *out, struct error *err)
{
    struct error missing = {0};
    int result;

    *out = (struct identity){0};
    result = identify(req, db, settings, now_ms, cookies, out, err);
    if (result < 0 && err->status == 503) /* the database would not tell of an admin either */
        return -1;
    if ((result == 0 && shows_admin(out)) || auth_require_admin(db, &missing) == 0)
        return result;
    *err = missing;
    return -1;
}

int auth_identify_password(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                           const char *name, const char *password, struct identity *out, struct error *err)
{
    struct account account = {0};

    *out = (struct identity){0};
    if (auth_require_admin(db, err) < 0)
        return -1;
    if (password_check(request_variable(req, "REMOTE_ADDR"), db, settings, now_ms, name, password, &account, err) < 0) {
        note_attempt(account.name, "password", out);
        return -1;
    }
    become_account(&account, "password", out);
    return 0;
}

int auth_identify_token(const struct request *req, struct store *db, const struct settings *settings, int64_t now_ms,
                        const char *text, struct token *token, struct identity *out, struct error *err)
{
    *out = (struct identity){0};
    if (auth_require_admin(db, err) < 0)
        return -1;
    if (find_token(req, db, settings, now_ms, text, token, err) < 0) {
        note_attempt(token->account, "token", out);
        return -1;
    }
    become_token_owner(token, out);
    return 0;
}

static int identify_again(const struct store *db, const struct auth_caller *caller, struct identity *out,
                          struct error *err)
{
    const struct identity *who = caller->who;
    struct account account;
    struct token token;

    if (who->has_token) {
        if (load_token(caller->req, db, who->hash, clock_now_ms(), &token, err) < 0)
            return -1;
        become_token_owner(&token, out);
    } else if (strcmp(who->via, "remote") == 0) {
        return identify_remote(db, caller->settings, who->name, out, err);
    } else if (strcmp(who->via, "password") == 0) {
        if (load_account(db, who, &account, err) < 0)
            return -1;
        become_account(&account, who->via, out);
    } else {
        return identify_anonymous(caller->settings, out, err);
    }
    return 0;
}

static bool same_grant(const struct grant *a, const struct grant *b)
{
    return a->limited == b->limited && (!a->limited || strcmp(a->workers, b->workers) == 0);
}

int auth_check_again(const struct store *db, const struct auth_caller *caller, struct error *err)
{
    const struct identity *who = caller->who;
    struct identity now = {0};

    if (who->job_right)
        return check_job_token(db, who->job_id, who->hash, who->job_right == JOB_RIGHT_RUNNER, err);
    if (identify_again(db, caller, &now, err) < 0)
        return -1;
    if (now.role >= who->role && same_grant(&now.grant, &who->grant))
        return 0;
    return error_set(err, 403, "forbidden", "what you may do was changed while this request was under way");
}

int auth_guard(const struct store *db, const void *caller, struct error *err)
{
    return auth_check_again(db, caller, err);
}

void auth_note_use(struct store *db, const struct identity *who, int64_t now_ms)
{
    struct error ignored = {0}; /* the next request may note it */
    bool begun;

    if (!who->has_token || now_ms - who->token_used_ms < USE_NOTED_MS)
        return;
    if (store_try_begin(db, &begun, &ignored) < 0 || !begun)
        return;
    if (store_token_use(db, who->hash, now_ms, &ignored) < 0 || store_commit_alone(db, &ignored) < 0)
        store_rollback(db);
}
