#ifndef JOBJOKER_ENGINE_LEASE_H
#define JOBJOKER_ENGINE_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* The lease of a run: a lock (flock(2)) on data/run/ID/lock that the starter takes and hands down to the runner. The
 * lock belongs to the open file, so it is held without a gap as long as one of the two lives, and free the moment that
 * neither does. No stored pid is ever believed: the one in the file counts only while the lock is held. */

enum { LEASE_PATH_SIZE = 4096 + 64 };

/* data/run/ID */
void lease_folder(const char *data, const char *id, char out[LEASE_PATH_SIZE]);

/* Makes the folder and takes the lock. 0: *fd is the caller's: to hand down, or to lease_drop().
 * -1: 409 job_active (somebody has it), 500, 503. */
int lease_take(const char *data, const char *id, int *fd, struct error *err);

/* Gives up a lock that nobody else has, and removes it; what else is in the folder of the run stays. */
void lease_drop(const char *data, const char *id, int fd);

/* Notes who holds it now: the pid of the runner, the id of this boot of the machine, and when the process started. */
int lease_note_pid(int fd, pid_t pid, struct error *err);

/* Is it held? False when there is no such lock at all. */
bool lease_is_held(const char *data, const char *id);

/* Is it held by anybody but the runner that is noted in it? True when nobody holds it, and when that runner is gone: then
 * the lock is that of somebody who looks after the job. What cannot be looked at is not called dead. */
bool lease_is_lost(const char *data, const char *id);

/* Is it lost, or held by somebody who has noted no runner? That may be who starts the job; but a job that was read as active
 * before its lock was looked at may have ended in between, and this be who came second to look after it. */
bool lease_is_doubtful(const char *data, const char *id);

/* Opens the process that holds the lock, as a pidfd, which the caller closes. -1: nobody holds it, or it has just been
 * taken and the runner is not there yet. */
int lease_open_holder(const char *data, const char *id, pid_t *pid);

/* Removes all that a lost runner left in the folder, but the lock, which the caller holds. */
void lease_empty_folder(const char *data, const char *id);

/* Removes the folder with the lock, which the caller holds. What is another user's may stay (docs/isolation.md). */
void lease_remove_folder(const char *data, const char *id);

/* Is there such a folder at all? */
bool lease_has_folder(const char *data, const char *id);

/* The pid in the file, whoever has it by now: to be looked for in the kernel's records. 0: there is none. */
pid_t lease_noted_pid(const char *data, const char *id);

/* Was the lock taken before this boot of the machine? */
bool lease_is_from_before_boot(const char *data, const char *id);

#endif
