#ifndef JOBJOKER_STORE_TABLES_H
#define JOBJOKER_STORE_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "store/query.h"

/* The tables of a store as its database describes them: for what has to do with all of them, whatever they mean. Nothing
 * here names one, so none that a migration adds can be forgotten. */

enum { TABLE_NAME_SIZE = 65, TABLE_COLUMNS_MAX = 200, TABLE_KEY_MAX = 8 };

struct table_column {
    char name[TABLE_NAME_SIZE];
    bool is_text; /* else a number, or bytes */
    int key;      /* its place in the primary key, from 1; 0: it is not in it */
};

/* Columns stand in the order of their names, which is the same on all databases. */
struct table {
    char name[TABLE_NAME_SIZE];
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t column_count, key_count;
};

struct tables {
    struct table *list; /* in the order of names */
    size_t count;
};

/* In the present view of the store. tables_clear() it, also after -1: 500. */
int tables_read(const struct store *s, struct tables *out, struct error *err);
void tables_clear(struct tables *tables);
/* Have both the same names, of tables and columns? *name: the first table that differs. */
bool tables_match(const struct tables *a, const struct tables *b, const char **name);

/* Calls each() for all rows in the order of the key; a value stands where its column does. The rows are read in pages of a few
 * MiB. each() returns 0 to go on, or -1 with err filled. */
typedef int table_row(const struct query *row, void *context, struct error *err);
int table_each(const struct store *s, const struct table *table, table_row *each, void *context, struct error *err);

/* How many rows, and a BLAKE2b hash of all values in that order: the same on all databases. */
struct table_sum {
    int64_t rows;
    unsigned char hash[SECRET_HASH_SIZE];
};
int table_sum(const struct store *s, const struct table *table, struct table_sum *out, struct error *err);

/* The same, row by row, for who goes through them anyway. */
struct table_summing *table_summing_new(struct error *err); /* table_summing_end() it */
void table_summing_add(struct table_summing *summing, const struct table *table, const struct query *row);
void table_summing_end(struct table_summing *summing, struct table_sum *out); /* frees it; both may be NULL */

int table_is_empty(const struct store *s, const struct table *table, bool *empty, struct error *err);

/* One row more, its values bound from those of `row`, of a table with the same columns; in a transaction. */
struct query *table_insert_make(const struct store *s, const struct table *table,
                                struct error *err); /* query_free() it */
int table_insert(struct query *insert, const struct table *table, const struct query *row, struct error *err);

/* Outside of a transaction; done at once, and whole or not at all. */
int table_delete_all(struct store *s, const struct table *table, struct error *err);

/* The number that the last row was given, where the database counts on also when that row is gone; 0: it does not, or there
 * was none. Of one that does not, a number is ignored. Outside of a transaction. */
int table_counter_get(const struct store *s, const struct table *table, int64_t *number, struct error *err);
int table_counter_set(struct store *s, const struct table *table, int64_t number, struct error *err);

#endif
