/* The other side is in runner/post.c. A request is a line `post NUMBER URL HEADERS BODY` of the lengths of what follows; an answer is
 * a line `NUMBER STATUS RETRY_AFTER FINAL FAULT`. */
#include "engine/poster.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "base/io.h"
#include "base/spawn.h"

static int spawn(struct poster *p, const struct engine *e, int in, int out, bool *missing, struct error *err)
{
    AUTO(environment) struct environment environment = {0};
    char program[PATH_MAX + 32], timeout[24];
    char *const argv[] = {program, timeout, (char *)(uintptr_t)e->settings->notify_allow,
                          (char *)(uintptr_t)e->settings->notify_ca, NULL};
    struct spawn spawn = {.path = program,
                          .argv = argv,
                          .fds = {in, out, STDERR_FILENO},
                          .fd_count = 3,
                          .directory = "/",
                          .die_with_parent = true};

    snprintf(program, sizeof program, "%s/runner/jobjoker-post", e->app_folder);
    snprintf(timeout, sizeof timeout, "%lld", (long long)e->settings->notify_timeout_ms);
    environment_put(&environment, "PATH", e->settings->path);
    spawn.envp = environment_array(&environment);
    if (!spawn.envp)
        return error_set(err, 500, "internal", "the server ran out of memory");
    *missing = access(program, X_OK) < 0 && errno == ENOENT;
    return spawn_start(&spawn, &p->pid, err);
}

int poster_start(struct poster *p, const struct engine *e, bool *missing, struct error *err)
{
    int in[2], out[2], result;

    *missing = false;
    if (p->pid)
        return 0;
    if (pipe2(in, O_CLOEXEC) < 0)
        return error_errno(err, "pipe");
    if (pipe2(out, O_CLOEXEC) < 0) {
        close(in[0]);
        close(in[1]);
        return error_errno(err, "pipe");
    }
    result = spawn(p, e, in[0], out[1], missing, err);
    close(in[0]);
    close(out[1]);
    p->in = in[1];
    p->out = out[0];
    if (result < 0) {
        close(p->in);
        close(p->out);
        p->pid = 0;
    }
    return result;
}

int poster_send(struct poster *p, int number, const char *url, const struct buf *headers, const struct delivery *d)
{
    AUTO(buf) struct buf request = {0};

    buf_printf(&request, "post %d %zu %zu %zu\n%s", number, strlen(url), headers->size, d->body_size, url);
    buf_puts(&request, buf_text(headers));
    buf_put(&request, d->body, d->body_size);
    return request.failed ? -1 : io_write_all(p->in, request.data, request.size);
}

/* False: it is no such line. */
static bool read_answer(char *line, int *number, struct delivery_try *out)
{
    int status, final, at = 0;
    long long retry_after;

    *out = (struct delivery_try){0};
    if (sscanf(line, "%d %d %lld %d %n", number, &status, &retry_after, &final, &at) < 4 || at == 0)
        return false;
    out->status = status;
    out->sent = status >= 200 && status < 300;
    out->final = final;
    out->retry_after_ms = retry_after * 1000;
    snprintf(out->fault, sizeof out->fault, "%s", line + at);
    return true;
}

int poster_take(struct poster *p, int *number, struct delivery_try *out)
{
    char *end = p->said.size ? memchr(p->said.data, '\n', p->said.size) : NULL;
    bool understood;

    if (!end)
        return 0;
    *end = '\0';
    understood = read_answer(p->said.data, number, out);
    buf_drop(&p->said, (size_t)(end - p->said.data) + 1);
    return understood ? 1 : -1;
}

int poster_read(struct poster *p)
{
    char bytes[4096];
    ssize_t n = read(p->out, bytes, sizeof bytes);

    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0)
        return -1;
    buf_put(&p->said, bytes, (size_t)n);
    return p->said.failed ? -1 : 0;
}

void poster_stop(struct poster *p)
{
    if (!p->pid)
        return;
    kill(p->pid, SIGKILL); /* our child, not reaped before: the pid is its own */
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(p->in);
    close(p->out);
    buf_clear(&p->said);
    p->pid = 0;
}
