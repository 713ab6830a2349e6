#ifndef JOBJOKER_STORE_AUDIT_H
#define JOBJOKER_STORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/settings.h"

/* The audit trail: who did what, from where, and what came of it. Rows are appended, and cut off at the old end; nothing
 * else is ever done to them. Each row's hash is a keyed one over all of it and the hash before it, and both ends of this
 * chain stand in a row of their own, which is sealed the same way: so whoever changes the database without the key cannot
 * change, remove, reorder or add a row, at the end neither, without audit_verify() telling. */

struct store;

enum {
    AUDIT_REQUEST_SIZE = 17,
    AUDIT_WHO_SIZE = 65,
    AUDIT_VIA_SIZE = 16,
    AUDIT_ADDRESS_SIZE = 64,
    AUDIT_ACTION_SIZE = 64,
    AUDIT_OBJECT_SIZE = 65,
    AUDIT_CODE_SIZE = 32,
};

/* Texts hold no secret and nothing of a body. */
struct audit_row {
    int64_t seq; /* 1, 2, 3 ... */
    int64_t time_ms;
    char request[AUDIT_REQUEST_SIZE]; /* its id, as in the error log */
    char who[AUDIT_WHO_SIZE];         /* "": not known. Of a log-in that failed: the account that it was for */
    char via[AUDIT_VIA_SIZE];         /* "token", "password" ...; "": not known */
    char address[AUDIT_ADDRESS_SIZE];
    char action[AUDIT_ACTION_SIZE]; /* "PUT /workers/:name" */
    char object[AUDIT_OBJECT_SIZE]; /* the job, worker, user or token; "": none */
    int status;
    char code[AUDIT_CODE_SIZE]; /* of an error; "": none */
    int64_t times;              /* how many requests this row stands for */
    unsigned char hash[SECRET_HASH_SIZE];
};

/* Copies a text of any length and any bytes into a field: of one that is longer, whole characters from its front; what is no
 * UTF-8 becomes a question mark. */
void audit_set_text(char *out, size_t size, const char *text);

/* -- writing -- */

/* A row that is about to be written. */
struct audit_note {
    struct audit_row row; /* seq and hash are set when it is written */
    const int *status;    /* where the status stands at that moment; NULL: in the row */
    unsigned char key[SECRET_KEY_SIZE];
    int64_t rows_max;   /* how many rows are kept, to within AUDIT_CUT_EVERY */
    int64_t age_max_ms; /* and for how long, the same; 0: for ever */
    bool written;
    bool earlier; /* one was written for this request before (audit_next) */
};

enum { AUDIT_CUT_EVERY = 64, AUDIT_CUT_MAX = 512 };

/* Sets the key of the trail, and how long its rows are kept. 500, 503. */
int audit_prepare(const struct settings *settings, struct audit_note *note, struct error *err);

/* The next store_commit() appends this row in its transaction, and fails where that fails; NULL: none does. The note is
 * borrowed until then. */
void audit_along(struct store *s, struct audit_note *note);
/* What the row that goes along is about, and who did it: for those who know better than the router. No row goes along: does
 * nothing. */
void audit_about(struct store *s, const char *object);
/* From here on a change is about another object, and has a row of its own: of a request that makes several. */
void audit_next(struct store *s, const char *object);
void audit_by(struct store *s, const char *who, const char *via);

/* Appends within a transaction that the caller began. Each AUDIT_CUT_EVERY rows it cuts off AUDIT_CUT_MAX of those that are
 * too many or too old, at most. Where the seal is not ours the trail goes on as a new chain, which audit_verify() tells. */
int audit_append(struct store *s, struct audit_note *note, struct error *err);
/* The same as a transaction of its own. */
int audit_append_alone(struct store *s, struct audit_note *note, struct error *err);

/* Refused requests are written up to these numbers a minute; those beyond are counted, and told later by a row without an
 * action that stands for so many `times`. So nobody can fill the disk with them, or push the rest out of the trail. */
enum { AUDIT_REFUSED_OF_SENDER = 10 /* with one code */, AUDIT_REFUSED_OF_ALL = 100 };

/* Writes or counts a refused request, as a transaction of its own. Who is only counted does not stand in line with those
 * who write: while one of them is at it, it is not counted either. `sender`: "192.0.2.7", or the network of one. */
int audit_refuse(struct store *s, struct audit_note *note, const char *sender, struct error *err);

/* -- reading -- */

struct audit_filter {
    const char *who, *object; /* NULL: any, here and below */
    const char *action;       /* "PUT /workers/:name", or one half of it */
    const char *code;
    int status_low, status_high; /* 0: any */
    int64_t since_ms, until_ms;  /* at or after, before; 0: any */
    int64_t before_seq;          /* the page after this row; 0: the first */
    int64_t from_seq;            /* with oldest_first: from this row on */
    bool oldest_first;
    int64_t limit; /* -1: none */
};

/* Newest first unless it says otherwise. each() borrows the row; it returns 0 to go on. */
int audit_each(const struct store *s, const struct audit_filter *filter, int (*each)(const struct audit_row *, void *),
               void *context, struct error *err);
int audit_count(const struct store *s, const struct audit_filter *filter, int64_t *count, struct error *err);

enum audit_finding {
    AUDIT_WHOLE,
    AUDIT_NEVER_BEGUN, /* no row and no end: nothing was ever written, or all of it was removed */
    AUDIT_END_REMOVED, /* rows, and no end */
    AUDIT_END_CHANGED, /* the row of both ends was changed, or the key is another one */
    AUDIT_BEGUN_ANEW,  /* the chain begins at `seq` with no link to what was before it */
    AUDIT_STRANGE_ROW, /* `seq` stands before the first row or after the last one */
    AUDIT_ROW_REMOVED, /* `seq` is not there */
    AUDIT_ROW_CHANGED, /* `seq`, or its place */
};

struct audit_report {
    enum audit_finding finding;
    int64_t seq;                          /* of the row that it is about */
    int64_t first, last;                  /* what the ends say */
    unsigned char hash[SECRET_HASH_SIZE]; /* of the last row */
};

/* Goes through all of it. 0: *out says what was found, the first fault of several. -1: it could not be read. */
int audit_verify(const struct store *s, const unsigned char *key, struct audit_report *out, struct error *err);

#endif
