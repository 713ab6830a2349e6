#ifndef JOBJOKER_CGI_STARTER_H
#define JOBJOKER_CGI_STARTER_H

#include "base/error.h"

/* Keeps processes that answer FastCGI requests at one socket: for nginx and Apache's mod_proxy_fcgi, which start none
 * themselves. As long as all of them are busy, with long waits (?wait, ?follow) say, it adds one more. */

enum { STARTER_PROCESSES_MAX = 1000 };

struct starter {
    int listener;        /* becomes descriptor 0 of the processes */
    int processes;       /* at least so many */
    int processes_max;   /* at most so many; those beyond `processes` end when they had nothing to do for a minute */
    long requests_max;   /* a process is renewed after so many; 0: never */
    const char *socket;  /* is removed at the end; NULL: nothing is */
    const char *program; /* path of this program */
    char *const *argv;   /* with which this one was started */
};

/* Runs until SIGTERM or SIGINT: no new requests then, and it returns when those at hand are answered. SIGHUP, or another file
 * in the place of the program: starts the program anew in this process, with the same socket and number, and new processes;
 * the old ones finish what they have. A process that ends by itself is replaced. -1: err says why. */
int starter_run(const struct starter *s, struct error *err);

#endif
