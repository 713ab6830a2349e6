/* The keys of the data folder. */
#include "base/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"

void key_path(const struct settings *settings, char out[KEY_PATH_SIZE])
{
    snprintf(out, KEY_PATH_SIZE, "%s/secret.key", settings->data);
}

static void old_key_path(const struct settings *settings, char out[KEY_PATH_SIZE])
{
    snprintf(out, KEY_PATH_SIZE, "%s/secret.key.old", settings->data);
}

static void audit_key_path(const struct settings *settings, char out[KEY_PATH_SIZE])
{
    snprintf(out, KEY_PATH_SIZE, "%s/audit.key", settings->data);
}

static int read_key(const char *path, unsigned char key[SECRET_KEY_SIZE], struct error *err)
{
    struct buf file = {0};
    int result = 0;

    if (io_read_file(path, 4096, &file) < 0) {
        result = error_errno(err, path);
    } else if (file.size != SECRET_KEY_SIZE) {
        log_line("%s: this is no key: it has %zu bytes, not %d", path, file.size, SECRET_KEY_SIZE);
        result = error_set(err, 500, "internal", "the server could not do this: its error log says why");
    } else {
        memcpy(key, file.data, SECRET_KEY_SIZE);
    }
    secret_forget(file.data, file.size);
    buf_clear(&file);
    return result;
}

int key_read(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err)
{
    char path[KEY_PATH_SIZE];

    key_path(settings, path);
    return read_key(path, key, err);
}

int key_read_old(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], bool *found, struct error *err)
{
    char path[KEY_PATH_SIZE];

    old_key_path(settings, path);
    *found = access(path, F_OK) == 0;
    if (!*found || read_key(path, key, err) == 0)
        return 0;
    *found = access(path, F_OK) == 0; /* dropped just now? */
    return *found ? -1 : 0;
}

/* -- making one -- */

static int sync_folder(const struct settings *settings, struct error *err)
{
    int fd = open(settings->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0 || fsync(fd) < 0)
        result = error_errno(err, settings->data);
    if (fd >= 0)
        close(fd);
    return result;
}

static int write_key(const char *path, struct error *err)
{
    unsigned char key[SECRET_KEY_SIZE];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), result = 0;

    if (fd < 0)
        return error_errno(err, path);
    secret_random(key, sizeof key);
    if (io_write_all(fd, key, sizeof key) < 0 || fsync(fd) < 0)
        result = error_errno(err, path);
    secret_forget(key, sizeof key);
    close(fd);
    return result;
}

/* Written under a name that nobody else has, then linked: of several that do so at once the first one's key is everybody's.
 * The folder is synced as well, because what is written under a key must not outlive it. */
static int make_key(const struct settings *settings, const char *path, struct error *err)
{
    char token[SECRET_TOKEN_SIZE], temporary[KEY_PATH_SIZE + SECRET_TOKEN_SIZE];
    int result;

    if (access(path, F_OK) == 0)
        return 0;
    secret_token(token);
    snprintf(temporary, sizeof temporary, "%s.%s", path, token);
    result = write_key(temporary, err);
    if (result == 0 && link(temporary, path) < 0 && errno != EEXIST)
        result = error_errno(err, path);
    unlink(temporary);
    return result == 0 ? sync_folder(settings, err) : -1;
}

int key_make(const struct settings *settings, struct error *err)
{
    char path[KEY_PATH_SIZE], audit[KEY_PATH_SIZE];

    key_path(settings, path);
    audit_key_path(settings, audit);
    return make_key(settings, path, err) < 0 ? -1 : make_key(settings, audit, err);
}

int key_read_audit(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err)
{
    char path[KEY_PATH_SIZE];

    audit_key_path(settings, path);
    return make_key(settings, path, err) < 0 ? -1 : read_key(path, key, err);
}

/* -- as a lock -- */

static int lock_path(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_errno(err, path);
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR) {
            error_errno(err, path);
            close(fd);
            return -1;
        }
    }
    return fd;
}

int key_lock(const struct settings *settings, struct error *err)
{
    char path[KEY_PATH_SIZE];

    key_path(settings, path);
    return lock_path(path, err);
}

/* The file itself is replaced, and a lock on it would go with it: the folder stays. */
int key_lock_replacement(const struct settings *settings, struct error *err)
{
    return lock_path(settings->data, err);
}

int key_replace(const struct settings *settings, struct error *err)
{
    char path[KEY_PATH_SIZE], old[KEY_PATH_SIZE], new[KEY_PATH_SIZE];

    key_path(settings, path);
    old_key_path(settings, old);
    snprintf(new, sizeof new, "%s/secret.key.new", settings->data);
    /* It may be left by one that was interrupted: nothing was ever encrypted under it. */
    if (unlink(new) < 0 && errno != ENOENT)
        return error_errno(err, new);
    if (write_key(new, err) < 0)
        goto remove_new;
    if (link(path, old) < 0) {
        error_errno(err, old);
        goto remove_new;
    }
    /* The name of the one before must not be lost by a power cut that the new one outlives. */
    if (sync_folder(settings, err) < 0)
        goto remove_old;
    if (rename(new, path) < 0) {
        error_errno(err, path);
        goto remove_old;
    }
    return sync_folder(settings, err);
remove_old:
    unlink(old);
remove_new:
    unlink(new);
    return -1;
}

int key_drop_old(const struct settings *settings, struct error *err)
{
    char old[KEY_PATH_SIZE];

    old_key_path(settings, old);
    return unlink(old) == 0 || errno == ENOENT ? 0 : error_errno(err, old);
}
