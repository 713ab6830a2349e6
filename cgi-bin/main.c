/* jobjoker.cgi: one request, one answer. The arguments are never looked at (RFC 3875 section 4.4). */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
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

/* What workers call. The address and port that took the request are the server's own; its Host header, and with it
 * SERVER_NAME, is whatever the caller wrote. */
static void find_api(const struct settings *settings, const struct request *req, char *out, size_t out_size)
{
    const char *address = getenv("SERVER_ADDR"), *port = getenv("SERVER_PORT"), *https = getenv("HTTPS");
    const char *base = req->base ? req->base : "";
    bool tls = https && strcmp(https, "on") == 0, ipv6 = address && strchr(address, ':');

    if (settings->api[0])
        snprintf(out, out_size, "%.*s", (int)strlen(settings->api) - (settings->api[strlen(settings->api) - 1] == '/'),
                 settings->api);
    else
        snprintf(out, out_size, "http%s://%s%s%s:%s%s", tls ? "s" : "", ipv6 ? "[" : "",
                 address ? address : "127.0.0.1", ipv6 ? "]" : "", port ? port : "80", base);
}

static int answer(struct request *req, struct response *res, struct error *err)
{
    char app_folder[PATH_MAX], api[PATH_MAX];
    struct settings settings;
    struct engine engine = { .settings = &settings, .app_folder = app_folder, .api = api, .now_ms = clock_now_ms() };
    struct context ctx = { .settings = &settings, .engine = &engine };

    if (request_init(req, err) < 0 || find_app_folder(app_folder, err) < 0)
        return -1;
    if (settings_load(&settings, app_folder, err) < 0) {
        log_line("%s", err->message); /* for the administrator only: it names a path */
        return error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
    }
    find_api(&settings, req, api, sizeof api);
    engine.store = store_open(settings.database, err);
    if (!engine.store)
        return -1;
    router_answer(req, &ctx, engine.store, res);
    response_send(res, req);
    /* The server waits for our end, and closing costs a tenth of a short request: the kernel does it as well. Nothing
     * is open that is not committed. */
    _exit(0);
}

int main(void)
{
    struct request req = {0};
    struct response res;
    struct error err = {0};

    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of write(2), no death in mid-transaction */
    response_init(&res);
    if (answer(&req, &res, &err) < 0) {
        if (err.status >= 500)
            log_line("request %s: %d %s: %s", req.id, err.status, err.code, err.message);
        response_error(&res, &req, &err);
        response_send(&res, &req);
    }
    response_clear(&res);
    request_clear(&req);
    return 0;
}
