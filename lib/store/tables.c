/* Statements on tables, made from what the database says of them. Names of tables and columns are the schema's own and in
 * quotes; values are bound. What the databases say in other words stands in one table, `dialects`. */
#include "store/tables.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "store/copy.h"
#include "store/store_ops.h"

enum {
    PAGE_ROWS = 1000,
    PAGE_BYTES = 4 * 1024 * 1024, /* at least one row, however large */
};

struct dialect {
    const char *tables;     /* names */
    const char *columns;    /* of table ?1: name, is it text, place in the key or 0 */
    const char *text_value; /* of bytes that are bound, before and after the place */
    const char *text_after;
    const char *delete_all;  /* before the name */
    const char *counter;     /* of table ?1 */
    bool takes_whole_answer; /* all rows of an answer are in memory at once, so their sizes are asked for before */
    bool compares_rows;      /* (a, b) > (?1, ?2) uses an index */
};

static const struct dialect of_sqlite = {
    .tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
              " AND name <> '" COPY_MARK "'",
    .columns = "SELECT name, type = 'TEXT', pk FROM pragma_table_info(?1)",
    .text_value = "CAST(",
    .text_after = " AS TEXT)", /* bytes are no text here, even where the column's type is */
    .delete_all = "DELETE FROM",
    .counter = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?1), 0)",
    .compares_rows = true,
};

static const struct dialect of_mysql = {
    .tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
              " AND table_type = 'BASE TABLE' AND table_name NOT IN ('store', '" COPY_MARK "')",
    .columns = "SELECT c.column_name, c.character_set_name IS NOT NULL, coalesce(k.seq_in_index, 0)"
               " FROM information_schema.columns c LEFT JOIN information_schema.statistics k"
               " ON k.table_schema = c.table_schema AND k.table_name = c.table_name"
               " AND k.column_name = c.column_name AND k.index_name = 'PRIMARY'"
               " WHERE c.table_schema = database() AND c.table_name = ?1",
    .text_value = "",
    .text_after = "",
    .delete_all = "TRUNCATE TABLE",
    .counter = "SELECT coalesce(max(auto_increment) - 1, 0) FROM information_schema.tables"
               " WHERE table_schema = database() AND table_name = ?1",
    .takes_whole_answer = true,
};

static const struct dialect *dialect_of(const struct store *s)
{
    return s->ops == &store_sqlite ? &of_sqlite : &of_mysql;
}

/* -- what there is -- */

static bool is_name(const char *name)
{
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b); /* the name stands first, in tables and in columns */
}

static int schema_odd(const char *name, struct error *err)
{
    log_line("database: the table %s is none of ours: an odd name, too many columns, or no primary key", name);
    return error_set(err, 500, "store", "the database holds a table that cannot be ours: %.60s", name);
}

static int read_columns(const struct store *s, struct table *t, struct error *err)
{
    struct query *q = query_make(s, dialect_of(s)->columns, err);
    int result = 0;

    query_set_text(q, 1, t->name);
    while (result == 0 && query_next(q, "read the columns of a table", &result, err)) {
        struct table_column *c = &t->columns[t->column_count];

        if (t->column_count == TABLE_COLUMNS_MAX) {
            result = schema_odd(t->name, err);
            break;
        }
        query_read_text(q, 0, c->name, sizeof c->name);
        c->is_text = query_number(q, 1) != 0;
        c->key = query_int(q, 2);
        t->column_count++;
        t->key_count += c->key > 0;
        if (!is_name(c->name))
            result = schema_odd(t->name, err);
    }
    query_free(q);
    if (result == 0 && (!is_name(t->name) || t->key_count < 1 || t->key_count > TABLE_KEY_MAX))
        result = schema_odd(t->name, err);
    qsort(t->columns, t->column_count, sizeof *t->columns, by_name);
    return result;
}

static int add_table(struct tables *out, const struct query *q, struct error *err)
{
    struct table *list = realloc(out->list, (out->count + 1) * sizeof *list);

    if (!list)
        return error_errno(err, "memory");
    out->list = list;
    memset(&list[out->count], 0, sizeof *list);
    query_read_text(q, 0, list[out->count].name, sizeof list->name);
    out->count++;
    return 0;
}

int tables_read(const struct store *s, struct tables *out, struct error *err)
{
    struct query *q = query_make(s, dialect_of(s)->tables, err);
    int result = 0;

    *out = (struct tables){0};
    while (result == 0 && query_next(q, "read the names of the tables", &result, err))
        result = add_table(out, q, err);
    query_free(q);
    for (size_t i = 0; result == 0 && i < out->count; i++)
        result = read_columns(s, &out->list[i], err);
    if (out->count)
        qsort(out->list, out->count, sizeof *out->list, by_name);
    return result;
}

void tables_clear(struct tables *tables)
{
    free(tables->list);
    *tables = (struct tables){0};
}

static bool same_columns(const struct table *a, const struct table *b)
{
    if (strcmp(a->name, b->name) != 0 || a->column_count != b->column_count)
        return false;
    for (size_t i = 0; i < a->column_count; i++) {
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0 || a->columns[i].key != b->columns[i].key)
            return false;
    }
    return true;
}

bool tables_match(const struct tables *a, const struct tables *b, const char **name)
{
    size_t most = a->count > b->count ? a->count : b->count;

    for (size_t i = 0; i < most; i++) {
        *name = i < a->count ? a->list[i].name : b->list[i].name;
        if (i >= a->count || i >= b->count || !same_columns(&a->list[i], &b->list[i]))
            return false;
    }
    return true;
}

/* -- rows -- */

/* Where the last page ended. */
struct key_value {
    enum query_type type;
    int64_t number;
    struct buf bytes; /* ends in a NUL */
};

struct scan {
    const struct store *store;
    const struct table *table;
    const struct table_column *keys[TABLE_KEY_MAX]; /* in the order of the key */
    struct key_value at[TABLE_KEY_MAX];
    bool begun;
    struct query *sizes, *rows;
};

static void scan_clear(struct scan *scan)
{
    for (size_t i = 0; i < TABLE_KEY_MAX; i++)
        buf_clear(&scan->at[i].bytes);
    query_free(scan->sizes);
    query_free(scan->rows);
    scan->sizes = scan->rows = NULL;
}

static void put_keys(struct buf *out, const struct scan *scan)
{
    for (size_t i = 0; i < scan->table->key_count; i++)
        buf_printf(out, "%s\"%s\"", i ? ", " : "", scan->keys[i]->name);
}

/* a > ?1 OR (a = ?1 AND (b > ?2 OR ...)), or what is the same of rows. */
static void put_after(struct buf *out, const struct scan *scan)
{
    size_t count = scan->table->key_count;

    if (dialect_of(scan->store)->compares_rows) {
        buf_puts(out, "(");
        put_keys(out, scan);
        buf_puts(out, ") > (");
        for (size_t i = 0; i < count; i++)
            buf_printf(out, "%s?%d", i ? ", " : "", (int)i + 1);
        buf_puts(out, ")");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = scan->keys[i]->name;

        buf_printf(out, "\"%s\" > ?%d", name, (int)i + 1);
        if (i + 1 < count)
            buf_printf(out, " OR (\"%s\" = ?%d AND (", name, (int)i + 1);
    }
    for (size_t i = 1; i < count; i++)
        buf_puts(out, "))");
}

static void put_columns(struct buf *out, const struct table *t)
{
    for (size_t i = 0; i < t->column_count; i++)
        buf_printf(out, "%s\"%s\"", i ? ", " : "", t->columns[i].name);
}

static void put_size(struct buf *out, const struct table *t)
{
    for (size_t i = 0; i < t->column_count; i++)
        buf_printf(out, "%scoalesce(octet_length(\"%s\"), 0)", i ? " + " : "", t->columns[i].name);
}

/* A page from where the scan stands; the last value is how many rows. */
static struct query *make_page(const struct scan *scan, void (*what)(struct buf *, const struct table *),
                               struct error *err)
{
    AUTO(buf) struct buf text = {0};

    buf_puts(&text, "SELECT ");
    what(&text, scan->table);
    buf_printf(&text, " FROM \"%s\"", scan->table->name);
    if (scan->begun) {
        buf_puts(&text, " WHERE ");
        put_after(&text, scan);
    }
    buf_puts(&text, " ORDER BY ");
    put_keys(&text, scan);
    buf_printf(&text, " LIMIT ?%d", (int)scan->table->key_count + 1);
    if (!text.failed)
        return query_make(scan->store, buf_text(&text), err);
    error_errno(err, "memory");
    return NULL;
}

static int make_pages(struct scan *scan, struct error *err)
{
    query_free(scan->sizes);
    query_free(scan->rows);
    scan->sizes = NULL;
    scan->rows = make_page(scan, put_columns, err);
    if (!scan->rows)
        return -1;
    if (dialect_of(scan->store)->takes_whole_answer)
        scan->sizes = make_page(scan, put_size, err);
    return scan->sizes || !dialect_of(scan->store)->takes_whole_answer ? 0 : -1;
}

static void set_page(const struct scan *scan, struct query *q, int64_t rows)
{
    for (size_t i = 0; scan->begun && i < scan->table->key_count; i++) {
        const struct key_value *v = &scan->at[i];

        if (v->type == QUERY_NUMBER)
            query_set_number(q, (int)i + 1, v->number);
        else if (scan->keys[i]->is_text)
            query_set_text(q, (int)i + 1, buf_text(&v->bytes));
        else
            query_set_bytes(q, (int)i + 1, buf_text(&v->bytes), v->bytes.size);
    }
    query_set_number(q, (int)scan->table->key_count + 1, rows);
}

/* How many rows the next page may have; 0: there are none. */
static int page_rows(struct scan *scan, int64_t *rows, struct error *err)
{
    enum query_step step = QUERY_ROW;
    int64_t bytes = 0;

    *rows = PAGE_ROWS;
    if (!scan->sizes)
        return 0;
    set_page(scan, scan->sizes, PAGE_ROWS);
    for (*rows = 0; (step = query_step(scan->sizes)) == QUERY_ROW; ++*rows) {
        bytes += query_number(scan->sizes, 0);
        if (*rows && bytes > PAGE_BYTES)
            break;
    }
    if (step == QUERY_FAILED)
        query_fail(scan->sizes, "read the sizes of rows", err);
    query_end(scan->sizes);
    return step == QUERY_FAILED ? -1 : 0;
}

static int remember(struct scan *scan, struct error *err)
{
    for (size_t i = 0; i < scan->table->key_count; i++) {
        struct key_value *v = &scan->at[i];
        int column = (int)(scan->keys[i] - scan->table->columns);
        size_t size;
        const void *bytes = query_bytes(scan->rows, column, &size);

        v->type = query_type(scan->rows, column);
        if (v->type == QUERY_NUMBER) {
            v->number = query_number(scan->rows, column);
            continue;
        }
        buf_reset(&v->bytes);
        buf_put(&v->bytes, bytes, bytes ? size : 0);
        if (v->bytes.failed)
            return error_errno(err, "memory");
        if (!bytes || (scan->keys[i]->is_text && memchr(bytes, '\0', size)))
            return error_set(err, 500, "store", "the table %.64s holds a row whose key is none", scan->table->name);
    }
    return 0;
}

/* *count: how many there were. */
static int read_page(struct scan *scan, int64_t rows, int64_t *count, table_row *each, void *context, struct error *err)
{
    enum query_step step = QUERY_END;
    int result = 0;

    set_page(scan, scan->rows, rows);
    for (*count = 0; result == 0 && (step = query_step(scan->rows)) == QUERY_ROW; ++*count) {
        result = each(scan->rows, context, err);
        if (result == 0 && *count + 1 == rows)
            result = remember(scan, err);
    }
    if (step == QUERY_FAILED)
        result = query_fail(scan->rows, "read rows", err);
    query_end(scan->rows);
    return result;
}

/* Each page begins after the last row of the one before, by the key. */
int table_each(const struct store *s, const struct table *table, table_row *each, void *context, struct error *err)
{
    AUTO(scan) struct scan scan = {.store = s, .table = table};
    int64_t rows, count;

    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].key)
            scan.keys[table->columns[i].key - 1] = &table->columns[i];
    }
    for (int page = 0;; page++) {
        if ((page < 2 && make_pages(&scan, err) < 0) || page_rows(&scan, &rows, err) < 0)
            return -1;
        if (rows == 0)
            return 0;
        if (read_page(&scan, rows, &count, each, context, err) < 0)
            return -1;
        if (count < rows)
            return 0;
        scan.begun = true;
    }
}

/* -- what they are together -- */

struct table_summing {
    crypto_generichash_state state;
    int64_t rows;
};

struct table_summing *table_summing_new(struct error *err)
{
    struct table_summing *summing = aligned_alloc(_Alignof(struct table_summing), sizeof *summing);

    if (!summing) {
        error_errno(err, "memory");
        return NULL;
    }
    summing->rows = 0;
    crypto_generichash_init(&summing->state, NULL, 0, SECRET_HASH_SIZE);
    return summing;
}

/* What kind of value, and its number or its length, so that no two rows read the same; then its bytes. Text and bytes are
 * the same: what is text is a matter of the column. */
static void add_value(crypto_generichash_state *state, const struct query *row, int column)
{
    enum query_type type = query_type(row, column);
    unsigned char head[9] = {type == QUERY_NULL ? 0 : type == QUERY_NUMBER ? 1 : 2};
    const void *bytes = NULL;
    size_t size = 0;
    uint64_t number;

    if (type == QUERY_TEXT || type == QUERY_BYTES)
        bytes = query_bytes(row, column, &size);
    number = type == QUERY_NUMBER ? (uint64_t)query_number(row, column) : size;
    for (size_t i = 0; i < 8; i++)
        head[1 + i] = (unsigned char)(number >> (8 * i));
    crypto_generichash_update(state, head, sizeof head);
    if (size)
        crypto_generichash_update(state, bytes, size);
}

void table_summing_add(struct table_summing *summing, const struct table *table, const struct query *row)
{
    for (size_t i = 0; i < table->column_count; i++)
        add_value(&summing->state, row, (int)i);
    summing->rows++;
}

void table_summing_end(struct table_summing *summing, struct table_sum *out)
{
    if (summing && out) {
        out->rows = summing->rows;
        crypto_generichash_final(&summing->state, out->hash, sizeof out->hash);
    }
    free(summing);
}

struct summing_of {
    struct table_summing *summing;
    const struct table *table;
};

static int add_row(const struct query *row, void *context, struct error *err)
{
    struct summing_of *of = context;

    (void)err;
    table_summing_add(of->summing, of->table, row);
    return 0;
}

int table_sum(const struct store *s, const struct table *table, struct table_sum *out, struct error *err)
{
    struct summing_of of = {.summing = table_summing_new(err), .table = table};
    int result = of.summing ? table_each(s, table, add_row, &of, err) : -1;

    table_summing_end(of.summing, result == 0 ? out : NULL);
    return result;
}

/* -- statements on a whole table -- */

__attribute__((format(printf, 3, 4))) static struct query *make_text(const struct store *s, struct error *err,
                                                                     const char *format, ...)
{
    char text[512];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return query_make(s, text, err);
}

static int run_once(struct query *q, struct error *err)
{
    int result = query_run(q, err);

    query_free(q);
    return result;
}

int table_is_empty(const struct store *s, const struct table *table, bool *empty, struct error *err)
{
    struct query *q = make_text(s, err, "SELECT EXISTS (SELECT 1 FROM \"%s\")", table->name);
    int64_t there = 0;
    int result = query_count(q, &there, err);

    query_free(q);
    *empty = there == 0;
    return result;
}

struct query *table_insert_make(const struct store *s, const struct table *table, struct error *err)
{
    const struct dialect *d = dialect_of(s);
    AUTO(buf) struct buf text = {0};

    buf_printf(&text, "INSERT INTO \"%s\" (", table->name);
    put_columns(&text, table);
    buf_puts(&text, ") VALUES (");
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_text = table->columns[i].is_text;

        buf_printf(&text, "%s%s?%d%s", i ? ", " : "", is_text ? d->text_value : "", (int)i + 1,
                   is_text ? d->text_after : "");
    }
    buf_puts(&text, ")");
    if (!text.failed)
        return query_make(s, buf_text(&text), err);
    error_errno(err, "memory");
    return NULL;
}

int table_insert(struct query *insert, const struct table *table, const struct query *row, struct error *err)
{
    for (int i = 0; i < (int)table->column_count; i++) {
        size_t size;

        if (query_type(row, i) == QUERY_NUMBER)
            query_set_number(insert, i + 1, query_number(row, i));
        else if (query_type(row, i) != QUERY_NULL) {
            const void *bytes = query_bytes(row, i, &size);

            query_set_bytes(insert, i + 1, bytes, size); /* also of a text: it may hold NULs */
        }
    }
    return query_run(insert, err);
}

int table_delete_all(struct store *s, const struct table *table, struct error *err)
{
    return run_once(make_text(s, err, "%s \"%s\"", dialect_of(s)->delete_all, table->name), err);
}

int table_counter_get(const struct store *s, const struct table *table, int64_t *number, struct error *err)
{
    struct query *q;
    int result;

    /* MySQL 8 tells it as it was some time ago, unless it is told not to; MariaDB does not read that part. */
    if (s->ops != &store_sqlite &&
        run_once(query_make(s, "SET @jobjoker = 0 /*!80000 , SESSION information_schema_stats_expiry = 0 */", err),
                 err) < 0)
        return -1;
    q = query_make(s, dialect_of(s)->counter, err);
    query_set_text(q, 1, table->name);
    result = query_count(q, number, err);
    query_free(q);
    return result;
}

static int run_for(struct store *s, const char *sql, const struct table *table, int64_t number, struct error *err)
{
    struct query *q = query_make(s, sql, err);

    query_set_text(q, 1, table->name);
    query_set_number(q, 2, number);
    return run_once(q, err);
}

int table_counter_set(struct store *s, const struct table *table, int64_t number, struct error *err)
{
    int64_t now;

    if (table_counter_get(s, table, &now, err) < 0)
        return -1;
    if (number <= now)
        return 0;
    if (s->ops != &store_sqlite)
        return run_once(make_text(s, err, "ALTER TABLE \"%s\" AUTO_INCREMENT = %lld", table->name,
                                  (long long)number + 1),
                        err);
    if (run_for(s, "DELETE FROM sqlite_sequence WHERE name = ?1 AND seq < ?2", table, number, err) < 0)
        return -1;
    return run_for(s,
                   "INSERT INTO sqlite_sequence (name, seq) SELECT name, ?2 FROM sqlite_master"
                   " WHERE name = ?1 AND type = 'table' AND sql LIKE '%AUTOINCREMENT%'",
                   table, number, err);
}
