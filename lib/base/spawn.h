#ifndef JOBJOKER_BASE_SPAWN_H
#define JOBJOKER_BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sandbox.h"

/* Starting programs: the only fork in the tree. A child gets exactly what is listed here: its descriptors are fds[0],
 * fds[1] ... as 0, 1 ...; all others are closed; no signal is ignored, and none blocked but hold_signal;
 * nothing goes through a shell. */

enum { SPAWN_FDS_MAX = 8, SPAWN_LIMITS_MAX = 8, SPAWN_GROUPS_MAX = 64 };

struct spawn_limit {
    int resource; /* RLIMIT_... of setrlimit(2) */
    struct rlimit value;
};

struct spawn_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[SPAWN_GROUPS_MAX]; /* supplementary; none is the caller's that is not here */
    size_t group_count;
};

struct spawn {
    const char *path;       /* with a '/': no search along PATH */
    char *const *argv;      /* ends in NULL */
    char *const *envp;      /* ends in NULL */
    int fds[SPAWN_FDS_MAX]; /* what the child has as 0, 1, 2 ...; -1 is /dev/null */
    size_t fd_count;        /* at least 3 */
    const char *directory;  /* NULL: the caller's */
    bool new_session;       /* setsid(2) */
    bool die_with_parent;   /* SIGKILL when the calling thread ends (PR_SET_PDEATHSIG) */
    int nice;               /* added to the niceness */
    int umask;              /* 0: 077 */
    int hold_signal;        /* stays blocked, so that it waits until the program looks for it; 0: none */
    bool quiet;             /* of spawn_run(): standard error is thrown away */
    struct spawn_limit limits[SPAWN_LIMITS_MAX];
    size_t limit_count;
    /* The child writes itself into this cgroup.procs (cgroups(7)) before it does anything else. NULL: the caller's cgroup. */
    const char *cgroup_procs;
    /* NULL: the caller's. Otherwise the child has no capability left, and needs to be allowed all else that is asked of it
     * here as that user: its `directory`, `path`. The caller needs CAP_SETUID, CAP_SETGID, and CAP_KILL for
     * die_with_parent. */
    const struct spawn_user *user;
    const struct sandbox *sandbox; /* NULL: none. Open; the child has to find `path` and its interpreter inside */
    const char *
        *failed_step; /* may be NULL. After a failure: "its user" or such, a constant; NULL: the program itself */
};

/* Starts it. 0: *pid is the child, which the caller reaps. -1: nothing was started; errno says why (of execve and of
 * each step before it), err gets 500 internal through error_errno(). */
int spawn_start(const struct spawn *s, pid_t *pid, struct error *err);

/* A pipe for what a child of that user (NULL: the caller's) says. A pipe belongs to who made it, so another user could write
 * to it, but not open it as /dev/stdout. Who may open it there is still only who may look into a process that has it.
 * -1: errno says why. */
int spawn_pipe(int pipes[2], const struct spawn_user *user);

/* Finds a command along the PATH that `path` holds (colon-separated), or takes `name` as it is when it has a '/'.
 * 0: `out` has its path. -1: there is none. */
int spawn_find(const char *name, const char *path, char *out, size_t out_size);

struct spawn_result {
    int status;     /* as waitpid(2) gives it */
    bool timed_out; /* it was killed with its process group after timeout_ms */
    bool cut;       /* it said more than output_max bytes; the rest was read and dropped */
};

/* Runs a program to its end in a session of its own, with `input` (may be NULL) on its standard input, and gathers
 * its standard output in `output`, and its standard error too, in the order in which they came, unless `quiet`. It has
 * ended when its own process has: what it leaves running in its process group is killed, not waited for. s->fds, fd_count
 * and new_session are not looked at.
 * 0: it ended, *result says how. -1: it could not be started or watched; 500 internal. */
int spawn_run(const struct spawn *s, const void *input, size_t input_size, int timeout_ms, size_t output_max,
              struct buf *output, struct spawn_result *result, struct error *err);

#endif
