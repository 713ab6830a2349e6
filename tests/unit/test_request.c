/* One request, out of the environment that CGI/1.1 gives. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "request.h"

static const char *const variables[] = {
    "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME",  "PATH_INFO",      "QUERY_STRING",
    "HTTP_ACCEPT",    "HTTP_HOST",   "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING",
};

static int forget(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return 0;
}

static int read_request(struct request *req, const char *base, const char *uri, struct error *err)
{
    const char *query = strchr(uri, '?');
    char script[256];

    *req = (struct request){0};
    *err = (struct error){0};
    strcat(strcpy(script, base), "/cgi-bin/jobjoker.cgi");
    setenv("SCRIPT_NAME", script, 1);
    setenv("REQUEST_URI", uri, 1);
    setenv("QUERY_STRING", query ? query + 1 : "", 1);
    setenv("REQUEST_METHOD", "GET", 0);
    return request_init(req, &gateway_cgi, err);
}

/* The segments, each after a slash. */
static const char *path_of(const struct request *req, char out[256])
{
    out[0] = '\0';
    for (int i = 0; i < req->segment_count; i++)
        strcat(strcat(out, "/"), req->segments[i]);
    return out;
}

static void the_path_is_what_the_client_sent_below_our_folder(void **state)
{
    static const struct {
        const char *base, *uri, *path;
    } cases[] = {
        {"", "/", ""},
        {"", "/jobs", "/jobs"},
        {"", "/jobs/", "/jobs"},
        {"", "//jobs//x", "/jobs/x"},
        {"", "/jobs?x=/y", "/jobs"},
        {"", "/jobs/a%2Fb", "/jobs/a/b"}, /* one segment */
        {"", "/jobs/%C3%A9", "/jobs/\xc3\xa9"},
        {"", "/cgi-bin/jobjoker.cgi", ""},
        {"", "/cgi-bin/jobjoker.cgi/jobs", "/jobs"},
        {"", "/cgi-bin%2Fjobjoker.cgi", "/cgi-bin/jobjoker.cgi"}, /* one segment */
        {"", "http://other.example:99/jobs", "/jobs"},
        {"/tools/jobs", "/tools/jobs/jobs/1", "/jobs/1"},
        {"/tools/jobs", "/tools/jobs", ""},
        {"/gr\xc3\xbc n (1)", "/gr%c3%bc%20n%20(1)/jobs", "/jobs"},
        {"/~alice/jj", "/%7Ealice/jj/workers", "/workers"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request req;
        struct error err;
        char path[256];

        assert_int_equal(read_request(&req, cases[i].base, cases[i].uri, &err), 0);
        assert_string_equal(path_of(&req, path), cases[i].path);
        assert_string_equal(req.base, cases[i].base);
        request_clear(&req);
    }
}

static void an_encoded_slash_divides_nothing(void **state)
{
    struct request req;
    struct error err;

    (void)state;
    assert_int_equal(read_request(&req, "", "/jobs/a%2fb/log", &err), 0);
    assert_int_equal(req.segment_count, 3);
    assert_string_equal(req.segments[1], "a/b");
    request_clear(&req);
}

static void a_broken_or_foreign_path_is_refused(void **state)
{
    static const struct {
        const char *base, *uri;
        int status;
    } cases[] = {
        {"", "/jobs/%", 400},         {"", "/jobs/%4", 400},           {"", "/jobs/%zz", 400},
        {"", "/jobs/%00", 400},       {"/app", "/other/jobs", 400},    {"/app", "/application/jobs", 400},
        {"/app", "/app%2Fjobs", 400}, {"", "/1/2/3/4/5/6/7/8/9", 404}, {"", "/jobs?q=%", 400},
        {"", "/jobs?q=%00", 400},     {"", "/jobs?%zz=1", 400},
    };
    char longer[REQUEST_PATH_MAX + 10];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request req;
        struct error err;

        assert_int_equal(read_request(&req, cases[i].base, cases[i].uri, &err), -1);
        assert_int_equal(err.status, cases[i].status);
        request_clear(&req);
    }
    for (size_t size = REQUEST_PATH_MAX - 1; size <= REQUEST_PATH_MAX; size++) {
        struct request req;
        struct error err;

        memset(longer, 'a', size);
        longer[0] = '/';
        longer[size] = '\0';
        assert_int_equal(read_request(&req, "", longer, &err), size < REQUEST_PATH_MAX ? 0 : -1);
        assert_int_equal(err.status, size < REQUEST_PATH_MAX ? 0 : 414);
        request_clear(&req);
    }
}

static void the_query_is_read_as_a_form(void **state)
{
    struct request req;
    struct error err;

    (void)state;
    assert_int_equal(read_request(&req, "", "/jobs?a=1&b=x+y%2Bz&&c&d=&a=2&e=f=g", &err), 0);
    assert_int_equal(req.query_count, 6);
    assert_string_equal(request_query(&req, "a"), "1");
    assert_string_equal(request_query(&req, "b"), "x y+z");
    assert_string_equal(request_query(&req, "c"), "");
    assert_string_equal(request_query(&req, "d"), "");
    assert_string_equal(request_query(&req, "e"), "f=g");
    assert_null(request_query(&req, "A"));
    request_clear(&req);
}

static void too_much_of_a_query_is_refused(void **state)
{
    char uri[REQUEST_QUERY_MAX + 20] = "/jobs?";
    struct request req;
    struct error err;

    (void)state;
    for (int i = 0; i < REQUEST_PARAMETERS_MAX; i++)
        strcat(uri, "a&");
    assert_int_equal(read_request(&req, "", uri, &err), 0);
    request_clear(&req);
    assert_int_equal(read_request(&req, "", strcat(uri, "a"), &err), -1);
    assert_int_equal(err.status, 400);
    request_clear(&req);
    memset(uri + 6, 'a', REQUEST_QUERY_MAX + 1);
    uri[6 + REQUEST_QUERY_MAX + 1] = '\0';
    assert_int_equal(read_request(&req, "", uri, &err), -1);
    assert_int_equal(err.status, 414);
    request_clear(&req);
}

static void a_suffix_is_a_format(void **state)
{
    static const struct {
        const char *uri, *last;
        enum format format;
    } cases[] = {
        {"/jobs.csv", "jobs", FORMAT_CSV}, {"/jobs.json", "jobs", FORMAT_JSON}, {"/jobs/x.txt", "x", FORMAT_TEXT},
        {"/jobs.xml", "jobs.xml", 0},      {"/jobs/.csv", ".csv", 0},           {"/jobs%2Ecsv", "jobs", FORMAT_CSV},
        {"/jobs.csv/x", "x", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request req;
        struct error err;

        assert_int_equal(read_request(&req, "", cases[i].uri, &err), 0);
        assert_int_equal(req.suffix, cases[i].format);
        assert_string_equal(req.segments[req.segment_count - 1], cases[i].last);
        request_clear(&req);
    }
}

static void accept_is_weighed(void **state)
{
    enum { ALL = FORMAT_JSON | FORMAT_CSV | FORMAT_TEXT };
    static const struct {
        const char *accept;
        unsigned formats;
        enum format chosen; /* 0: 406 */
    } cases[] = {
        {"", ALL, FORMAT_JSON},
        {"*/*", ALL, FORMAT_JSON},
        {"text/*", ALL, FORMAT_CSV},
        {"text/plain", ALL, FORMAT_TEXT},
        {"text/plain;q=0.5, text/csv;q=0.6", ALL, FORMAT_CSV},
        {"text/*;q=0.3, text/plain;q=0.7, */*;q=0.5", ALL, FORMAT_TEXT},
        {"text/*, text/csv;q=0", ALL, FORMAT_TEXT},
        {"image/png", ALL, 0},
        {"text/plain", FORMAT_JSON, 0},
        {"*/*;q=0", ALL, 0},
        {"text/plain;format=flowed;q=0.2, text/csv;q=0.1", ALL, FORMAT_TEXT},
        {"text/csv;seq=1;q=0, application/json;q=0.1", ALL, FORMAT_JSON},
        {"text/csv;q=0.9999", ALL, FORMAT_CSV},
        {"text/csv; Q=1.000", ALL, FORMAT_CSV},
        {"text/csv;q=", ALL, FORMAT_CSV},
        {"text/csv;q=inf", ALL, 0},
        {"text/csvx, xtext/csv, text/", ALL, 0},
        {",;,=", ALL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request req = {.gateway = &gateway_cgi};
        struct error err = {0};

        setenv("HTTP_ACCEPT", cases[i].accept, 1);
        if (request_negotiate(&req, cases[i].formats, &err) != (cases[i].chosen ? 0 : -1))
            assert_string_equal(cases[i].accept, "is judged otherwise");
        assert_int_equal(req.format, cases[i].chosen);
    }
}

static void tags_are_compared_as_their_kind_asks(void **state)
{
    static const struct {
        const char *list;
        bool weak, strong;
    } cases[] = {
        {"\"abc\"", true, true},
        {"W/\"abc\"", true, false},
        {"*", true, true},
        {"\"x\", \"abc\"", true, true},
        {"\"x\",W/\"abc\"", true, false},
        {"\"abc-gzip\"", true, true},
        {"\"abc-br\" , \"y\"", true, true},
        {"\"abcd\"", false, false},
        {"\"ab\"", false, false},
        {"abc", false, false},
        {"", false, false},
        {"\"abc\"x", false, false},
        {"\"abc-deflate\"", false, false},
        {"w/\"abc\"", false, false},
        {" , ,\"abc\"", true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(request_tag_matches(cases[i].list, "\"abc\"", true), cases[i].weak);
        assert_int_equal(request_tag_matches(cases[i].list, "\"abc\"", false), cases[i].strong);
    }
}

/* Puts a text on standard input, to be read from its start. */
static void give_input(const char *text, size_t size)
{
    char path[] = "/tmp/jobjoker-input-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, text, size), (ssize_t)size);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
}

static void a_body_is_as_long_as_it_says(void **state)
{
    static const struct {
        const char *length; /* NULL: none is said */
        int status;         /* 0: it is read */
        size_t size;
    } cases[] = {
        {"5", 0, 5},
        {"3", 0, 3},
        {"0", 0, 0},
        {"6", 400, 0},
        {"-1", 400, 0},
        {"x", 400, 0},
        {"5 ", 400, 0},
        {"+5", 400, 0},
        {"11", 413, 0},
        {NULL, 0, 5},
        {"99999999999999999999", 400, 0},
        {"9223372036854775807", 413, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request req = {.gateway = &gateway_cgi};
        struct error err = {0};

        give_input("he\0lo", 5);
        unsetenv("CONTENT_LENGTH");
        if (cases[i].length)
            setenv("CONTENT_LENGTH", cases[i].length, 1);
        assert_int_equal(request_read_body(&req, 10, &err), cases[i].status ? -1 : 0);
        assert_int_equal(err.status, cases[i].status);
        if (!cases[i].status) {
            assert_int_equal(req.body.size, cases[i].size);
            assert_memory_equal(buf_text(&req.body), "he\0lo", cases[i].size);
        }
        request_clear(&req);
    }
}

static void a_body_of_unknown_length_is_limited_too(void **state)
{
    static char large[200000];
    struct request req = {.gateway = &gateway_cgi};
    struct error err = {0};

    (void)state;
    memset(large, 'x', sizeof large);
    give_input(large, sizeof large);
    assert_int_equal(request_read_body(&req, sizeof large, &err), 0);
    assert_int_equal(req.body.size, sizeof large);
    request_clear(&req);
    req.gateway = &gateway_cgi;
    give_input(large, sizeof large);
    assert_int_equal(request_read_body(&req, sizeof large - 1, &err), -1);
    assert_int_equal(err.status, 413);
    request_clear(&req);
}

static void a_type_is_told_without_its_parameters(void **state)
{
    struct request req = {.gateway = &gateway_cgi};
    char type[16];

    (void)state;
    setenv("CONTENT_TYPE", "Text/X-Python; charset=utf-8", 1);
    request_content_type(&req, type, sizeof type);
    assert_string_equal(type, "text/x-python");
    setenv("CONTENT_TYPE", "application/very-long", 1);
    request_content_type(&req, type, sizeof type);
    assert_string_equal(type, "application/ver");
    unsetenv("CONTENT_TYPE");
    request_content_type(&req, type, sizeof type);
    assert_string_equal(type, "");
}

static void the_base_is_written_as_urls_have_it(void **state)
{
    struct request req = {.base = (char[]){"/gr\xc3\xbcne Jobs (1);,\"%"}};
    struct buf out = {0};

    (void)state;
    request_put_base(&req, &out);
    assert_string_equal(out.data, "/gr%C3%BCne%20Jobs%20(1)%3B%2C%22%25");
    buf_clear(&out);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_path_is_what_the_client_sent_below_our_folder),
        TEST(an_encoded_slash_divides_nothing),
        TEST(a_broken_or_foreign_path_is_refused),
        TEST(the_query_is_read_as_a_form),
        TEST(too_much_of_a_query_is_refused),
        TEST(a_suffix_is_a_format),
        TEST(accept_is_weighed),
        TEST(tags_are_compared_as_their_kind_asks),
        TEST(a_body_is_as_long_as_it_says),
        TEST(a_body_of_unknown_length_is_limited_too),
        TEST(a_type_is_told_without_its_parameters),
        TEST(the_base_is_written_as_urls_have_it),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
