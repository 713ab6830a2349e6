/* One request, one answer. */
#include "answer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/keeper.h"
#include "origin.h"
#include "router.h"
#include "tick.h"

/* A static program cannot load cJSON or MySQL's client, so what needs them is handed to the dynamic twin before a byte of it is read: same
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

/* Allow is there already. The settings matter to pages of other sites alone. */
static int answer_options(const struct request *req, struct site *site, struct response *res, struct error *err)
{
    if (!request_header(req, "ORIGIN"))
        return 0;
    if (site_load_settings(site, err) < 0)
        return -1;
    origin_put_preflight(req, &site->settings, res);
    return 0;
}

static int answer(struct gateway *gateway, struct site *site, struct request *req, struct response *res,
                  struct error *err)
{
    AUTO(buf) struct buf api = {0};
    struct engine engine = {.settings = &site->settings,
                            .app_folder = site->app_folder,
                            .fastcgi = site->fastcgi,
                            .now_ms = clock_now_ms(),
                            .read_job = tick_read_job};
    struct context ctx = {.settings = &site->settings, .engine = &engine};
    const struct route *route;

    if (request_init(req, gateway, err) < 0 || site_find(site, err) < 0)
        return -1;
    route = router_find(req, res, err);
    if (!route)
        return err->status ? -1 : answer_options(req, site, res, err);
    if (!json_is_there() && router_reads_json(req, route))
        return become_twin(site->app_folder, err);
    if (site_load_settings(site, err) < 0)
        return -1;
    if (!json_is_there() && !store_is_built_in(site->settings.database))
        return become_twin(site->app_folder, err);
    if (router_reads_json(req, route)) { /* all that start jobs do */
        address_of_api(&site->settings, req, &api);
        engine.api = buf_text(&api);
    }
    if (site_open_store(site, err) < 0)
        return -1;
    engine.store = site->store;
    router_answer(route, req, &ctx, site->store, res);
    engine_keep(&engine);
    return 0;
}

/* Both are the caller's to clear. */
static void answer_into(struct gateway *gateway, struct site *site, struct request *req, struct response *res)
{
    struct error err = {0};

    response_init(res, gateway);
    if (answer(gateway, site, req, res, &err) < 0) {
        if (err.status >= 500)
            log_line("request %s: %d %s: %s", req->id, err.status, err.code, err.message);
        response_error(res, req, &err);
    }
    request_drop_body(req);
    response_send(res, req);
}

void answer_request(struct gateway *gateway, struct site *site)
{
    struct request req = {0};
    struct response res;

    answer_into(gateway, site, &req, &res);
    response_clear(&res);
    request_clear(&req);
    site_rest(site);
}

void answer_error(struct gateway *gateway, const struct error *err)
{
    struct request req = {0};
    struct response res;
    struct error ignored = {0};

    response_init(&res, gateway);
    (void)request_init(&req, gateway, &ignored); /* its format and id */
    response_error(&res, &req, err);
    request_drop_body(&req);
    response_send(&res, &req);
    response_clear(&res);
    request_clear(&req);
}

void answer_prepare_process(void)
{
    /* Workers run as the same user: they must not read the credentials of callers in /proc. */
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of write(2), no death in mid-transaction */
}

/* mod_cgi in a threaded Apache lets a program inherit the pipes of other requests that begin at the same moment. The
 * server waits for the end of such a pipe: while we hold it, for instance in ?wait, the other answer does not arrive. */
static void let_go_of_others(void)
{
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

void answer_cgi(void)
{
    struct site site = {0};
    struct request req = {0};
    struct response res;

    answer_prepare_process();
    let_go_of_others();
    answer_into(&gateway_cgi, &site, &req, &res);
    /* The server waits for our end, and closing costs a tenth of a short request: the kernel does it as well. Nothing
     * is open that is not committed. */
    _exit(0);
}
