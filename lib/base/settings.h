#ifndef JOBJOKER_BASE_SETTINGS_H
#define JOBJOKER_BASE_SETTINGS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

/* The configuration: jobjoker.ini, each setting overridden by the environment (SetEnv JOBJOKER_NAME in Apache). One
 * table in settings.c is read by the program, the sample file and the README's table. */

enum { SETTING_TEXT_SIZE = 512 };

struct settings {
    char data[PATH_MAX];                /* data folder, absolute */
    char database[PATH_MAX + 16];       /* sqlite:/path */
    char api[SETTING_TEXT_SIZE];        /* URL of the API for workers; "": worked out from the request */
    char anonymous[SETTING_TEXT_SIZE];  /* role of a caller without credentials; "none" */
    char php[SETTING_TEXT_SIZE];        /* command, or path */
    char c_compiler[SETTING_TEXT_SIZE]; /* command, or path */
    char path[SETTING_TEXT_SIZE];       /* PATH of workers and compilers */
    int64_t grace_ms;                   /* between SIGTERM and SIGKILL */
    int64_t timeout_ms;                 /* of a job that names none; 0: none */
    int64_t check_timeout_ms;           /* for compiling, checking and describing a worker */
    int64_t code_max;                   /* bytes of a worker's source */
    int64_t parameters_max;             /* bytes of a job's parameters */
    int64_t entry_max;                  /* bytes of one posted log or response entry */
};

/* Reads the file (app_folder/jobjoker.ini, or what JOBJOKER_CONFIG names, relative to app_folder; one that is not there
 * is fine, unless it was named) and the environment. app_folder is where .htaccess lies.
 * -1: 500 settings_invalid, whose message names file and line or the variable: for the error log and the administrator,
 * not for clients. */
int settings_load(struct settings *out, const char *app_folder, struct error *err);

/* The table as a commented jobjoker.ini, and as a Markdown table. */
void settings_print_file(FILE *out);
void settings_print_table(FILE *out);

/* Calls `each` for every environment variable that overrides a setting and is set, as "JOBJOKER_NAME", "value". */
void settings_each_override(void (*each)(const char *name, const char *value, void *context), void *context);

#endif
