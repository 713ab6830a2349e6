/* jobjoker.cgi. Its arguments are never looked at: a query without '=' becomes them (RFC 3875 section 4.4). */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "base/io.h"

/* Started as a FastCGI program, as Apache's mod_fcgid does: for a process that answers many requests the dynamic twin is the
 * right one, which can load cJSON. */
static void become_fastcgi(void)
{
    char folder[PATH_MAX], path[PATH_MAX + 32];
    char name[] = "jobjoker", command[] = "fastcgi", alone[] = "--alone";
    char *const argv[] = {name, command, alone, NULL};

    if (io_program_folder(folder, sizeof folder) == 0) {
        snprintf(path, sizeof path, "%s/jobjoker", folder);
        execv(path, argv);
    }
    error_errno(NULL, "cgi-bin/jobjoker");
    _exit(1);
}

int main(void)
{
    umask(077); /* whatever the server's is: the database may be made here */
    if (gateway_is_listener(STDIN_FILENO))
        become_fastcgi();
    answer_cgi();
}
