/* Connecting to a MySQL server. All that a connection needs at its start is asked for in two round trips: the log-in, and
 * one text of several statements. */
#include "store/mysql_db.h"

#include <errmsg.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

/* Those that only one of the two servers knows. */
enum {
    WSREP_NOT_READY = 1047,  /* a node of a cluster that has lost the others */
    SNAPSHOT_CHANGED = 1020, /* MariaDB: what is to be locked has changed since it was read */
    CONNECTION_KILLED = 1927,
    SHUTDOWN_SOON = 3169,
    LOCK_NOWAIT = 3572,
    IDLE_TOO_LONG = 4031,
};

enum { NOT_OPENED = 1000000 }; /* ours: no code of a server or of the library is that large */

enum { PASSWORD_FILE_MAX = 4096, PACKET_OF_CLIENT = 1 << 30 };

/* -- where it is -- */

static int place_wrong(const char *why, struct error *err)
{
    log_line("the setting `database` must be mysql://USER@HOST:PORT/NAME: %s", why);
    return error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
}

/* Copies a part of the URI that ends at `end`. */
static bool take(const char *from, const char *end, char *out, size_t size)
{
    return end > from && (size_t)(end - from) < size && text_percent_decode(from, (size_t)(end - from), false, out) > 0;
}

/* HOST, HOST:PORT, [::1]:PORT */
static bool take_host(const char *from, const char *end, struct mysql_place *out)
{
    const char *colon = *from == '[' ? memchr(from, ']', (size_t)(end - from)) : from;
    long long port = 0;
    char digits[8];

    if (!colon)
        return false;
    colon = memchr(colon, ':', (size_t)(end - colon));
    if (colon) {
        snprintf(digits, sizeof digits, "%.*s", (int)(end - colon - 1), colon + 1);
        if (text_to_int(digits, 1, 65535, &port) < 0)
            return false;
        end = colon;
    }
    out->port = (unsigned)port;
    if (*from == '[')
        return take(from + 1, end - 1, out->host, sizeof out->host);
    return take(from, end, out->host, sizeof out->host);
}

static unsigned whole_seconds(int64_t ms)
{
    return (unsigned)((ms + 999) / 1000);
}

int mysql_place_read(const char *place, const struct settings *settings, struct mysql_place *out, struct error *err)
{
    const char *from = place, *at = strchr(place, '@'), *slash = at ? strchr(at, '/') : NULL;

    *out = (struct mysql_place){.connect_s = whole_seconds(settings->database_connect_ms),
                                .answer_s = whole_seconds(settings->database_answer_ms)};
    if (strncmp(from, "//", 2) != 0 || !slash)
        return place_wrong("it has another form", err);
    from += 2;
    if (memchr(from, ':', (size_t)(at - from))) /* the URI is shown to administrators, and handed on */
        return place_wrong("a password stands in database_password_file or database_password, never here", err);
    if (!take(from, at, out->user, sizeof out->user) || !take_host(at + 1, slash, out) ||
        !take(slash + 1, slash + strlen(slash), out->name, sizeof out->name))
        return place_wrong("it has another form", err);
    strcpy(out->socket, settings->database_socket);
    strcpy(out->password, settings->database_password);
    strcpy(out->password_file, settings->database_password_file);
    strcpy(out->tls, settings->database_tls);
    strcpy(out->tls_ca, settings->database_tls_ca);
    return 0;
}

/* -- what goes wrong -- */

static bool is_lost(unsigned code)
{
    switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_COMMANDS_OUT_OF_SYNC: /* after an answer that broke off */
    case ER_SERVER_SHUTDOWN:
    case ER_NORMAL_SHUTDOWN:
    case CONNECTION_KILLED:
    case SHUTDOWN_SOON:
    case IDLE_TOO_LONG:
        return true;
    default:
        return false;
    }
}

int mysql_db_note(struct mysql_db *db, unsigned code, const char *text)
{
    db->failure.code = code;
    snprintf(db->failure.text, sizeof db->failure.text, "%s", text);
    db->lost = db->lost || is_lost(code);
    return -1;
}

bool mysql_db_was_beaten(const struct mysql_db *db)
{
    unsigned code = db->failure.code;

    return code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT || code == WSREP_NOT_READY ||
           code == SNAPSHOT_CHANGED || code == ER_ERROR_DURING_COMMIT || code == ER_TABLE_DEF_CHANGED || is_lost(code);
}

bool mysql_db_would_wait(const struct mysql_db *db)
{
    return db->failure.code == ER_LOCK_WAIT_TIMEOUT || db->failure.code == LOCK_NOWAIT;
}

int mysql_db_error(const struct mysql_db *db, const char *what, struct error *err)
{
    unsigned code = db->failure.code;

    if (code == NOT_OPENED) {
        if (err)
            *err = db->reason; /* it was logged */
        return -1;
    }
    log_line("database: %s (%u): %.200s", db->failure.text, code, what);
    if (is_lost(code) || code == ER_CON_COUNT_ERROR || code == CR_UNKNOWN_HOST)
        return error_set(err, 503, "store_down", "the database does not answer: try again");
    if (mysql_db_was_beaten(db))
        return error_set(err, 503, "store_busy", "the database is busy: try again");
    if (code == ER_RECORD_FILE_FULL || code == ER_DISK_FULL)
        return error_set(err, 503, "storage_full", "the database's disk is full");
    if (code == ER_NET_PACKET_TOO_LARGE || code == CR_NET_PACKET_TOO_LARGE)
        return error_set(err, 500, "store_packet",
                         "this is larger than the database takes at once: its max_allowed_packet must be raised");
    return error_set(err, 500, "store", "the database cannot be used: the server's error log says why");
}

/* -- statements without values -- */

static void read_numbers(MYSQL_RES *rows, uint64_t *numbers, size_t count)
{
    MYSQL_ROW row = mysql_fetch_row(rows);

    for (size_t i = 0; row && i < count && i < mysql_num_fields(rows); i++)
        numbers[i] = row[i] ? strtoull(row[i], NULL, 10) : 0;
}

int mysql_db_run(struct mysql_db *db, const char *text, uint64_t *numbers, size_t count)
{
    int more;

    db->failure.code = 0;
    if (!db->mysql || db->lost)
        return mysql_db_note(db, CR_SERVER_GONE_ERROR, "there is no connection");
    more = mysql_query(db->mysql, text);
    while (more == 0) {
        MYSQL_RES *rows = mysql_store_result(db->mysql);

        if (rows && count)
            read_numbers(rows, numbers, count);
        if (rows)
            mysql_free_result(rows);
        else if (mysql_errno(db->mysql))
            break;
        more = mysql_next_result(db->mysql);
    }
    return mysql_errno(db->mysql) ? mysql_db_note(db, mysql_errno(db->mysql), mysql_error(db->mysql)) : 0;
}

int mysql_db_do(struct mysql_db *db, const char *text)
{
    return mysql_db_run(db, text, NULL, 0);
}

/* -- connecting -- */

/* `none`, `required` (encrypted), `verified` (and by a server whose certificate is good for its name). */
static void set_tls(MYSQL *mysql, const struct mysql_place *place)
{
    const char *ca = *place->tls_ca ? place->tls_ca : NULL;
    bool on = strcmp(place->tls, "none") != 0, verified = strcmp(place->tls, "verified") == 0;

#ifdef MARIADB_PACKAGE_VERSION_ID
    mysql_flag enforce = on, verify = verified;

    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
    unsigned mode = verified ? SSL_MODE_VERIFY_IDENTITY : on ? SSL_MODE_REQUIRED : SSL_MODE_DISABLED;

    mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
#endif
    if (on && ca)
        mysql_options(mysql, MYSQL_OPT_SSL_CA, ca);
}

static void set_options(MYSQL *mysql, const struct mysql_place *place)
{
    const unsigned long packet = PACKET_OF_CLIENT;
    const mysql_flag no = 0;

    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &place->connect_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &place->answer_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &place->answer_s);
    mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &(unsigned){0});
    mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &no);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    set_tls(mysql, place);
}

/* The file's first line, or the setting. */
static int read_password(const struct mysql_place *place, struct buf *out, struct error *err)
{
    if (!*place->password_file) {
        buf_puts(out, place->password);
        return 0;
    }
    if (io_read_file(place->password_file, PASSWORD_FILE_MAX, out) == 0) {
        if (out->size)
            out->data[strcspn(buf_text(out), "\r\n")] = '\0';
        return 0;
    }
    log_line("the file that the setting `database_password_file` names cannot be read");
    return error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
}

/* The library leaves its socket open to every program that this process starts. */
static int keep_from_children(MYSQL *mysql)
{
#ifdef MARIADB_PACKAGE_VERSION_ID
    int fd = mysql_get_socket(mysql);
#else
    int fd = mysql->net.fd;
#endif

    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : 0;
}

static int log_in(struct mysql_db *db, struct error *err)
{
    const struct mysql_place *p = &db->place;
    AUTO(buf) struct buf password = {0};
    MYSQL *mysql;
    bool in;

    if (read_password(p, &password, err) < 0)
        return -1;
    mysql = mysql_init(NULL);
    if (!mysql)
        return error_set(err, 500, "internal", "the server ran out of memory");
    set_options(mysql, p);
    /* That rows were found counts, not whether a value in them is another one now. */
    in = mysql_real_connect(mysql, p->host, p->user, buf_text(&password), p->name, p->port,
                            *p->socket ? p->socket : NULL, CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS);
    if (password.size)
        explicit_bzero(password.data, password.size);
    db->mysql = mysql;
    db->lost = false;
    db->generation++;
    if (in && keep_from_children(mysql) == 0)
        return 0;
    mysql_db_note(db, mysql_errno(mysql), mysql_error(mysql));
    mysql_db_error(db, "connect", err);
    mysql_db_close(db);
    return -1;
}

/* Who has to wait for a lock hears of it before the connection is given up. */
static unsigned lock_wait_s(const struct mysql_place *place)
{
    return place->answer_s > 2 ? place->answer_s / 2 : 1;
}

#define TAKE_VIEW "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT version, @@max_allowed_packet FROM store"

/* Texts are joined by ||, names may stand in double quotes, what does not fit is an error and never cut, and a statement
 * outside of a transaction is one by itself: as in SQLite. */
static int set_session(struct mysql_db *db, uint64_t found[2])
{
    char text[512];

    snprintf(text, sizeof text,
             "SET SESSION sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',"
             " autocommit = 1, completion_type = 'NO_CHAIN', innodb_lock_wait_timeout = %u, lock_wait_timeout = %u;"
             " SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; " TAKE_VIEW,
             lock_wait_s(&db->place), lock_wait_s(&db->place));
    return mysql_db_run(db, text, found, 2);
}

/* found[0]: the schema's version; 0 where there is none, or where it is being made just now. */
static int look(struct mysql_db *db, uint64_t found[2], struct error *err)
{
    found[0] = found[1] = 0;
    if (set_session(db, found) == 0 || db->failure.code == ER_NO_SUCH_TABLE || db->failure.code == ER_TABLE_DEF_CHANGED)
        return 0;
    return mysql_db_error(db, "begin a session", err);
}

static int bring_up_to_date(struct mysql_db *db, struct error *err)
{
    uint64_t found[2];

    if (look(db, found, err) < 0)
        return -1;
    if (found[0] < mysql_schema_version) {
        mysql_db_do(db, "COMMIT");
        if (mysql_migrate(db, err) < 0 || look(db, found, err) < 0)
            return -1;
    }
    if (found[0] > mysql_schema_version) {
        log_line(
            "the database %s has schema %u, and this program knows only up to %u: install the newer JobJoker again",
            db->place.name, (unsigned)found[0], mysql_schema_version);
        return error_set(err, 503, "store_newer", "the database was written by a newer version of JobJoker");
    }
    db->packet_max = found[1];
    db->view = VIEW_SNAPSHOT;
    return 0;
}

int mysql_db_open(struct mysql_db *db, struct error *err)
{
    mysql_db_close(db);
    if (log_in(db, err) < 0)
        return -1;
    if (bring_up_to_date(db, err) == 0)
        return 0;
    mysql_db_close(db);
    return -1;
}

int mysql_db_renew(struct mysql_db *db)
{
    if (!db->mysql || db->lost)
        return -1;
    db->view = VIEW_AHEAD;
    db->checked = false;
    db->beaten = false;
    return 0;
}

int mysql_db_open_again(struct mysql_db *db)
{
    if (mysql_db_open(db, &db->reason) == 0)
        return 0;
    db->failure.code = NOT_OPENED;
    return -1;
}

int mysql_db_take_view(struct mysql_db *db)
{
    uint64_t found[2] = {0, 0};

    if (db->view != VIEW_AHEAD)
        return 0;
    if (mysql_db_run(db, TAKE_VIEW, found, 2) < 0 || found[0] != mysql_schema_version)
        return mysql_db_open_again(db);
    db->view = VIEW_SNAPSHOT;
    return 0;
}

void mysql_db_close(struct mysql_db *db)
{
    if (db->mysql)
        mysql_close(db->mysql);
    db->mysql = NULL;
    db->view = VIEW_NOW;
}
