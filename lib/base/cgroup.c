/* Control groups, version 2. All is done by the files of its folder, which are opened for each step: nothing is kept,
 * so a cgroup that another program removes meanwhile is an ENOENT, not a surprise. */
#include "base/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

enum {
    DEPTH_MAX = 64, /* of cgroups in cgroups; what lies deeper is left */
    LIST_MAX = 16 * 1024 * 1024,
};

static int open_file(const char *path, const char *file, int flags)
{
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s/%s", path, file) >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(name, flags | O_CLOEXEC);
}

static int close_keeping_errno(int fd, int result)
{
    int saved = errno;

    close(fd);
    errno = saved;
    return result;
}

/* The kernel takes a command in one write or not at all. */
static int write_file(const char *path, const char *file, const char *text)
{
    int fd = open_file(path, file, O_WRONLY);

    if (fd < 0)
        return -1;
    return close_keeping_errno(fd, write(fd, text, strlen(text)) < 0 ? -1 : 0);
}

static int write_number(const char *path, const char *file, int64_t number)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, number);
    return write_file(path, file, text);
}

/* Small files only; from the beginning each time. */
static int read_open_file(int fd, char *text, size_t size)
{
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    n = io_read_all(fd, text, size - 1);
    if (n < 0)
        return -1;
    text[n] = '\0';
    return 0;
}

static int read_small_file(const char *path, const char *file, char *text, size_t size)
{
    int fd = open_file(path, file, O_RDONLY);

    if (fd < 0)
        return -1;
    return close_keeping_errno(fd, read_open_file(fd, text, size));
}

/* The number in a line "KEY NUMBER" of a text; -1: there is no such line. */
static int64_t find_key(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoll(line + length, NULL, 10);
    }
    return -1;
}

/* -- making -- */

/* The file of a limit is there when the parent hands its controller down. */
static bool set_limit(const char *parent, const char *path, const char *controller, const char *file, int64_t limit)
{
    if (limit == 0)
        return true;
    if (write_number(path, file, limit) == 0)
        return true;
    if (errno != ENOENT || write_file(parent, "cgroup.subtree_control", controller) < 0)
        return false;
    return write_number(path, file, limit) == 0;
}

/* One of that name may be left by a run that nobody could clean up after. */
static int make_folder(const char *path)
{
    if (mkdir(path, 0755) == 0)
        return 0;
    if (errno != EEXIST || cgroup_remove(path) < 0)
        return -1;
    return mkdir(path, 0755);
}

int cgroup_make(const char *parent, const char *name, int64_t memory_max_bytes, int64_t processes_max, char *out,
                size_t out_size, struct error *err)
{
    int lack = 0;

    if (*name == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        errno = EINVAL;
        return error_errno(err, "name of a cgroup");
    }
    if (snprintf(out, out_size, "%s/%s", parent, name) >= (int)out_size) {
        errno = ENAMETOOLONG;
        return error_errno(err, parent);
    }
    if (make_folder(out) < 0) {
        if (errno == EBUSY)
            return error_set(err, 503, "still_alive", "processes of an earlier run are left: try again");
        return error_errno(err, out);
    }
    if (!set_limit(parent, out, "+memory", "memory.max", memory_max_bytes))
        lack |= CGROUP_NO_MEMORY_MAX;
    if (!set_limit(parent, out, "+pids", "pids.max", processes_max))
        lack |= CGROUP_NO_PROCESSES_MAX;
    return lack;
}

/* -- who is in it -- */

int cgroup_add(const char *path, pid_t pid)
{
    return write_number(path, "cgroup.procs", pid);
}

/* An entry of a cgroup's folder that is a cgroup below it. */
static bool is_below(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int join(const char *path, const char *name, char *out)
{
    if (snprintf(out, PATH_MAX, "%s/%s", path, name) < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* Does `act` with each cgroup below a path. -1: errno; one failed, and the others were done all the same. */
static int for_each_below(const char *path, int depth, int (*act)(const char *path, int depth, void *arg), void *arg)
{
    char below[PATH_MAX];
    int result = 0, saved = 0;
    DIR *dir;

    if (depth >= DEPTH_MAX) {
        errno = ELOOP;
        return -1;
    }
    dir = opendir(path);
    if (!dir)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_below(entry) || (join(path, entry->d_name, below) == 0 && act(below, depth + 1, arg) == 0))
            continue;
        saved = errno;
        result = -1;
    }
    closedir(dir);
    if (result < 0)
        errno = saved;
    return result;
}

static void put_numbers(const char *text, struct buf *out)
{
    for (char *end; *text; text = *end ? end + 1 : end) {
        pid_t pid = (pid_t)strtol(text, &end, 10);

        if (end == text)
            return;
        if (pid > 0)
            buf_put(out, &pid, sizeof pid);
    }
}

/* A cgroup below that cannot be read (it was removed meanwhile, or has threads only, which the one above lists) says
 * nothing; the first one must be read. */
static int list_one(const char *path, int depth, void *arg)
{
    struct buf *out = arg, text = {0};
    char file[PATH_MAX];
    int result = join(path, "cgroup.procs", file);

    if (result == 0)
        result = io_read_file(file, LIST_MAX, &text);
    if (result == 0)
        put_numbers(buf_text(&text), out);
    buf_clear(&text);
    if (result < 0 && depth == 0)
        return -1;
    return for_each_below(path, depth, list_one, out) < 0 && errno != ENOENT && errno != ENODEV ? -1 : 0;
}

int cgroup_list(const char *path, struct buf *out)
{
    if (list_one(path, 0, out) < 0)
        return -1;
    if (!out->failed)
        return 0;
    errno = ENOMEM;
    return -1;
}

/* -- ending and freezing -- */

int cgroup_kill(const char *path)
{
    return write_file(path, "cgroup.kill", "1");
}

/* Waits for a line of cgroup.events. A poll tells of what has changed since the last read, so nothing is missed. */
static int wait_for_event(const char *path, const char *key, int64_t value, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms, left = timeout_ms;
    struct pollfd p = {.fd = open_file(path, "cgroup.events", O_RDONLY), .events = POLLPRI};
    char text[256];

    if (p.fd < 0)
        return -1;
    for (;;) {
        if (read_open_file(p.fd, text, sizeof text) < 0)
            return close_keeping_errno(p.fd, -1);
        if (find_key(text, key) == value)
            return close_keeping_errno(p.fd, 0);
        left = deadline - clock_monotonic_ms();
        if (left <= 0)
            break;
        if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
            return close_keeping_errno(p.fd, -1);
    }
    close(p.fd);
    errno = ETIMEDOUT;
    return -1;
}

int cgroup_freeze(const char *path, int timeout_ms)
{
    if (write_file(path, "cgroup.freeze", "1") < 0)
        return -1;
    return wait_for_event(path, "frozen", 1, timeout_ms);
}

int cgroup_thaw(const char *path)
{
    return write_file(path, "cgroup.freeze", "0");
}

/* ENODEV: it was removed while the file was open. */
static bool is_gone(int number)
{
    return number == ENOENT || number == ENODEV;
}

bool cgroup_is_empty(const char *path)
{
    char text[256];

    if (read_small_file(path, "cgroup.events", text, sizeof text) < 0)
        return is_gone(errno);
    return find_key(text, "populated") == 0;
}

int cgroup_wait_empty(const char *path, int timeout_ms)
{
    if (wait_for_event(path, "populated", 0, timeout_ms) == 0 || is_gone(errno))
        return 0;
    return -1;
}

/* -- the end -- */

static int remove_one(const char *path, int depth, void *arg)
{
    if (rmdir(path) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY && errno != ENOTEMPTY)
        return -1;
    if (for_each_below(path, depth, remove_one, arg) < 0)
        return -1;
    return rmdir(path) == 0 || errno == ENOENT ? 0 : -1;
}

int cgroup_remove(const char *path)
{
    return remove_one(path, 0, NULL);
}

int64_t cgroup_oom_kills(const char *path)
{
    char text[1024];

    if (read_small_file(path, "memory.events", text, sizeof text) < 0)
        return -1;
    return find_key(text, "oom_kill");
}

int64_t cgroup_peak_memory(const char *path)
{
    char text[64], *end;
    long long bytes;

    if (read_small_file(path, "memory.peak", text, sizeof text) < 0)
        return -1;
    bytes = strtoll(text, &end, 10);
    return end > text ? bytes : -1;
}
