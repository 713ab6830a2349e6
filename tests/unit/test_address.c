/* Where workers find the API: at the port that a connection really has, whatever the request says. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"

static int new_socket(int family, const char *address, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int fd = socket(family, SOCK_STREAM, 0), on = 1;

    if (fd < 0)
        return -1;
    inet_pton(family, address, family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, family == AF_INET ? (void *)&v4 : (void *)&v6, family == AF_INET ? sizeof v4 : sizeof v6) == 0)
        return fd;
    close(fd);
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_in6 a; /* both families have the port at the same place */
    socklen_t size = sizeof a;

    assert_int_equal(getsockname(fd, (void *)&a, &size), 0);
    return ntohs(a.sin6_port);
}

struct connection {
    int listening, client, accepted;
};

/* A connection from `port` (0: any) to a server of its own. */
static void join(struct connection *c, int server_family, const char *server, int family, const char *address, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    c->listening = new_socket(server_family, server, 0);
    if (c->listening < 0)
        skip(); /* no IPv6 here */
    assert_int_equal(listen(c->listening, 1), 0);
    c->client = new_socket(family, address, port);
    assert_true(c->client >= 0);
    inet_pton(family, address, family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
    v4.sin_port = v6.sin6_port = htons((uint16_t)port_of(c->listening));
    assert_int_equal(connect(c->client, family == AF_INET ? (void *)&v4 : (void *)&v6,
                             family == AF_INET ? sizeof v4 : sizeof v6),
                     0);
    c->accepted = accept(c->listening, NULL, NULL);
    assert_true(c->accepted >= 0);
}

static void part(struct connection *c)
{
    close(c->accepted); /* first: then the server's end waits, and stays in the tables */
    close(c->client);
    close(c->listening);
}

static void set_port(const char *name, int port)
{
    char text[16];

    snprintf(text, sizeof text, "%d", port);
    setenv(name, text, 1);
}

static void assert_address(const char *host, int told, int other_port, const char *prefix, int port)
{
    struct settings settings = {.api = ""};
    struct request req = {.gateway = &gateway_cgi};
    struct buf out = {0};
    char expected[128];

    setenv("SERVER_ADDR", host, 1);
    setenv("REMOTE_ADDR", host, 1);
    set_port("SERVER_PORT", told);
    set_port("REMOTE_PORT", other_port);
    address_of_api(&settings, &req, &out);
    snprintf(expected, sizeof expected, "%s:%d", prefix, port);
    assert_string_equal(buf_text(&out), expected);
    buf_clear(&out);
}

static void the_port_is_that_of_the_connection(void **state)
{
    static const struct {
        int server_family;
        const char *server;
        int family;
        const char *address, *expected;
    } cases[] = {
        {AF_INET, "127.0.0.1", AF_INET, "127.0.0.1", "http://127.0.0.1"},
        {AF_INET6, "::1", AF_INET6, "::1", "http://[::1]"},
        {AF_INET6, "::", AF_INET, "127.0.0.1", "http://127.0.0.1"}, /* as Apache listens by default */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct connection c;
        int port, other;

        join(&c, cases[i].server_family, cases[i].server, cases[i].family, cases[i].address, 0);
        port = port_of(c.listening);
        other = port_of(c.client);
        assert_address(cases[i].address, port, other, cases[i].expected, port);
        assert_address(cases[i].address, 9, other, cases[i].expected, port); /* a forged Host */
        shutdown(c.client, SHUT_WR);
        assert_address(cases[i].address, 9, other, cases[i].expected, port);
        part(&c);
    }
}

static void a_port_on_which_somebody_else_listens_is_as_wrong(void **state)
{
    struct connection ours;
    int theirs = new_socket(AF_INET, "127.0.0.1", 0);

    (void)state;
    assert_int_equal(listen(theirs, 1), 0);
    join(&ours, AF_INET, "127.0.0.1", AF_INET, "127.0.0.1", 0);
    assert_address("127.0.0.1", port_of(theirs), port_of(ours.client), "http://127.0.0.1", port_of(ours.listening));
    part(&ours);
    close(theirs);
}

static void a_connection_that_is_over_is_not_taken_for_this_one(void **state)
{
    struct connection before, now;
    int port;

    (void)state;
    join(&before, AF_INET, "127.0.0.1", AF_INET, "127.0.0.1", 0);
    port = port_of(before.client);
    part(&before);
    join(&now, AF_INET, "127.0.0.1", AF_INET, "127.0.0.1", port);
    assert_address("127.0.0.1", 9, port, "http://127.0.0.1", port_of(now.listening));
    part(&now);
}

/* Behind a proxy the server may tell of the client's end, which is no end of ours. */
static void without_such_a_connection_the_server_is_believed(void **state)
{
    (void)state;
    assert_address("192.0.2.1", 8443, 50000, "http://192.0.2.1", 8443);
    setenv("HTTPS", "on", 1);
    assert_address("192.0.2.1", 8443, 50000, "https://192.0.2.1", 8443);
    unsetenv("HTTPS");
}

static void what_is_set_is_taken_without_its_slash(void **state)
{
    struct settings settings = {.api = "https://example.org/jobs/"};
    struct request req = {.gateway = &gateway_cgi};
    struct buf out = {0};

    (void)state;
    address_of_api(&settings, &req, &out);
    assert_string_equal(out.data, "https://example.org/jobs");
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_is_that_of_the_connection),
        cmocka_unit_test(a_port_on_which_somebody_else_listens_is_as_wrong),
        cmocka_unit_test(a_connection_that_is_over_is_not_taken_for_this_one),
        cmocka_unit_test(without_such_a_connection_the_server_is_believed),
        cmocka_unit_test(what_is_set_is_taken_without_its_slash),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
