#ifndef JOBJOKER_STORE_MYSQL_QUERY_H
#define JOBJOKER_STORE_MYSQL_QUERY_H

#include "store/mysql_db.h"
#include "store/store_ops.h"

/* Queries on MySQL: the functions of struct store_ops that have to do with one. */

struct store_mysql {
    struct store store;  /* first: a pointer to one is a pointer to the other */
    struct mysql_db *db; /* behind a pointer, since readers hold a const store and need it too */
    struct memo memo;
};

struct store_mysql *mysql_self(const struct store *s);

struct query *mysql_query_prepare(const struct store *s, const char *sql, struct error *err);
void mysql_query_unprepare(struct query *q);
void mysql_query_set_number(struct query *q, int at, int64_t number);
void mysql_query_set_text(struct query *q, int at, const char *text);
void mysql_query_set_bytes(struct query *q, int at, const void *bytes, size_t size);
enum query_step mysql_query_step(struct query *q);
enum query_type mysql_query_type(const struct query *q, int column);
int64_t mysql_query_number(const struct query *q, int column);
const void *mysql_query_bytes(const struct query *q, int column, size_t *size);
void mysql_query_end(struct query *q);

#endif
