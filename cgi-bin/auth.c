/* Who calls, and what may they do? Tokens are random, so only their hash is kept and looked up; a password costs
 * Argon2id once and is then known for a short while by a hash under a key that lies outside of the database. */
#include "auth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

enum { PASSWORD_SEEN_MS = 5 * 60 * 1000, PASSWORD_MAX = 1024, TURN_TIMEOUT_MS = 5000 };

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

static void key_path(const struct settings *settings, char out[PATH_MAX + 16])
{
    snprintf(out, PATH_MAX + 16, "%s/secret.key", settings->data);
}

static int read_key(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err)
{
    char path[PATH_MAX + 16];
    struct buf file = {0};
    int result = 0;

    key_path(settings, path);
    if (io_read_file(path, 4096, &file) < 0) {
        result = error_errno(err, path);
    } else if (file.size != SECRET_KEY_SIZE) {
        log_line("%s: this is no key: it has %zu bytes, not %d", path, file.size, SECRET_KEY_SIZE);
        result = error_set(err, 500, "internal", "the server could not do this: its error log says why");
    } else {
        memcpy(key, file.data, SECRET_KEY_SIZE);
    }
    buf_clear(&file);
    return result;
}

/* Under the key: the name, a NUL that neither can hold, the password. */
static void hash_password(const unsigned char *key, const char *name, const char *password, unsigned char *out)
{
    struct buf both = {0};

    buf_put(&both, name, strlen(name) + 1);
    buf_puts(&both, password);
    secret_keyed_hash(key, both.data, both.size, out);
    if (both.data)
        sodium_memzero(both.data, both.size);
    buf_clear(&both);
}

/* A hash of nobody's password: an unknown name costs the same work as a known one. */
static const char *nobody(void)
{
    return "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG11YMbPSk5nw";
}

/* Argon2id takes 64 MB on purpose, and anybody may make us compute it: one at a time does, and who waits for too long is
 * told to come back. The file of the key, which is needed for it anyhow, is the lock. */
static int wait_for_turn(const struct settings *settings, int *turn, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + TURN_TIMEOUT_MS;
    char path[PATH_MAX + 16];

    key_path(settings, path);
    *turn = open(path, O_RDONLY | O_CLOEXEC);
    if (*turn < 0)
        return error_errno(err, path);
    while (flock(*turn, LOCK_EX | LOCK_NB) < 0) {
        if (clock_monotonic_ms() >= deadline) {
            close(*turn);
            return error_set(err, 429, "too_many_logins", "too many passwords are being checked just now: try again");
        }
        poll(NULL, 0, 5);
    }
    return 0;
}

static int remember(struct store *db, const unsigned char *hash, const char *name, int64_t now_ms)
{
    struct error ignored = {0}; /* it costs the next request some time, no more */

    if (store_begin(db, &ignored) < 0)
        return -1;
    if (store_password_seen_put(db, hash, name, now_ms, now_ms + PASSWORD_SEEN_MS, &ignored) < 0) {
        store_rollback(db);
        return -1;
    }
    return store_commit(db, &ignored);
}

/* Of many that wait with the same password, the first one spares the others the work. */
static int check_slowly(struct store *db, int64_t now_ms, const struct account *known, const char *name,
                        const char *password, const unsigned char *hash, struct error *err)
{
    bool seen;

    store_refresh(db);
    if (store_password_seen_get(db, hash, now_ms, &seen, err) < 0)
        return -1;
    if (known && seen)
        return 0;
    if (!secret_password_matches(known ? known->password : nobody(), password) || !known)
        return refuse(err);
    (void)remember(db, hash, name, now_ms);
    return 0;
}

int auth_check_password(struct store *db, const struct settings *settings, int64_t now_ms, const char *name,
                        const char *password, enum role *role, struct error *err)
{
    unsigned char key[SECRET_KEY_SIZE], hash[SECRET_HASH_SIZE];
    struct account account;
    bool found, seen;
    int turn, result = 0;

    if (strlen(password) > PASSWORD_MAX)
        return refuse(err);
    if (store_account_get(db, name, &account, &found, err) < 0 || read_key(settings, key, err) < 0)
        return -1;
    hash_password(key, name, password, hash);
    if (store_password_seen_get(db, hash, now_ms, &seen, err) < 0)
        return -1;
    if (!(found && seen)) {
        if (wait_for_turn(settings, &turn, err) < 0)
            return -1;
        result = check_slowly(db, now_ms, found ? &account : NULL, name, password, hash, err);
        close(turn);
    }
    *role = (enum role)account.role;
    return result;
}

int auth_check_token(const struct store *db, int64_t now_ms, const char *text, enum token_kind kind, struct token *out,
                     struct error *err)
{
    unsigned char hash[SECRET_HASH_SIZE];
    bool found;

    secret_hash(text, strlen(text), hash);
    if (store_token_get(db, hash, out, &found, err) < 0)
        return -1;
    if (!found || out->kind != kind || (out->expires_ms && out->expires_ms <= now_ms))
        return refuse(err);
    return 0;
}

static int identify_job(const struct store *db, const char *text, bool runner, struct identity *out, struct error *err)
{
    struct job job = {0};
    struct error unknown = {0};
    bool right;

    snprintf(out->job_id, sizeof out->job_id, "%.26s", text + 4);
    if (!ulid_is(out->job_id))
        return refuse(err);
    if (store_job_get(db, out->job_id, &job, &unknown) < 0) {
        if (unknown.status == 404)
            return refuse(err);
        *err = unknown;
        return -1;
    }
    secret_hash(text, strlen(text), out->hash);
    /* A token is dead when its job is over, except that a runner may repeat its last report. */
    right = job.has_lease && (runner || job.state == JOB_ACTIVE) &&
            secret_equal(out->hash, runner ? job.lease_hash : job.token_hash, sizeof out->hash);
    job_clear(&job);
    if (!right)
        return refuse(err);
    snprintf(out->name, sizeof out->name, "job %s", out->job_id);
    out->job_right = runner ? JOB_RIGHT_RUNNER : JOB_RIGHT_WORKER;
    out->via = "job";
    return 0;
}

static int identify_bearer(const struct store *db, int64_t now_ms, const char *text, struct identity *out,
                           struct error *err)
{
    struct token token;

    if (strncmp(text, AUTH_LEASE_PREFIX, 4) == 0)
        return identify_job(db, text, true, out, err);
    if (strncmp(text, AUTH_WORKER_PREFIX, 4) == 0)
        return identify_job(db, text, false, out, err);
    if (auth_check_token(db, now_ms, text, TOKEN_API, &token, err) < 0)
        return -1;
    snprintf(out->name, sizeof out->name, "%s", token.account);
    out->role = (enum role)token.role;
    out->via = "token";
    return 0;
}

/* RFC 7617: base64 of user, colon, password. */
static int identify_basic(struct store *db, const struct settings *settings, int64_t now_ms, const char *text,
                          struct identity *out, struct error *err)
{
    char pair[2 * PASSWORD_MAX];
    const char *end;
    size_t size;
    char *colon;

    if (sodium_base642bin((unsigned char *)pair, sizeof pair - 1, text, strlen(text), " ", &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *end)
        return refuse(err);
    pair[size] = '\0';
    colon = strchr(pair, ':');
    if (!colon || strlen(pair) != size || colon - pair >= (int)sizeof out->name)
        return refuse(err);
    *colon = '\0';
    if (auth_check_password(db, settings, now_ms, pair, colon + 1, &out->role, err) < 0)
        return -1;
    snprintf(out->name, sizeof out->name, "%.*s", (int)sizeof out->name - 1, pair);
    out->via = "password";
    return 0;
}

const char *auth_session_cookie(char out[SECRET_TOKEN_SIZE])
{
    const char *p = request_header("COOKIE");
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

static int identify_session(const struct store *db, int64_t now_ms, const char *text, struct identity *out,
                            struct error *err)
{
    struct token token;

    if (auth_check_token(db, now_ms, text, TOKEN_SESSION, &token, err) < 0)
        return -1;
    snprintf(out->name, sizeof out->name, "%s", token.account);
    out->role = (enum role)token.role;
    out->via = "session";
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

int auth_identify(struct store *db, const struct settings *settings, int64_t now_ms, struct identity *out,
                  struct error *err)
{
    const char *sent = request_header("AUTHORIZATION");
    char cookie[SECRET_TOKEN_SIZE];

    *out = (struct identity){0};
    if (sent && strncasecmp(sent, "Bearer ", 7) == 0)
        return identify_bearer(db, now_ms, sent + 7 + strspn(sent + 7, " "), out, err);
    if (sent && strncasecmp(sent, "Basic ", 6) == 0)
        return identify_basic(db, settings, now_ms, sent + 6 + strspn(sent + 6, " "), out, err);
    if (sent && *sent)
        return error_set(err, 401, "unauthorized", "only Basic and Bearer credentials are understood");
    if (auth_session_cookie(cookie))
        return identify_session(db, now_ms, cookie, out, err);
    return identify_anonymous(settings, out, err);
}
