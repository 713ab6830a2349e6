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

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/environment.h"
#include "base/io.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "base/spawn.h"
#include "secrets.h"
#include "worker_user.h"

/* The kernel takes 128 KiB in one variable, and a quarter of the stack's limit (usually 2 MiB) in all: execve(2). */
enum { VARIABLE_MAX = 120 << 10, ENVIRONMENT_MAX = 1 << 20 };

/* The whole of one start, so that each step can say what went wrong. */
struct start {
    const struct ticket *ticket;
    const char *library;
    char folder[PATH_MAX];  /* run/ID/work */
    char tmp[PATH_MAX];     /* run/ID/tmp */
    char secrets[PATH_MAX]; /* run/ID/secrets; "": it has none */
    char program[PATH_MAX];
    char host[PATH_MAX];
    const char *argv[4];
    struct environment environment;
    struct spawn spawn;
    struct worker_process *process;
    const char *failed_step;
    struct sandbox sandbox;
    char cgroup_procs[PATH_MAX + 16];
};

static int explain(char *reason, const char *what, const char *detail)
{
    snprintf(reason, WORKER_REASON_SIZE, "the worker could not be started: %.400s%s%.60s", what, detail ? ": " : "",
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
    environment_put(e, "TMPDIR", s->tmp);
    environment_put(e, "LANG", "C.UTF-8");
    environment_put(e, "JOBJOKER_ID", t->id);
    environment_put(e, "JOBJOKER_WORKER", t->worker);
    environment_put(e, "JOBJOKER_API", t->api);
    environment_put(e, "JOBJOKER_TOKEN", t->token);
    environment_put(e, "JOBJOKER_ATTEMPT", t->attempt);
    if (t->scheduled[0])
        environment_put(e, "JOBJOKER_SCHEDULED_TIME", t->scheduled);
    environment_put(e, "JOBJOKER_LIB", s->library);
    snprintf(path, sizeof path, "%s/python", s->library);
    environment_put(e, "PYTHONPATH", path);
    environment_put(e, "PYTHONUNBUFFERED", "1"); /* a log that comes when the job is over is none */
    snprintf(path, sizeof path, "%s/sh/jobjoker.sh", s->library);
    environment_put(e, "JOBJOKER_SH", path);
    secrets_name(t, s->secrets, e);
    ticket_each(t, "param.", put_parameter, e); /* last: these give way where there is no room */
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

/* One may be left by an attempt whose runner was lost: what its worker's user put there nobody else could remove. */
static int make_new_folder(const struct worker_process *p, const char *path)
{
    if (mkdir(path, 0700) == 0)
        return 0;
    if (errno != EEXIST || (p->has_user ? worker_user_remove_tree(&p->user, path) : io_remove_tree(path)) < 0)
        return -1;
    return mkdir(path, 0700);
}

static int make_folder(struct start *s, const char *name, char path[PATH_MAX], char *reason)
{
    char problem[WORKER_REASON_SIZE];

    if (snprintf(path, PATH_MAX, "%s/%s", s->ticket->folder, name) >= PATH_MAX)
        return explain(reason, "its working directory", strerror(ENAMETOOLONG));
    if (make_new_folder(s->process, path) < 0)
        return explain(reason, "its working directory", strerror(errno));
    if (s->process->has_user && worker_user_give(&s->process->user, path, problem) < 0)
        return explain(reason, problem, NULL);
    return 0;
}

/* -- limits -- */

/* Where the web server itself may have less, that is what is left to give: the kernel refuses more, and less keeps the
 * limit too. */
static void limit_resource(struct start *s, int resource, int64_t soft, int64_t hard)
{
    struct rlimit own = {.rlim_max = RLIM_INFINITY}, wanted = {.rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard};

    (void)getrlimit((unsigned)resource, &own);
    if (wanted.rlim_max > own.rlim_max)
        wanted.rlim_max = own.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max)
        wanted.rlim_cur = wanted.rlim_max;
    s->spawn.limits[s->spawn.limit_count++] = (struct spawn_limit){resource, wanted};
}

/* Those of each process (setrlimit(2)). The CPU time of all together is watched by the runner; a single process that uses
 * it up is told by SIGXCPU, and killed a little later. `lack` says what the cgroup does not keep. */
static void set_limits(struct start *s, int lack)
{
    enum { CPU_GRACE_S = 5 };
    const int64_t *max = s->ticket->limits.max;
    int64_t cpu_s = (max[LIMIT_CPU] + 999) / 1000;

    limit_resource(s, RLIMIT_CORE, 0, 0);
    if (cpu_s)
        limit_resource(s, RLIMIT_CPU, cpu_s, cpu_s + CPU_GRACE_S);
    if (max[LIMIT_MEMORY] && (lack & CGROUP_NO_MEMORY_MAX))
        limit_resource(s, RLIMIT_AS, max[LIMIT_MEMORY], max[LIMIT_MEMORY]);
    if (max[LIMIT_FILES])
        limit_resource(s, RLIMIT_NOFILE, max[LIMIT_FILES], max[LIMIT_FILES]);
    if (max[LIMIT_FILE_SIZE])
        limit_resource(s, RLIMIT_FSIZE, max[LIMIT_FILE_SIZE], max[LIMIT_FILE_SIZE]);
    if (max[LIMIT_PROCESSES] && (lack & CGROUP_NO_PROCESSES_MAX)) {
        int64_t all =
            max[LIMIT_PROCESSES] + process_count_threads(s->process->has_user ? s->process->user.uid : geteuid());

        limit_resource(s, RLIMIT_NPROC, all, all);
    }
}

/* A cgroup that the administrator asked for and that cannot be made fails the job: its limits would not be kept. */
static int enter_cgroup(struct start *s, char cgroup[PATH_MAX], int *lack, char *reason)
{
    const struct ticket *t = s->ticket;
    struct error err = {0};

    *lack = CGROUP_NO_MEMORY_MAX | CGROUP_NO_PROCESSES_MAX;
    if (!*t->cgroup)
        return 0;
    *lack = cgroup_make(t->cgroup, t->id, t->limits.max[LIMIT_MEMORY], t->limits.max[LIMIT_PROCESSES], cgroup, PATH_MAX,
                        &err);
    if (*lack < 0)
        return explain(reason, "its cgroup", err.message);
    snprintf(s->cgroup_procs, sizeof s->cgroup_procs, "%s/cgroup.procs", cgroup);
    s->spawn.cgroup_procs = s->cgroup_procs;
    return 0;
}

/* -- what it may see -- */

static int choose_user(struct start *s, char *reason)
{
    char problem[WORKER_REASON_SIZE];

    if (!*s->ticket->user) {
        (void)worker_user_renounce();
        return 0;
    }
    if (worker_user_find(s->ticket->user, WORKER_USERS_FILE, &s->process->user, problem) < 0)
        return explain(reason, problem, NULL);
    s->process->has_user = true;
    s->spawn.user = &s->process->user;
    return 0;
}

static int open_sandbox(struct start *s, char *reason)
{
    char code[PATH_MAX];
    const char *read_paths[] = {s->library, code, s->secrets[0] ? s->secrets : NULL, NULL},
               *write_paths[] = {s->folder, s->tmp, NULL};
    struct error err = {0};

    s->sandbox.ruleset = -1;
    if (strcmp(s->ticket->sandbox, "landlock") != 0)
        return 0;
    snprintf(code, sizeof code, "%.*s", (int)(strrchr(s->ticket->code, '/') - s->ticket->code), s->ticket->code);
    if (sandbox_open(&s->sandbox, s->ticket->sandbox_read, read_paths, s->ticket->sandbox_write, write_paths, &err) < 0)
        return explain(reason, err.message, NULL);
    s->sandbox.local_sockets = strcmp(s->ticket->sandbox_sockets, "yes") == 0;
    s->spawn.sandbox = &s->sandbox;
    return 0;
}

static int spawn_worker(struct start *s, int in, int out, int err, pid_t *pid, char *reason)
{
    struct spawn *spawn = &s->spawn;

    spawn->path = s->program;
    spawn->argv = (char *const *)(uintptr_t)s->argv;
    spawn->envp = environment_array(&s->environment);
    spawn->fds[0] = in;
    spawn->fds[1] = out;
    spawn->fds[2] = err;
    spawn->fd_count = 3;
    spawn->directory = s->folder;
    spawn->new_session = true;
    spawn->die_with_parent = true;
    spawn->nice = (int)s->ticket->nice;
    spawn->failed_step = &s->failed_step;
    if (!spawn->envp)
        return explain(reason, strerror(ENOMEM), NULL);
    if (spawn_start(spawn, pid, NULL) == 0)
        return 0;
    if (s->failed_step)
        return explain(reason, s->failed_step, strerror(errno));
    if (errno == ENOENT && s->ticket->kind == TICKET_SCRIPT && access(s->program, F_OK) == 0)
        return explain(reason, "the interpreter that its first line names is not there", NULL);
    return explain(reason, strerror(errno), NULL);
}

static int open_pipes(const struct spawn_user *user, int out[2], int err[2])
{
    if (spawn_pipe(out, user) < 0)
        return -1;
    if (spawn_pipe(err, user) < 0) {
        close(out[0]);
        close(out[1]);
        return -1;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    return 0;
}

/* All that goes before its pipes. */
static int prepare(struct start *s, char cgroup[PATH_MAX], char *reason)
{
    int lack;

    if (choose_program(s, reason) < 0 || choose_user(s, reason) < 0 || make_folder(s, "work", s->folder, reason) < 0 ||
        make_folder(s, "tmp", s->tmp, reason) < 0 || secrets_write(s->ticket, s->spawn.user, s->secrets, reason) < 0 ||
        open_sandbox(s, reason) < 0 || enter_cgroup(s, cgroup, &lack, reason) < 0)
        return -1;
    set_limits(s, lack);
    fill_environment(s);
    return 0;
}

static int start_with_pipes(struct start *s, struct worker_process *p, char *reason)
{
    int in = open_parameters(s->ticket), out[2], err[2], result;

    if (in < 0)
        return explain(reason, "its parameters", strerror(errno));
    if (open_pipes(s->spawn.user, out, err) < 0) {
        close(in);
        return explain(reason, "pipes", strerror(errno));
    }
    result = spawn_worker(s, in, out[1], err[1], &p->pid, reason);
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

int worker_start(const struct ticket *t, const char *library, struct worker_process *p, char reason[WORKER_REASON_SIZE])
{
    struct start s = {.ticket = t, .library = library, .process = p, .sandbox.ruleset = -1};
    int result = prepare(&s, p->cgroup, reason);

    if (result == 0)
        result = start_with_pipes(&s, p, reason);
    sandbox_close(&s.sandbox);
    environment_clear(&s.environment);
    return result;
}
