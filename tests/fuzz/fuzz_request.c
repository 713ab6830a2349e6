/* A whole request, answered out of a real store: lines NAME=VALUE of the environment that CGI/1.1 gives, an empty line, the
 * body. What reads is answered, and the answer looked at; of what would write, all that comes before its handler. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "cgi-bin/router.h"

#define JOB "01M86EA05QK06D5MRW8NYDB81Q"
#define LEASE "jjl_" JOB "_lease"
#define SCRIPT "/cgi-bin/jobjoker.cgi"

/* The log of the job: lines of all kinds, one in two parts, one open at the end. The others are in seed(). */
static const char log_text[] = "first\nthe second, in two parts\n\nbytes \xff\xfe \xc3\xa9\n=1+1\nopen";
static const char response_text_of_job[] = "{\"answer\":42}";

static struct settings settings;
static struct engine engine = {.settings = &settings, .app_folder = "/nowhere", .api = "", .now_ms = 1795000000000};

/* -- the store -- */

static void append(struct store *db, struct job *job, enum entry_kind kind, const char *text, bool open)
{
    struct entry e = {
        .time_ms = 1794000000000, .stream = STREAM_STDOUT, .bytes = text, .size = strlen(text), .open = open};

    MUST(store_entry_append(db, job, kind, &e, 1, NULL) == 0);
}

static void add_job(struct store *db, const char *id, const char *name)
{
    struct job job = {.state = JOB_DONE, .percent = -1, .exit_code = 0, .created_ms = 1793000000000, .has_lease = true};

    memcpy(job.id, id, ULID_SIZE);
    strcpy(job.worker, "Worker");
    job.name = strdup(name);
    job.parameters = strdup("{\"count\":3}");
    secret_hash(LEASE, strlen(LEASE), job.lease_hash);
    MUST(store_job_insert(db, &job, NULL) == 0);
    append(db, &job, ENTRY_LOG, "first", false);
    append(db, &job, ENTRY_LOG, "the second, ", true);
    append(db, &job, ENTRY_LOG, "in two parts", false);
    append(db, &job, ENTRY_LOG, "", false);
    append(db, &job, ENTRY_LOG, "bytes \xff\xfe \xc3\xa9\n=1+1", false);
    append(db, &job, ENTRY_LOG, "open", true);
    append(db, &job, ENTRY_RESPONSE, response_text_of_job, false);
    MUST(store_job_update(db, &job, JOB_DONE, NULL) == 0);
    job_clear(&job);
}

static void add_token(struct store *db, const char *text, enum token_kind kind)
{
    struct token t = {.role = ROLE_ADMIN, .kind = kind, .account = "admin"};

    secret_hash(text, strlen(text), t.hash);
    MUST(store_token_put(db, &t, NULL) == 0);
}

static void seed(struct store *db)
{
    struct account admin = {.name = "admin", .role = ROLE_ADMIN};
    struct worker w = {.name = "Worker", .kind = WORKER_SCRIPT, .size = 10, .code = strdup("#!/bin/sh\n")};

    w.description = strdup("What it is for");
    w.parameters = strdup("{\"type\":\"object\"}");
    MUST(store_begin(db, NULL) == 0);
    MUST(store_worker_put(db, &w, NULL) == 0);
    add_job(db, JOB, "one");
    add_job(db, "01M86EA05QK06D5MRW8NYDB81R", "two, \"quoted\"");
    MUST(store_account_put(db, &admin, NULL) == 0);
    add_token(db, "api-token", TOKEN_API);
    add_token(db, "session-token", TOKEN_SESSION);
    MUST(store_commit(db, NULL) == 0);
    worker_clear(&w);
}

/* Nothing of it is left on the disk: the files have no names when the first input comes. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char folder[] = "/tmp/jobjoker-fuzz-XXXXXX";
    struct grant all = {0};
    int64_t count;

    (void)argc;
    (void)argv;
    MUST(mkdtemp(folder));
    MUST(settings_load(&settings, folder, NULL) == 0);
    snprintf(settings.database, sizeof settings.database, "sqlite:%s/jobs.db", folder);
    strcpy(settings.anonymous, "viewer");
    engine.store = store_open(&settings, NULL);
    MUST(engine.store);
    seed(engine.store);
    store_refresh(engine.store);
    MUST(store_worker_count(engine.store, &all, &count, NULL) == 0 && count == 1);
    MUST(io_remove_tree(folder) == 0);
    MUST(dup2(fuzz_file(), STDIN_FILENO) == STDIN_FILENO && dup2(fuzz_file(), STDOUT_FILENO) == STDOUT_FILENO);
    return 0;
}

/* -- the request -- */

static const char *const variables[] = {
    "REQUEST_METHOD",
    "REQUEST_URI",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "HTTP_ACCEPT",
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_RANGE",
    "HTTP_IF_RANGE",
    "HTTP_ORIGIN",
    "HTTP_HOST",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_IF_MATCH",
    "HTTP_SEC_FETCH_DEST",
    "HTTP_TRANSFER_ENCODING",
};

static void set_variable(const char *line)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        size_t n = strlen(variables[i]);

        if (strncmp(line, variables[i], n) == 0 && line[n] == '=')
            setenv(variables[i], line + n + 1, 1);
    }
}

static void set_up(struct fuzz_input *in)
{
    char *line;

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    setenv("SCRIPT_NAME", SCRIPT, 1);
    while ((line = fuzz_part(in, '\n', NULL)) && *line) {
        set_variable(line);
        free(line);
    }
    free(line);
    fuzz_fill(STDIN_FILENO, in->at, (size_t)(in->end - in->at));
    fuzz_fill(STDOUT_FILENO, "", 0);
}

static void check_request(const struct request *req)
{
    MUST(strlen(req->id) == 16 && req->base);
    MUST(req->segment_count <= REQUEST_SEGMENTS_MAX && req->query_count <= REQUEST_PARAMETERS_MAX);
    for (int i = 0; i < req->segment_count; i++)
        MUST(req->segments[i]);
    for (int i = 0; i < req->query_count; i++)
        MUST(req->query[i].name && req->query[i].value);
}

static void check_identity(const struct request *req)
{
    struct identity who;
    struct error err = {0};

    if (auth_identify(req, engine.store, &settings, engine.now_ms, true, &who, &err) == 0)
        MUST(*who.name && who.via && who.role < ROLE_NOBODY && (who.role || who.job_right));
    else
        MUST(err.status == 401 || err.status == 429 || err.status == 500);
}

/* What is done of a request that would write. */
static int prepare(struct request *req, const struct route *route, struct error *err)
{
    char type[64];

    request_content_type(req, type, sizeof type);
    MUST(!strpbrk(type, "; \tABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    (void)router_reads_json(req, route);
    if (request_negotiate(req, route->formats, err) < 0 || request_read_body(req, 4096, err) < 0)
        return -1;
    MUST(route->formats == 0 || (req->format & route->formats));
    MUST(req->body.size <= 4096 && buf_text(&req->body)[req->body.size] == '\0');
    return 0;
}

static int answer(struct request *req, struct response *res, struct error *err)
{
    struct context ctx = {.settings = &settings, .engine = &engine};
    const struct route *route;

    if (request_init(req, &gateway_cgi, err) < 0)
        return -1;
    check_request(req);
    route = router_find(req, res, err);
    if (!route)
        return err->status ? -1 : 0;
    check_identity(req);
    if (route->write)
        return prepare(req, route, err);
    router_answer(route, req, &ctx, engine.store, res);
    return 0;
}

/* -- the answer -- */

/* Value of a header of the answer; NULL: not there. It ends in CR. */
static const char *header(const char *head, const char *name)
{
    for (const char *line = head; *line; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            return line + strlen(name) + 2;
    }
    return NULL;
}

static void check_head(const char *head)
{
    MUST(strncmp(head, "Status: ", 8) == 0 && strspn(head + 8, "0123456789") == 3);
    for (const char *line = head; *line; line = strchr(line, '\n') + 1) {
        size_t size = strcspn(line, "\r\n");

        MUST(memcmp(line + size, "\r\n", 2) == 0 && memmem(line, size, ": ", 2));
        for (size_t i = 0; i < size; i++)
            MUST(line[i] >= 0x20 && line[i] < 0x7f);
    }
}

static void check_json(const char *body, size_t size)
{
    struct json *value = json_parse(body, size, NULL);

    MUST(value && json_member(value, "success") && json_type(json_member(value, "data")) == JSON_ARRAY);
    json_free(value);
}

/* "bytes 0-4/42" */
static void check_range(const char *range, const char *body, size_t size)
{
    size_t from, to, all;

    MUST(range && sscanf(range, "bytes %zu-%zu/%zu", &from, &to, &all) == 3);
    MUST(from <= to && to < all && to - from + 1 == size);
    MUST(all == strlen(log_text) || all == strlen(response_text_of_job));
    MUST(memcmp((all == strlen(log_text) ? log_text : response_text_of_job) + from, body, size) == 0);
}

static void check_body(const char *head, const char *body, size_t size, bool has_body)
{
    const char *length = header(head, "Content-Length"), *type = header(head, "Content-Type");

    MUST(has_body || size == 0);
    if (!has_body)
        return;
    MUST(!length || strtoull(length, NULL, 10) == size);
    if (strncmp(type, "application/json", 16) == 0)
        check_json(body, size);
    if (strncmp(head, "Status: 206", 11) == 0)
        check_range(header(head, "Content-Range"), body, size);
}

static void check_answer(const struct request *req)
{
    off_t size = lseek(STDOUT_FILENO, 0, SEEK_END);
    char *text, *end;

    MUST(size > 0 && lseek(STDOUT_FILENO, 0, SEEK_SET) == 0);
    text = malloc((size_t)size + 1);
    MUST(text && io_read_all(STDOUT_FILENO, text, (size_t)size) == size);
    text[size] = '\0';
    end = strstr(text, "\r\n\r\n");
    MUST(end);
    end[2] = '\0'; /* the last header keeps its line end */
    check_head(text);
    check_body(text, end + 4, (size_t)(text + size - (end + 4)),
               req->method != METHOD_HEAD && strncmp(text, "Status: 304", 11) != 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct request req = {0};
    struct response res;
    struct error err = {0};

    set_up(&in);
    response_init(&res, &gateway_cgi);
    if (answer(&req, &res, &err) < 0)
        response_error(&res, &req, &err);
    request_drop_body(&req);
    response_send(&res, &req);
    check_answer(&req);
    response_clear(&res);
    request_clear(&req);
    return 0;
}
