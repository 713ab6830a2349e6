/* Is a source sound? Compilers and interpreters say so, each in its own words; here those become lines and columns. */
#include "worker/check.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { OUTPUT_MAX = 256 * 1024, DIAGNOSTICS_MAX = 100, MESSAGE_MAX = 500 };

static const rlim_t TOOL_MEMORY_MAX = 2147483648, TOOL_FILE_MAX = 268435456;

/* What somebody sends may be his program already while it is compiled, checked or described: so it is kept where its jobs
 * will be. */
static int open_sandbox(const struct worker_place *place, const char *folder, bool writes, struct sandbox *out,
                        struct error *err)
{
    char runner[PATH_MAX + 8];
    const char *const reads[] = {runner, writes ? NULL : folder, NULL}, *const written[] = {writes ? folder : NULL,
                                                                                            NULL};

    snprintf(runner, sizeof runner, "%s/runner", place->app_folder);
    if (sandbox_open(out, place->settings->sandbox_read, reads, place->settings->sandbox_write, written, err) < 0)
        return -1;
    out->local_sockets = strcmp(place->settings->sandbox_sockets, "yes") == 0;
    return 0;
}

static void limit(struct spawn *s, int resource, rlim_t most)
{
    struct spawn_limit *l = &s->limits[s->limit_count++];

    l->resource = resource;
    if (getrlimit((unsigned)resource, &l->value) < 0 || l->value.rlim_max > most)
        l->value.rlim_max = most; /* more than we have ourselves cannot be given */
    l->value.rlim_cur = l->value.rlim_max;
}

/* A few lines of source can make a compiler take all memory (#include "/dev/zero") or fill the disk (.space in asm). What
 * describes a worker is the worker, and has the memory that its jobs have at most. */
static void set_limits(const struct settings *settings, bool writes, struct spawn *s)
{
    limit(s, RLIMIT_CORE, 0);
    limit(s, RLIMIT_FSIZE, TOOL_FILE_MAX);
    if (writes)
        limit(s, RLIMIT_AS, TOOL_MEMORY_MAX);
    else if (settings->limit_memory_max)
        limit(s, RLIMIT_AS, (rlim_t)settings->limit_memory_max);
}

int worker_run_tool(const struct worker_place *place, const char *folder, bool writes, const char *const *argv,
                    bool quiet, struct buf *output, struct spawn_result *result, struct error *err)
{
    bool confined = strcmp(place->settings->sandbox, "landlock") == 0;
    struct sandbox sandbox = {.ruleset = -1};
    int outcome;
    char program[PATH_MAX], path[SETTING_TEXT_SIZE + 8], home[PATH_MAX + 8], temporary[PATH_MAX + 8];
    char locale[] = "LC_ALL=C.UTF-8";
    char *const envp[] = {path, home, temporary, locale, NULL};
    struct spawn spawn = {.path = program,
                          .argv = (char *const *)(uintptr_t)argv,
                          .envp = envp,
                          .directory = folder,
                          .quiet = quiet,
                          .sandbox = confined ? &sandbox : NULL};

    if (spawn_find(argv[0], place->settings->path, program, sizeof program) < 0)
        return error_set(err, 422, "worker_broken", "the server has no program `%.100s`", argv[0]);
    snprintf(path, sizeof path, "PATH=%s", place->settings->path);
    snprintf(home, sizeof home, "HOME=%s", folder);
    snprintf(temporary, sizeof temporary, "TMPDIR=%s", folder);
    set_limits(place->settings, writes, &spawn);
    if (confined && open_sandbox(place, folder, writes, &sandbox, err) < 0)
        return -1;
    outcome = spawn_run(&spawn, NULL, 0, (int)place->settings->check_timeout_ms, OUTPUT_MAX, output, result, err);
    sandbox_close(&sandbox);
    return outcome;
}

/* Where our files lie is nobody's business. */
static void leave_out_text(struct buf *output, const char *text)
{
    char *at = output->data, *found;
    size_t length = strlen(text);

    while (at && (found = memmem(at, output->size - (size_t)(at - output->data), text, length))) {
        memmove(found, found + length, output->size - (size_t)(found - output->data) - length + 1);
        output->size -= length;
        at = found;
    }
}

void worker_leave_out_paths(const struct worker_place *place, const char *folder, struct buf *output)
{
    const char *const folders[] = {folder, place->settings->data, place->app_folder};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[PATH_MAX + 130];

        snprintf(path, sizeof path, "%s/", folders[i]);
        leave_out_text(output, path);
    }
}

struct diagnostics {
    struct json_writer *out;
    int count;
    char first[MESSAGE_MAX];
};

static void put_diagnostic(struct diagnostics *d, long line, long column, const char *severity, const char *message,
                           size_t size)
{
    if (size >= MESSAGE_MAX)
        size = MESSAGE_MAX - 1;
    if (d->count == 0 || (strcmp(severity, "error") == 0 && !d->first[0]))
        snprintf(d->first, sizeof d->first, "line %ld: %.*s", line, (int)size, message);
    if (d->count++ >= DIAGNOSTICS_MAX || !d->out)
        return;
    json_begin(d->out, '{');
    json_name(d->out, "line");
    json_put_int(d->out, line);
    json_name(d->out, "column");
    json_put_int(d->out, column);
    json_name(d->out, "severity");
    json_put_string(d->out, severity);
    json_name(d->out, "message");
    json_put_bytes(d->out, message, size);
    json_end(d->out, '}');
}

/* "FILE:12:5: error: what is wrong", as gcc, clang and tcc write it (tcc without the column). */
static void read_compiler_line(const char *line, size_t size, const char *file, struct diagnostics *d)
{
    static const char *const severities[] = {"fatal error", "error", "warning", "note"};
    size_t name = strlen(file);
    const char *end = line + size, *p = line + name;
    long row, column = 1;
    char *after;

    if (size < name + 4 || memcmp(line, file, name) != 0 || *p != ':' || !isdigit((unsigned char)p[1]))
        return;
    row = strtol(p + 1, &after, 10);
    if (*after == ':' && isdigit((unsigned char)after[1]))
        column = strtol(after + 1, &after, 10);
    if (end - after < 3 || after[0] != ':' || after[1] != ' ')
        return;
    p = after + 2;
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        size_t n = strlen(severities[i]);

        if ((size_t)(end - p) > n + 2 && memcmp(p, severities[i], n) == 0 && p[n] == ':') {
            put_diagnostic(d, row, column, i < 2 ? "error" : severities[i], p + n + 2, (size_t)(end - p) - n - 2);
            return;
        }
    }
}

static void read_compiler_output(const struct buf *output, const char *file, struct diagnostics *d)
{
    const char *p = buf_text(output), *end = p + output->size;

    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t size = (size_t)((newline ? newline : end) - p);

        read_compiler_line(p, size, file, d);
        p += size + 1;
    }
}

/* Interpreters name the line behind words of their own. The message is the line that names it, or the last one. */
struct checker {
    const char *interpreter; /* its name without path and version digits */
    const char *arguments[4];
    const char *before_line; /* words before the line's number */
    bool message_is_last;
};

static const struct checker checkers[] = {
    {"sh", {"-n"}, ": ", false},
    {"dash", {"-n"}, ": ", false},
    {"bash", {"-n"}, "line ", false},
    {"python", {"-c", "import sys; compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec')"}, ", line ", true},
    {"node", {"--check"}, ":", true},
    {"ruby", {"-c"}, ":", false},
    {"php", {"-l"}, " on line ", false},
};

static const struct checker *find_checker(const char *interpreter)
{
    const char *slash = strrchr(interpreter, '/'), *name = slash ? slash + 1 : interpreter;
    size_t length = strcspn(name, "0123456789.");

    for (size_t i = 0; i < sizeof checkers / sizeof *checkers; i++) {
        if (strlen(checkers[i].interpreter) == length && memcmp(checkers[i].interpreter, name, length) == 0)
            return &checkers[i];
    }
    return NULL;
}

/* The program of a "#!" line; behind env, the next word. */
static void read_interpreter(const struct worker *w, char *out, size_t out_size)
{
    char line[256], *save = NULL, *word;
    size_t n = strcspn(w->code, "\r\n");

    out[0] = '\0';
    if (strncmp(w->code, "#!", 2) != 0)
        return;
    snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1) - 2, w->code + 2);
    word = strtok_r(line, " \t", &save);
    if (word && strlen(word) >= 4 && strcmp(word + strlen(word) - 4, "/env") == 0) {
        do
            word = strtok_r(NULL, " \t", &save);
        while (word && *word == '-');
    }
    snprintf(out, out_size, "%s", word ? word : "");
}

/* The name of our file says nothing to anybody: "NAME: 4: what" and "what in NAME on line 4" become "what". */
static void leave_out_file(const char **message, const char **end, const char *file)
{
    const char *at = memmem(*message, (size_t)(*end - *message), file, strlen(file));

    if (!at)
        return;
    if (at - *message > 4 && memcmp(at - 4, " in ", 4) == 0)
        *end = at - 4;
    else
        *message = at + strlen(file) + strspn(at + strlen(file), ": ");
}

/* The number behind the words, anywhere in the output, and the line that tells what is wrong. */
static void read_checker_output(const struct checker *c, const struct buf *output, const char *file,
                                struct diagnostics *d)
{
    const char *text = buf_text(output), *at, *message = text, *end;
    long line = 1;

    for (at = text; (at = strstr(at, c->before_line));) {
        at += strlen(c->before_line);
        if (!isdigit((unsigned char)*at))
            continue;
        line = strtol(at, NULL, 10);
        message = at;
        if (!c->message_is_last) /* of a traceback the last place counts */
            break;
    }
    if (c->message_is_last) {
        message = text + output->size;
        while (message > text && message[-1] == '\n')
            message--;
    }
    end = message + strcspn(message, "\n");
    while (message > text && message[-1] != '\n')
        message--;
    leave_out_file(&message, &end, file);
    put_diagnostic(d, line, 1, "error", message, (size_t)(end - message));
}

static int refuse(const struct diagnostics *d, struct error *err)
{
    return error_set(err, 422, "worker_broken", "the code has errors: %.200s", d->first);
}

static int refuse_slow(struct error *err)
{
    return error_set(err, 422, "worker_broken", "compiling or checking the code took too long");
}

static int compile_c(const struct worker_place *place, const struct worker *w, const char *folder, const char *file,
                     struct diagnostics *d, struct error *err)
{
    char include[PATH_MAX], library[JOB_WORKER_SIZE + 8];
    const char *argv[] = {place->settings->c_compiler,
                          "-std=gnu11",
                          "-shared",
                          "-fPIC",
                          "-O2",
                          "-g",
                          "-Wall",
                          "-Werror=implicit-function-declaration",
                          "-fno-diagnostics-show-caret",
                          "-fdiagnostics-color=never",
                          include,
                          "-o",
                          library,
                          file,
                          "-lm",
                          NULL};
    struct spawn_result result;
    struct buf output = {0};
    int outcome;

    snprintf(include, sizeof include, "-I%s/runner/include", place->app_folder);
    snprintf(library, sizeof library, "%s.so", w->name);
    outcome = worker_run_tool(place, folder, true, argv, false, &output, &result, err);
    if (outcome == 0 && result.timed_out) {
        outcome = refuse_slow(err);
    } else if (outcome == 0 && !(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0)) {
        worker_leave_out_paths(place, folder, &output);
        read_compiler_output(&output, file, d);
        if (d->count == 0) /* the linker, or a compiler with other words */
            put_diagnostic(d, 1, 1, "error", buf_text(&output), output.size);
        outcome = refuse(d, err);
    }
    buf_clear(&output);
    return outcome;
}

static int run_checker(const struct worker_place *place, const struct checker *c, const char *interpreter,
                       const char *folder, const char *file, struct diagnostics *d, struct error *err)
{
    const char *argv[8] = {interpreter};
    char program[PATH_MAX];
    struct spawn_result result;
    struct buf output = {0};
    int n = 1, outcome;

    if (spawn_find(interpreter, place->settings->path, program, sizeof program) < 0)
        return 0; /* it may be there when the job starts, or on the machine where it starts */
    for (int i = 0; i < 4 && c->arguments[i]; i++)
        argv[n++] = c->arguments[i];
    argv[n] = file;
    outcome = worker_run_tool(place, folder, true, argv, false, &output, &result, err);
    if (outcome == 0 && result.timed_out) {
        outcome = refuse_slow(err);
    } else if (outcome == 0 && !(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0)) {
        worker_leave_out_paths(place, folder, &output);
        read_checker_output(c, &output, file, d);
        outcome = refuse(d, err);
    }
    buf_clear(&output);
    return outcome;
}

int worker_check(const struct worker_place *place, const struct worker *w, const char *folder, const char *file,
                 struct json_writer *diagnostics, struct error *err)
{
    struct diagnostics d = {.out = diagnostics};
    char interpreter[256];
    const struct checker *c;

    if (w->kind == WORKER_C)
        return compile_c(place, w, folder, file, &d, err);
    if (w->kind == WORKER_PHP)
        return run_checker(place, find_checker("php"), place->settings->php, folder, file, &d, err);
    read_interpreter(w, interpreter, sizeof interpreter);
    if (!interpreter[0])
        return error_set(err, 422, "worker_broken", "the first line of a script must name its interpreter: #!/bin/sh");
    c = find_checker(interpreter);
    return c ? run_checker(place, c, interpreter, folder, file, &d, err) : 0;
}
