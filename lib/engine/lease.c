/* The lease of a run. */
#include "engine/lease.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/process.h"

enum { NOTE_SIZE = 112, TRIES_MAX = 100 };

void lease_folder(const char *data, const char *id, char out[LEASE_PATH_SIZE])
{
    snprintf(out, LEASE_PATH_SIZE, "%.4095s/run/%.26s", data, id);
}

static void lock_path(const char *data, const char *id, char out[LEASE_PATH_SIZE])
{
    snprintf(out, LEASE_PATH_SIZE, "%.4095s/run/%.26s/lock", data, id);
}

/* Whoever dropped a lease removed its file: what was opened before that is not what others look at. */
static bool is_at_path(int fd, const char *path)
{
    struct stat opened, there;

    return fstat(fd, &opened) == 0 && stat(path, &there) == 0 && opened.st_dev == there.st_dev &&
           opened.st_ino == there.st_ino;
}

/* 0: locked. 1: the file was removed meanwhile. -1: error. */
static int open_locked(const char *folder, const char *path, int *fd, struct error *err)
{
    int result;

    if (io_make_folders(folder, 0700) < 0)
        return error_errno(err, folder);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return errno == ENOENT ? 1 : error_errno(err, path);
    if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
        result = errno == EWOULDBLOCK ? error_set(err, 409, "job_active", "the job is running, or is being started")
                                      : error_errno(err, path);
    else
        result = is_at_path(*fd, path) ? 0 : 1;
    if (result != 0) {
        close(*fd);
        *fd = -1;
    }
    return result;
}

int lease_take(const char *data, const char *id, int *fd, struct error *err)
{
    char folder[LEASE_PATH_SIZE], path[LEASE_PATH_SIZE];
    int result = 1;

    lease_folder(data, id, folder);
    lock_path(data, id, path);
    for (int tries = 0; result == 1 && tries < TRIES_MAX; tries++)
        result = open_locked(folder, path, fd, err);
    return result == 1 ? error_set(err, 503, "store_busy", "the job is being started by others: try again") : result;
}

void lease_drop(const char *data, const char *id, int fd)
{
    char path[LEASE_PATH_SIZE];

    lock_path(data, id, path);
    unlink(path);
    lease_folder(data, id, path);
    rmdir(path);
    close(fd);
}

int lease_note_pid(int fd, pid_t pid, struct error *err)
{
    char text[NOTE_SIZE], boot[CLOCK_BOOT_ID_SIZE];
    struct process holder = {0};
    int n;

    clock_boot_id(boot);
    (void)process_read(pid, &holder); /* one that has ended already is noted as nobody's */
    n = snprintf(text, sizeof text, "%ld %s %llu\n", (long)pid, boot, holder.start);
    return pwrite(fd, text, (size_t)n, 0) == n && ftruncate(fd, n) == 0 ? 0 : error_errno(err, "lock of a run");
}

/* Probing shares the lock, so that two who look at once do not take each other for the runner. */
static bool fd_is_held(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK;
    flock(fd, LOCK_UN);
    return false;
}

enum holder {
    NOBODY,
    RUNNER,
    SOMEBODY_ELSE, /* who looks after the job */
    NOT_NOTED, /* who starts it; or who came to look after it when another one had done so, and has made the file anew */
};

/* A pidfd is ready when its process has ended, also while nobody has reaped it. A number that was given away again is taken
 * for the runner: then it is not seen that it is lost until its lock is free. */
static enum holder noted_holder(int fd)
{
    char text[NOTE_SIZE] = "";
    long pid = pread(fd, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
    struct pollfd runner = {.events = POLLIN};
    bool gone;

    if (pid <= 0)
        return NOT_NOTED;
    runner.fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (runner.fd < 0)
        return errno == ESRCH ? SOMEBODY_ELSE : RUNNER;
    gone = poll(&runner, 1, 0) == 1;
    close(runner.fd);
    return gone ? SOMEBODY_ELSE : RUNNER;
}

/* Who holds the lock? What cannot be looked at is not called dead. */
static enum holder look_at_holder(const char *data, const char *id)
{
    char path[LEASE_PATH_SIZE];
    enum holder holder;
    int fd;

    lock_path(data, id, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? NOBODY : RUNNER;
    holder = fd_is_held(fd) ? noted_holder(fd) : NOBODY;
    close(fd);
    return holder;
}

bool lease_is_held(const char *data, const char *id)
{
    return look_at_holder(data, id) != NOBODY;
}

bool lease_is_lost(const char *data, const char *id)
{
    enum holder holder = look_at_holder(data, id);

    return holder == NOBODY || holder == SOMEBODY_ELSE;
}

bool lease_is_doubtful(const char *data, const char *id)
{
    return look_at_holder(data, id) != RUNNER;
}

int lease_open_holder(const char *data, const char *id, pid_t *pid)
{
    char path[LEASE_PATH_SIZE], text[NOTE_SIZE] = "";
    unsigned long long start = 0;
    struct process holder;
    int fd, pidfd = -1;

    lock_path(data, id, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (io_read_all(fd, text, sizeof text - 1) > 0 && sscanf(text, "%d %*s %llu", pid, &start) == 2)
        pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
    /* The lock was held after the pid was opened. It may have been the starter that held it, while the runner was gone and
     * its number somebody else's: so its start must be the one that was noted. */
    if (pidfd >= 0 && !(fd_is_held(fd) && process_read(*pid, &holder) == 0 && holder.start == start)) {
        close(pidfd);
        pidfd = -1;
    }
    close(fd);
    return pidfd;
}

bool lease_is_from_before_boot(const char *data, const char *id)
{
    char path[LEASE_PATH_SIZE], now[CLOCK_BOOT_ID_SIZE];
    struct buf text = {0};
    const char *boot;
    bool before;

    lock_path(data, id, path);
    clock_boot_id(now);
    before = io_read_file(path, 256, &text) == 0 && (boot = strchr(buf_text(&text), ' ')) && now[0] &&
             strncmp(boot + 1, now, strlen(now)) != 0;
    buf_clear(&text);
    return before;
}

pid_t lease_noted_pid(const char *data, const char *id)
{
    char path[LEASE_PATH_SIZE];
    struct buf text = {0};
    pid_t pid = 0;

    lock_path(data, id, path);
    if (io_read_file(path, 256, &text) == 0)
        pid = (pid_t)strtol(buf_text(&text), NULL, 10);
    buf_clear(&text);
    return pid;
}

bool lease_has_folder(const char *data, const char *id)
{
    char folder[LEASE_PATH_SIZE];

    lease_folder(data, id, folder);
    return access(folder, F_OK) == 0;
}

/* The lock last: who finds it gone makes it anew, and puts the next attempt's files beside it. */
void lease_remove_folder(const char *data, const char *id)
{
    char path[LEASE_PATH_SIZE];

    lease_empty_folder(data, id);
    lock_path(data, id, path);
    unlink(path);
    lease_folder(data, id, path);
    rmdir(path);
}

void lease_empty_folder(const char *data, const char *id)
{
    char folder[LEASE_PATH_SIZE], path[2 * LEASE_PATH_SIZE];
    struct dirent *entry;
    DIR *dir;

    lease_folder(data, id, folder);
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lock") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, name);
        if (unlink(path) < 0)
            (void)io_remove_tree(path);
    }
    if (dir)
        closedir(dir);
}
