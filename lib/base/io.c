/* Files and descriptors. */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int io_write_all(int fd, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0) {
        ssize_t n = write(fd, p, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

ssize_t io_read_all(int fd, void *data, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = read(fd, (char *)data + got, size - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static int read_open_file(int fd, size_t max, struct buf *out)
{
    enum { FIRST_CHUNK = 4096, CHUNK = 65536 }; /* most files have a few bytes, and requests wait for them */

    for (size_t room = FIRST_CHUNK;; room = CHUNK) {
        char *to = buf_reserve(out, room);
        ssize_t n;

        if (!to) {
            errno = ENOMEM;
            return -1;
        }
        n = io_read_all(fd, to, room);
        if (n < 0)
            return -1;
        out->size += (size_t)n;
        out->data[out->size] = '\0';
        if (out->size > max) {
            errno = EFBIG;
            return -1;
        }
        if ((size_t)n < room)
            return 0;
    }
}

int io_read_file(const char *path, size_t max, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), result, saved;

    if (fd < 0)
        return -1;
    result = read_open_file(fd, max, out);
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int io_publish(const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
    char temporary[PATH_MAX];
    int fd;

    if (snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return error_errno(err, path);
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return error_errno(err, temporary);
    if (io_write_all(fd, data, size) < 0 || fsync(fd) < 0) {
        error_errno(err, temporary);
        close(fd);
        goto remove_file;
    }
    close(fd);
    if (rename(temporary, path) == 0)
        return 0;
    error_errno(err, path);
remove_file:
    unlink(temporary);
    return -1;
}

int io_make_folders(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT)
        return -1;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

static int remove_entry(int folder, const char *name);

static int remove_contents(int folder)
{
    DIR *dir = fdopendir(folder);
    int result = 0;

    if (!dir) {
        close(folder);
        return -1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (remove_entry(dirfd(dir), entry->d_name) < 0)
            result = -1;
    }
    closedir(dir);
    return result;
}

/* A worker may have taken its own rights on a folder away, so they are given back before it is opened. */
static int remove_entry(int folder, const char *name)
{
    int inner;

    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0 && errno == EACCES && fchmodat(folder, name, 0700, 0) == 0)
        inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0)
        return -1;
    if (fchmod(inner, 0700) < 0 || remove_contents(inner) < 0)
        return -1;
    return unlinkat(folder, name, AT_REMOVEDIR);
}

int io_remove_tree(const char *path)
{
    return remove_entry(AT_FDCWD, path);
}

static bool begins_with_folder(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The last part of a path may be a link that leads out: by its name it lies there all the same. */
bool io_lies_within(const char *path, const char *folder)
{
    char top[PATH_MAX], real[PATH_MAX], above[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!realpath(folder, top) || !realpath(path, real))
        return false;
    if (begins_with_folder(real, top))
        return true;
    snprintf(above, sizeof above, "%.*s/", (int)(slash ? slash - path : 0), path);
    return realpath(above, real) && begins_with_folder(real, top);
}

int io_program_folder(char *out, size_t out_size)
{
    ssize_t n = readlink("/proc/self/exe", out, out_size - 1);
    char *slash;

    if (n < 0)
        return -1;
    out[n] = '\0';
    slash = strrchr(out, '/');
    if (!slash) {
        errno = ENOENT;
        return -1;
    }
    *slash = '\0';
    return 0;
}
