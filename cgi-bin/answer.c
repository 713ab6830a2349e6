/* One request, one answer. */
#include "answer.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "origin.h"
#include "router.h"

/* The folder of .htaccess is the one above cgi-bin/. */
static int find_app_folder(char out[PATH_MAX], struct error *err)
{
    char *slash;

    if (io_program_folder(out, PATH_MAX) < 0)
        return error_errno(err, "/proc/self/exe");
    slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
    return 0;
}

/* A static program cannot load cJSON, so what needs it is handed to the dynamic twin before a byte of it is read: same
 * request, same environment, another program. It costs these requests half a millisecond and spares all others that. */
static int become_twin(const char *app_folder, struct error *err)
{
    char path[PATH_MAX + 32];
    char command[] = "answer";
    char *const argv[] = {path, command, NULL};

    snprintf(path, sizeof path, "%s/cgi-bin/jobjoker", app_folder);
    signal(SIGPIPE, SIG_DFL);
    execv(path, argv);
    return error_errno(err, path);
}

static int load_settings(struct settings *settings, const char *app_folder, struct error *err)
{
    if (settings_load(settings, app_folder, err) == 0)
        return 0;
    log_line("%s", err->message); /* for the administrator only: it names a path */
    return error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
}

/* Allow is there already. The settings matter to pages of other sites alone. */
static int answer_options(const char *app_folder, struct response *res, struct error *err)
{
    struct settings settings;

    if (!request_header("ORIGIN"))
        return 0;
    if (load_settings(&settings, app_folder, err) < 0)
        return -1;
    origin_put_preflight(&settings, res);
    return 0;
}

static int answer(struct request *req, struct response *res, struct error *err)
{
    char app_folder[PATH_MAX];
    AUTO(buf) struct buf api = {0};
    struct settings settings;
    struct engine engine = {.settings = &settings, .app_folder = app_folder, .now_ms = clock_now_ms()};
    struct context ctx = {.settings = &settings, .engine = &engine};
    const struct route *route;

    if (request_init(req, err) < 0 || find_app_folder(app_folder, err) < 0)
        return -1;
    route = router_find(req, res, err);
    if (!route)
        return err->status ? -1 : answer_options(app_folder, res, err);
    if (!json_is_there() && router_reads_json(route))
        return become_twin(app_folder, err);
    if (load_settings(&settings, app_folder, err) < 0)
        return -1;
    if (router_reads_json(route)) { /* all that start jobs do */
        address_of_api(&settings, req, &api);
        engine.api = buf_text(&api);
    }
    engine.store = store_open(settings.database, err);
    if (!engine.store)
        return -1;
    router_answer(route, req, &ctx, engine.store, res);
    request_drop_body(req);
    response_send(res, req);
    /* The server waits for our end, and closing costs a tenth of a short request: the kernel does it as well. Nothing
     * is open that is not committed. */
    _exit(0);
}

/* mod_cgi in a threaded Apache lets a program inherit the pipes of other requests that begin at the same moment. The
 * server waits for the end of such a pipe: while we hold it, for instance in ?wait, the other answer does not arrive. */
static void let_go_of_others(void)
{
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

void answer_request(void)
{
    struct request req = {0};
    struct response res;
    struct error err = {0};

    /* Its environment holds the caller's credentials, and workers run as the same user: they must not read it in /proc. */
    prctl(PR_SET_DUMPABLE, 0);
    let_go_of_others();
    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of write(2), no death in mid-transaction */
    response_init(&res);
    if (answer(&req, &res, &err) < 0) {
        if (err.status >= 500)
            log_line("request %s: %d %s: %s", req.id, err.status, err.code, err.message);
        response_error(&res, &req, &err);
    }
    request_drop_body(&req);
    response_send(&res, &req);
    response_clear(&res);
    request_clear(&req);
}
