/* The dynamic twin of the static program. */
#include "engine/twin.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "base/spawn.h"

enum { TIMEOUT_MS = 60000, OUTPUT_MAX = 4096, WORDS_MAX = 4 };

static const char CLOCK_FILE[] = "JOBJOKER_CLOCK_FILE"; /* of tests: base/clock.h */

static void put_setting(const char *name, const char *value, void *context)
{
    environment_put(context, name, value);
}

/* What it is called with. */
struct call {
    char program[PATH_MAX];
    char *argv[WORDS_MAX + 2];
    struct environment environment;
    struct spawn spawn;
};

static void call_clear(struct call *c)
{
    environment_clear(&c->environment);
}

static int prepare(const struct engine *e, const char *const words[], struct call *c, struct error *err)
{
    snprintf(c->program, sizeof c->program, "%s/cgi-bin/jobjoker", e->app_folder);
    c->argv[0] = c->program;
    for (int i = 0; words[i] && i < WORDS_MAX; i++)
        c->argv[i + 1] = (char *)(uintptr_t)words[i];
    environment_put(&c->environment, "PATH", e->settings->path);
    settings_each_override(put_setting, &c->environment);
    if (getenv(CLOCK_FILE))
        environment_put(&c->environment, CLOCK_FILE, getenv(CLOCK_FILE));
    c->spawn =
        (struct spawn){.path = c->program, .argv = c->argv, .directory = "/", .fds = {-1, -1, -1}, .fd_count = 3};
    c->spawn.envp = environment_array(&c->environment);
    return c->spawn.envp ? 0 : error_set(err, 500, "internal", "the server ran out of memory");
}

int twin_run(const struct engine *e, const char *const words[], struct error *err)
{
    AUTO(call) struct call c = {0};
    AUTO(buf) struct buf output = {0};
    struct spawn_result result;

    if (prepare(e, words, &c, err) < 0 ||
        spawn_run(&c.spawn, NULL, 0, TIMEOUT_MS, OUTPUT_MAX, &output, &result, err) < 0)
        return -1;
    if (result.status != 0)
        log_line("jobjoker %s: %.500s", words[0], buf_text(&output));
    return result.status != 0;
}

int twin_start(const struct engine *e, const char *const words[], struct error *err)
{
    return twin_start_locked(e, words, -1, err);
}

int twin_start_locked(const struct engine *e, const char *const words[], int lock, struct error *err)
{
    AUTO(call) struct call c = {0};
    char path[PATH_MAX + 16];
    int log, result;
    pid_t pid;

    if (prepare(e, words, &c, err) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/runner.log", e->settings->data);
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    c.spawn.fds[1] = c.spawn.fds[2] = log;
    c.spawn.fds[3] = lock;
    c.spawn.fd_count = lock < 0 ? 3 : 4;
    c.spawn.new_session = true;
    result = spawn_start(&c.spawn, &pid, err);
    if (log >= 0)
        close(log);
    return result;
}
