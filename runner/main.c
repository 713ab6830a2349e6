/* jobjoker-runner: one per job. It is started by the program that answers the API, with the descriptors of DESIGN.md,
 * section 5: 0 the ticket, 1 and 2 its own log, 3 "ready", 4 the lock that says that this run lives. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "job/log_tail.h"
#include "step.h"
#include "supervise.h"
#include "ticket.h"
#include "worker_user.h"

enum { FD_TICKET = 0, FD_READY = 3, FD_LOCK = 4 };

/* `user`: whom it was given to; NULL: nobody. */
static void remove_folder(const struct ticket *t, const struct spawn_user *user, const char *name)
{
    char path[PATH_MAX + 8];

    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    if (rmdir(path) == 0 || errno == ENOENT)
        return;
    if ((user ? worker_user_remove_tree(user, path) : io_remove_tree(path)) < 0)
        log_line("runner of job %s: its folder `%s` could not be removed", t->id, name);
}

/* Another attempt may have the folder by now, while this runner was thought to be lost. */
static bool owns_folder(const struct ticket *t)
{
    char path[PATH_MAX + 8];
    struct stat held, there;

    snprintf(path, sizeof path, "%s/lock", t->folder);
    return fstat(FD_LOCK, &held) == 0 && stat(path, &there) == 0 && held.st_dev == there.st_dev &&
           held.st_ino == there.st_ino;
}

/* What was the worker's goes; the folder of the run too, unless a spool waits in it. The lock is held until the end. */
static void clean_up(const struct ticket *t, const struct worker_process *worker)
{
    const struct spawn_user *user = worker->has_user ? &worker->user : NULL;
    char path[PATH_MAX + 8];
    struct stat spool;

    if (!owns_folder(t))
        return;
    remove_folder(t, NULL, "secrets");
    remove_folder(t, user, "work");
    remove_folder(t, user, "tmp");
    for (int file = 0; file < LOG_TAIL_FILES; file++) {
        log_tail_path(t->folder, file, path, sizeof path);
        unlink(path); /* all of it was delivered, or is in the spool */
    }
    snprintf(path, sizeof path, "%s/spool", t->folder);
    if (stat(path, &spool) == 0)
        return;
    snprintf(path, sizeof path, "%s/lock", t->folder);
    unlink(path);
    rmdir(t->folder);
}

/* No later file may become standard input, and the ticket's secrets need not lie about. */
static void replace_ticket(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (null >= 0) {
        dup2(null, FD_TICKET);
        close(null);
    }
}

static int list_steps(void)
{
    for (enum step s = 0; s < STEPS; s++)
        puts(step_name(s));
    return 0;
}

int main(int argc, char **argv)
{
    char library[PATH_MAX];
    struct worker_process worker = {0};
    struct ticket ticket;
    int signals;

    if (argc == 2 && strcmp(argv[1], "--steps") == 0)
        return list_steps();
    /* Both descriptors are ours alone: no child may keep the run alive. */
    if (fcntl(FD_READY, F_SETFD, FD_CLOEXEC) < 0 || fcntl(FD_LOCK, F_SETFD, FD_CLOEXEC) < 0) {
        log_line("jobjoker-runner is started by jobjoker.cgi, not by hand");
        return 2;
    }
    signals = supervise_signals();
    umask(077);
    if (signals < 0 || io_program_folder(library, sizeof library) < 0) {
        error_errno(NULL, "the runner could not be set up");
        return 1;
    }
    /* Workers run as the same user: none may read our tokens and secrets out of our memory, or the ticket through /proc. */
    prctl(PR_SET_DUMPABLE, 0);
    if (ticket_read(FD_TICKET, &ticket) < 0)
        return 1;
    replace_ticket();
    step_reached(&ticket, STEP_TICKET_READ);
    supervise(&ticket, library, FD_READY, signals, &worker);
    step_reached(&ticket, STEP_DELIVERED);
    clean_up(&ticket, &worker);
    step_reached(&ticket, STEP_CLEANED_UP);
    ticket_clear(&ticket);
    return 0;
}
