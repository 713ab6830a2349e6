/* jobjoker copy: moving house, from one store to another. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "command.h"
#include "store/copy.h"

/* Of a file of SQLite's that is not there, opening it would make an empty one. */
static int check_source(const char *uri, struct error *err)
{
    if (strncmp(uri, "sqlite:", 7) == 0 && access(uri + 7, R_OK) < 0)
        return error_set(err, 404, "store_unknown", "there is no store at %.200s", uri);
    return 0;
}

static struct store *open_at(const struct settings *settings, const char *uri, struct error *err)
{
    struct settings its = *settings;

    if (snprintf(its.database, sizeof its.database, "%s", uri) < (int)sizeof its.database)
        return store_open(&its, err);
    error_set(err, 422, "store_unknown", "this is too long for the address of a store");
    return NULL;
}

static int check_active(const struct store *s, const char *which, struct error *err)
{
    int64_t counts[JOB_STATES];

    if (store_job_counts(s, NULL, counts, err) < 0)
        return -1;
    return counts[JOB_ACTIVE] == 0
               ? 0
               : error_set(err, 409, "jobs_active", "%lld jobs are active in the %s store, and report to it",
                           (long long)counts[JOB_ACTIVE], which);
}

static void print_table(const struct table *table, const struct table_sum *sum, void *context)
{
    char hash[2 * SECRET_HASH_SIZE + 1];

    (void)context;
    text_to_hex(sum->hash, sizeof sum->hash, hash);
    printf("%-20s %12lld  %.32s\n", table->name, (long long)sum->rows, hash);
    fflush(stdout);
}

static int copy(struct store *from, struct store *to, bool replace, bool active, bool *changed, struct error *err)
{
    const struct copy_options options = {.replace = replace, .each = print_table};

    if (!active && (check_active(from, "first", err) < 0 || check_active(to, "second", err) < 0))
        return -1;
    printf("%-20s %12s  %s\n", "table", "rows", "the same in both (BLAKE2b)");
    return store_copy(from, to, &options, changed, err);
}

static int open_and_copy(char **uris, bool replace, bool active, bool *changed, struct error *err)
{
    struct command_site site;
    struct store *from, *to = NULL;
    int result = -1;

    if (command_load_settings(&site, err) < 0 || check_source(uris[0], err) < 0)
        return -1;
    from = open_at(&site.settings, uris[0], err);
    if (from)
        to = open_at(&site.settings, uris[1], err);
    if (to)
        result = copy(from, to, replace, active, changed, err);
    store_close(to);
    store_close(from);
    return result;
}

int command_copy(int argc, char **argv)
{
    bool replace = false, active = false, changed = false;
    const struct command_option options[] = {{"--replace", NULL, &replace}, {"--active", NULL, &active}, {0}};
    struct error err = {0};

    if (command_take_options(argc, argv, options) != 2)
        return EXIT_USAGE;
    if (open_and_copy(argv, replace, active, &changed, &err) < 0)
        return command_complain(&err);
    printf("All of it was copied. To use it, set in jobjoker.ini:  database = %s\n", argv[1]);
    if (changed)
        fputs("jobjoker: the first store was changed meanwhile, and that is not in the second: stop the web server,\n"
              "and copy again with --replace\n",
              stderr);
    return 0;
}
