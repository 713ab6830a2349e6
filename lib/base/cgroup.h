#ifndef JOBJOKER_BASE_CGROUP_H
#define JOBJOKER_BASE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* Control groups, version 2 (cgroups(7), and the kernel's admin-guide/cgroup-v2): the kernel keeps account of the
 * processes in a folder and of all that these start, and ends, freezes and limits them as one. `path` is such a
 * folder. Which files are in it depends on the kernel (cgroup.freeze since 5.2, cgroup.kill since 5.14, memory.peak
 * since 5.19) and on the controllers that are handed down to it. Where a function says errno, ENOENT is: this kernel
 * has no such file. */

/* What was asked for and is not there: the caller has to see to it in another way (setrlimit(2)). */
enum cgroup_lack { CGROUP_NO_MEMORY_MAX = 1, CGROUP_NO_PROCESSES_MAX = 2 };

/* Makes the cgroup `name` (no '/') below `parent` and sets its limits; 0: no limit. Hands the controllers for them
 * down from the parent where that is possible: the parent must have them, and no process of its own. An empty cgroup
 * of that name, left by an earlier run, is made anew. >= 0: it is there, `out` has its path, and the result is the
 * enum cgroup_lack, or'ed, of the limits that it does not keep. -1: nothing was made; 503 still_alive: there is one
 * of that name with processes in it; 500. */
int cgroup_make(const char *parent, const char *name, int64_t memory_max_bytes, int64_t processes_max, char *out,
                size_t out_size, struct error *err);

/* Puts a process in; 0: the caller itself, which may be between fork and exec: no memory and no lock is taken. What
 * the process has started before stays where it is. -1: errno. */
int cgroup_add(const char *path, pid_t pid);

/* Appends the processes in it and in the cgroups below it to `out`, as an array of pid_t. Those that the reader's pid
 * namespace does not know are left out. -1: errno; ENOENT: there is no such cgroup. */
int cgroup_list(const char *path, struct buf *out);

/* Kills all in it and below, frozen or not, also those that fork meanwhile. They may not be gone yet when it returns:
 * cgroup_wait_empty(). -1: errno. */
int cgroup_kill(const char *path);

/* Freezes all in it and below, and what they start; returns when all stand still. A frozen process can be killed. -1:
 * errno; ETIMEDOUT: some did not get there in time (they sleep uninterruptibly), and freeze when they can. */
int cgroup_freeze(const char *path, int timeout_ms);

/* Takes that back. A process that was stopped by a signal stays stopped. -1: errno. */
int cgroup_thaw(const char *path);

/* Lives nobody in it or below? Corpses do not count. True also when there is no such cgroup any more; false where
 * that cannot be found out. */
bool cgroup_is_empty(const char *path);

/* Waits until it is empty. -1: errno; ETIMEDOUT. */
int cgroup_wait_empty(const char *path, int timeout_ms);

/* Removes it and the cgroups below it that somebody in it has made. 0 also when there is none. -1: errno; EBUSY: one
 * of them is not empty, and is left, with those above it. */
int cgroup_remove(const char *path);

/* How many processes in it and below the kernel has killed because memory ran out; -1: unknown. */
int64_t cgroup_oom_kills(const char *path);

/* The most memory that it has ever used, in bytes; -1: unknown. */
int64_t cgroup_peak_memory(const char *path);

#endif
