/* jobjoker: the administrator's command. Secrets are never arguments: other users can read those. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "auth.h"
#include "base/clock.h"
#include "base/io.h"
#include "router.h"

static const char usage[] =
    "Usage: jobjoker COMMAND\n"
    "\n"
    "  init [--data DIR]   make the data folder, its database and, where there is none yet, the account `admin`.\n"
    "                      Its password and an API token are made up and written to DIR/admin-password and\n"
    "                      DIR/admin-token (mode 600). Run it as the user that Apache runs programs as.\n"
    "  tick                look after jobs whose runner is gone: take in what they left, end them as error or start\n"
    "                      them again; for cron, on machines that get no requests\n"
    "  settings            print a commented jobjoker.ini with every setting and its preset\n"
    "  settings --table    the same as a Markdown table\n"
    "  api                 print the API as a Markdown table, from the program's own table of routes\n"
    "  version             print the version\n"
    "  answer              answer one CGI request, for jobjoker.cgi\n"
    "\n"
    "Settings are read from jobjoker.ini beside .htaccess (or where JOBJOKER_CONFIG says) and from the environment.\n";

static int complain(const struct error *err)
{
    fprintf(stderr, "jobjoker: %s\n", err->message);
    return 1;
}

/* A file that only its owner reads; nothing is written over. */
static int write_secret(const char *data, const char *name, const char *text, struct error *err)
{
    char path[PATH_MAX + 64], line[256];
    int n = snprintf(line, sizeof line, "%s\n", text);

    snprintf(path, sizeof path, "%s/%s", data, name);
    return io_publish(path, line, (size_t)n, 0600, err);
}

static int make_key(const char *data, struct error *err)
{
    unsigned char key[SECRET_KEY_SIZE];
    char path[PATH_MAX + 64];
    int fd;

    snprintf(path, sizeof path, "%s/secret.key", data);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0)
        return error_errno(err, path);
    secret_random(key, sizeof key);
    if (io_write_all(fd, key, sizeof key) < 0 || fsync(fd) < 0) {
        error_errno(err, path);
        unlink(path);
        close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

/* The account and its token, in one transaction with the files that tell them: without the files nobody could log in. */
static int make_admin(struct store *db, const char *data, struct error *err)
{
    struct account account = {.name = "admin", .role = ROLE_ADMIN, .created_ms = clock_now_ms()};
    struct token token = {.account = "admin", .role = ROLE_ADMIN, .kind = TOKEN_API, .created_ms = account.created_ms};
    char password[SECRET_TOKEN_SIZE], text[SECRET_TOKEN_SIZE];

    secret_token(password);
    password[20] = '\0'; /* 120 bits, and short enough to type */
    secret_token(text);
    secret_hash(text, strlen(text), token.hash);
    if (secret_password_hash(password, account.password, err) < 0 || store_begin(db, err) < 0)
        return -1;
    if (store_account_put(db, &account, err) < 0 || store_token_put(db, &token, err) < 0 ||
        write_secret(data, "admin-password", password, err) < 0 || write_secret(data, "admin-token", text, err) < 0) {
        store_rollback(db);
        return -1;
    }
    return store_commit(db, err);
}

static int init_data(const struct settings *settings, struct error *err)
{
    struct store *db;
    int64_t accounts;
    int result = -1;

    if (io_make_folders(settings->data, 0700) < 0)
        return error_set(err, 500, "internal", "%.200s cannot be made: %s", settings->data, strerror(errno));
    if (make_key(settings->data, err) < 0 || !(db = store_open(settings->database, err)))
        return -1;
    if (store_account_count(db, &accounts, err) == 0)
        result = accounts ? 0 : make_admin(db, settings->data, err);
    store_close(db);
    return result;
}

static int command_init(int argc, char **argv)
{
    char folder[PATH_MAX], absolute[PATH_MAX];
    struct settings settings;
    struct error err = {0};

    if (argc == 4 && strcmp(argv[2], "--data") == 0) {
        if (argv[3][0] == '/')
            snprintf(absolute, sizeof absolute, "%s", argv[3]);
        else if (!getcwd(folder, sizeof folder) ||
                 snprintf(absolute, sizeof absolute, "%s/%s", folder, argv[3]) >= (int)sizeof absolute)
            return fputs("jobjoker: the path is too long\n", stderr), 1;
        setenv("JOBJOKER_DATA", absolute, 1);
    } else if (argc != 2) {
        return fputs(usage, stderr), 2;
    }
    if (io_program_folder(folder, sizeof folder) < 0)
        return perror("jobjoker"), 1;
    *strrchr(folder, '/') = '\0';
    if (settings_load(&settings, folder, &err) < 0 || init_data(&settings, &err) < 0)
        return complain(&err);
    printf("The data folder %s is ready.\n", settings.data);
    return 0;
}

static int tick(const struct settings *settings, const char *app_folder, struct error *err)
{
    struct engine engine = {.settings = settings, .app_folder = app_folder, .now_ms = clock_now_ms()};
    int result;

    engine.store = store_open(settings->database, err);
    if (!engine.store)
        return -1;
    result = engine_reap(&engine, err);
    engine_tidy(&engine);
    store_close(engine.store);
    return result;
}

static int command_tick(int argc, char **argv)
{
    char folder[PATH_MAX];
    struct settings settings;
    struct error err = {0};

    (void)argv;
    if (argc != 2)
        return fputs(usage, stderr), 2;
    if (io_program_folder(folder, sizeof folder) < 0)
        return perror("jobjoker"), 1;
    *strrchr(folder, '/') = '\0';
    if (settings_load(&settings, folder, &err) < 0 || tick(&settings, folder, &err) < 0)
        return complain(&err);
    return 0;
}

static int command_settings(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[2], "--table") == 0)
        settings_print_table(stdout);
    else
        settings_print_file(stdout);
    return 0;
}

static int command_api(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("| call | needs | does |\n| --- | --- | --- |");
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];

        printf("| `%s %s` | %s%s | %s%s%s%s |\n", method_name(r->method), r->path, role_name(r->role),
               r->job_right & JOB_RIGHT_WORKER ? ", or the job's token"
               : r->job_right                  ? ", or the runner's token"
                                               : "",
               r->summary, r->query ? " Query: `" : "", r->query ? r->query : "", r->query ? "`." : "");
    }
    return 0;
}

/* For jobjoker.cgi, which is linked statically: what it cannot do itself it hands over like this (answer.c). */
static int command_answer(int argc, char **argv)
{
    (void)argc, (void)argv;
    answer_request();
    return 0;
}

static int command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts(JOBJOKER_VERSION);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"init", command_init}, {"tick", command_tick},       {"settings", command_settings},
    {"api", command_api},   {"version", command_version}, {"answer", command_answer},
};

int main(int argc, char **argv)
{
    umask(077);
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    }
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout), 0;
    fputs(usage, stderr);
    return 2;
}
