#ifndef JOBJOKER_BASE_ERROR_H
#define JOBJOKER_BASE_ERROR_H

/* Errors as values. There are three kinds: the caller's (4xx), the world's (5xx: logged in full, told in brief)
 * and ours (assert). Functions that can fail return 0 or -1 and take a struct error as their last argument. */

struct error {
    int status;        /* HTTP status (RFC 9110 section 15); 0 while nothing has failed */
    int retry_after;   /* seconds, for 429 and 503; 0: none */
    char code[32];     /* stable name that clients switch on, "job_active" */
    char message[256]; /* one sentence for a person, in UTF-8: no SQL, no paths, no secrets */
};

/* Fills err, which may be NULL, and returns -1, so that callers can `return error_set(...)`. */
int error_set(struct error *err, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The world failed: logs `what` and the text of errno to the error log, and tells the client a plain 500 "internal".
 * A full disk (ENOSPC, EDQUOT) is a 503 "storage_full" instead. Returns -1. */
int error_errno(struct error *err, const char *what);

/* One line to standard error, which Apache writes to its error log. Control characters are shown as \xNN, so that
 * no input can forge a line. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
