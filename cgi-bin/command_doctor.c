/* jobjoker doctor: looks at the files as the user that the site's programs run as, and then asks the site. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "auth.h"
#include "base/io.h"
#include "base/key.h"
#include "base/spawn.h"
#include "base/zone.h"
#include "doctor.h"
#include "engine/vault.h"
#include "store/copy.h"

enum { DISK_MIN_MB = 100, STATEMENT_REST = 64 * 1024 /* bytes, for all in a statement but its largest value */ };

void doctor_find(struct doctor *d, enum verdict verdict, const char *fix, const char *fmt, ...)
{
    static const char *const words[] = {[FINE] = "ok   ", [NOTE] = "note ", [WRONG] = "WRONG"};
    va_list ap;

    d->wrong += verdict == WRONG;
    printf("%s ", words[verdict]);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    if (fix)
        printf("      -> %s\n", fix);
}

/* -- the data folder -- */

static bool others_may(const struct stat *st)
{
    return st->st_mode & 077;
}

/* By default it lies there, and the site's .htaccess hides it; but Apache obeys those that a worker writes there as well. */
static void check_place(struct doctor *d)
{
    const struct settings *settings = &d->site.settings;
    bool confined = strcmp(settings->sandbox, "none") != 0;

    if (io_lies_within(settings->data, d->site.app_folder))
        doctor_find(d, confined ? WRONG : NOTE, "move it out of the site, and set `data`",
                    "the data folder lies in the site's folder, where no worker can be kept apart: Apache obeys an "
                    ".htaccess there");
}

/* True when it can be used, so that what is in it can be looked at. */
static bool check_data(struct doctor *d)
{
    const char *data = d->site.settings.data;
    struct stat st;

    if (stat(data, &st) < 0 || !S_ISDIR(st.st_mode)) {
        doctor_find(d, WRONG, "run `jobjoker init` as the user that Apache runs programs as", "the data folder %s: %s",
                    data, errno ? strerror(errno) : "no folder");
        return false;
    }
    if (st.st_uid == 0) {
        doctor_find(d, WRONG, "chown -R it to the user that Apache runs programs as, such as www-data",
                    "the data folder %s belongs to root", data);
        return false;
    }
    if (st.st_uid != geteuid()) {
        doctor_find(d, WRONG, "run this as that user or as root; or change the folder's owner",
                    "the data folder %s belongs to user %ld, and this is user %ld", data, (long)st.st_uid,
                    (long)geteuid());
        return false;
    }
    if (access(data, R_OK | W_OK | X_OK) < 0) {
        doctor_find(d, WRONG, "chmod 700 it", "its owner cannot use the data folder %s: %s", data, strerror(errno));
        return false;
    }
    check_place(d);
    if (others_may(&st))
        doctor_find(d, WRONG, "chmod 700 it", "others may look into the data folder %s (mode %03o)", data,
                    (unsigned)st.st_mode & 0777);
    else
        doctor_find(d, FINE, NULL, "the data folder %s is its owner's alone", data);
    return true;
}

static void check_file(struct doctor *d, const char *name, bool needed)
{
    char path[PATH_MAX + 64];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", d->site.settings.data, name);
    if (lstat(path, &st) < 0) {
        if (needed)
            doctor_find(d, WRONG, "run `jobjoker init`", "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        doctor_find(d, WRONG, "chown it to the owner of the data folder", "%s is no file of the data folder's owner",
                    path);
    } else if (others_may(&st)) {
        doctor_find(d, WRONG, "chmod 600 it", "others may read %s (mode %03o)", path, (unsigned)st.st_mode & 0777);
    } else if (access(path, R_OK | W_OK) < 0) {
        doctor_find(d, WRONG, "chmod 600 it", "%s cannot be written: %s", path, strerror(errno));
    }
}

static void check_files(struct doctor *d)
{
    static const struct {
        const char *name;
        bool needed;
    } files[] = {{"secret.key", true},   {"secret.key.old", false}, {"audit.key", false}, {"jobs.db", false},
                 {"jobs.db-wal", false}, {"jobs.db-shm", false},    {"runner.log", false}};
    static const char *const told[] = {"admin-password", "admin-token"};
    int before = d->wrong;
    char path[PATH_MAX + 64];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        check_file(d, files[i].name, files[i].needed);
    if (d->wrong == before)
        doctor_find(d, FINE, NULL, "its files are readable by nobody else");
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        snprintf(path, sizeof path, "%s/%s", d->site.settings.data, told[i]);
        if (access(path, F_OK) == 0)
            doctor_find(d, NOTE, "delete it when you have put it where you keep such things", "%s is still there",
                        path);
    }
}

static void check_disk(struct doctor *d)
{
    struct statvfs fs;
    unsigned long long free_mb;

    if (statvfs(d->site.settings.data, &fs) < 0)
        return;
    free_mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    if (free_mb < DISK_MIN_MB || (fs.f_files && fs.f_favail == 0))
        doctor_find(d, WRONG, "make room", "the disk of the data folder has only %llu MB left", free_mb);
    else
        doctor_find(d, FINE, NULL, "the disk has %llu MB left", free_mb);
}

static void check_secrets(struct doctor *d)
{
    bool interrupted = false;
    struct error err = {0};
    int64_t lost = 0;

    if (vault_examine(d->site.db, &d->site.settings, &lost, &interrupted, &err) < 0)
        doctor_find(d, WRONG, "the line above is why", "the secrets for workers cannot be read");
    else if (lost)
        doctor_find(d, WRONG, "put the right secret.key back from a backup, or set these secrets anew",
                    "%lld secrets were encrypted under another key than the one in secret.key", (long long)lost);
    if (interrupted)
        doctor_find(d, NOTE, "jobjoker secret rotate-key", "a rotation of the key was interrupted, or is under way");
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Of a server that others have set up. */
static void check_statement_max(struct doctor *d)
{
    const struct settings *s = &d->site.settings;
    int64_t wanted = larger(larger(s->code_max, s->parameters_max), s->entry_max) + STATEMENT_REST, max;
    struct error err = {0};

    if (store_statement_max(d->site.db, &max, &err) < 0)
        doctor_find(d, WRONG, "the line above is what the database said", "%s", err.message);
    else if (max && max < wanted)
        doctor_find(d, NOTE,
                    "raise it in the server's configuration, or lower `code_max`, `parameters_max` or `entry_max`",
                    "the database's max_allowed_packet is %lld bytes, but what may be sent here needs %lld",
                    (long long)max, (long long)wanted);
}

static void check_copy(struct doctor *d)
{
    struct error err = {0};
    bool unfinished;

    if (store_copy_is_unfinished(d->site.db, &unfinished, &err) < 0)
        doctor_find(d, WRONG, "the line above is what the database said", "%s", err.message);
    else if (unfinished)
        doctor_find(d, WRONG, "let it end, or start it again; until then set `database` to the first store",
                    "the database is a copy that is not finished (`jobjoker copy`)");
}

static void check_store(struct doctor *d)
{
    unsigned char key[SECRET_KEY_SIZE];
    struct error err = {0};
    bool admin = false;

    if (key_read(&d->site.settings, key, &err) < 0) {
        doctor_find(d, WRONG, "put it back from a backup; without one, move it away and run `jobjoker init`",
                    "secret.key cannot be used");
        return;
    }
    if (key_read_audit(&d->site.settings, key, &err) < 0)
        doctor_find(d, WRONG,
                    "put it back from a backup; without one, move it away: `jobjoker audit verify` tells that then",
                    "audit.key cannot be used, so nothing can be changed");
    d->site.db = store_open(&d->site.settings, &err);
    if (!d->site.db || store_account_has_role(d->site.db, ROLE_ADMIN, "", &admin, &err) < 0)
        doctor_find(d, WRONG, "the line above is what the database said", "%s", err.message);
    else if (!admin)
        doctor_find(d, WRONG, "jobjoker user add NAME --role admin", "there is no administrator");
    else
        doctor_find(d, FINE, NULL, "the database opens, and there is an administrator");
    if (d->site.db) {
        check_secrets(d);
        check_statement_max(d);
        check_copy(d);
    }
}

/* -- the folder of the site -- */

static void check_programs(struct doctor *d)
{
    static const char *const programs[] = {"cgi-bin/jobjoker.cgi", "cgi-bin/jobjoker", "runner/jobjoker-runner",
                                           "runner/jobjoker-c", "runner/jobjoker-keeper"};
    int before = d->wrong;

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char path[PATH_MAX + 64];

        snprintf(path, sizeof path, "%s/%s", d->site.app_folder, programs[i]);
        if (access(path, X_OK) < 0)
            doctor_find(d, WRONG, "install it again; every folder above must be passable (chmod o+x)", "%s: %s", path,
                        strerror(errno));
        else if (access(path, W_OK) == 0 && i == 0)
            doctor_find(d, NOTE, "chown the site's folder to root",
                        "workers run as the user that may change %s: give it to another one", path);
    }
    if (d->wrong == before)
        doctor_find(d, FINE, NULL, "the programs are there and can be run");
}

static void check_htaccess(struct doctor *d)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/.htaccess", d->site.app_folder);
    if (access(path, R_OK) < 0)
        doctor_find(d, WRONG, "it is hidden: copy the folder with `cp -a`, not its files with *", "%s: %s", path,
                    strerror(errno));
}

static void check_commands(struct doctor *d)
{
    const struct {
        const char *name, *what, *fix;
    } commands[] = {
        {d->site.settings.c_compiler, "workers in C cannot be compiled", "install it, or set `c_compiler` or `path`"},
        {d->site.settings.php, "workers in PHP cannot run", "install php-cli, or set `php` or `path`"},
        {"python3", "workers in Python cannot run", "install python3, or set `path`"},
    };
    char found[PATH_MAX];

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (spawn_find(commands[i].name, d->site.settings.path, found, sizeof found) < 0)
            doctor_find(d, NOTE, commands[i].fix, "there is no %.200s: %s", commands[i].name, commands[i].what);
        else
            doctor_find(d, FINE, NULL, "%s is there", found);
    }
}

static void check_zones(struct doctor *d)
{
    struct error err = {0};
    struct zone *zone = zone_load("Europe/London", &err);

    if (!zone)
        doctor_find(d, NOTE, "install tzdata",
                    "the machine knows no time zones, so schedules can be made in UTC alone");
    zone_free(zone);
}

static void examine(struct doctor *d, const char *url)
{
    if (check_data(d)) {
        check_files(d);
        check_disk(d);
        check_store(d);
    }
    check_programs(d);
    check_htaccess(d);
    check_commands(d);
    check_zones(d);
    doctor_check_notify(d);
    if (!url && d->site.settings.api[0])
        url = d->site.settings.api;
    if (url)
        doctor_ask_site(d, url);
    else
        doctor_find(d, NOTE, "jobjoker doctor URL", "the site itself was not asked: its address is not known");
}

int command_doctor(int argc, char **argv)
{
    struct doctor d = {0};
    struct error err = {0};

    if (argc > 1)
        return EXIT_USAGE;
    if (command_load_settings(&d.site, &err) < 0)
        doctor_find(&d, WRONG, "set it right there", "%s", err.message);
    else
        examine(&d, argc == 1 ? argv[0] : NULL);
    command_close(&d.site);
    if (d.wrong)
        printf("\n%d of these must be set right.\n", d.wrong);
    return d.wrong ? EXIT_WRONG : 0;
}
