/* What the parts of the administrator's command share. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "command.h"
#include "base/key.h"
#include "trail.h"

int command_complain(const struct error *err)
{
    fprintf(stderr, "jobjoker: %s\n", err->message);
    return EXIT_WRONG;
}

static const struct command_option *find_option(const struct command_option *options, const char *name)
{
    for (; options->name; options++) {
        if (strcmp(options->name, name) == 0)
            return options;
    }
    return NULL;
}

int command_take_options(int argc, char **argv, const struct command_option *options)
{
    int left = 0;

    for (int i = 0; i < argc; i++) {
        const struct command_option *o = find_option(options, argv[i]);

        if (strncmp(argv[i], "--", 2) != 0) {
            argv[left++] = argv[i];
        } else if (!o || (o->value && *o->value) || (o->given && *o->given)) {
            return fprintf(stderr, "jobjoker: %s is no option here, or is there twice\n", argv[i]), -1;
        } else if (o->given) {
            *o->given = true;
        } else if (i + 1 == argc) {
            return fprintf(stderr, "jobjoker: %s wants a value\n", argv[i]), -1;
        } else {
            *o->value = argv[++i];
        }
    }
    return left;
}

static int become_owner(const char *folder, struct error *err)
{
    const struct passwd *user;
    struct stat st;

    if (geteuid() != 0 || stat(folder, &st) < 0 || st.st_uid == 0)
        return 0;
    user = getpwuid(st.st_uid);
    if ((user ? initgroups(user->pw_name, st.st_gid) : setgroups(0, NULL)) < 0 ||
        setgid(user ? user->pw_gid : st.st_gid) < 0 || setuid(st.st_uid) < 0)
        return error_set(err, 500, "internal", "cannot become the owner of %.150s: %s", folder, strerror(errno));
    return 0;
}

/* A folder that was named is relative to where the caller is; one in the settings, to the site. */
static int set_data(const char *data, struct error *err)
{
    char here[PATH_MAX], path[2 * PATH_MAX];

    if (*data != '/' && !getcwd(here, sizeof here))
        return error_set(err, 500, "internal", "the folder that we are in has no name: %s", strerror(errno));
    snprintf(path, sizeof path, "%s%s%s", *data == '/' ? "" : here, *data == '/' ? "" : "/", data);
    return setenv("JOBJOKER_DATA", path, 1);
}

int command_load_settings(struct command_site *site, struct error *err)
{
    *site = (struct command_site){.caller = getuid()};
    if (io_program_folder(site->app_folder, sizeof site->app_folder) < 0)
        return error_errno(err, "/proc/self/exe");
    *strrchr(site->app_folder, '/') = '\0';
    if (settings_load(&site->settings, site->app_folder, err) < 0)
        return -1;
    return become_owner(site->settings.data, err);
}

int command_open(struct command_site *site, const char *data, struct error *err)
{
    *site = (struct command_site){0};
    if ((data && set_data(data, err) < 0) || command_load_settings(site, err) < 0)
        return -1;
    data = site->settings.data;
    if (io_make_folders(data, 0700) < 0)
        return error_set(err, 500, "internal", "%.200s cannot be made: %s", data, strerror(errno));
    if (key_make(&site->settings, err) < 0)
        return -1;
    site->db = store_open(&site->settings, err);
    return site->db ? 0 : -1;
}

int command_note(struct command_site *site, const char *action, const char *object, struct error *err)
{
    const struct passwd *user = getpwuid(site->caller);
    struct audit_row *row = &site->note.row;
    char number[24];

    site->note = (struct audit_note){.row = {.time_ms = clock_now_ms(), .status = 200, .times = 1}};
    snprintf(number, sizeof number, "%ld", (long)site->caller);
    audit_set_text(row->who, sizeof row->who, user ? user->pw_name : number);
    audit_set_text(row->via, sizeof row->via, "command");
    audit_set_text(row->action, sizeof row->action, action);
    audit_set_text(row->object, sizeof row->object, object);
    audit_along(site->db, &site->note);
    return audit_prepare(&site->settings, &site->note, err);
}

void command_close(struct command_site *site)
{
    store_close(site->db);
    site->db = NULL;
}

int command_act_on(int argc, char **argv, const char *action, int (*act)(struct store *, const char *, struct error *))
{
    struct command_site site;
    struct error err = {0};
    int result;

    if (argc != 1)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = command_note(&site, action, argv[0], &err);
    if (result == 0)
        result = act(site.db, argv[0], &err);
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}

/* One line, without its end. -1: there is none, or it is too long. */
static int read_line(FILE *in, char *out, size_t size)
{
    size_t n;

    if (!fgets(out, (int)size, in))
        return -1;
    n = strcspn(out, "\r\n");
    if (out[n] == '\0' && !feof(in))
        return -1;
    out[n] = '\0';
    return 0;
}

static int ask(FILE *terminal, const char *question, char *out, size_t size)
{
    fputs(question, terminal);
    fflush(terminal);
    return read_line(terminal, out, size);
}

/* What is typed is not shown. NULL: there is no terminal. */
static FILE *open_terminal(struct termios *before, struct error *err)
{
    FILE *terminal = fopen("/dev/tty", "r+e");
    struct termios silent;

    if (!terminal || tcgetattr(fileno(terminal), before) < 0) {
        error_errno(err, "/dev/tty");
        if (terminal)
            fclose(terminal);
        return NULL;
    }
    silent = *before;
    silent.c_lflag &= (tcflag_t)~ECHO;
    silent.c_lflag |= ECHONL;
    tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    return terminal;
}

static void close_terminal(FILE *terminal, const struct termios *before)
{
    tcsetattr(fileno(terminal), TCSAFLUSH, before);
    fclose(terminal);
}

static int ask_twice(FILE *terminal, char *out, size_t size, struct error *err)
{
    char again[2048];

    if (ask(terminal, "New password: ", out, size) < 0 || ask(terminal, "Again: ", again, sizeof again) < 0)
        return error_set(err, 422, "password_weak", "no password was given, or a very long one");
    if (strcmp(out, again) != 0)
        return error_set(err, 422, "password_weak", "these were two different passwords");
    return 0;
}

int command_read_password(char *out, size_t size, struct error *err)
{
    struct termios before;
    FILE *terminal;
    int result;

    if (!isatty(STDIN_FILENO))
        return read_line(stdin, out, size) == 0
                   ? 0
                   : error_set(err, 422, "password_weak", "no password was given, or a very long one");
    terminal = open_terminal(&before, err);
    if (!terminal)
        return -1;
    result = ask_twice(terminal, out, size, err);
    close_terminal(terminal, &before);
    return result;
}

int command_read_hidden(const char *question, char *out, size_t size, struct error *err)
{
    struct termios before;
    FILE *terminal = open_terminal(&before, err);
    int result;

    if (!terminal)
        return -1;
    result = ask(terminal, question, out, size);
    close_terminal(terminal, &before);
    return result == 0 ? 0 : error_set(err, 422, "secret_invalid", "nothing was given, or a very long line");
}
