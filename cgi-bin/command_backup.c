/* jobjoker backup, jobjoker restore: of an SQLite store, as a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "store/backup.h"

int command_backup(int argc, char **argv)
{
    bool replace = false;
    const struct command_option options[] = {{"--replace", NULL, &replace}, {0}};
    struct command_site site;
    struct error err = {0};
    int result;

    if (command_take_options(argc, argv, options) != 1)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = store_backup(site.db, argv[0], replace, &err);
    command_close(&site);
    if (result < 0)
        return command_complain(&err);
    printf("Written to %s. Keep secret.key and audit.key of %s with it.\n", argv[0], site.settings.data);
    return 0;
}

static const char *database_path(const struct settings *settings, struct error *err)
{
    if (strncmp(settings->database, "sqlite:/", 8) == 0)
        return settings->database + 7;
    error_set(err, 422, "backup_not_sqlite",
              "the store is on a server, whose own tools restore it: see docs/backup.md");
    return NULL;
}

/* The store that is to be replaced. *present NULL: there is none, or it is damaged and that was said before. */
static int open_present(const struct settings *settings, const char *path, bool damaged, struct store **present,
                        struct error *err)
{
    int64_t counts[JOB_STATES];

    *present = NULL;
    if (access(path, F_OK) < 0)
        return errno == ENOENT ? 0 : error_errno(err, path);
    *present = store_open(settings, err);
    if (*present && store_job_counts(*present, NULL, counts, err) == 0)
        return counts[JOB_ACTIVE] == 0 ? 0
                                       : error_set(err, 409, "jobs_active", "%lld jobs are active: stop them first",
                                                   (long long)counts[JOB_ACTIVE]);
    if (!damaged || strcmp(err->code, "store") != 0)
        return -1;
    store_close(*present);
    *present = NULL;
    return 0;
}

/* The trail of what is restored tells that it was. */
static int note(struct command_site *site, struct store *prepared, struct error *err)
{
    int result = -1;

    site->db = prepared;
    if (command_note(site, "jobjoker restore", "", err) == 0 && store_begin(prepared, err) == 0)
        result = store_commit(prepared, err);
    site->db = NULL;
    return result;
}

static int restore(struct command_site *site, const char *backup, bool damaged, struct restore *r, struct error *err)
{
    const char *path = database_path(&site->settings, err);
    struct store *present = NULL, *prepared;

    if (!path || open_present(&site->settings, path, damaged, &present, err) < 0) {
        store_close(present);
        return -1;
    }
    prepared = restore_prepare(r, &site->settings, path, backup, err);
    if (prepared && note(site, prepared, err) == 0)
        return restore_publish(r, prepared, present, err);
    if (prepared) {
        store_close(prepared);
        restore_forget(r);
    }
    store_close(present);
    return -1;
}

int command_restore(int argc, char **argv)
{
    bool damaged = false;
    const struct command_option options[] = {{"--damaged", NULL, &damaged}, {0}};
    struct command_site site;
    struct restore r = {0};
    struct error err = {0};

    if (command_take_options(argc, argv, options) != 1)
        return EXIT_USAGE;
    if (command_load_settings(&site, &err) < 0 || restore(&site, argv[0], damaged, &r, &err) < 0)
        return command_complain(&err);
    printf("%s is the database now.", argv[0]);
    if (r.kept[0])
        printf(" The one before is kept as %s.", r.kept);
    puts("");
    return 0;
}
