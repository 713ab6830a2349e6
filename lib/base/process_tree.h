#ifndef JOBJOKER_BASE_PROCESS_TREE_H
#define JOBJOKER_BASE_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* All that a process has started, found in /proc (proc(5)), and in a cgroup where there is one. */

/* What belongs to a tree: whoever is found in one of three ways, and all descendants of those. The calling process
 * never belongs to it, nor do those that are found as descendants of the caller or of `spare` alone. */
struct process_tree {
    /* Its descendants belong to the tree, not itself. It is their subreaper (PR_SET_CHILD_SUBREAPER), so nobody
     * leaves it by setsid or a double fork. 0: none. */
    pid_t root;

    /* A child of the root that is left alone, with what it started. 0: none. */
    pid_t spare;

    /* "NAME=value", or how it begins: a process with a variable in its environment that begins with this text belongs
     * to the tree, wherever its parent is; so a tree is found whose root has died. End it with something that ends
     * the value's first part, or "TOKEN=job_1" also means job_12. The environment is what a program was started with;
     * that of another user's process cannot be read, unless by root, and marks nothing. At most 255 bytes. NULL or
     * "": none. */
    const char *mark;

    /* Folder of a cgroup (base/cgroup.h) that holds the tree and nothing else; the kernel kills and freezes it as
     * one, as far as it can, and the rest is done as without it. It may be gone. NULL: none. */
    const char *cgroup;
};

/* Kills all of the tree: stops them first, looking again until nobody runs, so that none can fork away from the sweep
 * or lose the parent by which it is found; then SIGKILL. Returns when all are gone; of those whose parent is the root
 * the corpses are left to it. -1: 503 still_alive, some are left after timeout_ms (they sleep uninterruptibly, are
 * beyond the caller's rights, or fork faster than they are found); 500. */
int process_tree_kill(const struct process_tree *t, int timeout_ms, struct error *err);

/* Sends a signal to all that a look finds. Who is stopped or frozen is woken to take a SIGTERM. -1: 500. */
int process_tree_signal(const struct process_tree *t, int number, struct error *err);

/* Brings all of the tree to a standstill, by its cgroup or with SIGSTOP, and returns when nobody of it runs; the
 * parent in vfork(2) of one that was stopped stands still too. -1: 503 still_running, some could not be stopped
 * within timeout_ms (they sleep uninterruptibly, or are beyond the caller's rights), the others stand still: thaw or
 * kill them; 500. */
int process_tree_freeze(const struct process_tree *t, int timeout_ms, struct error *err);

/* Lets it go on. Who had stopped before the freeze goes on too, unless it is in the cgroup: a stop has no owner. -1:
 * 500. */
int process_tree_thaw(const struct process_tree *t, struct error *err);

/* Lives nobody of the tree (corpses do not count)? False also where that cannot be found out. */
bool process_tree_is_empty(const struct process_tree *t);

/* CPU time, user and system, of those that live now, in milliseconds; -1: it cannot be found out. What ended took its
 * share with it, so the sum may fall. */
int64_t process_tree_cpu_ms(const struct process_tree *t);

#endif
