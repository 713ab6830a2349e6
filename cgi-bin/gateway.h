#ifndef JOBJOKER_CGI_GATEWAY_H
#define JOBJOKER_CGI_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where one request comes from and its answer goes to. What the web server says of a request are the variables of CGI/1.1
 * (RFC 3875 section 4.1), however they get here; so all above this asks for them alone, and nothing of one request is in
 * the process when the next one comes. */

struct gateway;

/* One for each way of being called: gateway_cgi (gateway.c), FastCGI (fastcgi.c). No member is NULL. */
struct gateway_kind {
    /* NULL: not there. Good until the request is over. */
    const char *(*variable)(const struct gateway *g, const char *name);
    /* Reads the body, until `size` bytes or its end. Returns how many, or -1. */
    ssize_t (*read)(struct gateway *g, void *bytes, size_t size);
    /* Writes all of it to the answer, headers first as CGI has them. -1: the client is gone. */
    int (*write)(struct gateway *g, const void *bytes, size_t size);
    /* Sends what was written so far, and waits so many milliseconds. False, sooner: the client is gone, or this process has
     * been asked to end and should finish the request at hand. */
    bool (*pause)(struct gateway *g, int wait_ms);
    /* The answer ends here, and the client should see that it is not whole. */
    void (*break_off)(struct gateway *g);
};

struct gateway {
    const struct gateway_kind *kind; /* more of it, where a kind needs more, stands behind this */
};

/* The environment, standard input and standard output. */
extern struct gateway gateway_cgi;

const char *gateway_variable(const struct gateway *g, const char *name); /* "": not there */
ssize_t gateway_read(struct gateway *g, void *bytes, size_t size);
int gateway_write(struct gateway *g, const void *bytes, size_t size);
bool gateway_pause(struct gateway *g, int wait_ms);
void gateway_break_off(struct gateway *g);

/* Is it a socket that listens? Standard input is, when a web server starts a FastCGI program (section 2.2 of FastCGI 1.0). */
bool gateway_is_listener(int fd);

#endif
