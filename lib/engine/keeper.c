/* Starting and waking the keeper. Its lock is taken here and handed down, so that two are never started; and the file is only
 * removed by a keeper that then looks once more whether something lies ahead (runner/keeper.c), so that what is
 * scheduled in that moment is seen by it, or finds no file and starts another one. */
#include "engine/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/io.h"
#include "base/keeper_file.h"
#include "base/spawn.h"

static const char CLOCK_FILE[] = "JOBJOKER_CLOCK_FILE"; /* of tests: base/clock.h */

static void put_setting(const char *name, const char *value, void *context)
{
    environment_put(context, name, value);
}

static int open_log(const struct engine *e)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/runner.log", e->settings->data);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* It gets the settings, and nothing of this request. */
static void start(const struct engine *e, const char *path, int lock)
{
    AUTO(environment) struct environment environment = {0};
    char keeper[PATH_MAX + 32], program[PATH_MAX + 32];
    char *const argv[] = {keeper, (char *)(uintptr_t)path, program, NULL};
    int log = open_log(e);
    struct spawn spawn = {.path = keeper,
                          .argv = argv,
                          .fds = {-1, log, log, lock},
                          .fd_count = 4,
                          .directory = "/",
                          .new_session = true};
    struct error err = {0};
    pid_t pid;

    snprintf(keeper, sizeof keeper, "%s/runner/jobjoker-keeper", e->app_folder);
    snprintf(program, sizeof program, "%s/cgi-bin/jobjoker", e->app_folder);
    environment_put(&environment, "PATH", e->settings->path);
    settings_each_override(put_setting, &environment);
    if (getenv(CLOCK_FILE))
        environment_put(&environment, CLOCK_FILE, getenv(CLOCK_FILE));
    spawn.envp = environment_array(&environment);
    if (!spawn.envp || spawn_start(&spawn, &pid, &err) < 0)
        log_line("the keeper could not be started: what lies ahead waits for the next request");
    if (log >= 0)
        close(log);
}

static void keeper_path(const struct engine *e, char out[PATH_MAX + 16])
{
    snprintf(out, PATH_MAX + 16, "%s/keeper", e->settings->data);
}

void engine_wake(const struct engine *e)
{
    char path[PATH_MAX + 16];
    int lock;

    keeper_path(e, path);
    switch (keeper_file_take(path, true, &lock)) {
    case KEEPER_FILE_TAKEN:
        (void)!ftruncate(lock, 0); /* it may have been put to rest */
        start(e, path, lock);
        close(lock);
        break;
    case KEEPER_FILE_HELD:
        (void)!futimens(lock, NULL); /* which it watches */
        close(lock);
        break;
    case KEEPER_FILE_NONE:
        log_line("%s: %s: what lies ahead waits for the next request", path, strerror(errno));
        break;
    }
}

/* Nothing lies ahead but a start of the machine, and there has been none. It is not locked to find that out: who wakes a keeper
 * at this moment would take us for one. */
static bool rests(int file)
{
    char boot[CLOCK_BOOT_ID_SIZE], noted[CLOCK_BOOT_ID_SIZE] = "";

    if (io_read_all(file, noted, sizeof noted - 1) <= 0)
        return false;
    clock_boot_id(boot);
    return strcmp(boot, noted) == 0;
}

void engine_keep(const struct engine *e)
{
    char path[PATH_MAX + 16];
    enum keeper_file found;
    bool needed;
    int file;

    keeper_path(e, path);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    needed = !rests(file);
    close(file);
    if (!needed)
        return;
    found = keeper_file_take(path, false, &file);
    if (found == KEEPER_FILE_TAKEN)
        start(e, path, file);
    if (found != KEEPER_FILE_NONE)
        close(file);
}
