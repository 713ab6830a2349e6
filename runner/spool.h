#ifndef JOBJOKER_RUNNER_SPOOL_H
#define JOBJOKER_RUNNER_SPOOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/* Reports that could not be delivered, in order, in the file run/ID/spool: just one report after another, each beginning
 * with its own number, so that whoever finds the file can deliver them too. */

enum { SPOOL_SIZE_MAX = 256 << 20 }; /* bytes: then the worker waits, rather than that the disk gets full */

struct spool {
    char path[4200];
    int fd;     /* -1: there is no file yet */
    off_t head; /* where the first report begins that is not delivered */
    off_t end;
};

void spool_init(struct spool *s, const char *folder);
void spool_close(struct spool *s); /* the file stays, if it holds anything */
bool spool_is_empty(const struct spool *s);

/* Appends one whole report. -1: it could not be written (the disk or the spool is full), and nothing of it stays. */
int spool_append(struct spool *s, const struct buf *report);

/* Reads the first report into `out`. -1: it cannot be read, now or for good; `out` is empty, errno says why: EBADMSG
 * where the file does not hold what was written. */
int spool_first(struct spool *s, struct buf *out);
/* The first report, of this size, is delivered. When it was the last one the file is emptied. */
void spool_drop_first(struct spool *s, size_t size);
/* Gives up all that is in it. */
void spool_drop_all(struct spool *s);

#endif
