/* Starting the runner: its ticket, its five descriptors, and the byte that says that it is there. */
#include "engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"
#include "base/spawn.h"
#include "base/text.h"
#include "engine/lease.h"
#include "engine/vault.h"
#include "worker/options.h"
#include "worker/worker.h"

enum { READY_TIMEOUT_MS = 20000, API_MAX = 4096 };

static const char CLOCK_FILE[] = "JOBJOKER_CLOCK_FILE"; /* of tests: base/clock.h */

static void put(struct buf *ticket, const char *key, const char *value)
{
    buf_printf(ticket, "%s=", key);
    buf_put(ticket, value, strlen(value) + 1);
}

static void put_number(struct buf *ticket, const char *key, long long value)
{
    buf_printf(ticket, "%s=%lld", key, value);
    buf_putc(ticket, '\0');
}

/* -- the address of the API -- */

/* Only a request tells at which address the API is reached, so it is kept for starts that no request asks for. */
static void api_path(const struct engine *e, char out[PATH_MAX + 8])
{
    snprintf(out, PATH_MAX + 8, "%s/api", e->settings->data);
}

static const char *recall_api(const struct engine *e, struct buf *out)
{
    char path[PATH_MAX + 8];

    api_path(e, path);
    return io_read_file(path, API_MAX, out) == 0 ? buf_text(out) : "";
}

static void remember_api(const struct engine *e)
{
    AUTO(buf) struct buf known = {0};
    struct error err = {0};
    char path[PATH_MAX + 8];

    if (strcmp(recall_api(e, &known), e->api) == 0)
        return;
    api_path(e, path);
    (void)io_publish(path, e->api, strlen(e->api), 0600, &err); /* the job at hand runs all the same */
}

/* -- the ticket -- */

static bool is_variable_name(const char *name)
{
    return *name && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* Scalars go into the environment, so that a shell script needs no JSON. */
static int put_parameters(struct buf *ticket, const char *text, struct error *err)
{
    struct json *parameters;

    put(ticket, "parameters", text);
    if (strcmp(text, "{}") == 0)
        return 0; /* most short jobs: then nothing here reads JSON */
    parameters = json_parse(text, strlen(text), err);
    if (!parameters)
        return -1;
    for (const struct json *m = json_first(parameters); m; m = json_next(m)) {
        enum json_type type = json_type(m);

        if (!is_variable_name(json_key(m)) || type == JSON_OBJECT || type == JSON_ARRAY || type == JSON_NULL)
            continue;
        buf_printf(ticket, "param.%s=", json_key(m));
        if (type == JSON_STRING)
            buf_puts(ticket, json_string(m));
        else
            json_print(m, ticket);
        buf_putc(ticket, '\0');
    }
    json_free(parameters);
    return 0;
}

static void put_setting(const char *name, const char *value, void *context)
{
    struct buf *ticket = context;

    buf_puts(ticket, "setting.");
    put(ticket, name, value);
}

/* Another user has to get to the worker's file and to the working directory; what is beside them stays closed, and the
 * data folder itself is opened by the administrator alone (docs/isolation.md). */
static int let_user_pass(const struct engine *e, const char *id, const char *code, struct error *err)
{
    const char *folders[] = {"code", "run", NULL};
    char path[PATH_MAX + 64];

    for (size_t i = 0; folders[i]; i++) {
        snprintf(path, sizeof path, "%s/%s", e->settings->data, folders[i]);
        if (chmod(path, 0711) < 0)
            return error_errno(err, path);
    }
    lease_folder(e->settings->data, id, path);
    if (chmod(path, 0711) < 0 || chmod(code, 0755) < 0)
        return error_errno(err, path);
    snprintf(path, sizeof path, "%.*s", (int)(strrchr(code, '/') - code), code);
    return chmod(path, 0711) < 0 ? error_errno(err, path) : 0;
}

static void put_secret(const struct secret *secret, const char *value, void *context)
{
    struct buf *ticket = context;

    buf_puts(ticket, secret->as_file ? "secret_file." : "secret.");
    put(ticket, secret->name, value);
}

/* Apache obeys an .htaccess in any folder of its site, with all its own rights: a worker that can write one there, in its
 * working directory, is not kept apart from anything. */
static int check_place(const struct engine *e, const struct worker_options *options, struct error *err)
{
    bool apart = options->user[0] || strcmp(e->settings->sandbox, "none") != 0;

    if (!apart || !io_lies_within(e->settings->data, e->app_folder))
        return 0;
    return error_set(
        err, 500, "data_in_site",
        "a worker cannot be kept in a sandbox, or apart as another user, while the data folder lies in the "
        "site's: Apache obeys an .htaccess there. Set `data` to a folder outside of the site");
}

/* What the job may use, and what its worker and the administrator want of the runner. */
static int put_conditions(const struct engine *e, const struct job *job, const struct launch *l, struct buf *ticket,
                          struct error *err)
{
    const char *stop_at = getenv("JOBJOKER_STOP_AT"); /* of tests: runner/step.h */
    AUTO(worker_options) struct worker_options options = {0};

    if (worker_options_parse(l->worker->options, &options, err) < 0)
        return -1;
    if (check_place(e, &options, err) < 0 || (options.user[0] && let_user_pass(e, job->id, l->code, err) < 0))
        return -1;
    for (enum limit i = 0; i < LIMITS; i++) {
        char key[32];

        snprintf(key, sizeof key, "limit.%s", limit_name(i));
        put_number(ticket, key, job->limits.max[i]);
    }
    put_number(ticket, "detach", options.detach);
    put(ticket, "user", options.user);
    put_number(ticket, "nice", e->settings->nice);
    put(ticket, "sandbox", e->settings->sandbox);
    put(ticket, "sandbox_read", e->settings->sandbox_read);
    put(ticket, "sandbox_write", e->settings->sandbox_write);
    put(ticket, "sandbox_sockets", e->settings->sandbox_sockets);
    put(ticket, "cgroup", e->settings->cgroup);
    put_number(ticket, "heartbeat_ms", e->settings->heartbeat_ms);
    if (stop_at)
        put(ticket, "stop_at", stop_at);
    return 0;
}

/* The time that it was meant for, as the worker gets it. */
static void put_scheduled(struct buf *ticket, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    if (!time_ms)
        return;
    text_from_time(time_ms, text);
    put(ticket, "scheduled", text);
}

static int write_ticket(const struct engine *e, const struct job *job, const struct launch *l, struct buf *ticket,
                        struct error *err)
{
    char folder[LEASE_PATH_SIZE], program[PATH_MAX];
    AUTO(buf) struct buf known = {0};
    const char *api = e->api ? e->api : recall_api(e, &known);

    if (e->api)
        remember_api(e);
    lease_folder(e->settings->data, job->id, folder);
    snprintf(program, sizeof program, "%s/cgi-bin/jobjoker.cgi", e->app_folder);
    put(ticket, "id", job->id);
    put(ticket, "worker", job->worker);
    put(ticket, "kind", worker_kind_name(l->worker->kind));
    put(ticket, "code", l->code);
    put(ticket, "folder", folder);
    put(ticket, "lease", l->lease);
    put(ticket, "token", l->token);
    put(ticket, "api", api);
    put(ticket, "program", program);
    put(ticket, "fastcgi", e->fastcgi ? e->fastcgi : "");
    put_number(ticket, "attempt", job->attempt);
    put_scheduled(ticket, job->scheduled_ms);
    put_number(ticket, "timeout_ms", job->timeout_ms);
    put_number(ticket, "grace_ms", e->settings->grace_ms);
    put(ticket, "php", e->settings->php);
    put(ticket, "path", e->settings->path);
    settings_each_override(put_setting, ticket);
    if (getenv(CLOCK_FILE))
        put_setting(CLOCK_FILE, getenv(CLOCK_FILE), ticket);
    if (put_conditions(e, job, l, ticket, err) < 0 || put_parameters(ticket, job->parameters, err) < 0)
        return -1;
    return vault_open(e->store, e->settings, job->worker, put_secret, ticket, err);
}

/* An unnamed file: the runner reads it whenever it likes, and nothing blocks or lies about. */
static int open_ticket(const struct engine *e, const struct job *job, const struct launch *l, struct error *err)
{
    AUTO(buf) struct buf ticket = {0};
    int fd;

    if (write_ticket(e, job, l, &ticket, err) < 0)
        return -1;
    fd = memfd_create("ticket", MFD_CLOEXEC);
    if (fd < 0 || ticket.failed || io_write_all(fd, ticket.data, ticket.size) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        error_errno(err, "ticket");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int open_log(const struct engine *e)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/runner.log", e->settings->data);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int wait_until_ready(int ready, struct error *err)
{
    struct pollfd p = {.fd = ready, .events = POLLIN};
    char byte;
    int n;

    do
        n = poll(&p, 1, READY_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    if (n == 1 && read(ready, &byte, 1) == 1 && byte == 'R')
        return 0;
    log_line("the runner %s", n == 0 ? "did not get ready in time" : "ended before it was ready: see runner.log");
    return error_set(err, 500, "runner_failed", "the job's runner could not be started");
}

/* The pid is noted before it is ready too: should we be killed meanwhile, the runner can still be found and ended. */
static int watch_start(int lock, int ready, pid_t pid, struct error *err)
{
    if (lease_note_pid(lock, pid, err) == 0 && wait_until_ready(ready, err) == 0)
        return 0;
    kill(pid, SIGKILL); /* our own child, not reaped yet: the pid is its own */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -1;
}

static int spawn_runner(const struct engine *e, int ticket, int log, int ready, int lock, pid_t *pid, struct error *err)
{
    char program[PATH_MAX], clock[PATH_MAX];
    const char *clock_file = getenv(CLOCK_FILE);
    char *const argv[] = {program, NULL};
    char *const envp[] = {clock_file ? clock : NULL, NULL};
    struct spawn spawn = {.path = program,
                          .argv = argv,
                          .envp = envp,
                          .fds = {ticket, log, log, ready, lock},
                          .fd_count = 5,
                          .directory = "/",
                          .new_session = true,
                          .hold_signal = SIGUSR1}; /* whoever finds its pid may use it, also before it listens */

    snprintf(program, sizeof program, "%s/runner/jobjoker-runner", e->app_folder);
    if (clock_file)
        snprintf(clock, sizeof clock, "%s=%s", CLOCK_FILE, clock_file);
    if (spawn_start(&spawn, pid, err) < 0)
        return error_set(err, 500, "runner_failed", "the job's runner could not be started");
    return 0;
}

int launch_runner(const struct engine *e, const struct job *job, const struct launch *l, struct error *err)
{
    int ticket = open_ticket(e, job, l, err), log, ready[2], result = -1;
    pid_t pid;

    if (ticket < 0)
        return -1;
    log = open_log(e);
    if (pipe2(ready, O_CLOEXEC) < 0) {
        error_errno(err, "pipe");
        goto close_ticket;
    }
    result = spawn_runner(e, ticket, log, ready[1], l->lock, &pid, err);
    close(ready[1]);
    if (result == 0)
        result = watch_start(l->lock, ready[0], pid, err);
    close(ready[0]);
close_ticket:
    if (log >= 0)
        close(log);
    close(ticket);
    return result;
}
