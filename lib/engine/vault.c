/* The key file and the rows cannot change in one step. So a row tells by which key it is encrypted, the key before stays
 * until no row needs it, and who writes reads the key inside of its transaction, in which rotation changes it. Who only reads
 * may see rows of before and keys of after: then it looks again. */
#include "engine/vault.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/key.h"

enum { LOOKS_MAX = 5 };

/* -- keys -- */

struct key {
    unsigned char id[SECRET_KEY_ID_SIZE];
    unsigned char value[SECRET_KEY_SIZE]; /* that values are encrypted under */
};

struct keys {
    struct key now, before;
    bool has_before;
};

static void keys_clear(struct keys *k)
{
    secret_forget(k, sizeof *k);
}

static void derive(const unsigned char *master, struct key *out)
{
    unsigned char id[SECRET_KEY_SIZE];

    secret_derive(master, SECRET_USE_KEY_ID, id);
    memcpy(out->id, id, sizeof out->id);
    secret_derive(master, SECRET_USE_VALUE, out->value);
}

/* This order: what is replaced in between is then found as the one before. */
static int keys_read(const struct settings *settings, struct keys *out, struct error *err)
{
    unsigned char master[SECRET_KEY_SIZE];
    int result = key_read(settings, master, err);

    if (result == 0) {
        derive(master, &out->now);
        result = key_read_old(settings, master, &out->has_before, err);
    }
    if (result == 0 && out->has_before)
        derive(master, &out->before);
    secret_forget(master, sizeof master);
    return result;
}

static bool is_of(const struct secret *s, const struct key *key)
{
    return memcmp(s->key_id, key->id, sizeof key->id) == 0;
}

/* NULL: neither. */
static const struct key *key_of(const struct keys *k, const struct secret *s)
{
    if (is_of(s, &k->now))
        return &k->now;
    return k->has_before && is_of(s, &k->before) ? &k->before : NULL;
}

/* -- rows -- */

/* All that are asked for: nothing else can be read or written while a list is. */
struct rows {
    struct secret *list;
    size_t count, room;
    bool failed;
};

static void rows_clear(struct rows *r)
{
    for (size_t i = 0; i < r->count; i++)
        free((void *)(uintptr_t)r->list[i].sealed);
    free(r->list);
    *r = (struct rows){0};
}

static int rows_add(const struct secret *secret, void *context)
{
    struct rows *r = context;
    unsigned char *sealed = malloc(secret->sealed_size + 1);

    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 8;
        struct secret *list = realloc(r->list, room * sizeof *list);

        r->failed = !list;
        r->list = list ? list : r->list;
        r->room = list ? room : r->room;
    }
    if (!sealed || r->failed) {
        free(sealed);
        r->failed = true;
        return 1;
    }
    if (secret->sealed_size)
        memcpy(sealed, secret->sealed, secret->sealed_size);
    r->list[r->count] = *secret;
    r->list[r->count++].sealed = sealed;
    return 0;
}

static const struct secret_filter all = {.limit = INT_MAX, .sealed = true};

static int rows_read(const struct store *db, const struct secret_filter *filter, struct rows *out, struct error *err)
{
    if (store_secret_each(db, filter, rows_add, out, err) < 0)
        return -1;
    return out->failed ? error_set(err, 500, "internal", "the server ran out of memory") : 0;
}

/* -- one value -- */

static int explain(struct error *err, const struct secret *s, const char *why)
{
    return error_set(err, 500, "secret_unreadable", "the secret %s cannot be read: %s", s->name, why);
}

/* *value is the caller's, with a NUL at its end: forget_value(). */
static int unseal(const struct keys *keys, const struct secret *s, char **value, struct error *err)
{
    const struct key *key = key_of(keys, s);

    if (!key)
        return explain(err, s, "it was encrypted under another key than the one in secret.key");
    if (s->sealed_size < SECRET_SEAL_SIZE)
        return explain(err, s, "it was changed in the database");
    *value = calloc(1, s->sealed_size - SECRET_SEAL_SIZE + 1);
    if (!*value)
        return error_set(err, 500, "internal", "the server ran out of memory");
    if (secret_unseal(key->value, s->name, s->sealed, s->sealed_size, *value) == 0)
        return 0;
    free(*value);
    return explain(err, s, "it was changed in the database, or moved there from another name");
}

static void forget_value(const struct secret *s, char *value)
{
    secret_forget(value, s->sealed_size - SECRET_SEAL_SIZE);
    free(value);
}

/* s->sealed is then new memory, the caller's. */
static int seal(const struct key *key, struct secret *s, const char *value, size_t size, struct error *err)
{
    unsigned char *sealed = malloc(size + SECRET_SEAL_SIZE);

    if (!sealed)
        return error_set(err, 500, "internal", "the server ran out of memory");
    secret_seal(key->value, s->name, value, size, sealed);
    memcpy(s->key_id, key->id, sizeof s->key_id);
    s->sealed = sealed;
    s->sealed_size = size + SECRET_SEAL_SIZE;
    return 0;
}

/* -- opening -- */

static bool all_have_keys(const struct keys *keys, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!key_of(keys, &rows->list[i]))
            return false;
    }
    return true;
}

/* Rows and keys that belong together; or, after some looks, those that do not. */
static int look(const struct store *db, const struct settings *settings, const struct secret_filter *filter,
                struct rows *rows, struct keys *keys, struct error *err)
{
    for (int i = 0; i < LOOKS_MAX; i++) {
        rows_clear(rows);
        if (rows_read(db, filter, rows, err) < 0)
            return -1;
        if (rows->count == 0)
            return 0; /* most workers: then no key is read */
        if (keys_read(settings, keys, err) < 0)
            return -1;
        if (all_have_keys(keys, rows))
            return 0;
        store_refresh(db);
    }
    return 0;
}

static int open_all(const struct store *db, const struct settings *settings, const struct secret_filter *filter,
                    void (*each)(const struct secret *, const char *value, void *), void *context, struct error *err)
{
    AUTO(rows) struct rows rows = {0};
    AUTO(keys) struct keys keys = {0};

    if (look(db, settings, filter, &rows, &keys, err) < 0)
        return -1;
    for (size_t i = 0; i < rows.count; i++) {
        char *value;

        if (unseal(&keys, &rows.list[i], &value, err) < 0)
            return -1;
        each(&rows.list[i], value, context);
        forget_value(&rows.list[i], value);
    }
    return 0;
}

int vault_open(const struct store *db, const struct settings *settings, const char *worker,
               void (*each)(const struct secret *, const char *value, void *), void *context, struct error *err)
{
    const struct secret_filter filter = {.worker = worker, .limit = INT_MAX, .sealed = true};

    return open_all(db, settings, &filter, each, context, err);
}

int vault_open_one(const struct store *db, const struct settings *settings, const char *name,
                   void (*each)(const struct secret *, const char *value, void *), void *context, struct error *err)
{
    const struct secret_filter filter = {.name = name, .limit = 1, .sealed = true};

    return open_all(db, settings, &filter, each, context, err);
}

static bool was_interrupted(const struct settings *settings)
{
    unsigned char key[SECRET_KEY_SIZE];
    bool found = false;

    if (key_read_old(settings, key, &found, NULL) < 0)
        return true;
    secret_forget(key, sizeof key);
    return found;
}

int vault_examine(const struct store *db, const struct settings *settings, int64_t *lost, bool *interrupted,
                  struct error *err)
{
    AUTO(rows) struct rows rows = {0};
    AUTO(keys) struct keys keys = {0};

    if (look(db, settings, &all, &rows, &keys, err) < 0)
        return -1;
    *lost = 0;
    for (size_t i = 0; i < rows.count; i++)
        *lost += !key_of(&keys, &rows.list[i]);
    *interrupted = was_interrupted(settings);
    return 0;
}

/* -- putting -- */

/* Two that a worker would find in one variable: X as a file, and X_FILE. */
static int check_conflict(const struct store *db, const struct secret *s, struct error *err)
{
    static const size_t suffix = sizeof SECRET_FILE_SUFFIX - 1;
    size_t length = strlen(s->name);
    char name[SECRET_NAME_SIZE + sizeof SECRET_FILE_SUFFIX];
    struct secret other;
    bool found = false;

    if (s->as_file)
        snprintf(name, sizeof name, "%s" SECRET_FILE_SUFFIX, s->name);
    else if (length > suffix && strcmp(s->name + length - suffix, SECRET_FILE_SUFFIX) == 0)
        snprintf(name, sizeof name, "%.*s", (int)(length - suffix), s->name);
    else
        return 0;
    if (store_secret_get(db, name, &other, &found, err) < 0)
        return -1;
    if (!found || other.as_file == s->as_file)
        return 0;
    return error_set(err, 409, "secret_conflict", "the secrets %s and %s would both be in the variable %s", s->name,
                     name, s->as_file ? name : s->name);
}

static int check_room(const struct store *db, struct error *err)
{
    int64_t count;

    if (store_secret_count(db, &count, err) < 0)
        return -1;
    if (count < SECRETS_MAX)
        return 0;
    return error_set(err, 409, "secrets_full", "there are %d secrets already: delete some", SECRETS_MAX);
}

static void apply(struct secret *s, const char *name, const struct vault_change *change, int64_t now_ms, bool is_new)
{
    if (is_new) {
        *s = (struct secret){.grant.limited = true, .created_ms = now_ms};
        snprintf(s->name, sizeof s->name, "%s", name);
        snprintf(s->creator, sizeof s->creator, "%s", change->who);
    }
    s->changed_ms = now_ms;
    snprintf(s->changer, sizeof s->changer, "%s", change->who);
    if (change->grant)
        s->grant = *change->grant;
    if (change->as_file >= 0)
        s->as_file = change->as_file;
}

/* The key is read here, inside of the transaction: it cannot be replaced before this row is there to be seen. */
static int put_value(struct store *db, const struct settings *settings, struct secret *s,
                     const struct vault_change *change, struct error *err)
{
    AUTO(keys) struct keys keys = {0};
    int result;

    if (!change->value)
        return store_secret_put(db, s, err);
    if (keys_read(settings, &keys, err) < 0 || seal(&keys.now, s, change->value, change->size, err) < 0)
        return -1;
    result = store_secret_put(db, s, err);
    free((void *)(uintptr_t)s->sealed);
    s->sealed = NULL;
    return result;
}

int vault_put(struct store *db, const struct settings *settings, int64_t now_ms, const char *name,
              const struct vault_change *change, struct secret *out, bool *is_new, struct error *err)
{
    bool found;

    if (secret_check_name(name, false, err) < 0 ||
        (change->value && secret_check_value(change->value, change->size, err) < 0) ||
        store_secret_get(db, name, out, &found, err) < 0)
        return -1;
    *is_new = !found;
    if (!found && !change->value)
        return error_set(err, 422, "secret_invalid", "a new secret wants a value");
    apply(out, name, change, now_ms, !found);
    if (secret_check_name(name, out->as_file, err) < 0 || check_conflict(db, out, err) < 0 ||
        (!found && check_room(db, err) < 0))
        return -1;
    return put_value(db, settings, out, change, err);
}

static int finish(struct store *db, int result, struct error *err)
{
    if (result == 0)
        return store_commit(db, err);
    store_rollback(db);
    return -1;
}

int vault_delete(struct store *db, const char *name, struct error *err)
{
    if (store_begin(db, err) < 0)
        return -1;
    return finish(db, store_secret_delete(db, name, err), err);
}

/* -- rotation -- */

static int check_readable(const struct keys *keys, const struct rows *rows, struct error *err)
{
    char *value;

    for (size_t i = 0; i < rows->count; i++) {
        if (unseal(keys, &rows->list[i], &value, err) < 0)
            return -1;
        forget_value(&rows->list[i], value);
    }
    return 0;
}

/* Under the key of now. */
static int reseal(struct store *db, const struct keys *keys, const struct secret *row, struct error *err)
{
    struct secret s = *row;
    char *value;
    int result;

    if (is_of(row, &keys->now))
        return 0;
    if (unseal(keys, row, &value, err) < 0)
        return -1;
    result = seal(&keys->now, &s, value, row->sealed_size - SECRET_SEAL_SIZE, err);
    forget_value(row, value);
    if (result < 0)
        return -1;
    result = store_secret_put(db, &s, err);
    free((void *)(uintptr_t)s.sealed);
    return result;
}

/* All is read before anything is replaced: one that cannot be read ends it here, and not halfway. */
static int renew_within(struct store *db, const struct settings *settings, bool replace, int64_t *count,
                        struct error *err)
{
    AUTO(rows) struct rows rows = {0};
    AUTO(keys) struct keys keys = {0};

    if (rows_read(db, &all, &rows, err) < 0 || keys_read(settings, &keys, err) < 0 ||
        check_readable(&keys, &rows, err) < 0)
        return -1;
    if (replace && (key_replace(settings, err) < 0 || keys_read(settings, &keys, err) < 0))
        return -1;
    for (size_t i = 0; i < rows.count; i++) {
        if (reseal(db, &keys, &rows.list[i], err) < 0)
            return -1;
    }
    *count = (int64_t)rows.count;
    return 0;
}

static int renew(struct store *db, const struct settings *settings, bool replace, int64_t *count, struct error *err)
{
    if (store_begin(db, err) < 0)
        return -1;
    if (finish(db, renew_within(db, settings, replace, count, err), err) < 0)
        return -1;
    return key_drop_old(settings, err);
}

int vault_rotate(struct store *db, const struct settings *settings, int64_t *count, struct error *err)
{
    int lock = key_lock_replacement(settings, err), result;

    if (lock < 0)
        return -1;
    /* The key before is dropped after the commit: a power cut must not take the commit alone. */
    result = store_be_durable(db, err);
    if (result == 0 && was_interrupted(settings))
        result = renew(db, settings, false, count, err);
    if (result == 0)
        result = renew(db, settings, true, count, err);
    close(lock);
    return result;
}
