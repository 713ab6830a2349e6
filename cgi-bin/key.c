/* The key of the data folder. */
#include "key.h"

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

int key_read(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err)
{
    char path[KEY_PATH_SIZE];
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

int key_make(const struct settings *settings, struct error *err)
{
    unsigned char key[SECRET_KEY_SIZE];
    char path[KEY_PATH_SIZE];
    int fd;

    key_path(settings, path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0)
        return error_errno(err, path);
    secret_random(key, sizeof key);
    if (io_write_all(fd, key, sizeof key) < 0 || fsync(fd) < 0) {
        error_errno(err, path);
        unlink(path);
        close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

int key_lock(const struct settings *settings, struct error *err)
{
    char path[KEY_PATH_SIZE];
    int fd;

    key_path(settings, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
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
