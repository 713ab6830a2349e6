/* The schema on MySQL. A statement that changes it commits by itself, so each is a step that is noted when it is done; a
 * step that was done and not noted, because its process was killed, is met by the next one, who passes over what is there
 * already. One at a time does this, by a lock of the server's. */
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "sql/mysql.h" /* made from sql/mysql/NNNN_*.sql: mysql_migrations[] */
#include "store/mysql_db.h"

const unsigned mysql_schema_version = sizeof mysql_migrations / sizeof *mysql_migrations;

/* The row that tells the schema, and whose turn it is to write (store_mysql.c). */
#define MAKE_STORE                                                                                                 \
    "CREATE TABLE IF NOT EXISTS store (one TINYINT NOT NULL PRIMARY KEY, version INT NOT NULL, step INT NOT NULL," \
    " turn BIGINT UNSIGNED NOT NULL) ENGINE = InnoDB; INSERT IGNORE INTO store VALUES (1, 0, 0, 0)"

#define LOCK_NAME "concat('jobjoker ', left(md5(database()), 32))"

/* A database that holds tables and none of ours is somebody else's: nothing is put into it. */
static int check_ownership(struct mysql_db *db, struct error *err)
{
    uint64_t tables[2] = {0, 0};

    if (mysql_db_run(db,
                     "SELECT count(*), coalesce(sum(table_name = 'store'), 0) FROM information_schema.tables"
                     " WHERE table_schema = database()",
                     tables, 2) < 0)
        return mysql_db_error(db, "look for tables", err);
    if (tables[0] == 0 || tables[1] == 1)
        return 0;
    log_line("database: %s is not JobJoker's (%u tables)", db->place.name, (unsigned)tables[0]);
    return error_set(err, 500, "store", "the database cannot be used: the server's error log says why");
}

/* Copies the statement at *text and moves on; false: there is none. It ends at a semicolon at the end of a line. */
static bool next_statement(const char **text, struct buf *out)
{
    buf_clear(out);
    while (**text) {
        size_t length = strcspn(*text, "\n");
        bool last = length && (*text)[length - 1] == ';';

        if (strncmp(*text, "--", 2) != 0)
            buf_put(out, *text, length + ((*text)[length] == '\n'));
        *text += length + ((*text)[length] == '\n');
        if (last)
            return true;
    }
    return false;
}

static bool is_there_already(const struct mysql_db *db)
{
    unsigned code = db->failure.code;

    return code == ER_TABLE_EXISTS_ERROR || code == ER_DUP_FIELDNAME || code == ER_DUP_KEYNAME;
}

static int note_step(struct mysql_db *db, uint64_t version, uint64_t step)
{
    char text[96];

    snprintf(text, sizeof text, "UPDATE store SET version = %u, step = %u", (unsigned)version, (unsigned)step);
    return mysql_db_do(db, text);
}

/* One migration, from the statement after `done` on. */
static int apply(struct mysql_db *db, uint64_t version, uint64_t done, struct error *err)
{
    const char *text = mysql_migrations[version];
    AUTO(buf) struct buf statement = {0};
    bool met = false;

    for (uint64_t step = 0; next_statement(&text, &statement); step++) {
        if (step < done)
            continue;
        if (statement.failed)
            return error_set(err, 500, "internal", "the server ran out of memory");
        if (mysql_db_do(db, buf_text(&statement)) < 0) {
            if (met || !is_there_already(db))
                return mysql_db_error(db, buf_text(&statement), err);
            met = true; /* at most the one that was not noted */
        }
        if (note_step(db, version, step + 1) < 0)
            return mysql_db_error(db, "note a step of the schema", err);
    }
    return note_step(db, version + 1, 0) < 0 ? mysql_db_error(db, "note the schema", err) : 0;
}

static int apply_all(struct mysql_db *db, struct error *err)
{
    uint64_t at[2] = {0, 0};

    if (check_ownership(db, err) < 0)
        return -1;
    if (mysql_db_do(db, MAKE_STORE) < 0 || mysql_db_run(db, "SELECT version, step FROM store", at, 2) < 0)
        return mysql_db_error(db, "make the table store", err);
    for (uint64_t version = at[0]; version < mysql_schema_version; version++) {
        if (apply(db, version, version == at[0] ? at[1] : 0, err) < 0)
            return -1;
    }
    return 0;
}

int mysql_migrate(struct mysql_db *db, struct error *err)
{
    char lock[128];
    uint64_t got = 0;
    int result;

    snprintf(lock, sizeof lock, "SELECT GET_LOCK(" LOCK_NAME ", %u)",
             db->place.answer_s > 2 ? db->place.answer_s - 1 : 1);
    if (mysql_db_run(db, lock, &got, 1) < 0)
        return mysql_db_error(db, "lock the schema", err);
    if (!got)
        return error_set(err, 503, "store_busy", "the database's schema is being changed: try again");
    result = apply_all(db, err);
    mysql_db_do(db, "SELECT RELEASE_LOCK(" LOCK_NAME ")");
    return result;
}
