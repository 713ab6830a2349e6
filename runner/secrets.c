/* Secrets on their last way, from the ticket to the worker. */
#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "job/secret_rules.h"

/* So that any single one can be hidden. All of a job have no more room in its environment than that either. */
_Static_assert((int)SECRET_LINE_MAX <= (int)MASK_SIZE_MAX && (int)SECRET_VALUE_MAX <= (int)MASKS_SIZE_MAX &&
                   (int)SECRET_LINES_MAX <= (int)MASKS_MAX,
               "what is taken as a secret can be hidden");

/* Each of the ticket's two kinds, with what has become of it. */
struct work {
    struct masks *masks;
    const struct spawn_user *user;
    const char *folder;
    struct environment *environment;
    bool any, failed;
    int error; /* errno of the first that failed */
};

static void hide(const char *name, const char *value, void *context)
{
    struct work *w = context;

    (void)name;
    if (masks_add(w->masks, value, strlen(value)) < 0)
        w->failed = true;
}

int secrets_hide(const struct ticket *t, struct masks *masks, char reason[WORKER_REASON_SIZE])
{
    struct work w = {.masks = masks};

    ticket_each(t, "secret.", hide, &w);
    ticket_each(t, "secret_file.", hide, &w);
    if (!w.failed)
        return 0;
    snprintf(reason, WORKER_REASON_SIZE,
             "the worker could not be started: its secrets have more than %d bytes or %d lines together, and could not "
             "be hidden in its log",
             MASKS_SIZE_MAX, MASKS_MAX);
    return -1;
}

/* -- files -- */

static void note_file(const char *name, const char *value, void *context)
{
    struct work *w = context;

    (void)name, (void)value;
    w->any = true;
}

/* What another attempt left is not this one's. */
static int make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0)
        return 0;
    return errno == EEXIST && io_remove_tree(path) == 0 ? mkdir(path, 0700) : -1;
}

static int write_file(const char *path, const char *value, const struct spawn_user *user)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400), result, saved;

    if (fd < 0)
        return -1;
    result = io_write_all(fd, value, strlen(value));
    if (result == 0 && user)
        result = fchown(fd, user->uid, user->gid);
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

static void put_file(const char *name, const char *value, void *context)
{
    struct work *w = context;
    char path[PATH_MAX + SECRET_NAME_SIZE];

    if (w->error)
        return;
    snprintf(path, sizeof path, "%s/%.*s", w->folder, SECRET_NAME_SIZE - 1, name);
    if (!secret_is_name(name)) /* it came in a ticket: it is not to become another path */
        errno = EINVAL;
    else if (write_file(path, value, w->user) == 0)
        return;
    w->error = errno;
}

static int explain(char *reason, int error)
{
    snprintf(reason, WORKER_REASON_SIZE, "the worker could not be started: its secrets: %s", strerror(error));
    return -1;
}

int secrets_write(const struct ticket *t, const struct spawn_user *user, char folder[PATH_MAX],
                  char reason[WORKER_REASON_SIZE])
{
    struct work w = {.user = user, .folder = folder};

    *folder = '\0';
    ticket_each(t, "secret_file.", note_file, &w);
    if (!w.any)
        return 0;
    if (snprintf(folder, PATH_MAX, "%s/secrets", t->folder) >= PATH_MAX)
        return explain(reason, ENAMETOOLONG);
    if (make_folder(folder) < 0)
        return explain(reason, errno);
    ticket_each(t, "secret_file.", put_file, &w);
    if (w.error)
        return explain(reason, w.error);
    /* Another user has to pass; who may read a file the file itself says. */
    return user && chmod(folder, 0711) < 0 ? explain(reason, errno) : 0;
}

/* -- variables -- */

static void name_value(const char *name, const char *value, void *context)
{
    struct work *w = context;

    environment_put(w->environment, name, value);
}

static void name_file(const char *name, const char *value, void *context)
{
    struct work *w = context;
    char variable[SECRET_NAME_SIZE + sizeof SECRET_FILE_SUFFIX], path[PATH_MAX + SECRET_NAME_SIZE];

    (void)value;
    snprintf(variable, sizeof variable, "%.*s" SECRET_FILE_SUFFIX, SECRET_NAME_SIZE - 1, name);
    snprintf(path, sizeof path, "%s/%.*s", w->folder, SECRET_NAME_SIZE - 1, name);
    environment_put(w->environment, variable, path);
}

void secrets_name(const struct ticket *t, const char *folder, struct environment *e)
{
    struct work w = {.folder = folder, .environment = e};

    ticket_each(t, "secret.", name_value, &w);
    ticket_each(t, "secret_file.", name_file, &w);
}
