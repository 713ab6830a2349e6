#ifndef JOBJOKER_BASE_KEEPER_FILE_H
#define JOBJOKER_BASE_KEEPER_FILE_H

#include <stdbool.h>

/* The file by which a keeper is found: what the keeper itself and those who start it must do alike (engine/keeper.h). It is there
 * while something lies ahead, and locked (flock(2)) while a keeper lives. It is empty, or holds the id of a start of the
 * machine: then nothing lies ahead before the next one. */

enum keeper_file {
    KEEPER_FILE_TAKEN, /* *fd is locked now: no keeper lives */
    KEEPER_FILE_HELD,  /* *fd is open, and somebody else has the lock */
    KEEPER_FILE_NONE   /* there is none, or errno says why it cannot be opened */
};

/* Opens and locks it; with `make`, makes it where it is missing. The caller closes *fd, unless there is none. */
enum keeper_file keeper_file_take(const char *path, bool make, int *fd);

/* The keeper's: removes the file that it has locked; or puts one in its place that rests until another start than `boot`. What it
 * has locked is nobody's any more then. -1: errno says why. */
int keeper_file_remove(const char *path);
int keeper_file_rest(const char *path, const char *boot);

#endif
