#ifndef JOBJOKER_JOB_COMMAND_H
#define JOBJOKER_JOB_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Commands of a worker: lines on its standard output that begin with "::". The list is in DESIGN.md, section 7. */

enum command_verb {
    COMMAND_NONE, /* an ordinary line */
    COMMAND_LOG,
    COMMAND_RESPONSE,
    COMMAND_PROGRESS,
    COMMAND_ERROR,
    COMMAND_GROUP, /* an entry as it is: the page folds what follows it */
    COMMAND_ADD_MASK,
    COMMAND_STOP_COMMANDS,
    COMMAND_RESUME, /* "::TOKEN::" */
};

struct command {
    enum command_verb verb;
    int percent;      /* of COMMAND_PROGRESS: 0 to 100 */
    const char *text; /* still %-encoded; borrowed from the line */
    size_t size;
};

enum { COMMAND_TOKEN_MAX = 127 }; /* bytes */

/* Reads one line, without its newline; a carriage return at its end does not count. `token` is what ends
 * "::stop-commands::TOKEN", NULL or "" while commands are on: as long as it is set only "::TOKEN::" is a command. A
 * TOKEN has 1 to COMMAND_TOKEN_MAX bytes, none of them NUL. */
void command_read(const char *line, size_t size, const char *token, struct command *out);

/* Replaces %25, %0A and %0D (either case); any other '%' stays. In place; returns the new size. When the text is not
 * `whole` (it goes on), what may be the beginning of an escape at its end is left as it is: its bytes, at most two,
 * follow the decoded ones, and *rest says how many they are. */
size_t command_decode(char *text, size_t size, bool whole, size_t *rest);

#endif
