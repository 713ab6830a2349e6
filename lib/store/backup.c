/* A backup is one file in the form that SQLite's VACUUM INTO gives it: of one moment, whole, without a log beside it. */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "store/store_ops.h"

/* Of SQLite's file: its first bytes, and where our schema's version stands in them. */
enum { HEAD_SIZE = 100, HEAD_VERSION = 60, COPY_BYTES = 256 * 1024 };

static const char *const companions[] = {"-wal", "-shm", "-migrate"};

/* -- files -- */

static int make_path(char out[PATH_MAX], const char *path, const char *end, struct error *err)
{
    if (snprintf(out, PATH_MAX, "%s%s", path, end) < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return error_errno(err, path);
}

/* The names in a folder are on the disk. */
static int sync_folder(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    char *slash;
    int fd, result;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, folder);
    result = fsync(fd) < 0 ? error_errno(err, folder) : 0;
    close(fd);
    return result;
}

static int sync_file(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), result;

    if (fd < 0)
        return error_errno(err, path);
    result = fchmod(fd, 0600) < 0 || fsync(fd) < 0 ? error_errno(err, path) : 0;
    close(fd);
    return result;
}

static void remove_companions(const char *path)
{
    char beside[PATH_MAX];

    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
        if (make_path(beside, path, companions[i], NULL) == 0)
            unlink(beside);
    }
}

/* -- statements -- */

static int run(struct store *s, const char *sql, const char *text, struct error *err)
{
    struct query *q = query_make(s, sql, err);
    int result;

    query_set_text(q, 1, text);
    result = query_run(q, err);
    query_free(q);
    return result;
}

/* The text that a statement answers. It goes on to its end: what is broken off keeps its locks. */
static int ask(struct store *s, const char *sql, char *out, size_t size, struct error *err)
{
    struct query *q = query_make(s, sql, err);
    enum query_step step = query_step(q);
    int result = step == QUERY_ROW ? 0 : query_fail(q, sql, err);

    if (result == 0)
        query_read_text(q, 0, out, size);
    while (step == QUERY_ROW)
        step = query_step(q);
    query_free(q);
    return result;
}

/* -- backup -- */

static int exists(const char *path, struct error *err)
{
    (void)path;
    return error_set(err, 409, "backup_exists", "there is a file of that name already: --replace takes its place");
}

static int publish(const char *from, const char *path, bool replace, struct error *err)
{
    if (replace)
        return rename(from, path) < 0 ? error_errno(err, path) : sync_folder(path, err);
    if (link(from, path) < 0) /* which puts nothing into the place of another file, as rename would */
        return errno == EEXIST ? exists(path, err) : error_errno(err, path);
    unlink(from);
    return sync_folder(path, err);
}

int store_backup(struct store *s, const char *path, bool replace, struct error *err)
{
    char temporary[PATH_MAX], end[32];

    if (s->ops != &store_sqlite)
        return error_set(err, 422, "backup_not_sqlite",
                         "the store is on a server, whose own tools back it up: see docs/backup.md");
    if (!replace && access(path, F_OK) == 0)
        return exists(path, err);
    snprintf(end, sizeof end, ".%ld.new", (long)getpid());
    if (make_path(temporary, path, end, err) < 0)
        return -1;
    unlink(temporary);
    store_refresh(s);
    /* So a file that an older version made becomes one that can be made smaller, by way of its backup. */
    if (run(s, "PRAGMA auto_vacuum = INCREMENTAL", NULL, err) == 0 && run(s, "VACUUM INTO ?1", temporary, err) == 0 &&
        sync_file(temporary, err) == 0 && publish(temporary, path, replace, err) == 0)
        return 0;
    unlink(temporary);
    return -1;
}

/* -- restore -- */

static int invalid(const char *why, struct error *err)
{
    return error_set(err, 422, "backup_invalid", "this is no backup that can be restored: %s", why);
}

/* Before SQLite opens it, which makes a new database of an empty file. */
static int check_head(int fd, const char *backup, struct error *err)
{
    unsigned char head[HEAD_SIZE];
    char beside[PATH_MAX];
    struct stat st;

    if (io_read_all(fd, head, sizeof head) != HEAD_SIZE || memcmp(head, "SQLite format 3", 16) != 0)
        return invalid("it is no SQLite file", err);
    if (memcmp(head + HEAD_VERSION, "\0\0\0", 4) == 0)
        return invalid("it is not JobJoker's", err);
    if (make_path(beside, backup, "-wal", err) < 0)
        return -1;
    if (stat(beside, &st) == 0 && st.st_size > 0)
        return invalid("a log lies beside it, so it is a database that is in use: make a backup of that", err);
    return lseek(fd, 0, SEEK_SET) < 0 ? error_errno(err, backup) : 0;
}

static int copy_bytes(int from, const char *path, struct error *err)
{
    static char buffer[COPY_BYTES];
    ssize_t n;
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (to < 0)
        return error_errno(err, path);
    while ((n = io_read_all(from, buffer, sizeof buffer)) > 0) {
        if (io_write_all(to, buffer, (size_t)n) < 0)
            break;
    }
    if (n != 0 || fsync(to) < 0) {
        error_errno(err, path);
        close(to);
        return -1;
    }
    close(to);
    return 0;
}

static int copy_backup(const char *backup, const char *path, struct error *err)
{
    int from = open(backup, O_RDONLY | O_CLOEXEC), result;

    if (from < 0)
        return error_set(err, 422, "backup_invalid", "%.150s cannot be read: %s", backup, strerror(errno));
    result = check_head(from, backup, err) < 0 || copy_bytes(from, path, err) < 0 ? -1 : 0;
    close(from);
    return result;
}

/* Opening it has brought its schema up to date. */
static struct store *open_checked(const struct settings *settings, const char *path, struct error *err)
{
    struct settings its = *settings;
    struct store *s;
    char said[128];

    snprintf(its.database, sizeof its.database, "sqlite:%s", path);
    s = store_open(&its, err);
    if (!s && strcmp(err->code, "store_newer") != 0)
        invalid("the database is damaged: the line above says more", err);
    if (!s)
        return NULL;
    store_refresh(s);
    if (ask(s, "PRAGMA integrity_check", said, sizeof said, err) == 0 && strcmp(said, "ok") == 0)
        return s;
    invalid("the database is damaged (integrity_check)", err);
    store_close(s);
    return NULL;
}

struct store *restore_prepare(struct restore *r, const struct settings *settings, const char *database,
                              const char *backup, struct error *err)
{
    char now[TEXT_TIME_SIZE], end[64];
    struct store *s = NULL;

    *r = (struct restore){.database = database};
    text_from_time(clock_now_ms(), now);
    snprintf(end, sizeof end, ".before-%s", now);
    if (make_path(r->prepared, database, ".restoring", err) < 0 || make_path(r->kept, database, end, err) < 0)
        return NULL;
    restore_forget(r); /* of one that was killed */
    if (copy_backup(backup, r->prepared, err) == 0)
        s = open_checked(settings, r->prepared, err);
    if (!s)
        restore_forget(r);
    return s;
}

void restore_forget(const struct restore *r)
{
    unlink(r->prepared);
    remove_companions(r->prepared);
}

/* The answer is the mode that it is in then: the one before where it could not be changed. */
static int set_journal(struct store *s, const char *sql, const char *mode, struct error *err)
{
    char said[16] = "";

    if (ask(s, sql, said, sizeof said, err) < 0)
        return -1;
    return strcmp(said, mode) == 0 ? 0 : error_set(err, 503, "store_busy", "the database is busy: try again");
}

/* A backup has no log; the store has one, and an empty one here: giving it up takes all that was written into the file. */
static int finish(struct store *prepared, const char *path, struct error *err)
{
    store_refresh(prepared);
    if (set_journal(prepared, "PRAGMA journal_mode = DELETE", "delete", err) < 0 ||
        set_journal(prepared, "PRAGMA journal_mode = WAL", "wal", err) < 0)
        return -1;
    return sync_file(path, err);
}

/* SQLite gives its log up only where nobody else has the file open, and takes all of it into the file then: so nothing is
 * lost of the one that is kept, and nobody goes on writing to it. */
static int take_from_everybody(struct store *present, struct error *err)
{
    store_refresh(present);
    if (set_journal(present, "PRAGMA journal_mode = DELETE", "delete", err) == 0)
        return 0;
    return error_set(err, 409, "store_in_use",
                     "another process has the database open: stop the web server and wait for jobs to end");
}

static int move_companions(const struct restore *r, struct error *err)
{
    char from[PATH_MAX], to[PATH_MAX];

    for (size_t i = 0; i < 2; i++) {
        if (make_path(from, r->database, companions[i], err) < 0 || make_path(to, r->kept, companions[i], err) < 0)
            return -1;
        if (rename(from, to) < 0 && errno != ENOENT)
            return error_errno(err, from);
    }
    return 0;
}

static int swap(struct restore *r, struct error *err)
{
    if (link(r->database, r->kept) < 0) {
        if (errno != ENOENT)
            return error_errno(err, r->kept);
        r->kept[0] = '\0';
    }
    /* The log of a database that could not be opened belongs to that one. */
    if (r->kept[0] && move_companions(r, err) < 0)
        return -1;
    if (rename(r->prepared, r->database) < 0)
        return error_errno(err, r->database);
    return sync_folder(r->database, err);
}

int restore_publish(struct restore *r, struct store *prepared, struct store *present, struct error *err)
{
    int result = finish(prepared, r->prepared, err);

    store_close(prepared);
    remove_companions(r->prepared);
    if (result == 0 && present)
        result = take_from_everybody(present, err);
    if (result == 0)
        result = swap(r, err);
    if (result < 0 && present)
        set_journal(present, "PRAGMA journal_mode = WAL", "wal", NULL);
    store_close(present);
    restore_forget(r);
    return result;
}
