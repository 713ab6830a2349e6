/* Starting the worker: program, arguments, environment, and nothing else that is ours. */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "environment.h"

/* The kernel takes 128 KiB in one variable, and a quarter of the stack's limit (usually 2 MiB) in all: execve(2). */
enum { VARIABLE_MAX = 120 << 10, ENVIRONMENT_MAX = 1 << 20 };

/* The whole of one start, so that each step can say what went wrong. */
struct start {
    const struct ticket *ticket;
    const char *library;
    char folder[PATH_MAX]; /* run/ID/work */
    char program[PATH_MAX];
    char host[PATH_MAX];
    const char *argv[4];
    struct environment environment;
};

static int explain(char *reason, const char *what, const char *detail)
{
    snprintf(reason, WORKER_REASON_SIZE, "the worker could not be started: %s%s%s", what, detail ? ": " : "",
             detail ? detail : "");
    return -1;
}

static int choose_program(struct start *s, char *reason)
{
    const struct ticket *t = s->ticket;

    switch (t->kind) {
    case TICKET_C:
        snprintf(s->program, sizeof s->program, "%s/jobjoker-c", s->library);
        s->argv[0] = s->program;
        s->argv[1] = t->code;
        return 0;
    case TICKET_PHP:
        snprintf(s->host, sizeof s->host, "%s/php/host.php", s->library);
        if (spawn_find(t->php, t->path, s->program, sizeof s->program) < 0)
            return explain(reason, "there is no program", t->php);
        s->argv[0] = s->program;
        s->argv[1] = s->host;
        s->argv[2] = t->code;
        return 0;
    default:
        snprintf(s->program, sizeof s->program, "%s", t->code);
        s->argv[0] = s->program;
        return 0;
    }
}

/* One that is too large for an environment is on standard input alone: the job can run all the same. */
static void put_parameter(const char *name, const char *value, void *context)
{
    const struct environment *e = context;
    size_t size = strlen(value);
    char variable[300];

    if (size > VARIABLE_MAX || e->text.size + size > ENVIRONMENT_MAX)
        return;

    snprintf(variable, sizeof variable, "JOBJOKER_PARAM_%s", name);
    environment_put(context, variable, value);
}

static void fill_environment(struct start *s)
{
    const struct ticket *t = s->ticket;
    struct environment *e = &s->environment;
    char path[PATH_MAX + 32];

    environment_put(e, "PATH", t->path);
    environment_put(e, "HOME", s->folder);
    environment_put(e, "TMPDIR", s->folder);
    environment_put(e, "LANG", "C.UTF-8");
    environment_put(e, "JOBJOKER_ID", t->id);
    environment_put(e, "JOBJOKER_WORKER", t->worker);
    environment_put(e, "JOBJOKER_API", t->api);
    environment_put(e, "JOBJOKER_TOKEN", t->token);
    environment_put(e, "JOBJOKER_ATTEMPT", t->attempt);
    environment_put(e, "JOBJOKER_LIB", s->library);
    snprintf(path, sizeof path, "%s/python", s->library);
    environment_put(e, "PYTHONPATH", path);
    environment_put(e, "PYTHONUNBUFFERED", "1"); /* a log that comes when the job is over is none */
    snprintf(path, sizeof path, "%s/sh/jobjoker.sh", s->library);
    environment_put(e, "JOBJOKER_SH", path);
    ticket_each(t, "param.", put_parameter, e);
}

/* An unnamed file, so that a worker may read its input late, or never. */
static int open_parameters(const struct ticket *t)
{
    int fd = memfd_create("parameters", MFD_CLOEXEC);

    if (fd >= 0 && (io_write_all(fd, t->parameters, strlen(t->parameters)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_folder(struct start *s, char *reason)
{
    snprintf(s->folder, sizeof s->folder, "%s/work", s->ticket->folder);
    if (mkdir(s->folder, 0700) < 0 && errno != EEXIST)
        return explain(reason, "its working directory", strerror(errno));
    return 0;
}

static int spawn_worker(struct start *s, int in, int out, int err, pid_t *pid, char *reason)
{
    struct spawn spawn = {
        .path = s->program,
        .argv = (char *const *)(uintptr_t)s->argv,
        .envp = environment_array(&s->environment),
        .fds = {in, out, err},
        .fd_count = 3,
        .directory = s->folder,
        .new_session = true,
        .die_with_parent = true,
    };

    if (!spawn.envp)
        return explain(reason, strerror(ENOMEM), NULL);
    if (spawn_start(&spawn, pid, NULL) == 0)
        return 0;
    if (errno == ENOENT && s->ticket->kind == TICKET_SCRIPT && access(s->program, F_OK) == 0)
        return explain(reason, "the interpreter that its first line names is not there", NULL);
    return explain(reason, strerror(errno), NULL);
}

static int open_pipes(int out[2], int err[2])
{
    if (pipe2(out, O_CLOEXEC) < 0)
        return -1;
    if (pipe2(err, O_CLOEXEC) < 0) {
        close(out[0]);
        close(out[1]);
        return -1;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    return 0;
}

int worker_start(const struct ticket *t, const char *library, struct worker_process *p, char reason[WORKER_REASON_SIZE])
{
    struct start s = {.ticket = t, .library = library};
    int in, out[2], err[2], result;

    if (choose_program(&s, reason) < 0 || make_folder(&s, reason) < 0)
        return -1;
    in = open_parameters(t);
    if (in < 0)
        return explain(reason, "its parameters", strerror(errno));
    if (open_pipes(out, err) < 0) {
        close(in);
        return explain(reason, "pipes", strerror(errno));
    }
    fill_environment(&s);
    result = spawn_worker(&s, in, out[1], err[1], &p->pid, reason);
    environment_clear(&s.environment);
    close(in);
    close(out[1]);
    close(err[1]);
    if (result < 0) {
        close(out[0]);
        close(err[0]);
        return -1;
    }
    p->out = out[0];
    p->err = err[0];
    return 0;
}
