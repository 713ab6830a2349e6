/* Statements with values on MySQL. One is prepared on the server when it is run for the first time on a connection, and again
 * on the next connection. All rows of an answer are taken in at once: so no row is ever missing at its end because the
 * server went away, and other statements can be run while rows are looked at. Who asks for many rows asks in pages. */
#include "store/mysql_query.h"

#include <assert.h>
#include <errmsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum {
    VALUES_MAX = 96, /* ?1 to ?96: a job has two thirds as many columns */
    PLACES_MAX = 128,
    PACKET_HEAD = 1024, /* what an execution has besides its values, at most; and a length before each of these */
    PLACE_HEAD = 12,
};

struct value {
    enum query_type type; /* QUERY_NULL: none was set */
    long long number;
    const void *bytes;
    unsigned long size;
};

/* A column of the row at hand. */
struct column {
    enum query_type type;
    mysql_flag null;
    long long number;
    unsigned long size;
    char *bytes; /* in `room` */
};

struct query_mysql {
    struct query query; /* first, as above */
    char *sql;          /* with ? at each place of a value */
    int places;
    unsigned char value_of[PLACES_MAX]; /* which value stands there */
    struct value values[VALUES_MAX + 1];
    MYSQL_STMT *statement;
    unsigned generation; /* of the connection that it was prepared on */
    MYSQL_BIND *binds;   /* of the values, and later of the columns */
    struct column *columns;
    unsigned column_count;
    char *room;
    bool running;
};

static struct query_mysql *own(const struct query *q)
{
    return (struct query_mysql *)(uintptr_t)q;
}

struct store_mysql *mysql_self(const struct store *s)
{
    return (struct store_mysql *)(uintptr_t)s;
}

/* Then its first column is ours: the version of the schema. */
static bool is_alone(const struct query_mysql *q)
{
    return q->query.statement && q->query.statement->alone;
}

static struct column *column_at(const struct query *query, int column)
{
    const struct query_mysql *q = own(query);

    return &q->columns[column + is_alone(q)];
}

static struct mysql_db *db_of(const struct query_mysql *q)
{
    return mysql_self(q->query.store)->db;
}

/* Keeps what went wrong with a statement. Returns -1. */
static int note(struct query_mysql *q)
{
    return mysql_db_note(db_of(q), mysql_stmt_errno(q->statement), mysql_stmt_error(q->statement));
}

/* -- the text -- */

/* MySQL knows no numbers behind a ?, so they are taken out and kept. What stands in quotes is left alone. */
static bool translate(struct query_mysql *q)
{
    char quote = '\0', *to = q->sql;

    for (const char *from = q->sql; *from;) {
        char c = *to++ = *from++;

        if (quote || c == '\'' || c == '"') {
            quote = !quote ? c : c == quote ? '\0' : quote;
            continue;
        }
        if (c != '?')
            continue;
        unsigned long number = strtoul(from, (char **)&from, 10);
        if (q->places == PLACES_MAX || number < 1 || number > VALUES_MAX)
            return false;
        q->value_of[q->places++] = (unsigned char)number;
    }
    *to = '\0';
    return true;
}

struct query *mysql_query_prepare(const struct store *s, const char *sql, struct error *err)
{
    struct query_mysql *q = calloc(1, sizeof *q);

    if (!q || !(q->sql = strdup(sql))) {
        error_errno(err, "memory");
        free(q);
        return NULL;
    }
    if (translate(q) && (q->binds = calloc((size_t)q->places + 1, sizeof *q->binds)))
        return &q->query;
    log_line("database: no statement for MySQL: %.200s", sql);
    error_set(err, 500, "store", "the database cannot be used: the server's error log says why");
    (void)s;
    free(q->sql);
    free(q);
    return NULL;
}

static void drop_statement(struct query_mysql *q)
{
    if (q->statement)
        mysql_stmt_close(q->statement);
    q->statement = NULL;
}

void mysql_query_unprepare(struct query *query)
{
    struct query_mysql *q = own(query);

    drop_statement(q);
    free(q->columns);
    free(q->room);
    free(q->binds);
    free(q->sql);
    free(q);
}

/* -- values -- */

static struct value *value_at(struct query *q, int at)
{
    assert(at >= 1 && at <= VALUES_MAX);
    return &own(q)->values[at];
}

void mysql_query_set_number(struct query *q, int at, int64_t number)
{
    *value_at(q, at) = (struct value){.type = QUERY_NUMBER, .number = number};
}

void mysql_query_set_text(struct query *q, int at, const char *text)
{
    *value_at(q, at) = (struct value){.type = QUERY_TEXT, .bytes = text, .size = strlen(text)};
}

void mysql_query_set_bytes(struct query *q, int at, const void *bytes, size_t size)
{
    *value_at(q, at) = (struct value){.type = QUERY_BYTES, .bytes = bytes, .size = size};
}

static const enum enum_field_types type_of[] = {
    [QUERY_NULL] = MYSQL_TYPE_NULL,
    [QUERY_NUMBER] = MYSQL_TYPE_LONGLONG,
    [QUERY_TEXT] = MYSQL_TYPE_STRING,
    [QUERY_BYTES] = MYSQL_TYPE_BLOB,
};

/* Returns the bytes that they take. */
static uint64_t bind_values(struct query_mysql *q)
{
    uint64_t size = PACKET_HEAD;

    for (int i = 0; i < q->places; i++) {
        struct value *v = &q->values[q->value_of[i]];

        q->binds[i] = (MYSQL_BIND){
            .buffer_type = type_of[v->type],
            .buffer = v->type == QUERY_NUMBER ? (void *)&v->number : (void *)(uintptr_t)v->bytes,
            .buffer_length = v->size,
            .length = &v->size,
        };
        size += v->size + PLACE_HEAD;
    }
    return size;
}

/* -- rows -- */

static enum query_type type_of_field(const MYSQL_FIELD *field)
{
    enum { CHARSET_BINARY = 63 };

    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return QUERY_NUMBER;
    case MYSQL_TYPE_NULL:
        return QUERY_NULL;
    default:
        return field->charsetnr == CHARSET_BINARY ? QUERY_BYTES : QUERY_TEXT;
    }
}

static int no_memory(struct query_mysql *q)
{
    return mysql_db_note(db_of(q), CR_OUT_OF_MEMORY, "out of memory");
}

/* Lays out the columns, each as long as its longest value in this answer, and binds them. */
static int bind_columns(struct query_mysql *q, const MYSQL_FIELD *fields)
{
    MYSQL_BIND *binds = calloc(q->column_count, sizeof *binds);
    size_t size = 1, used = 0;
    int result;

    for (unsigned i = 0; i < q->column_count; i++)
        size += fields[i].max_length + 1;
    free(q->room);
    free(q->columns);
    q->room = malloc(size);
    q->columns = calloc(q->column_count, sizeof *q->columns);
    if (!binds || !q->room || !q->columns) {
        free(binds);
        return no_memory(q);
    }
    for (unsigned i = 0; i < q->column_count; i++) {
        struct column *c = &q->columns[i];

        c->type = type_of_field(&fields[i]);
        c->bytes = q->room + used;
        binds[i] = (MYSQL_BIND){
            .buffer_type = type_of[c->type],
            .buffer = c->type == QUERY_NUMBER ? (void *)&c->number : (void *)c->bytes,
            .buffer_length = c->type == QUERY_NUMBER ? sizeof c->number : fields[i].max_length,
            .length = &c->size,
            .is_null = &c->null,
        };
        used += fields[i].max_length + 1;
    }
    result = mysql_stmt_bind_result(q->statement, binds) ? note(q) : 0;
    free(binds); /* it was copied */
    return result;
}

static int note_changes(struct query_mysql *q)
{
    db_of(q)->changes = mysql_stmt_affected_rows(q->statement);
    db_of(q)->last_number = mysql_stmt_insert_id(q->statement);
    return 0;
}

static int take_rows(struct query_mysql *q)
{
    MYSQL_RES *meta;
    int result;

    if (mysql_stmt_store_result(q->statement))
        return note(q);
    meta = mysql_stmt_result_metadata(q->statement);
    if (!meta)
        return mysql_stmt_errno(q->statement) ? note(q) : note_changes(q); /* it has no rows */
    q->column_count = mysql_num_fields(meta);
    result = bind_columns(q, mysql_fetch_fields(meta));
    mysql_free_result(meta);
    return result;
}

/* -- running -- */

static void put_text(const struct query_mysql *q, struct buf *out)
{
    if (!is_alone(q)) {
        buf_puts(out, q->sql);
        return;
    }
    buf_puts(out, "SELECT (SELECT version FROM store), ");
    buf_puts(out, q->sql + strlen("SELECT "));
}

static int prepare_on_server(struct query_mysql *q)
{
    struct mysql_db *db = db_of(q);
    AUTO(buf) struct buf text = {0};
    const mysql_flag yes = 1;

    if (q->statement && q->generation == db->generation)
        return 0;
    drop_statement(q);
    put_text(q, &text);
    q->statement = mysql_stmt_init(db->mysql);
    if (!q->statement || text.failed) {
        drop_statement(q);
        return no_memory(q);
    }
    q->generation = db->generation;
    mysql_stmt_attr_set(q->statement, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
    if (mysql_stmt_prepare(q->statement, buf_text(&text), text.size) == 0)
        return 0;
    note(q);
    drop_statement(q);
    return -1;
}

static int execute(struct query_mysql *q)
{
    struct mysql_db *db = db_of(q);

    if (!db->mysql || db->lost)
        return mysql_db_note(db, CR_SERVER_GONE_ERROR, "there is no connection");
    /* The server would end the connection over it, and a half may be on its way already. */
    if (bind_values(q) > db->packet_max)
        return mysql_db_note(db, CR_NET_PACKET_TOO_LARGE, "values larger than max_allowed_packet");
    if (prepare_on_server(q) < 0)
        return -1;
    if (mysql_stmt_bind_param(q->statement, q->binds) || mysql_stmt_execute(q->statement))
        return note(q);
    return take_rows(q);
}

/* What reads the newest state and no more can be asked again on a new connection: nothing was open on the old one. */
static bool can_begin_anew(const struct query_mysql *q, const struct mysql_db *db)
{
    return db->lost && db->view <= VIEW_AHEAD && strncmp(q->sql, "SELECT", 6) == 0;
}

static int run(struct query_mysql *q)
{
    struct mysql_db *db = db_of(q);

    if (execute(q) == 0)
        return 0;
    if (!can_begin_anew(q, db) || mysql_db_open_again(db) < 0)
        return -1;
    return execute(q);
}

static enum query_step fetch(struct query_mysql *q)
{
    if (mysql_stmt_field_count(q->statement) == 0)
        return QUERY_END;
    switch (mysql_stmt_fetch(q->statement)) {
    case 0:
        return QUERY_ROW;
    case MYSQL_NO_DATA:
        return QUERY_END;
    default:
        note(q);
        return QUERY_FAILED;
    }
}

static void drop_rows(struct query_mysql *q)
{
    if (q->running && q->statement)
        mysql_stmt_free_result(q->statement);
    q->running = false;
}

static enum query_step run_and_fetch(struct query_mysql *q)
{
    if (run(q) < 0)
        return QUERY_FAILED;
    q->running = true;
    return fetch(q);
}

/* While no view was taken, the row tells whether the schema is still ours. Where it does not, or where there is none, taking
 * a view does, and the statement is run once more. */
static enum query_step run_alone(struct query_mysql *q)
{
    struct mysql_db *db = db_of(q);
    bool ahead = db->view == VIEW_AHEAD;
    enum query_step step = run_and_fetch(q);

    if (!ahead || db->view != VIEW_AHEAD)
        return step;
    db->checked = step == QUERY_ROW && (uint64_t)q->columns[0].number == mysql_schema_version;
    if (db->checked)
        return step;
    drop_rows(q);
    return mysql_db_take_view(db) < 0 ? QUERY_FAILED : run_and_fetch(q);
}

enum query_step mysql_query_step(struct query *query)
{
    struct query_mysql *q = own(query);

    if (q->running)
        return fetch(q);
    if (is_alone(q))
        return run_alone(q);
    return mysql_db_take_view(db_of(q)) < 0 ? QUERY_FAILED : run_and_fetch(q);
}

enum query_type mysql_query_type(const struct query *q, int column)
{
    const struct column *c = column_at(q, column);

    return c->null ? QUERY_NULL : c->type;
}

int64_t mysql_query_number(const struct query *q, int column)
{
    const struct column *c = column_at(q, column);

    return c->null || c->type != QUERY_NUMBER ? 0 : c->number;
}

const void *mysql_query_bytes(const struct query *q, int column, size_t *size)
{
    const struct column *c = column_at(q, column);

    *size = c->null ? 0 : c->size;
    return c->null ? NULL : c->bytes;
}

void mysql_query_end(struct query *query)
{
    struct query_mysql *q = own(query);

    drop_rows(q);
    memset(q->values, 0, sizeof q->values);
}
