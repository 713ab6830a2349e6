/* jobjoker user: what the API does under /users, for who has the files rather than a token. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"
#include "password.h"
#include "users.h"

/* Runs one change on the store, and says what is wrong with it. */
static int change(const char *action, const char *name, const struct user_change *change)
{
    struct account account;
    struct command_site site;
    struct error err = {0};
    int result = command_open(&site, NULL, &err);

    if (result == 0)
        result = command_note(&site, action, name, &err);
    if (result == 0)
        result = users_change(site.db, name, change, &account, &err);
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}

static int read_role(const char *name, enum role *role, struct error *err)
{
    *role = name ? role_from_name(name) : ROLE_NONE;
    return *role ? 0 : error_set(err, 422, "user_invalid", "a role is viewer, operator, developer or admin");
}

int command_user_add(int argc, char **argv)
{
    const char *role = NULL, *workers = NULL;
    bool no_password = false;
    const struct command_option options[] = {{"--role", &role, NULL},
                                             {"--workers", &workers, NULL},
                                             {"--no-password", NULL, &no_password},
                                             {0}};
    char password[PASSWORD_MAX + 64] = "";
    struct user_change new = {.disabled = -1, .password = password};
    struct command_site site = {0};
    struct account account;
    struct grant grant;
    struct error err = {0};

    if (command_take_options(argc, argv, options) != 1)
        return EXIT_USAGE;
    if (read_role(role, &new.role, &err) < 0 ||
        (workers && users_read_grant(workers, &grant, "user_invalid", &err) < 0) || command_open(&site, NULL, &err) < 0)
        return command_complain(&err);
    new.grant = workers ? &grant : NULL;
    if ((!no_password && command_read_password(password, sizeof password, &err) < 0) ||
        command_note(&site, "jobjoker user add", argv[0], &err) < 0 ||
        users_add(site.db, clock_now_ms(), argv[0], &new, &account, &err) < 0) {
        command_close(&site);
        return command_complain(&err);
    }
    command_close(&site);
    printf("%s is a user now, with the role %s.\n", account.name, role);
    return 0;
}

int command_user_password(int argc, char **argv)
{
    char password[PASSWORD_MAX + 64];
    struct user_change new = {.disabled = -1, .password = password};
    struct error err = {0};

    if (argc != 1)
        return EXIT_USAGE;
    if (command_read_password(password, sizeof password, &err) < 0)
        return command_complain(&err);
    if (!*password)
        return fputs("jobjoker: the password is empty\n", stderr), EXIT_WRONG;
    return change("jobjoker user passwd", argv[0], &new);
}

int command_user_role(int argc, char **argv)
{
    const char *workers = NULL;
    bool all = false;
    const struct command_option options[] = {{"--workers", &workers, NULL}, {"--all-workers", NULL, &all}, {0}};
    struct grant grant = {0};
    struct user_change new = {.disabled = -1};
    struct error err = {0};

    if (command_take_options(argc, argv, options) != 2 || (workers && all))
        return EXIT_USAGE;
    if (read_role(argv[1], &new.role, &err) < 0 ||
        (workers && users_read_grant(workers, &grant, "user_invalid", &err) < 0))
        return command_complain(&err);
    new.grant = workers || all ? &grant : NULL;
    return change("jobjoker user role", argv[0], &new);
}

static int set_disabled(const char *action, int argc, char **argv, bool disabled)
{
    struct user_change new = {.disabled = disabled};

    return argc == 1 ? change(action, argv[0], &new) : EXIT_USAGE;
}

int command_user_disable(int argc, char **argv)
{
    return set_disabled("jobjoker user disable", argc, argv, true);
}

int command_user_enable(int argc, char **argv)
{
    return set_disabled("jobjoker user enable", argc, argv, false);
}

static int print_user(const struct account *account, void *context)
{
    (void)context;
    printf("%-20s %-10s %-9s %s\n", account->name, role_name((enum role)account->role),
           account->disabled ? "disabled" : "-", account->grant.limited ? account->grant.workers : "all workers");
    return 0;
}

int command_user_list(int argc, char **argv)
{
    struct command_site site;
    struct error err = {0};
    int result;

    (void)argv;
    if (argc != 0)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = store_account_each(site.db, NULL, -1, print_user, NULL, &err);
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}

int command_user_delete(int argc, char **argv)
{
    return command_act_on(argc, argv, "jobjoker user delete", users_delete);
}
