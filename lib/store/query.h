#ifndef JOBJOKER_STORE_QUERY_H
#define JOBJOKER_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

/* A statement as the files of this folder use it, whatever the database: workers.c, jobs.c and so on say what is asked,
 * and a back-end (store_ops.h) runs it. Values are bound, never pasted: ?1, ?2 ... in the text, each as often as it is
 * needed; what is not set is NULL.
 *
 * A query that could not be prepared is NULL, and err says why: all functions here take that, do nothing, and those that
 * return something fail. */

struct store;
struct grant;

/* In a table beside the functions that use it. */
struct statement {
    const char *sql;
    const char *mysql; /* where that says it in another way; NULL: it does not */
    bool alone;        /* of one thing, "SELECT ...", that means the same without what else is read of its moment */
};

struct query;

/* Prepared at its first use on this connection. End it on every path (query_end, query_run, query_count): an open reader
 * keeps SQLite's log from being taken in. It is the store's, which frees it when it is closed. */
struct query *query_prepare(const struct store *s, const struct statement *statement, struct error *err);
/* Of a text that is made for one use: query_free() it. */
struct query *query_make(const struct store *s, const char *sql, struct error *err);
void query_free(struct query *q);

/* What is pointed to must stay until the query has ended. NULL: NULL. */
void query_set_number(struct query *q, int at, int64_t number);
void query_set_text(struct query *q, int at, const char *text);
void query_set_bytes(struct query *q, int at, const void *bytes, size_t size);
void query_set_hash(struct query *q, int at, const unsigned char *hash);
/* As ALLOWED() wants it: the workers, or NULL for all. */
void query_set_grant(struct query *q, int at, const struct grant *grant);

/* Of two values in SQL: the names of a grant, separated by spaces, or NULL for all. */
#define ALLOWED(workers, worker) "(" workers " IS NULL OR instr(' ' || " workers " || ' ', ' ' || " worker " || ' '))"

enum query_step { QUERY_ROW, QUERY_END, QUERY_FAILED };
enum query_step query_step(struct query *q);

/* Of a query for one thing: is it there? Then its row is to be read, and the query to be ended; where it is not, ending it
 * again does no harm. -1: as query_fail() with `what`; it has ended. */
int query_find(struct query *q, bool *found, const char *what, struct error *err);
/* Of a loop over rows: is there one more? It stops at a failure too, which sets *result to -1, as query_fail() with `what`. */
bool query_next(struct query *q, const char *what, int *result, struct error *err);

/* Of the row at hand; what is returned by pointer is good until the next step. */
enum query_type { QUERY_NULL, QUERY_NUMBER, QUERY_TEXT, QUERY_BYTES };
enum query_type query_type(const struct query *q, int column);
bool query_is_null(const struct query *q, int column);
int64_t query_number(const struct query *q, int column);
int query_int(const struct query *q, int column);
const void *query_bytes(const struct query *q, int column, size_t *size); /* of a text as well; NULL: none */
char *query_copy_text(const struct query *q, int column);                 /* free() it; NULL: NULL, or no memory */
void query_read_text(const struct query *q, int column, char *out, size_t size); /* NULL: "" */
void query_read_hash(const struct query *q, int column, unsigned char *out);     /* as it was, where there is none */
void query_read_grant(const struct query *q, int column, struct grant *out);

/* Lets go of the rows and of what was set; the query can be used again. */
void query_end(struct query *q);
/* Logs what the database says of the last call that failed, and fills err: as store.h says. Returns -1. */
int query_fail(const struct query *q, const char *what, struct error *err);

/* Runs a query that gives no rows, and ends it. */
int query_run(struct query *q, struct error *err);
/* The number that a query gives; ends it. */
int query_count(struct query *q, int64_t *count, struct error *err);

/* A statement with one value, and no rows. */
int query_run_text(struct store *s, const struct statement *statement, const char *text, struct error *err);
int query_run_number(struct store *s, const struct statement *statement, int64_t number, struct error *err);
int query_run_hash(struct store *s, const struct statement *statement, const unsigned char *hash, struct error *err);

/* How many rows the last statement has found to change or delete. */
int64_t query_changes(const struct store *s);
/* The number that the last row inserted was given. */
int64_t query_last_number(const struct store *s);

#endif
