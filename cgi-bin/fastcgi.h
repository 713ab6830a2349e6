#ifndef JOBJOKER_CGI_FASTCGI_H
#define JOBJOKER_CGI_FASTCGI_H

#include <stdbool.h>

/* Answering requests that come by FastCGI 1.0, one after the other, in this process. */

struct fastcgi {
    int listener;        /* connections of the web server come from it */
    long requests_max;   /* ends after so many, so that nothing can pile up; 0: never */
    int idle_ms;         /* ends when nothing was asked for so long; -1: never */
    const char *program; /* path of this program: when another file is there, this process ends after its request */
    bool has_others;     /* more processes answer at the listener, and still more when all are busy */
    /* Is told before a request and after it; NULL: nobody wants to know. */
    void (*tell)(void *context, bool busy);
    void *context;
};

enum fastcgi_end {
    FASTCGI_ENDED,    /* was asked to (SIGTERM, SIGINT, SIGUSR1), or has done its share */
    FASTCGI_FAILED,   /* the error log says why */
    FASTCGI_REPLACED, /* there is another program now */
};

/* Returns when no request is at hand. A SIGTERM lets the one at hand end: what waits (?wait) is answered with what is the
 * case by then, what follows (?follow) is broken off. Children that have ended are reaped. */
enum fastcgi_end fastcgi_serve(const struct fastcgi *f);

#endif
