/* A worker's version as files: data/code/SHA256/NAME.c and NAME.so, NAME.php, or NAME. The database has the truth; these
 * are made from it where they are missing, in a folder of the maker's own, and then renamed into place. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "worker/check.h"
#include "worker/describe.h"

struct names {
    char folder[PATH_MAX + 80];    /* code/SHA256 */
    char workshop[PATH_MAX + 128]; /* the maker's own */
    char source[JOB_WORKER_SIZE + 8];
    char loaded[JOB_WORKER_SIZE + 8];
};

static void make_names(const struct worker_place *place, const struct worker *w, struct names *n)
{
    static const char *const endings[WORKER_KINDS] = {[WORKER_C] = ".c", [WORKER_PHP] = ".php", [WORKER_SCRIPT] = ""};

    snprintf(n->folder, sizeof n->folder, "%s/code/%s", place->settings->data, w->sha256);
    snprintf(n->workshop, sizeof n->workshop, "%s.%ld.new", n->folder, (long)getpid());
    snprintf(n->source, sizeof n->source, "%s%s", w->name, endings[w->kind]);
    snprintf(n->loaded, sizeof n->loaded, "%s%s", w->name, w->kind == WORKER_C ? ".so" : endings[w->kind]);
}

/* The file that is looked for comes last: whoever sees it finds all of them. */
static int publish(const struct names *n, struct error *err)
{
    const char *const files[] = {n->source, n->loaded};

    if (io_make_folders(n->folder, 0700) < 0)
        return error_errno(err, n->folder);
    for (int i = strcmp(n->source, n->loaded) == 0; i < 2; i++) {
        char from[PATH_MAX + 256], to[PATH_MAX + 256];

        snprintf(from, sizeof from, "%s/%s", n->workshop, files[i]);
        snprintf(to, sizeof to, "%s/%s", n->folder, files[i]);
        if (rename(from, to) < 0)
            return error_errno(err, to);
    }
    return 0;
}

static int build(const struct worker_place *place, const struct worker *w, const struct names *n,
                 struct json_writer *diagnostics, struct error *err)
{
    char source[PATH_MAX + 256];

    if (io_make_folders(n->workshop, 0700) < 0)
        return error_errno(err, n->workshop);
    snprintf(source, sizeof source, "%s/%s", n->workshop, n->source);
    if (io_publish(source, w->code, (size_t)w->size, w->kind == WORKER_SCRIPT ? 0700 : 0600, err) < 0 ||
        worker_check(place, w, n->workshop, n->source, diagnostics, err) < 0)
        return -1;
    return publish(n, err);
}

int worker_make_files(const struct worker_place *place, const struct worker *w, char *path, size_t path_size,
                      struct json_writer *diagnostics, struct error *err)
{
    struct names n;
    int result;

    make_names(place, w, &n);
    if (snprintf(path, path_size, "%s/%s", n.folder, n.loaded) >= (int)path_size) {
        errno = ENAMETOOLONG;
        return error_errno(err, n.folder);
    }
    if (access(path, F_OK) == 0)
        return 0;
    result = build(place, w, &n, diagnostics, err);
    (void)io_remove_tree(n.workshop);
    return result;
}

/* What the host says for --describe. */
static int ask_host(const struct worker_place *place, const struct worker *w, const char *path, struct buf *output,
                    struct error *err)
{
    char host[PATH_MAX], folder[PATH_MAX];
    const char *c_argv[] = {host, "--describe", path, NULL};
    const char *php_argv[] = {place->settings->php, host, "--describe", path, NULL};
    const char *const *argv = w->kind == WORKER_C ? c_argv : php_argv;
    struct spawn_result result;

    snprintf(host, sizeof host, "%s/runner/%s", place->app_folder, w->kind == WORKER_C ? "jobjoker-c" : "php/host.php");
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    if (worker_run_tool(place, folder, false, argv, true, output, &result, err) < 0)
        return -1;
    if (!result.timed_out && WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0)
        return 0;
    buf_reset(output); /* again, to hear its complaint */
    if (worker_run_tool(place, folder, false, argv, false, output, &result, err) < 0)
        return -1;
    worker_leave_out_paths(place, folder, output);
    return error_set(err, 422, "worker_description", "the worker cannot be loaded: %.200s",
                     result.timed_out ? "it took too long" : buf_text(output));
}

int worker_describe(const struct worker_place *place, struct worker *w, const char *path, struct error *err)
{
    struct description d = {0};
    AUTO(buf) struct buf output = {0};

    if (w->kind == WORKER_SCRIPT) {
        if (describe_script(w->code, (size_t)w->size, &d, err) < 0)
            return -1;
    } else if (ask_host(place, w, path, &output, err) < 0 ||
               describe_output(buf_text(&output), output.size, &d, err) < 0) {
        return -1;
    }
    w->description = d.text;
    w->parameters = d.parameters;
    w->options = d.options;
    return 0;
}
