#ifndef JOBJOKER_RUNNER_SECRETS_H
#define JOBJOKER_RUNNER_SECRETS_H

#include <limits.h>

#include "base/environment.h"
#include "masks.h"
#include "ticket.h"
#include "worker.h"

/* The secrets that the ticket brings: as variables (secret.NAME), or as files (secret_file.NAME) in run/ID/secrets. */

/* Hides each line of each of them from here on. -1: they are too much to be hidden (masks.h); `reason` says so, and the
 * worker must not get them. */
int secrets_hide(const struct ticket *t, struct masks *masks, char reason[WORKER_REASON_SIZE]);

/* Writes those that are files, mode 0400, into a new folder whose path is then in `folder`; "" where there are none. They
 * are the user's (NULL: the caller's own); the folder stays the caller's, so that whoever looks after a lost runner can
 * remove it. -1: `reason` says why; what is there of the folder is to be removed all the same. */
int secrets_write(const struct ticket *t, const struct spawn_user *user, char folder[PATH_MAX],
                  char reason[WORKER_REASON_SIZE]);

/* Puts the variables: NAME with the value, NAME_FILE with the path of a file in `folder`. */
void secrets_name(const struct ticket *t, const char *folder, struct environment *e);

#endif
