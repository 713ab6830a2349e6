/* From a path to its handler. Everything that is the same for all routes is done here, from the table: rights, formats,
 * limits, the refusal of requests from other sites. */
#include "router.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "origin.h"
#include "trail.h"

enum {
    BODY_SMALL_MAX = 4096,
    BODY_SECRET_MAX = 6 * SECRET_VALUE_MAX + BODY_SMALL_MAX, /* JSON may say a byte as \u0041 */
    BODY_REPORT_MAX = 1 << 20,
};

/* Compares the path with a pattern and notes its parameters. */
static bool path_matches(struct request *req, const char *pattern)
{
    int segment = 0;

    req->path_count = 0;
    while (*pattern) {
        size_t length;

        pattern += *pattern == '/';
        length = strcspn(pattern, "/");
        if (length == 0)
            break;
        if (segment == req->segment_count)
            return false;
        if (*pattern == ':')
            req->path[req->path_count++] = (struct parameter){pattern + 1, req->segments[segment]};
        else if (strlen(req->segments[segment]) != length || memcmp(req->segments[segment], pattern, length) != 0)
            return false;
        segment++;
        pattern += length;
    }
    return segment == req->segment_count;
}

static enum method table_method(enum method method)
{
    return method == METHOD_HEAD ? METHOD_GET : method;
}

/* The methods of this path, for Allow. False: no route has it. */
static bool list_methods(struct request *req, struct buf *out)
{
    bool any = false;

    for (size_t i = 0; i < route_count; i++) {
        if (!path_matches(req, routes[i].path))
            continue;
        any = true;
        buf_puts(out, routes[i].method == METHOD_GET ? "GET, HEAD, " : method_name(routes[i].method));
        if (routes[i].method != METHOD_GET)
            buf_puts(out, ", ");
    }
    buf_puts(out, "OPTIONS");
    return any;
}

const struct route *router_find(struct request *req, struct response *res, struct error *err)
{
    struct buf allow = {0};
    bool path_is_known;

    res->head_only = req->method == METHOD_HEAD;
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].method == table_method(req->method) && path_matches(req, routes[i].path))
            return &routes[i];
    }
    path_is_known = list_methods(req, &allow);
    if (!path_is_known) {
        error_set(err, 404, "route_unknown", "there is nothing at this path");
    } else {
        response_header(res, "Allow", "%s", buf_text(&allow));
        if (req->method != METHOD_OPTIONS)
            error_set(err, 405, "method_not_allowed", "this path does not know %s", method_name(req->method));
    }
    buf_clear(&allow);
    return NULL;
}

bool router_reads_json(const struct request *req, const struct route *route)
{
    char type[64];

    request_content_type(req, type, sizeof type);
    return route->reads_json || (route->body == BODY_ENTRY && strcmp(type, "application/x-ndjson") == 0);
}

/* RFC 9110 section 11.6.1. A script of the page has its own log-in form, and must not make the browser ask as well. */
static void put_challenge(const struct request *req, struct response *res)
{
    const char *destination = request_header(req, "SEC_FETCH_DEST");

    response_header(res, "WWW-Authenticate", "Bearer realm=\"JobJoker\"");
    if (!destination || strcmp(destination, "empty") != 0)
        response_header(res, "WWW-Authenticate", "Basic realm=\"JobJoker\", charset=\"UTF-8\"");
}

static int check_rights(const struct request *req, const struct route *route, const struct identity *who,
                        struct error *err)
{
    if (who->job_right) {
        const char *id = request_path(req, "id");

        if ((route->job_right & who->job_right) && id && strcmp(id, who->job_id) == 0)
            return 0;
        return error_set(err, 403, "forbidden", "a job's token is good for its own log, response and progress only");
    }
    if (who->role >= route->role && route->in_person && !who->in_person)
        return error_set(err, 403, "forbidden",
                         "this is for a user himself: log in with your password, not with a token");
    if (who->role >= route->role && route->of_all && who->grant.limited)
        return error_set(err, 403, "forbidden", "you may use some workers only: this is for who may use all");
    if (who->role >= route->role)
        return 0;
    if (route->role == ROLE_NOBODY)
        return error_set(err, 403, "forbidden", "this is for the job's own runner");
    return error_set(err, 403, "forbidden", "this needs the role %s", role_name(route->role));
}

static int64_t body_max(enum body_limit limit, const struct settings *settings)
{
    switch (limit) {
    case BODY_SECRET:
        return BODY_SECRET_MAX;
    case BODY_CODE:
        return settings->code_max;
    case BODY_PARAMETERS:
        return settings->parameters_max + BODY_SMALL_MAX;
    case BODY_ENTRY:
        return settings->entry_max;
    case BODY_REPORT:
        return BODY_REPORT_MAX;
    default:
        return BODY_SMALL_MAX;
    }
}

/* A misspelled filter that is ignored would answer a question that nobody asked. */
static int check_query(const struct request *req, const struct route *route, struct error *err)
{
    for (int i = 0; i < req->query_count; i++) {
        if (!text_in_words(route->query ? route->query : "", req->query[i].name))
            return error_set(err, 400, "bad_parameter", "this path takes no parameter %.60s", req->query[i].name);
    }
    return 0;
}

/* Ids and names are checked once for all handlers. */
static int check_path(const struct request *req, struct error *err)
{
    const char *id = request_path(req, "id"), *name = request_path(req, "name");

    if (id && !ulid_is(id))
        return error_set(err, 404, "job_unknown", "this is no id of a job");
    if (name && !text_is_name(name))
        return error_set(err, req->method == METHOD_GET || req->method == METHOD_HEAD ? 404 : 422, "worker_name",
                         "the name of a worker has 1 to 64 letters, digits, _ and -");
    return 0;
}

/* To whom is limited to some workers, the others are not there, nor their jobs. All routes of one job or worker are
 * guarded here; lists ask the store for those that are allowed. */
static int check_grant(const struct request *req, const struct identity *who, const struct store *db, struct error *err)
{
    const char *id = request_path(req, "id"), *name = request_path(req, "name");
    struct job_peek job;

    if (!who->grant.limited)
        return 0;
    if (name && !grant_allows(&who->grant, name)) {
        if (req->method == METHOD_PUT)
            return error_set(err, 403, "forbidden", "you may use some workers only, and %s is none of them", name);
        return error_set(err, 404, "worker_unknown", "there is no worker %s", name);
    }
    if (id && store_job_peek(db, id, &job, err) < 0)
        return -1;
    if (id && !grant_allows(&who->grant, job.worker))
        return error_set(err, 404, "job_unknown", "there is no job %s", id);
    return 0;
}

/* No state that is told is a lie: a job whose runner is gone is ended before it is looked at. */
static int look_after(const struct request *req, const struct context *ctx, struct error *err)
{
    const char *id = request_path(req, "id");

    return id ? engine_reap_job(ctx->engine, id, err) : engine_reap(ctx->engine, err);
}

/* A source of unknown length that breaks off would look whole; of code, half is worse than nothing. */
static int check_length(const struct request *req, const struct route *route, struct error *err)
{
    if (route->body != BODY_CODE || *request_variable(req, "CONTENT_LENGTH"))
        return 0;
    return error_set(err, 411, "length_required", "send the length of the source (Content-Length)");
}

/* What the caller may was looked at before his body came. A runner's report looks at its lease itself, and says more. */
static int write_guarded(struct request *req, const struct route *route, const struct context *ctx, struct store *db,
                         struct trail *trail, struct response *res, struct error *err)
{
    const struct auth_caller caller = {req, ctx->settings, ctx->who};
    int result;

    if (route->role > ROLE_NONE && ctx->who->job_right != JOB_RIGHT_RUNNER)
        store_guard(db, auth_guard, &caller);
    result = trail_write(trail, req, res, err);
    store_guard(db, NULL, NULL);
    return result;
}

static int call(struct request *req, const struct route *route, struct context *ctx, struct store *db,
                struct trail *trail, struct response *res, struct error *err)
{
    if (request_negotiate(req, route->formats, err) < 0 || check_path(req, err) < 0 ||
        check_query(req, route, err) < 0 || check_grant(req, ctx->who, db, err) < 0 ||
        check_length(req, route, err) < 0)
        return -1;
    if (route->body != BODY_NONE && request_read_body(req, body_max(route->body, ctx->settings), err) < 0)
        return -1;
    if (route->reap && look_after(req, ctx, err) < 0)
        return -1;
    if (route->read)
        return route->read(req, ctx, db, res, err);
    return write_guarded(req, route, ctx, db, trail, res, err);
}

/* What another site's page can make a browser do in the user's name. A token is never sent by a browser on its own, so with
 * one a page that is listed may write. */
static int check_origin(const struct request *req, const struct route *route, enum origin origin, struct error *err)
{
    const char *sent = request_header(req, "AUTHORIZATION");
    char cookie[SECRET_TOKEN_SIZE];

    if (!route->write)
        return 0;
    if (origin == ORIGIN_OTHER || (origin == ORIGIN_LISTED && !(sent && strncasecmp(sent, "Bearer ", 7) == 0)))
        return error_set(err, 403, "cross_site", "this request comes from a page of another site");
    if (route->role > ROLE_NONE && !sent && origin_is_form(req) && auth_session_cookie(req, cookie))
        return error_set(err, 403, "cross_site",
                         "with a session's cookie, send JSON: forms of other sites cannot do that");
    return 0;
}

static int answer(const struct route *route, struct request *req, struct context *ctx, struct store *db,
                  struct trail *trail, struct response *res, struct identity *who, struct error *err)
{
    enum origin origin = origin_of_request(req, ctx->settings);

    origin_put_headers(req, ctx->settings, res);
    if (check_origin(req, route, origin, err) < 0)
        return -1;
    ctx->who = who;
    if (route->role > ROLE_NONE) {
        if (auth_identify(req, db, ctx->settings, ctx->engine->now_ms, origin == ORIGIN_OWN, who, err) < 0 ||
            check_rights(req, route, who, err) < 0)
            return -1;
    } else if (route->write && auth_require_admin(db, err) < 0) {
        return -1;
    }
    return call(req, route, ctx, db, trail, res, err);
}

void router_answer(const struct route *route, struct request *req, const struct context *ctx_without_who,
                   struct store *db, struct response *res)
{
    struct context ctx = *ctx_without_who;
    struct trail trail = {.req = req, .route = route, .ctx = &ctx, .db = db};
    struct identity who = {0};
    struct error err = {0};

    if (answer(route, req, &ctx, db, &trail, res, &who, &err) < 0) {
        store_rollback(db);
        if (trail_is_refusal(&err))
            trail_refuse(&trail, &who, &err);
        if (err.status == 401)
            put_challenge(req, res);
        if (err.status >= 500)
            log_line("request %s: %d %s: %s", req->id, err.status, err.code, err.message);
        if (!res->sent)
            response_error(res, req, &err);
    }
    auth_note_use(db, &who, ctx.engine->now_ms);
}
