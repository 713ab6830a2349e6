/* jobjoker token: what the API does under /tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "users.h"

/* A time, or a number of days from now. */
static int read_expiry(const char *text, int64_t now_ms, int64_t *expires_ms, struct error *err)
{
    long long days;

    if (!text)
        return 0;
    if (text_to_int(text, 1, 36500, &days) == 0)
        *expires_ms = now_ms + days * 86400000;
    else if (text_to_time(text, expires_ms) < 0)
        return error_set(err, 422, "token_invalid", "%.60s is neither a number of days nor a time", text);
    return 0;
}

/* Copies what was given; NULL is nothing. */
static int take_text(const char *what, const char *text, char *out, size_t size, struct error *err)
{
    if (text && strlen(text) >= size)
        return error_set(err, 422, "token_invalid", "%s is longer than %zu bytes", what, size - 1);
    snprintf(out, size, "%s", text ? text : "");
    return 0;
}

static int make_token(struct token *token, int64_t now_ms)
{
    char text[TOKEN_TEXT_SIZE];
    struct command_site site;
    struct error err = {0};
    int result = command_open(&site, NULL, &err);

    if (result == 0)
        result = command_note(&site, "jobjoker token create", "", &err);
    if (result == 0)
        result = tokens_create(site.db, now_ms, token, text, &err);
    command_close(&site);
    if (result < 0)
        return command_complain(&err);
    printf("%s\n", text);
    return 0;
}

int command_token_create(int argc, char **argv)
{
    const char *name = NULL, *role = NULL, *workers = NULL, *addresses = NULL, *expires = NULL;
    const struct command_option options[] = {{"--name", &name, NULL},       {"--role", &role, NULL},
                                             {"--workers", &workers, NULL}, {"--addresses", &addresses, NULL},
                                             {"--expires", &expires, NULL}, {0}};
    struct token token = {0};
    int64_t now_ms = clock_now_ms();
    struct error err = {0};

    if (command_take_options(argc, argv, options) != 1)
        return EXIT_USAGE;
    if (take_text("the user", argv[0], token.account, sizeof token.account, &err) < 0 ||
        take_text("the name", name, token.name, sizeof token.name, &err) < 0 ||
        take_text("the list of addresses", addresses, token.addresses, sizeof token.addresses, &err) < 0 ||
        read_expiry(expires, now_ms, &token.expires_ms, &err) < 0 ||
        (workers && users_read_grant(workers, &token.grant, "token_invalid", &err) < 0))
        return command_complain(&err);
    token.role = role ? role_from_name(role) : ROLE_NONE;
    if (role && !token.role)
        return fputs("jobjoker: a role is viewer, operator, developer or admin\n", stderr), EXIT_WRONG;
    return make_token(&token, now_ms);
}

static void print_day(const char *what, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    text_from_time(time_ms, text);
    printf("  %s %.16s", what, time_ms ? text : "never");
}

static int print_token(const struct token *token, void *context)
{
    char id[TOKEN_ID_SIZE];
    struct grant grant = token->owner.grant;

    (void)context;
    token_id(token, id);
    grant_intersect(&grant, &token->grant);
    printf("%s %-7s %-20s %-10s %-20s", id, token->kind == TOKEN_API ? "token" : "session", token->account,
           role_name(token_role(token)), token->name[0] ? token->name : "-");
    print_day("used", token->used_ms);
    print_day("expires", token->expires_ms);
    printf("  %s  %s\n", grant.limited ? grant.workers : "all workers",
           token->addresses[0] ? token->addresses : "from anywhere");
    return 0;
}

int command_token_list(int argc, char **argv)
{
    const char *user = NULL;
    const struct command_option options[] = {{"--user", &user, NULL}, {0}};
    struct command_site site;
    struct error err = {0};
    int result;

    if (command_take_options(argc, argv, options) != 0)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = store_token_each(site.db, user, NULL, -1, print_token, NULL, &err);
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}

static int revoke_anybodys(struct store *db, const char *id, struct error *err)
{
    return tokens_revoke(db, id, NULL, err);
}

int command_token_revoke(int argc, char **argv)
{
    return command_act_on(argc, argv, "jobjoker token revoke", revoke_anybodys);
}
