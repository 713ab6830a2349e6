/* jobjoker secret: what the API does under /secrets, and the rotation of the key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "command.h"
#include "engine/vault.h"
#include "secrets.h"
#include "users.h"

#define CHANGED_BY "(command)" /* no user is called that */

static int read_terminal(struct buf *out, struct error *err)
{
    char line[SECRET_LINE_MAX + 2];

    if (command_read_hidden("Value: ", line, sizeof line, err) < 0)
        return -1;
    buf_puts(out, line);
    secret_forget(line, sizeof line);
    return 0;
}

/* All of standard input; a newline at its end, as echo puts one, is not part of a variable. */
static int read_input(bool as_file, struct buf *out, struct error *err)
{
    enum { ROOM = SECRET_VALUE_MAX + 2 };
    char *to = buf_reserve(out, ROOM);
    ssize_t n = to ? io_read_all(STDIN_FILENO, to, ROOM) : -1;

    if (n < 0)
        return error_set(err, 500, "internal", "the value cannot be read: %s", strerror(errno));
    if (!as_file && n > 0 && to[n - 1] == '\n')
        n--;
    out->size = (size_t)n;
    out->data[n] = '\0';
    return 0;
}

static int set_secret(const char *name, struct vault_change *change, struct error *err)
{
    struct command_site site = {0};
    struct secret secret;
    bool is_new;
    int result = command_open(&site, NULL, err);

    if (result == 0)
        result = command_note(&site, "jobjoker secret set", name, err);
    if (result == 0)
        result = store_begin(site.db, err);
    if (result == 0)
        result = vault_put(site.db, &site.settings, clock_now_ms(), name, change, &secret, &is_new, err);
    if (result == 0)
        result = store_commit(site.db, err);
    command_close(&site);
    if (result < 0)
        return -1;
    printf("%s is %s. Workers that get it: %s.\n", secret.name, is_new ? "a secret now" : "changed",
           !secret.grant.limited     ? "all"
           : secret.grant.workers[0] ? secret.grant.workers
                                     : "none (--workers)");
    return 0;
}

int command_secret_set(int argc, char **argv)
{
    const char *workers = NULL;
    bool all = false, file = false, variable = false;
    const struct command_option options[] = {{"--workers", &workers, NULL},
                                             {"--all-workers", NULL, &all},
                                             {"--file", NULL, &file},
                                             {"--variable", NULL, &variable},
                                             {0}};
    struct grant grant = {0};
    struct vault_change change = {.as_file = -1, .who = CHANGED_BY};
    AUTO(buf) struct buf value = {0};
    struct error err = {0};
    int result;

    if (command_take_options(argc, argv, options) != 1 || (workers && all) || (file && variable))
        return EXIT_USAGE;
    if ((workers && users_read_grant(workers, &grant, "secret_invalid", &err) < 0) ||
        secret_check_name(argv[0], file, &err) < 0)
        return command_complain(&err);
    change.grant = workers || all ? &grant : NULL;
    if (file || variable)
        change.as_file = file;
    result = isatty(STDIN_FILENO) ? read_terminal(&value, &err) : read_input(file, &value, &err);
    if (result == 0) {
        change.value = buf_text(&value);
        change.size = value.size;
        result = set_secret(argv[0], &change, &err);
    }
    secret_forget(value.data, value.size);
    return result < 0 ? command_complain(&err) : 0;
}

static int print_secret(const struct secret *s, void *context)
{
    char changed[TEXT_TIME_SIZE];

    (void)context;
    text_from_time(s->changed_ms, changed);
    printf("%-30s %-11s changed %.16s by %-20s  %s\n", s->name, secret_way_name(s->as_file), changed, s->changer,
           !s->grant.limited     ? "all workers"
           : s->grant.workers[0] ? s->grant.workers
                                 : "no worker");
    return 0;
}

int command_secret_list(int argc, char **argv)
{
    struct secret_filter filter = {.limit = SECRETS_MAX};
    struct command_site site = {0};
    struct error err = {0};
    int result;

    (void)argv;
    if (argc != 0)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = store_secret_each(site.db, &filter, print_secret, NULL, &err);
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}

int command_secret_delete(int argc, char **argv)
{
    return command_act_on(argc, argv, "jobjoker secret delete", vault_delete);
}

int command_secret_rotate_key(int argc, char **argv)
{
    struct command_site site = {0};
    struct error err = {0};
    int64_t count = 0;
    int result;

    (void)argv;
    if (argc != 0)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = command_note(&site, "jobjoker secret rotate-key", "", &err);
    if (result == 0)
        result = vault_rotate(site.db, &site.settings, &count, &err);
    command_close(&site);
    if (result < 0)
        return command_complain(&err);
    printf("secret.key is a new one, and %lld secrets are encrypted under it.\n", (long long)count);
    return 0;
}
