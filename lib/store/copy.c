/* Moving house. The rows go from one store to the other table by table, a few MiB in each transaction, so neither memory nor
 * a transaction grows with the store. Whoever is killed leaves COPY_MARK in the second store: the next one begins anew there,
 * since the first store may have gone on. */
#include "store/copy.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/store_ops.h"

enum { BATCH_ROWS = 5000, BATCH_BYTES = 4 * 1024 * 1024 };

static const struct statement make_mark = {"CREATE TABLE IF NOT EXISTS " COPY_MARK " (one INTEGER PRIMARY KEY)"};
static const struct statement drop_mark = {"DROP TABLE IF EXISTS " COPY_MARK};
static const struct statement count_marks = {
    "SELECT count(*) FROM sqlite_master WHERE name = '" COPY_MARK "'",
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = '" COPY_MARK "'"};
/* Another number after each change that another connection made. */
static const struct statement last_change = {"PRAGMA data_version", "SELECT CAST(turn AS SIGNED) FROM store"};

/* Of its own each time: the schema changes in between. */
static int run(struct store *s, const struct statement *statement, struct error *err)
{
    struct query *q =
        query_make(s, s->ops == &store_sqlite || !statement->mysql ? statement->sql : statement->mysql, err);
    int result = query_run(q, err);

    query_free(q);
    return result;
}

/* MySQL would make up another number for a 0. */
static int keep_zeros(struct store *s, struct error *err)
{
    static const struct statement zeros = {"SET SESSION sql_mode = concat(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"};

    return s->ops == &store_sqlite ? 0 : run(s, &zeros, err);
}

static int count(const struct store *s, const struct statement *statement, int64_t *number, struct error *err)
{
    return query_count(query_prepare(s, statement, err), number, err);
}

int store_copy_is_unfinished(const struct store *s, bool *unfinished, struct error *err)
{
    int64_t marks;

    if (count(s, &count_marks, &marks, err) < 0)
        return -1;
    *unfinished = marks > 0;
    return 0;
}

/* -- may it be done? -- */

static int check_empty(const struct store *to, const struct tables *tables, struct error *err)
{
    bool empty = true;

    for (size_t i = 0; i < tables->count; i++) {
        if (table_is_empty(to, &tables->list[i], &empty, err) < 0)
            return -1;
        if (!empty)
            return error_set(err, 409, "store_not_empty",
                             "the second store is not empty (its table %.64s is not): --replace drops what is in it",
                             tables->list[i].name);
    }
    return 0;
}

static int check_both(const struct store *from, const struct store *to, const struct tables *tables,
                      const struct tables *others, bool replace, struct error *err)
{
    bool unfinished_from, unfinished_to;
    const char *name = "";

    if (store_copy_is_unfinished(from, &unfinished_from, err) < 0 ||
        store_copy_is_unfinished(to, &unfinished_to, err) < 0)
        return -1;
    if (unfinished_from)
        return error_set(err, 409, "copy_unfinished", "the first store is itself a copy that was not finished");
    if (!tables_match(tables, others, &name))
        return error_set(err, 409, "schema_differs", "the table %.64s is not the same in both stores", name);
    return replace || unfinished_to ? 0 : check_empty(to, others, err);
}

/* Two names may lead to the same store, which would be emptied: then the mark is seen in the first as well. */
static int mark(struct store *from, struct store *to, struct error *err)
{
    int64_t marks;

    store_refresh(to);
    if (run(to, &make_mark, err) < 0)
        return -1;
    if (store_renew(from) < 0)
        return error_set(err, 503, "store_down", "the first store went away");
    if (count(from, &count_marks, &marks, err) < 0)
        return -1;
    if (marks == 0)
        return 0;
    store_rollback(from);
    return run(to, &drop_mark, err) < 0 ? -1 : error_set(err, 409, "store_same", "these are the same store");
}

/* -- rows -- */

struct copying {
    struct store *to;
    const struct table *from_table, *to_table;
    struct query *insert;
    struct table_summing *summing;
    int64_t rows, bytes; /* of the transaction that is open */
};

static int64_t bytes_of(const struct query *row, size_t columns)
{
    int64_t bytes = 0;
    size_t size;

    for (size_t i = 0; i < columns; i++) {
        if (query_type(row, (int)i) != QUERY_NUMBER && query_bytes(row, (int)i, &size))
            bytes += (int64_t)size;
    }
    return bytes;
}

static int copy_row(const struct query *row, void *context, struct error *err)
{
    struct copying *c = context;

    if (c->rows == 0 && store_begin(c->to, err) < 0)
        return -1;
    if (table_insert(c->insert, c->to_table, row, err) < 0)
        return -1;
    table_summing_add(c->summing, c->from_table, row);
    c->rows++;
    c->bytes += bytes_of(row, c->from_table->column_count);
    if (c->rows < BATCH_ROWS && c->bytes < BATCH_BYTES)
        return 0;
    c->rows = c->bytes = 0;
    return store_commit(c->to, err);
}

static int copy_rows(const struct store *from, struct copying *c, struct error *err)
{
    if (table_each(from, c->from_table, copy_row, c, err) == 0)
        return c->rows ? store_commit(c->to, err) : 0;
    store_rollback(c->to);
    return -1;
}

static int copy_table(const struct store *from, struct store *to, const struct table *table, const struct table *other,
                      struct table_sum *sum, struct error *err)
{
    struct copying c = {.to = to, .from_table = table, .to_table = other};
    int64_t number;
    int result = -1;

    c.insert = table_insert_make(to, other, err);
    c.summing = c.insert ? table_summing_new(err) : NULL;
    if (c.summing)
        result = copy_rows(from, &c, err);
    table_summing_end(c.summing, sum);
    query_free(c.insert);
    if (result < 0)
        log_line("the table %s was not copied", table->name);
    if (result < 0 || table_counter_get(from, table, &number, err) < 0)
        return -1;
    return number ? table_counter_set(to, other, number, err) : 0;
}

/* What is there now is read once more: what was sent is no proof. */
static int compare(const struct store *to, const struct table *table, const struct table_sum *sum, struct error *err)
{
    struct table_sum found;

    if (table_sum(to, table, &found, err) < 0)
        return -1;
    if (found.rows == sum->rows && sodium_memcmp(found.hash, sum->hash, sizeof found.hash) == 0)
        return 0;
    return error_set(err, 500, "copy_differs", "the table %.64s is not the same there: %lld rows of %lld", table->name,
                     (long long)found.rows, (long long)sum->rows);
}

static int copy_all(const struct store *from, struct store *to, const struct tables *tables,
                    const struct tables *others, const struct copy_options *options, struct error *err)
{
    struct table_sum sum;

    for (size_t i = 0; i < others->count; i++) {
        if (table_delete_all(to, &others->list[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < tables->count; i++) {
        if (copy_table(from, to, &tables->list[i], &others->list[i], &sum, err) < 0 ||
            compare(to, &others->list[i], &sum, err) < 0)
            return -1;
        if (options->each)
            options->each(&tables->list[i], &sum, options->context);
    }
    return 0;
}

int store_copy(struct store *from, struct store *to, const struct copy_options *options, bool *changed,
               struct error *err)
{
    AUTO(tables) struct tables tables = {0}, others = {0};
    int64_t before, after;

    if (tables_read(from, &tables, err) < 0 || tables_read(to, &others, err) < 0 ||
        check_both(from, to, &tables, &others, options->replace, err) < 0 || mark(from, to, err) < 0 ||
        store_be_durable(to, err) < 0 || keep_zeros(to, err) < 0 || count(from, &last_change, &before, err) < 0 ||
        copy_all(from, to, &tables, &others, options, err) < 0 || run(to, &drop_mark, err) < 0)
        return -1;
    store_refresh(from);
    if (count(from, &last_change, &after, err) < 0)
        return -1;
    *changed = before != after;
    return 0;
}
