/* jobjoker-runner: one per job. It is started by the program that answers the API, with the descriptors of DESIGN.md,
 * section 5: 0 the ticket, 1 and 2 its own log, 3 "ready", 4 the lock that says that this run lives. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "supervise.h"
#include "ticket.h"

enum { FD_TICKET = 0, FD_READY = 3, FD_LOCK = 4 };

/* The working directory goes; the folder of the run too, unless a spool waits in it. The lock is held until the end. */
static void clean_up(const struct ticket *t)
{
    char path[PATH_MAX + 8];
    struct stat spool;

    snprintf(path, sizeof path, "%s/work", t->folder);
    if (rmdir(path) < 0 && io_remove_tree(path) < 0)
        log_line("runner of job %s: its working directory could not be removed", t->id);
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

int main(void)
{
    char library[PATH_MAX];
    struct ticket ticket;
    int signals;

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
    if (ticket_read(FD_TICKET, &ticket) < 0)
        return 1;
    replace_ticket();
    /* The worker runs as the same user: it must not read our tokens out of our memory. */
    prctl(PR_SET_DUMPABLE, 0);
    supervise(&ticket, library, FD_READY, signals);
    clean_up(&ticket);
    ticket_clear(&ticket);
    return 0;
}
