/* jobjoker: the administrator's command, as one table. */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "answer.h"
#include "router.h"

static int command_settings(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], "--table") == 0)
        settings_print_table(stdout);
    else if (argc == 0)
        settings_print_file(stdout);
    else
        return EXIT_USAGE;
    return 0;
}

static const char *other_callers(const struct route *r)
{
    return r->job_right & JOB_RIGHT_WORKER ? ", or the job's token"
           : r->job_right                  ? ", or the runner's token"
           : r->in_person                  ? ", not with a token"
           : r->of_all                     ? ", of all workers"
                                           : "";
}

static void print_table(void)
{
    puts("| call | needs | does |\n| --- | --- | --- |");
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];

        printf("| `%s %s` | %s%s | %s%s%s%s |\n", method_name(r->method), r->path, role_name(r->role), other_callers(r),
               r->summary, r->query ? " Query: `" : "", r->query ? r->query : "", r->query ? "`." : "");
    }
}

/* For tests: a line of words for each route. */
static void print_lines(void)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];

        printf("%s %s role=%s worker_token=%d runner_token=%d in_person=%d of_all=%d writes=%d unaudited_of_job=%d\n",
               method_name(r->method), r->path, role_name(r->role), (r->job_right & JOB_RIGHT_WORKER) != 0,
               (r->job_right & JOB_RIGHT_RUNNER) != 0, r->in_person, r->of_all, r->write != NULL, r->unaudited != 0);
    }
}

static int command_api(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], "--lines") == 0)
        print_lines();
    else if (argc == 0)
        print_table();
    else
        return EXIT_USAGE;
    return 0;
}

/* For jobjoker.cgi, which is linked statically: what it cannot do itself it hands over like this (answer.c). */
static int command_answer(int argc, char **argv)
{
    (void)argc, (void)argv;
    answer_cgi();
}

static int command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts(JOBJOKER_VERSION);
    return 0;
}

/* A name of two words is called by both. */
static const struct command {
    const char *name, *arguments;
    command_function *run;
    const char *help; /* lines are separated by newlines */
} commands[] = {
    {"init", "[--data DIR]", command_init,
     "make the data folder, its database and, where there is no user yet, the user `admin`.\n"
     "Its password and an API token are made up and written to DIR/admin-password and\n"
     "DIR/admin-token (mode 600)"},
    {"user add", "NAME --role ROLE [--workers \"A B\"] [--no-password]", command_user_add,
     "make a user; ROLE is viewer, operator, developer or admin. With --workers he may use\n"
     "and see these workers alone; without a password he comes by the web server's log-in"},
    {"user passwd", "NAME", command_user_password, "give a user another password; his sessions end"},
    {"user role", "NAME ROLE [--workers \"A B\" | --all-workers]", command_user_role, "change what a user may do"},
    {"user disable", "NAME", command_user_disable, "let a user do nothing any more, nor his tokens"},
    {"user enable", "NAME", command_user_enable, "take that back"},
    {"user list", "", command_user_list, "list the users"},
    {"user delete", "NAME", command_user_delete, "delete a user with his tokens and sessions"},
    {"token create", "USER [--name TEXT] [--role ROLE] [--workers \"A B\"] [--addresses \"NET NET\"] [--expires WHEN]",
     command_token_create,
     "make an API token and print it, this once. It may what its user may, or less. NET is\n"
     "an address or a network (192.0.2.0/24); WHEN is a number of days, or a time"},
    {"token list", "[--user NAME]", command_token_list, "list tokens and sessions"},
    {"token revoke", "ID", command_token_revoke, "end a token or session"},
    {"audit verify", "[--expect SEQ:HASH]", command_audit_verify,
     "go through the audit trail and tell which row was changed, removed or added: ends with 1\n"
     "then. Tells the last row and its hash: write them down elsewhere, and --expect finds a\n"
     "trail that was replaced as a whole"},
    {"secret set", "NAME [--workers \"A B\" | --all-workers] [--file | --variable]", command_secret_set,
     "make or change a secret for workers; its value is asked for, or is all of standard input.\n"
     "What is not named stays as it is; a new one is a variable that no worker gets"},
    {"secret list", "", command_secret_list, "list the secrets, without their values"},
    {"secret delete", "NAME", command_secret_delete, "delete a secret"},
    {"secret rotate-key", "", command_secret_rotate_key,
     "make a new secret.key, and encrypt the secrets under it; may be interrupted and repeated"},
    {"backup", "FILE [--replace]", command_backup,
     "write a copy of the SQLite database to FILE while it is in use. Keep secret.key and\n"
     "audit.key of the data folder with it"},
    {"restore", "FILE [--damaged]", command_restore,
     "put such a copy into the database's place, which is kept beside it; when nobody uses it.\n"
     "With --damaged also where the present database cannot be read"},
    {"copy", "FROM TO [--replace] [--active]", command_copy,
     "copy all from one store to another one and compare: sqlite:/path, mysql://user@host/name;\n"
     "passwords and sockets are those of the settings. TO must be empty, or what an earlier copy\n"
     "has left unfinished; --replace drops what is in it. Refuses while jobs are active, but for\n"
     "--active: they would go on reporting to FROM"},
    {"doctor", "[URL]", command_doctor,
     "see whether all is in order, and how to set right what is not; asks the site at URL, or\n"
     "at the setting `api`. Ends with 1 when something is wrong"},
    {"tick", "[--keeper]", command_tick,
     "one pass of all that is due: jobs and schedules whose time has come, jobs whose runner is\n"
     "gone; for cron, on machines that get no requests. With --keeper, for the keeper, it says\n"
     "when the next thing is due"},
    {"cron", "EXPRESSION [--zone ZONE] [--from TIME] [--count N]", command_cron,
     "explain a cron expression, and tell its next times (5) from now or from TIME on, on the\n"
     "clock of ZONE (UTC)"},
#ifdef HAVE_FASTCGI
    {"fastcgi", "--socket PATH [--group] | --listen 127.0.0.1:PORT [--processes N] [--max N] [--requests N]",
     command_fastcgi,
     "answer requests that nginx or Apache hand over by FastCGI: N processes (8), up to --max (200)\n"
     "while all are busy, each renewed after --requests (10000). Takes a socket from systemd or\n"
     "spawn-fcgi as well. SIGTERM: finish what is at hand and end; SIGHUP: start anew"},
#endif
    {"settings", "[--table]", command_settings,
     "print a commented jobjoker.ini with every setting and its preset, or a Markdown table"},
    {"api", "[--lines]", command_api, "print the API as a Markdown table, or as lines of words"},
    {"version", "", command_version, "print the version"},
    {"follow", "JOB | --queue NAME", command_follow,
     "start what may run now that a job is over or a queue was changed, for jobjoker.cgi"},
    {"notify", "[--locked]", command_notify,
     "deliver what is to be told of jobs: webhooks and e-mail that are due; started by itself"},
    {"answer", "", command_answer, "answer one CGI request, for jobjoker.cgi"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fputs("Usage: jobjoker COMMAND\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *line = commands[i].help;

        fprintf(out, "  %s%s%s\n", commands[i].name, commands[i].arguments[0] ? " " : "", commands[i].arguments);
        while (*line) {
            int n = (int)strcspn(line, "\n");

            fprintf(out, "      %.*s\n", n, line);
            line += n + (line[n] == '\n');
        }
    }
    fputs("\nSettings are read from jobjoker.ini beside .htaccess (or where JOBJOKER_CONFIG says) and from the\n"
          "environment. Run it as the user that Apache runs programs as, or as root. Passwords and secrets are asked\n"
          "for, or read from standard input.\n",
          out);
}

/* How many arguments name this command; 0: they name another one. */
static int match(const struct command *c, int argc, char **argv)
{
    const char *second = strchr(c->name, ' ');
    size_t length = second ? (size_t)(second - c->name) : strlen(c->name);

    if (argc < (second ? 2 : 1) || strlen(argv[0]) != length || memcmp(argv[0], c->name, length) != 0)
        return 0;
    if (!second)
        return 1;
    return strcmp(argv[1], second + 1) == 0 ? 2 : 0;
}

static int run(const struct command *c, int argc, char **argv)
{
    int status = c->run(argc, argv);

    if (status == EXIT_USAGE)
        fprintf(stderr, "Usage: jobjoker %s %s\n", c->name, c->arguments);
    return status;
}

int main(int argc, char **argv)
{
    umask(077);
    for (size_t i = 0; i < COMMANDS; i++) {
        int words = match(&commands[i], argc - 1, argv + 1);

        if (words)
            return run(&commands[i], argc - 1 - words, argv + 1 + words);
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_usage(stdout), 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return command_version(0, NULL);
    print_usage(stderr);
    return EXIT_USAGE;
}
