#ifndef JOBJOKER_BASE_SETTINGS_H
#define JOBJOKER_BASE_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

/* The configuration: jobjoker.ini, each setting overridden by the environment (SetEnv JOBJOKER_NAME in Apache). One
 * table in settings.c is read by the program, the sample file and the README's table. */

enum { SETTING_TEXT_SIZE = 512, KEEP_DAYS_MAX = 36500, KEEP_JOBS_MAX = 1000000000 };

struct settings {
    char data[PATH_MAX];                     /* data folder, absolute */
    char database[PATH_MAX + 16];            /* sqlite:/path, mysql://user@host:port/name */
    char database_socket[SETTING_TEXT_SIZE]; /* path; "": over the network, or the client library's own */
    char database_password[SETTING_TEXT_SIZE];
    char database_password_file[SETTING_TEXT_SIZE];  /* path; "": none */
    char database_tls[SETTING_TEXT_SIZE];            /* "none", "required", "verified" */
    char database_tls_ca[SETTING_TEXT_SIZE];         /* path of the certificates; "": the system's */
    int64_t database_connect_ms, database_answer_ms; /* time-outs */
    char api[SETTING_TEXT_SIZE];                     /* URL of the API for workers; "": worked out from the request */
    char anonymous[SETTING_TEXT_SIZE];               /* role of a caller without credentials; "none" */
    char remote_user[SETTING_TEXT_SIZE];             /* "yes": REMOTE_USER is believed */
    char remote_user_roles[SETTING_TEXT_SIZE];       /* "alice:admin *:viewer" */
    char cors[SETTING_TEXT_SIZE];                    /* origins whose pages may call, separated by spaces */
    int64_t session_idle_ms;                         /* a session that nothing was asked with for so long has ended */
    int64_t session_max_ms;                          /* and any session, after so long */
    int64_t keep_days;                               /* that a job is kept after its end; 0: for ever */
    int64_t keep_jobs, keep_jobs_all;   /* how many that are over are kept of each worker, and in all; 0: all */
    int64_t audit_days, audit_rows;     /* how long, and how many rows of the audit trail are kept; days 0: for ever */
    char php[SETTING_TEXT_SIZE];        /* command, or path */
    char c_compiler[SETTING_TEXT_SIZE]; /* command, or path */
    char path[SETTING_TEXT_SIZE];       /* PATH of workers and compilers */
    int64_t grace_ms;                   /* between SIGTERM and SIGKILL */
    int64_t timeout_ms;                 /* of a job that names none; 0: none */
    int64_t timeout_max_ms;             /* ceiling of all timeouts; 0: none */
    int64_t limit_cpu, limit_cpu_max;   /* limits of a job that names none, and their ceilings; 0: none. Milliseconds */
    int64_t limit_memory, limit_memory_max;
    int64_t limit_files, limit_files_max;
    int64_t limit_processes, limit_processes_max;
    int64_t limit_file_size, limit_file_size_max;
    int64_t limit_log, limit_log_max;
    int64_t nice;                         /* added to the niceness of workers */
    char sandbox[SETTING_TEXT_SIZE];      /* "none" or "landlock" */
    char sandbox_read[SETTING_TEXT_SIZE]; /* folders that a sandboxed worker may read, separated by spaces */
    char sandbox_write[SETTING_TEXT_SIZE];
    char sandbox_sockets[SETTING_TEXT_SIZE]; /* "no" or "yes" */
    char cgroup[PATH_MAX];                   /* folder of cgroup v2 in which jobs get their own; "": none */
    int64_t heartbeat_ms;                    /* between reports of a runner that has nothing to say; 0: none */
    int64_t requeue_max;                     /* how often a job is started again when its runner is lost */
    int64_t check_timeout_ms;                /* for compiling, checking and describing a worker */
    int64_t code_max;                        /* bytes of a worker's source */
    int64_t parameters_max;                  /* bytes of a job's parameters */
    int64_t entry_max;                       /* bytes of one posted log or response entry */
    char notify[SETTING_TEXT_SIZE];          /* URLs and addresses that are told of all jobs, separated by spaces */
    char notify_on[SETTING_TEXT_SIZE];       /* and of what (job/notify.h) */
    char notify_secret[SETTING_TEXT_SIZE];   /* name of the secret that signs webhooks; "": none */
    char notify_allow[SETTING_TEXT_SIZE];    /* networks and hosts beyond the Internet that webhooks may go to */
    char notify_ca
        [SETTING_TEXT_SIZE];   /* path of the certificates that receivers prove themselves with; "": the system's */
    int64_t notify_timeout_ms; /* of one webhook */
    char sendmail[SETTING_TEXT_SIZE];  /* path; "": no e-mail */
    char mail_from[SETTING_TEXT_SIZE]; /* its sender */
};

/* Reads the file (app_folder/jobjoker.ini, or what JOBJOKER_CONFIG names, relative to app_folder; one that is not there
 * is fine, unless it was named) and the environment. app_folder is where .htaccess lies.
 * -1: 500 settings_invalid, whose message names file and line or the variable: for the error log and the administrator,
 * not for clients. */
int settings_load(struct settings *out, const char *app_folder, struct error *err);

/* Which file settings_load() would read now; all 0 where there is none. Of one that was changed, something differs. */
struct settings_file {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed; /* its bytes; anything of it */
};
void settings_look(const char *app_folder, struct settings_file *out);
bool settings_same_file(const struct settings_file *a, const struct settings_file *b);

/* The table as a commented jobjoker.ini, and as a Markdown table. */
void settings_print_file(FILE *out);
void settings_print_table(FILE *out);

/* Calls `each` for every environment variable that overrides a setting and is set, as "JOBJOKER_NAME", "value". */
void settings_each_override(void (*each)(const char *name, const char *value, void *context), void *context);

#endif
