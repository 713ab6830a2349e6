#ifndef JOBJOKER_RUNNER_WORKER_USER_H
#define JOBJOKER_RUNNER_WORKER_USER_H

#include "base/spawn.h"
#include "worker.h"

/* Workers as another user. The runner may do that where the administrator gave its file the capabilities setuid, setgid,
 * kill and chown, and then whoever may start the runner can write any name into a ticket. So the runner believes the
 * ticket in nothing: a user must be named in a list that only root can write, and is never root. */

/* Where users are looked up. */
struct worker_user_files {
    const char
        *list; /* one name a line; '#' begins a comment; at most 64 KiB. Owned by root, writable by nobody else */
    const char *passwd; /* passwd(5): local users only, for the runner is linked statically, without NSS */
    const char *group;  /* group(5) */
};

/* Finds a user with all groups, and sees that this process may become that user. -1: `reason` is a sentence why not: the
 * name is not on the list, the list is not to be trusted, there is no such local user, the user or a group is root's (0),
 * there are more than SPAWN_GROUPS_MAX groups, or the runner lacks its capabilities. *out is undefined then. */
int worker_user_find_in(const char *name, const struct worker_user_files *files, struct spawn_user *out,
                        char reason[WORKER_REASON_SIZE]);

/* The same in /etc/passwd and /etc/group. */
int worker_user_find(const char *name, const char *list_path, struct spawn_user *out, char reason[WORKER_REASON_SIZE]);

/* Gives a folder to the user. It must be the caller's own, and no link: what a ticket names is given away only where its
 * owner asks for it. -1: `reason` says why. */
int worker_user_give(const struct spawn_user *user, const char *folder, char reason[WORKER_REASON_SIZE]);

/* Removes a folder that was given to the user, who may have done with it as with an own one: what is in it with the user's
 * rights, the folder itself with the caller's. -1: something is left, errno says why. */
int worker_user_remove_tree(const struct spawn_user *user, const char *folder);

/* Lays down all capabilities, for a run that needs none. Does nothing for root. -1: errno says why. */
int worker_user_renounce(void);

#endif
