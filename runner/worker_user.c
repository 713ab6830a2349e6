/* Workers as another user. Nothing here trusts the ticket; what is trusted is the list, because only root can have written
 * it, and who is asked for is looked up in files, because getpwnam(3) loads NSS, which a static program cannot. */
#include "worker_user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"

enum {
    LIST_MAX = 64 << 10,
    PASSWD_LINE_MAX = 8 << 10,
    GROUP_LINE_MAX = 256 << 10, /* a group may have thousands of members */
};

static int refuse(char *reason, const char *name, const char *why, const char *detail)
{
    snprintf(reason, WORKER_REASON_SIZE, "the worker could not be started as user %.64s: %s%s%s", name, why,
             detail ? ": " : "", detail ? detail : "");
    return -1;
}

/* -- the list -- */

/* The characters that useradd(8) allows: what is neither a comment, a blank nor a field of passwd(5). */
static bool is_user_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t length = strspn(name, letters);

    return length > 0 && length <= 32 && name[length] == '\0';
}

static bool list_has(const char *list, const char *name)
{
    static const char blanks[] = " \t\r";
    size_t wanted = strlen(name);

    for (const char *line = list; *line;) {
        size_t size = strcspn(line, "\n");
        const char *word = line + strspn(line, blanks);
        size_t length = strcspn(word, " \t\r\n#");

        if (length == wanted && memcmp(word, name, wanted) == 0) {
            const char *rest = word + length + strspn(word + length, blanks);

            if (*rest == '\0' || *rest == '\n' || *rest == '#')
                return true;
        }
        line += size + (line[size] == '\n');
    }
    return false;
}

static int open_list(const char *name, const char *path, char *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat s;

    if (fd < 0 && errno == ENOENT)
        return refuse(reason, name, "the administrator has listed no users for workers", path);
    if (fd < 0)
        return refuse(reason, name, "the list of users for workers cannot be read", strerror(errno));
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_uid == 0 && !(s.st_mode & (S_IWGRP | S_IWOTH)))
        return fd;
    close(fd);
    return refuse(reason, name, "the list of users for workers is not owned by root, or others may write to it", path);
}

static int check_listed(const char *name, const char *path, char *reason)
{
    char list[LIST_MAX + 1];
    int fd = open_list(name, path, reason);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = io_read_all(fd, list, sizeof list);
    close(fd);
    if (n < 0 || n == (ssize_t)sizeof list)
        return refuse(reason, name, "the list of users for workers cannot be read",
                      n < 0 ? strerror(errno) : "it is too large");
    list[n] = '\0';
    return list_has(list, name) ? 0 : refuse(reason, name, "this user is not on the list of users for workers", path);
}

/* -- the user -- */

static int find_user(const char *name, const char *path, struct spawn_user *out, char *reason)
{
    char line[PASSWD_LINE_MAX];
    struct passwd entry, *found = NULL;
    FILE *file = fopen(path, "re");
    int error;

    if (!file)
        return refuse(reason, name, path, strerror(errno));
    while ((error = fgetpwent_r(file, &entry, line, sizeof line, &found)) == 0 && strcmp(found->pw_name, name) != 0)
        ;
    fclose(file);
    if (error == ENOENT)
        return refuse(reason, name, "there is no such local user", path);
    if (error)
        return refuse(reason, name, path, strerror(error));
    out->uid = found->pw_uid;
    out->gid = found->pw_gid;
    return 0;
}

static bool has_member(const struct group *g, const char *name)
{
    for (char **member = g->gr_mem; *member; member++) {
        if (strcmp(*member, name) == 0)
            return true;
    }
    return false;
}

static int add_group(const char *name, gid_t gid, struct spawn_user *out, char *reason)
{
    for (size_t i = 0; i < out->group_count; i++) {
        if (out->groups[i] == gid)
            return 0;
    }
    if (out->group_count == SPAWN_GROUPS_MAX)
        return refuse(reason, name, "this user has too many groups", NULL);
    out->groups[out->group_count++] = gid;
    return 0;
}

static int find_groups(const char *name, const char *path, struct spawn_user *out, char *reason)
{
    char line[GROUP_LINE_MAX];
    struct group entry, *found = NULL;
    FILE *file = fopen(path, "re");
    int error, result;

    if (!file)
        return refuse(reason, name, path, strerror(errno));
    out->group_count = 0;
    result = add_group(name, out->gid, out, reason);
    while (result == 0 && (error = fgetgrent_r(file, &entry, line, sizeof line, &found)) != ENOENT) {
        if (error)
            result = refuse(reason, name, path, strerror(error));
        else if (has_member(found, name))
            result = add_group(name, found->gr_gid, out, reason);
    }
    fclose(file);
    return result;
}

/* Another name for root is root. */
static int check_not_root(const char *name, const struct spawn_user *u, char *reason)
{
    bool is_root = u->uid == 0;

    for (size_t i = 0; i < u->group_count; i++)
        is_root = is_root || u->groups[i] == 0;
    return is_root ? refuse(reason, name, "no worker runs as root, or in root's group", NULL) : 0;
}

/* -- the runner's own rights -- */

static int check_capabilities(const char *name, char *reason)
{
    static const unsigned needed = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL | 1U << CAP_CHOWN;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &header, now) < 0)
        return refuse(reason, name, "the runner's capabilities cannot be read", strerror(errno));
    if ((now[0].effective & needed) == needed)
        return 0;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return refuse(reason, name, "the web server's service forbids new privileges (NoNewPrivileges of systemd)",
                      NULL);
    return refuse(reason, name, "the runner has not the capabilities setuid, setgid, kill and chown (setcap)", NULL);
}

int worker_user_renounce(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

    return geteuid() == 0 ? 0 : (int)syscall(SYS_capset, &header, none);
}

/* -- the whole -- */

int worker_user_find_in(const char *name, const struct worker_user_files *files, struct spawn_user *out,
                        char reason[WORKER_REASON_SIZE])
{
    if (!is_user_name(name)) {
        snprintf(reason, WORKER_REASON_SIZE, "the worker could not be started: its user is no name of a user");
        return -1;
    }
    if (check_listed(name, files->list, reason) < 0 || find_user(name, files->passwd, out, reason) < 0 ||
        find_groups(name, files->group, out, reason) < 0 || check_not_root(name, out, reason) < 0)
        return -1;
    return check_capabilities(name, reason);
}

int worker_user_find(const char *name, const char *list_path, struct spawn_user *out, char reason[WORKER_REASON_SIZE])
{
    const struct worker_user_files files = {.list = list_path, .passwd = "/etc/passwd", .group = "/etc/group"};

    return worker_user_find_in(name, &files, out, reason);
}

static int explain_give(char *reason, const char *why)
{
    snprintf(reason, WORKER_REASON_SIZE, "the worker could not be started: its working directory: %s", why);
    return -1;
}

int worker_user_give(const struct spawn_user *user, const char *folder, char reason[WORKER_REASON_SIZE])
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), result = 0;
    struct stat s;

    if (fd < 0)
        return explain_give(reason, strerror(errno));
    if (fstat(fd, &s) < 0)
        result = explain_give(reason, strerror(errno));
    else if (s.st_uid != geteuid())
        result = explain_give(reason, "it is not the runner's own");
    else if (fchown(fd, user->uid, user->gid) < 0)
        result = explain_give(reason, strerror(errno));
    close(fd);
    return result;
}

/* The calls tell nothing of a failure; asked for a user that is none, they tell who it is. */
static int use_files_as(uid_t uid, gid_t gid)
{
    setfsgid(gid);
    setfsuid(uid);
    if ((uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid)
        return 0;
    errno = EPERM;
    return -1;
}

/* The folder lies in one of ours, so its owner cannot remove it. With "/." at its end it is not tried, which would fail before
 * anything in it was looked at. */
static void remove_contents(const char *folder)
{
    char path[PATH_MAX];

    if (chmod(folder, 0700) < 0 || snprintf(path, sizeof path, "%s/.", folder) >= (int)sizeof path)
        return;
    (void)io_remove_tree(path);
}

int worker_user_remove_tree(const struct spawn_user *user, const char *folder)
{
    if (use_files_as(user->uid, user->gid) == 0)
        remove_contents(folder);
    if (use_files_as(geteuid(), getegid()) < 0)
        return -1;
    return rmdir(folder); /* which tells whether anything is left */
}
