/* A password costs Argon2id once and is then known for a short while by a hash under a key that lies outside of the
 * database. */
#include "password.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "guess.h"
#include "base/key.h"

enum { PASSWORD_SEEN_MS = 5 * 60 * 1000, TURN_TIMEOUT_MS = 5000 };

/* One check. */
struct check {
    struct store *db;
    const struct settings *settings;
    int64_t now_ms;
    const char *password;
    unsigned char hash[SECRET_HASH_SIZE]; /* of name and password, under the key */
    struct guess guess;
    struct account *account;
};

/* One sentence for all: who guesses learns nothing from it. */
static int refuse(struct error *err)
{
    return error_set(err, 401, "unauthorized", "these credentials are not valid");
}

/* Under the key: the name, a NUL that neither can hold, the password. */
static void hash_password(const unsigned char *key, const char *name, const char *password, unsigned char *out)
{
    unsigned char own_key[SECRET_KEY_SIZE];
    struct buf both = {0};

    secret_derive(key, SECRET_USE_PASSWORD, own_key);
    buf_put(&both, name, strlen(name) + 1);
    buf_puts(&both, password);
    secret_keyed_hash(own_key, both.data, both.size, out);
    secret_forget(both.data, both.size);
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
    char path[KEY_PATH_SIZE];

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

/* The password may have been changed while this one was checked: then it is not to be known any more. */
static int put_if_still_right(struct check *c, struct error *err)
{
    struct account now;
    bool found;

    if (store_account_get(c->db, c->account->name, &now, &found, err) < 0)
        return -1;
    if (!found || strcmp(now.password, c->account->password) != 0)
        return 0;
    return store_password_seen_put(c->db, c->hash, now.name, c->now_ms, c->now_ms + PASSWORD_SEEN_MS, err);
}

static void remember(struct check *c)
{
    struct error ignored = {0}; /* it costs the next request some time, no more */

    if (store_begin(c->db, &ignored) < 0)
        return;
    if (put_if_still_right(c, &ignored) < 0 || store_commit_alone(c->db, &ignored) < 0)
        store_rollback(c->db);
}

/* Of many that wait with the same password, the first one spares the others the work; and of many that guess, those that
 * waited meet the failures of those before them. */
static int check_slowly(struct check *c, bool usable, struct error *err)
{
    bool seen;

    store_refresh(c->db);
    if (guess_check(&c->guess, c->db, c->now_ms, err) < 0 ||
        store_password_seen_get(c->db, c->hash, c->now_ms, &seen, err) < 0)
        return -1;
    if (usable && seen)
        return 0;
    if (!secret_password_matches(usable ? c->account->password : nobody(), c->password) || !usable) {
        guess_failed(&c->guess, c->db, c->now_ms);
        return refuse(err);
    }
    remember(c);
    return 0;
}

int password_check(const char *address, struct store *db, const struct settings *settings, int64_t now_ms,
                   const char *name, const char *password, struct account *out, struct error *err)
{
    struct check c = {.db = db, .settings = settings, .now_ms = now_ms, .password = password, .account = out};
    unsigned char key[SECRET_KEY_SIZE];
    bool found, seen, usable;
    int turn, result = 0;

    if (strlen(password) > PASSWORD_MAX || strlen(name) >= sizeof out->name)
        return refuse(err);
    if (key_read(settings, key, err) < 0)
        return -1;
    guess_init(&c.guess, GUESS_PASSWORD, key, address, name);
    hash_password(key, name, password, c.hash);
    if (guess_check(&c.guess, db, now_ms, err) < 0 || store_account_get(db, name, out, &found, err) < 0 ||
        store_password_seen_get(db, c.hash, now_ms, &seen, err) < 0)
        return -1;
    usable = found && !out->disabled && out->password[0];
    if (!(usable && seen)) {
        if (wait_for_turn(settings, &turn, err) < 0)
            return -1;
        result = check_slowly(&c, usable, err);
        close(turn);
    }
    if (result == 0)
        guess_succeeded(&c.guess, db);
    return result;
}
