/* Paths. The first line of the input is the folder that we live in, each line after it a segment: encoded for a URL they
 * come out as they were; and of each path is told what it allows. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cgi-bin/router.h"

static const char unsafe[] = " \"%?#<>\\^`{|}/;:,+&=";

/* The segments of the input that make a path: an empty one is no segment. */
struct path {
    char *segment[REQUEST_SEGMENTS_MAX];
    int count;
};

static void read_path(struct fuzz_input *in, struct path *p)
{
    while (p->count < REQUEST_SEGMENTS_MAX) {
        char *part = fuzz_part(in, '\n', NULL);

        if (!part)
            return;
        if (*part && strlen(part) < 256)
            p->segment[p->count++] = part;
        else
            free(part);
    }
}

static const char *const suffixes[] = {".json", ".csv", ".txt"};

/* The last segment without what was taken from its end as the format. */
static size_t size_without_suffix(const char *segment, enum format *suffix)
{
    size_t size = strlen(segment);

    *suffix = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t n = strlen(suffixes[i]);

        if (size <= n || strcmp(segment + size - n, suffixes[i]) != 0)
            continue;
        *suffix = (enum format)(1 << i);
        return size - n;
    }
    return size;
}

static void check_segments(const struct request *req, const struct path *p)
{
    enum format suffix = 0;

    MUST(req->segment_count == p->count);
    for (int i = 0; i < p->count; i++) {
        size_t size = i < p->count - 1 ? strlen(p->segment[i]) : size_without_suffix(p->segment[i], &suffix);

        MUST(strlen(req->segments[i]) == size && memcmp(req->segments[i], p->segment[i], size) == 0);
    }
    MUST(req->suffix == suffix);
}

static void check_route(struct request *req)
{
    struct response res;
    const struct route *route;

    response_init(&res, &gateway_cgi);
    for (enum method m = METHOD_OTHER; m < METHODS; m++) {
        struct error err = {0};

        req->method = m;
        route = router_find(req, &res, &err);
        MUST(route ? err.status == 0 : err.status == 404 || err.status == 405 || m == METHOD_OPTIONS);
        for (int i = 0; route && i < req->path_count; i++)
            MUST(req->path[i].value && *req->path[i].name);
        if (route && strstr(route->path, ":id"))
            MUST(request_path(req, "id"));
        if (route && strstr(route->path, ":name"))
            MUST(request_path(req, "name"));
    }
    response_clear(&res);
}

static void check_path(const char *base, const struct path *p)
{
    struct buf script = {0}, uri = {0}, base_again = {0};
    struct request req = {0};
    struct error err = {0};

    buf_printf(&script, "%s/cgi-bin/jobjoker.cgi", base);
    text_percent_encode(base, " \"%?#<>\\^`{|};,", &uri);
    for (int i = 0; i < p->count; i++) {
        buf_puts(&uri, "/");
        text_percent_encode(p->segment[i], unsafe, &uri);
    }
    setenv("SCRIPT_NAME", script.data, 1);
    setenv("REQUEST_URI", uri.size ? uri.data : "/", 1);
    if (request_init(&req, &gateway_cgi, &err) == 0) {
        check_segments(&req, p);
        MUST(strcmp(req.base, base) == 0);
        request_put_base(&req, &base_again);
        MUST(strncmp(buf_text(&uri), buf_text(&base_again), base_again.size) == 0);
        check_route(&req);
    } else {
        MUST(err.status == 414);
    }
    request_clear(&req);
    buf_clear(&script);
    buf_clear(&uri);
    buf_clear(&base_again);
}

/* A folder as a server gives it: "" or "/a/b", without what no URL can hold. */
static bool is_base(const char *base)
{
    size_t size = strlen(base);

    if (size == 0)
        return true;
    return base[0] == '/' && base[size - 1] != '/' && !strstr(base, "//") && size < 256 &&
           !strstr(base, "/cgi-bin/jobjoker.cgi");
}

/* What follows the program's own path is the path that is meant. */
static bool names_program(const struct path *p)
{
    return p->count >= 2 && strcmp(p->segment[0], "cgi-bin") == 0 && strncmp(p->segment[1], "jobjoker.cgi", 12) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct path path = {0};
    char *base = fuzz_part(&in, '\n', NULL);

    read_path(&in, &path);
    if (base && is_base(base) && !names_program(&path))
        check_path(base, &path);
    for (int i = 0; i < path.count; i++)
        free(path.segment[i]);
    free(base);
    return 0;
}
