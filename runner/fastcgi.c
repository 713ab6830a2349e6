/* FastCGI 1.0, the side of the web server: one request on a connection, which the other side closes. */
#include "fastcgi.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PROTOCOL = 1, HEADER_SIZE = 8, CONTENT_MAX = 65535, CHUNK = 16384, RESPONDER = 1, REQUEST_ID = 1 };
enum { BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

/* -- the request -- */

static void put_header(struct buf *out, int type, size_t size)
{
    const unsigned char header[HEADER_SIZE] = {PROTOCOL,   (unsigned char)type,        0,
                                               REQUEST_ID, (unsigned char)(size >> 8), (unsigned char)size};

    buf_put(out, header, sizeof header);
}

/* A stream: records of at most 64 KiB, and an empty one at its end. */
static void put_stream(struct buf *out, int type, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = size < CONTENT_MAX ? size : CONTENT_MAX;

        put_header(out, type, part);
        buf_put(out, bytes, part);
        bytes += part;
        size -= part;
    }
    put_header(out, type, 0);
}

static void put_length(struct buf *out, size_t length)
{
    const unsigned char large[] = {(unsigned char)(length >> 24 | 0x80), (unsigned char)(length >> 16),
                                   (unsigned char)(length >> 8), (unsigned char)length};

    if (length < 128)
        buf_putc(out, (char)length);
    else
        buf_put(out, large, sizeof large);
}

static void put_variables(struct buf *out, char *const *variables)
{
    struct buf pairs = {0};

    for (; *variables; variables++) {
        size_t name = strcspn(*variables, "="), value = strlen(*variables) - name - 1;

        put_length(&pairs, name);
        put_length(&pairs, value);
        buf_put(&pairs, *variables, name);
        buf_put(&pairs, *variables + name + 1, value);
    }
    put_stream(out, PARAMS, pairs.data, pairs.size);
    out->failed = out->failed || pairs.failed;
    buf_clear(&pairs);
}

static void put_request(struct buf *out, char *const *variables, const struct buf *body)
{
    static const char responder[8] = {0, RESPONDER};

    put_header(out, BEGIN_REQUEST, sizeof responder);
    buf_put(out, responder, sizeof responder);
    put_variables(out, variables);
    put_stream(out, STDIN, body->data, body->size);
}

/* A socket that is not there, nobody listens at, or has a full queue fails at once: connect(2) to a unix socket does not
 * wait when the descriptor does not. */
static int open_connection(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int fastcgi_begin(struct fastcgi_call *c, const char *socket, char *const *variables, const struct buf *body)
{
    put_request(&c->out, variables, body);
    if (c->out.failed)
        errno = ENOMEM;
    else
        c->fd = open_connection(socket);
    if (c->fd >= 0)
        return 0;
    fastcgi_clear(c);
    return -1;
}

short fastcgi_events(const struct fastcgi_call *c)
{
    return c->sent < c->out.size ? POLLIN | POLLOUT : POLLIN;
}

/* -- the answer -- */

static bool is_for_later(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static int send_more(struct fastcgi_call *c)
{
    while (c->sent < c->out.size) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);

        if (n < 0)
            return is_for_later() ? 0 : -1;
        c->sent += (size_t)n;
    }
    return 0;
}

/* Takes the whole records out of what has come. True: the request has ended. */
static bool take_records(struct fastcgi_call *c, struct buf *answer, size_t max)
{
    size_t at = 0;
    bool ended = false;

    while (!ended && c->in.size - at >= HEADER_SIZE) {
        const unsigned char *header = (const unsigned char *)c->in.data + at;
        size_t size = (size_t)header[4] << 8 | header[5], whole = HEADER_SIZE + size + header[6];

        if (c->in.size - at < whole)
            break;
        if (header[1] == STDOUT && answer->size + size <= max)
            buf_put(answer, header + HEADER_SIZE, size);
        ended = header[1] == END_REQUEST;
        at += whole;
    }
    buf_drop(&c->in, at);
    return ended;
}

enum fastcgi_progress fastcgi_work(struct fastcgi_call *c, struct buf *answer, size_t max)
{
    if (send_more(c) < 0)
        return FASTCGI_BROKEN;
    for (;;) {
        char chunk[CHUNK];
        ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);

        if (n < 0 && is_for_later())
            return FASTCGI_GOES_ON;
        if (n <= 0)
            return FASTCGI_BROKEN;
        buf_put(&c->in, chunk, (size_t)n);
        if (take_records(c, answer, max))
            return FASTCGI_WHOLE;
        if (c->in.failed)
            return FASTCGI_BROKEN;
    }
}

void fastcgi_clear(struct fastcgi_call *c)
{
    if (c->fd >= 0)
        close(c->fd);
    buf_clear(&c->out);
    buf_clear(&c->in);
    *c = (struct fastcgi_call){.fd = -1};
}
