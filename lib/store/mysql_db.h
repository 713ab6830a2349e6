#ifndef JOBJOKER_STORE_MYSQL_DB_H
#define JOBJOKER_STORE_MYSQL_DB_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/settings.h"

/* A connection to a server of MySQL 8 or MariaDB 10.3 and later, in whose database this program's schema is. */

/* One byte that is yes or no: my_bool in one client library, bool in the other. */
typedef __typeof__(*((MYSQL_BIND *)0)->is_null) mysql_flag;

/* Where it is, and how to get in. */
struct mysql_place {
    char user[128], host[256], name[65];
    unsigned port;
    char socket[SETTING_TEXT_SIZE];
    char password[SETTING_TEXT_SIZE];
    char password_file[SETTING_TEXT_SIZE];
    char tls[SETTING_TEXT_SIZE], tls_ca[SETTING_TEXT_SIZE];
    unsigned connect_s, answer_s; /* time-outs, in whole seconds */
};

/* What is read by one connection: as it is now; the same, until a statement comes that does not stand alone (query.h) and takes
 * a view; of one moment; or by who has the turn to write. */
enum mysql_view { VIEW_NOW, VIEW_AHEAD, VIEW_SNAPSHOT, VIEW_WRITING };

struct mysql_db {
    struct mysql_place place;
    MYSQL *mysql; /* NULL: none */
    enum mysql_view view;
    bool checked;        /* VIEW_AHEAD: the schema was found to be ours */
    bool lost;           /* the connection is no good any more: nothing that was not committed is there */
    unsigned generation; /* counts connections: what was prepared on an earlier one is to be prepared again */
    uint64_t packet_max; /* of the server, in bytes */
    uint64_t turn;       /* the number of ours in the table `store`, while VIEW_WRITING */
    bool beaten;         /* the last transaction that wrote was undone because of others, or of the connection */
    uint64_t changes, last_number; /* of the last statement that gave no rows */
    struct {
        unsigned code; /* of the server or the client library; NOT_OPENED: ours, see `reason` */
        char text[256];
    } failure;           /* the last one */
    struct error reason; /* why mysql_db_open_again() failed the last time */
};

/* "user@host:port/name" and the settings, in out. -1: 500 settings_invalid. */
int mysql_place_read(const char *place, const struct settings *settings, struct mysql_place *out, struct error *err);

/* Connects, or connects again, migrates where that is needed, and takes a view of one moment (VIEW_SNAPSHOT).
 * -1: as store_open(); there is no connection then. */
int mysql_db_open(struct mysql_db *db, struct error *err);
void mysql_db_close(struct mysql_db *db);
/* Leaves the next view of one moment to what needs it (VIEW_AHEAD). -1: there is no connection. */
int mysql_db_renew(struct mysql_db *db);
/* Takes it, where it lies ahead; on another connection if this one is lost, or when its schema is not ours any more. -1: there
 * is no connection, and mysql_db_error() tells why. */
int mysql_db_take_view(struct mysql_db *db);
/* As mysql_db_open(), whose error is what mysql_db_error() tells then. */
int mysql_db_open_again(struct mysql_db *db);

/* Runs one or more statements without values. The first row of the last one that has rows is read as numbers.
 * -1: `failure` and `lost` tell why. */
int mysql_db_run(struct mysql_db *db, const char *text, uint64_t *numbers, size_t count);
/* The same where no server has more to say than yes or no. */
int mysql_db_do(struct mysql_db *db, const char *text);

/* Keeps what the client library says of a call that failed, so that it is known after what is done next. Returns -1. */
int mysql_db_note(struct mysql_db *db, unsigned code, const char *text);

/* Logs the last failure and fills err: 503 store_down, store_busy or storage_full, 500 store_packet or store; or what
 * mysql_db_open_again() failed with. Returns -1. */
int mysql_db_error(const struct mysql_db *db, const char *what, struct error *err);

/* Was it undone because of others, so that it can be done again? */
bool mysql_db_was_beaten(const struct mysql_db *db);
bool mysql_db_would_wait(const struct mysql_db *db); /* NOWAIT: somebody else has the lock */

/* Brings the schema up to date; safe when many do so at once, and when one is killed in the midst of it. */
int mysql_migrate(struct mysql_db *db, struct error *err);
extern const unsigned mysql_schema_version;

#endif
