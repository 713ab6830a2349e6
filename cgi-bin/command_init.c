/* jobjoker init: the data folder, its key, its database and the first account. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "command.h"
#include "base/key.h"
#include "users.h"

/* A file that only its owner reads; nothing is written over. */
static int write_secret(const char *data, const char *name, const char *text, struct error *err)
{
    char path[PATH_MAX + 64], line[256];
    int n = snprintf(line, sizeof line, "%s\n", text);

    snprintf(path, sizeof path, "%s/%s", data, name);
    return io_publish(path, line, (size_t)n, 0600, err);
}

/* The file that tells the password comes first: without it nobody could log in. */
static int make_admin(struct command_site *site, const char *data, struct error *err)
{
    struct token token = {.account = "admin", .role = ROLE_ADMIN, .name = "made by init"};
    char password[SECRET_TOKEN_SIZE], text[TOKEN_TEXT_SIZE];
    struct user_change admin = {.role = ROLE_ADMIN, .password = password, .disabled = -1};
    struct account account;

    secret_token(password);
    password[20] = '\0'; /* 120 bits, and short enough to type */
    if (write_secret(data, "admin-password", password, err) < 0 || command_note(site, "jobjoker init", "", err) < 0 ||
        users_add(site->db, clock_now_ms(), "admin", &admin, &account, err) < 0 ||
        command_note(site, "jobjoker init", "", err) < 0 ||
        tokens_create(site->db, clock_now_ms(), &token, text, err) < 0)
        return -1;
    return write_secret(data, "admin-token", text, err);
}

static int make_first_account(struct command_site *site, struct error *err)
{
    int64_t accounts;

    if (store_account_count(site->db, &accounts, err) < 0)
        return -1;
    return accounts ? 0 : make_admin(site, site->settings.data, err);
}

/* Of two that do this at once the second finds everything made. */
static int init_data(struct command_site *site, struct error *err)
{
    int lock = key_lock(&site->settings, err), result;

    if (lock < 0)
        return -1;
    store_refresh(site->db); /* it was opened before the lock was ours */
    result = make_first_account(site, err);
    close(lock);
    return result;
}

int command_init(int argc, char **argv)
{
    const char *data = NULL;
    const struct command_option options[] = {{"--data", &data, NULL}, {0}};
    struct command_site site = {0};
    struct error err = {0};
    int result;

    if (command_take_options(argc, argv, options) != 0)
        return EXIT_USAGE;
    result = command_open(&site, data, &err);
    if (result == 0)
        result = init_data(&site, &err);
    command_close(&site);
    if (result < 0)
        return command_complain(&err);
    printf("The data folder %s is ready.\n", site.settings.data);
    return 0;
}
