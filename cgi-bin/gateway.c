/* The way of CGI/1.1, and the front of all ways. */
#include "gateway.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

static const char *cgi_variable(const struct gateway *g, const char *name)
{
    (void)g;
    return getenv(name);
}

static ssize_t cgi_read(struct gateway *g, void *bytes, size_t size)
{
    (void)g;
    return io_read_all(STDIN_FILENO, bytes, size);
}

static int cgi_write(struct gateway *g, const void *bytes, size_t size)
{
    (void)g;
    return io_write_all(STDOUT_FILENO, bytes, size);
}

/* Is whoever reads our answer still there? A pipe without a reader polls as an error. */
static bool cgi_pause(struct gateway *g, int wait_ms)
{
    struct pollfd p = {.fd = STDOUT_FILENO};

    (void)g;
    return poll(&p, 1, wait_ms) == 0 || !(p.revents & (POLLERR | POLLHUP));
}

/* A pause ends early here only when the client is gone. */
static void cgi_break_off(struct gateway *g)
{
    (void)g;
}

static const struct gateway_kind cgi = {
    .variable = cgi_variable, .read = cgi_read, .write = cgi_write, .pause = cgi_pause, .break_off = cgi_break_off};

struct gateway gateway_cgi = {.kind = &cgi};

const char *gateway_variable(const struct gateway *g, const char *name)
{
    const char *value = g->kind->variable(g, name);

    return value ? value : "";
}

ssize_t gateway_read(struct gateway *g, void *bytes, size_t size)
{
    return g->kind->read(g, bytes, size);
}

int gateway_write(struct gateway *g, const void *bytes, size_t size)
{
    return g->kind->write(g, bytes, size);
}

bool gateway_pause(struct gateway *g, int wait_ms)
{
    return g->kind->pause(g, wait_ms);
}

void gateway_break_off(struct gateway *g)
{
    g->kind->break_off(g);
}

bool gateway_is_listener(int fd)
{
    int listens = 0;
    socklen_t size = sizeof listens;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}
