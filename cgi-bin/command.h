#ifndef JOBJOKER_CGI_COMMAND_H
#define JOBJOKER_CGI_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/settings.h"
#include "store/audit.h"
#include "store/store.h"

/* The parts of `jobjoker`, the administrator's command. Secrets are never arguments: other users can read those. */

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };

/* One command. It gets its arguments alone: argv[0] is the first after its name. Returns the exit status. */
typedef int command_function(int argc, char **argv);

/* Each in command_NAME.c, several where they are of one subject. */
command_function command_audit_verify, command_backup, command_copy, command_restore, command_cron, command_init,
    command_doctor, command_fastcgi, command_follow, command_notify, command_tick;
command_function command_user_add, command_user_password, command_user_role, command_user_disable, command_user_enable,
    command_user_list, command_user_delete;
command_function command_token_create, command_token_list, command_token_revoke;
command_function command_secret_set, command_secret_list, command_secret_delete, command_secret_rotate_key;

/* -- what they share -- */

/* An option: with a value (--role admin), or without one. */
struct command_option {
    const char *name; /* "--role"; NULL ends the list */
    const char **value;
    bool *given;
};

/* Takes the options out of the arguments, wherever they stand, and leaves the others at the front of argv. Returns how many
 * those are; -1: an option is unknown, there twice or without its value, which was told on standard error. */
int command_take_options(int argc, char **argv, const struct command_option *options);

/* The site that the program belongs to. Who is root becomes the owner of the data folder first: whatever root made there,
 * the web server's programs could not use. */
struct command_site {
    char app_folder[PATH_MAX]; /* where .htaccess, cgi-bin/ and runner/ lie */
    struct settings settings;
    struct store *db; /* NULL until it is opened */
    uid_t caller;     /* who runs the command */
    struct audit_note note;
};

/* -1: err says why. */
int command_load_settings(struct command_site *site, struct error *err);
/* Settings and store; makes the data folder, its key and its database where they are missing. With `data`, that folder
 * instead of the one that the settings name. command_close() it, also after -1. */
int command_open(struct command_site *site, const char *data, struct error *err);
void command_close(struct command_site *site);
/* From here on the next change has a row in the audit trail: this user of the machine did this ("jobjoker user add") to that. */
int command_note(struct command_site *site, const char *action, const char *object, struct error *err);

/* A whole command: does this to the one thing that is named, with a row in the audit trail. Returns the exit status. */
int command_act_on(int argc, char **argv, const char *action, int (*act)(struct store *, const char *, struct error *));

/* Asks for a new password twice on the terminal, without showing it; or reads a line of standard input where that is none. */
int command_read_password(char *out, size_t size, struct error *err);

/* Asks for a line on the terminal once, without showing it. -1: 422 secret_invalid, 500. */
int command_read_hidden(const char *question, char *out, size_t size, struct error *err);

int command_complain(const struct error *err); /* says it on standard error; returns EXIT_WRONG */

#endif
