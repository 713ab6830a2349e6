#ifndef JOBJOKER_CGI_DOCTOR_H
#define JOBJOKER_CGI_DOCTOR_H

#include "command.h"

/* jobjoker doctor: what is wrong with an installation, and how to set it right. Each finding is printed when it is made. */

enum verdict {
    FINE,
    NOTE,  /* works, and could be better */
    WRONG, /* counts for the exit status */
};

struct doctor {
    struct command_site site;
    int wrong; /* how many findings were */
};

/* `fix` is NULL where there is nothing to set right. */
void doctor_find(struct doctor *d, enum verdict verdict, const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Is what the settings of notifications name there? Of a secret that is told only where the site's store is open. */
void doctor_check_notify(struct doctor *d);

/* Asks the running site itself, at `url`: does it answer, with the program, and nothing else of the folder? The site has
 * an open store. */
void doctor_ask_site(struct doctor *d, const char *url);

#endif
