#ifndef JOBJOKER_TESTS_CONTRACT_FIXTURE_H
#define JOBJOKER_TESTS_CONTRACT_FIXTURE_H

/* A store of its own for each test. Where JOBJOKER_TEST_MYSQL names the socket of a server (tests/with-mariadb) it is a
 * database there, else a file in a folder that goes with it: each test is written once and runs on both. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store.h"

struct fixture {
    char folder[64];
    struct settings settings;
    struct store *db;
};

static const char *mysql_socket(void)
{
    return getenv("JOBJOKER_TEST_MYSQL");
}

/* Has the server run statements, and returns the number that it says last. */
static inline long long ask_mysql(const char *database, const char *sql)
{
    char command[256], line[64] = "";
    long long number = 0;
    FILE *client, *said;
    char path[] = "/tmp/jobjoker-contract-said-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    snprintf(command, sizeof command, "mariadb --no-defaults -uroot --socket='%s' -N -B %s >%s", mysql_socket(),
             database, path);
    client = popen(command, "w");
    assert_non_null(client);
    fputs(sql, client);
    assert_int_equal(pclose(client), 0);
    said = fdopen(fd, "r");
    while (fgets(line, sizeof line, said))
        number = strtoll(line, NULL, 10);
    fclose(said);
    unlink(path);
    return number;
}

/* Where nothing is yet. Of the same folder each name is one store. */
static inline void name_store(const struct fixture *f, const char *name, struct settings *out)
{
    char sql[192], database[96];

    *out = (struct settings){.database_connect_ms = 5000, .database_answer_ms = 20000};
    strcpy(out->data, f->folder);
    strcpy(out->database_tls, "none");
    if (!mysql_socket()) {
        snprintf(out->database, sizeof out->database, "sqlite:%s/%s.db", f->folder, name);
        return;
    }
    snprintf(database, sizeof database, "contract_%s_%s", strrchr(f->folder, '-') + 1, name);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", database);
    ask_mysql("", sql);
    snprintf(out->database, sizeof out->database, "mysql://root@localhost/%s", database);
    snprintf(out->database_socket, sizeof out->database_socket, "%s", mysql_socket());
}

static inline void drop_store(const struct settings *settings)
{
    char sql[192];

    if (!mysql_socket())
        return; /* it goes with its folder */
    snprintf(sql, sizeof sql, "DROP DATABASE %s", strrchr(settings->database, '/') + 1);
    ask_mysql("", sql);
}

/* The file of a store that is one. */
static inline const char *path_of(const struct fixture *f)
{
    return strchr(f->settings.database, ':') + 1;
}

static inline int change_file(const char *path, const char *sql)
{
    sqlite3 *db;
    int changes;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    changes = sqlite3_changes(db);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return changes;
}

/* Behind the store's back. Returns how many rows were changed. */
static inline int change_by_hand(const struct fixture *f, const char *sql)
{
    char text[1024];

    if (!mysql_socket())
        return change_file(path_of(f), sql);
    snprintf(text, sizeof text, "SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES'; %s; SELECT row_count()", sql);
    return (int)ask_mysql(strrchr(f->settings.database, '/') + 1, text);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    snprintf(f->folder, sizeof f->folder, "/tmp/jobjoker-contract-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    name_store(f, "jobs", &f->settings);
    f->db = store_open(&f->settings, &err);
    assert_non_null(f->db);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    store_close(f->db);
    drop_store(&f->settings);
    io_remove_tree(f->folder);
    free(f);
    return 0;
}

static inline struct store *db_of(void **state)
{
    return ((struct fixture *)*state)->db;
}

static inline struct store *open_another(void **state)
{
    struct error err = {0};

    return store_open(&((struct fixture *)*state)->settings, &err);
}

#endif
