#ifndef JOBJOKER_BASE_PROCESS_TREE_H
#define JOBJOKER_BASE_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* All that a process has started, found by parents in /proc (proc(5)). The root is the subreaper of its tree
 * (PR_SET_CHILD_SUBREAPER), so nobody leaves it by setsid or a double fork. */

/* `spare` is a child of the root that is left alone, with what it started; 0: none. */

/* Kills every descendant of `root`, not the root itself: stops them all first, looking again until a look finds nothing
 * new, so that none can fork away from the sweep; then SIGKILL. Returns when all are gone; of those whose parent is
 * `root` the corpses are left to it. -1: 503 still_alive, some are left after timeout_ms (they sleep uninterruptibly, or
 * fork faster than they are found); 500. */
int process_tree_kill(pid_t root, pid_t spare, int timeout_ms, struct error *err);

/* Sends a signal to every descendant of `root` that a look finds. Who is stopped is woken to take a SIGTERM. */
int process_tree_signal(pid_t root, pid_t spare, int number, struct error *err);

/* Does `root` have no living descendants (corpses do not count)? False also where that cannot be found out. */
bool process_tree_is_empty(pid_t root, pid_t spare);

#endif
