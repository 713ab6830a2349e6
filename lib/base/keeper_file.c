#include "base/keeper_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"

/* A file that was removed between opening and locking it is none. */
static bool is_gone(int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 || st.st_nlink == 0;
}

enum keeper_file keeper_file_take(const char *path, bool make, int *fd)
{
    for (;;) {
        *fd = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
        if (*fd < 0)
            return KEEPER_FILE_NONE;
        if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
            return KEEPER_FILE_HELD;
        if (!is_gone(*fd))
            return KEEPER_FILE_TAKEN;
        close(*fd);
    }
}

int keeper_file_remove(const char *path)
{
    return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

int keeper_file_rest(const char *path, const char *boot)
{
    struct error ignored = {0};

    return io_publish(path, boot, strlen(boot), 0600, &ignored);
}
