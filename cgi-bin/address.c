/* Where can workers call the API? SERVER_ADDR is the server's own, but SERVER_PORT is what the caller wrote in the Host
 * header (Apache's UseCanonicalName Off), or the port of a proxy before us. So the kernel is asked whether this
 * connection really has that port at its end, which costs microseconds; only when it has not, all connections are looked
 * through, which may cost 10 ms on a machine with much memory. */
#include "address.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

/* As in /proc/net/tcp; the client may have closed its half already. */
enum { STATE_ESTABLISHED = 1, STATE_CLOSE_WAIT = 8, STATE_LISTEN = 10 };

/* The two ends of this connection, as far as the server tells. */
struct connection {
    int family;
    uint32_t own[4], other[4]; /* network order; IPv4 in the first word */
    uint16_t other_port;
};

static int read_port(const struct request *req, const char *name)
{
    const char *text = request_variable(req, name);
    long long port;

    return text_to_int(text, 1, 65535, &port) == 0 ? (int)port : 0;
}

static bool read_connection(const struct request *req, struct connection *c)
{
    const char *own = request_variable(req, "SERVER_ADDR"), *other = request_variable(req, "REMOTE_ADDR");

    *c = (struct connection){.other_port = (uint16_t)read_port(req, "REMOTE_PORT")};
    if (!*own || !*other || !c->other_port)
        return false;
    c->family = strchr(own, ':') ? AF_INET6 : AF_INET;
    return inet_pton(c->family, own, c->own) == 1 && inet_pton(c->family, other, c->other) == 1;
}

/* Asks for one socket by both of its ends: sock_diag(7). */
static bool is_connected(const struct connection *c, int own_port)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } ask = {
        .head = {.nlmsg_len = sizeof ask, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = (uint8_t)c->family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0U},
    };
    union {
        struct nlmsghdr head;
        char bytes[4096];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    const struct inet_diag_msg *found;
    ssize_t n;

    if (fd < 0)
        return false;
    ask.body.id.idiag_sport = htons((uint16_t)own_port);
    ask.body.id.idiag_dport = htons(c->other_port);
    memcpy(ask.body.id.idiag_src, c->own, sizeof c->own);
    memcpy(ask.body.id.idiag_dst, c->other, sizeof c->other);
    memset(ask.body.id.idiag_cookie, 0xff, sizeof ask.body.id.idiag_cookie);
    n = send(fd, &ask, sizeof ask, 0) == sizeof ask ? recv(fd, &answer, sizeof answer, 0) : -1;
    close(fd);
    if (n < (ssize_t)NLMSG_LENGTH(sizeof *found) || answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return false;
    found = NLMSG_DATA(&answer.head);
    return found->idiag_state != STATE_LISTEN;
}

/* An address as /proc/net/tcp (and, with `mapped`, tcp6 for IPv4) writes it: each word as the machine reads it. */
static void print_words(const struct connection *c, const uint32_t *words, bool mapped, char out[33])
{
    if (mapped)
        snprintf(out, 33, "0000000000000000%08X%08X", (unsigned)htonl(0xffff), (unsigned)words[0]);
    else if (c->family == AF_INET)
        snprintf(out, 33, "%08X", (unsigned)words[0]);
    else
        snprintf(out, 33, "%08X%08X%08X%08X", (unsigned)words[0], (unsigned)words[1], (unsigned)words[2],
                 (unsigned)words[3]);
}

/* The port at our end of this connection in one table of the kernel's; 0: it is not in it. A client may have another
 * connection of the same port at its end; the server's processes run as we do, so theirs is preferred. */
static int look_up(const struct connection *c, const char *table, bool mapped)
{
    FILE *file = fopen(table, "re");
    char line[512], own[33], other[33], their_own[33], their_other[33];
    unsigned own_port, other_port, state, user = 0;
    bool sure = false;
    int port = 0;

    print_words(c, c->own, mapped, own);
    print_words(c, c->other, mapped, other);
    while (file && !sure && fgets(line, sizeof line, file)) {
        if (sscanf(line, " %*d: %32[0-9A-F]:%4x %32[0-9A-F]:%4x %2x %*x:%*x %*x:%*x %*x %u", their_own, &own_port,
                   their_other, &other_port, &state, &user) != 6 ||
            (state != STATE_ESTABLISHED && state != STATE_CLOSE_WAIT) || other_port != c->other_port ||
            strcmp(own, their_own) != 0 || strcmp(other, their_other) != 0)
            continue;
        sure = user == geteuid();
        if (sure || !port)
            port = (int)own_port;
    }
    if (file)
        fclose(file);
    return port;
}

static int find_port(const struct request *req)
{
    int told = read_port(req, "SERVER_PORT"), found = 0;
    struct connection c;

    if (!read_connection(req, &c) || (told && is_connected(&c, told)))
        return told;
    if (c.family == AF_INET)
        found = look_up(&c, "/proc/net/tcp", false);
    if (!found)
        found = look_up(&c, "/proc/net/tcp6", c.family == AF_INET);
    return found ? found : told; /* the server was told of another client by a proxy, or has other ends than TCP's */
}

void address_of_api(const struct settings *settings, const struct request *req, struct buf *out)
{
    const char *own = request_variable(req, "SERVER_ADDR");
    bool tls = strcmp(request_variable(req, "HTTPS"), "on") == 0, ipv6 = strchr(own, ':');
    size_t length = strlen(settings->api);
    int port;

    if (length) {
        buf_put(out, settings->api, length - (settings->api[length - 1] == '/'));
        return;
    }
    port = find_port(req);
    buf_printf(out, "http%s://%s%s%s:%d", tls ? "s" : "", ipv6 ? "[" : "", *own ? own : "127.0.0.1", ipv6 ? "]" : "",
               port  ? port
               : tls ? 443
                     : 80);
    request_put_base(req, out);
}
