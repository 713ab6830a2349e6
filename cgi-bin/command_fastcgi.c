/* jobjoker fastcgi: answer requests that nginx or Apache hand over by FastCGI. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "answer.h"
#include "base/text.h"
#include "command.h"
#include "fastcgi.h"
#include "starter.h"

enum {
    PROCESSES = 8,
    PROCESSES_MAX = 200,
    REQUESTS_MAX = 10000,
    BACKLOG = 1024,
    SYSTEMD_FIRST = 3, /* of the descriptors that systemd hands over: sd_listen_fds(3) */
};

static int complain_errno(struct error *err, const char *what)
{
    return error_set(err, 500, "internal", "%.100s: %s", what, strerror(errno));
}

/* -- the socket -- */

/* A socket that nobody listens at was left by one that was killed. */
static bool is_left_over(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused =
        fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return refused;
}

/* Who may connect can say in whose name a request comes: so only the owner and, with --group, its group. */
static int listen_at_path(const char *path, bool group, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path)
        return error_set(err, 500, "internal", "the path of a socket has at most %zu bytes",
                         sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    if (is_left_over(&address))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(path, group ? 0660 : 0600) < 0 ||
        listen(fd, BACKLOG) < 0) {
        complain_errno(err, path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* 127.0.0.1:9000 or [::1]:9000. */
static int read_address(const char *text, struct sockaddr_in *v4, struct sockaddr_in6 *v6, struct error *err)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN] = "";
    size_t bracket = *text == '[', length = colon ? (size_t)(colon - text) : 0;
    long long port;

    if (colon && length > 2 * bracket && length - 2 * bracket < sizeof host &&
        text_to_int(colon + 1, 1, 65535, &port) == 0) {
        memcpy(host, text + bracket, length - 2 * bracket);
        v4->sin_port = v6->sin6_port = htons((uint16_t)port);
        if (!bracket && inet_pton(AF_INET, host, &v4->sin_addr) == 1 && ntohl(v4->sin_addr.s_addr) >> 24 == 127)
            return AF_INET;
        if (bracket && colon[-1] == ']' && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 &&
            IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
            return AF_INET6;
    }
    return error_set(err, 500, "internal", "%.60s is no address and port of this machine, such as 127.0.0.1:9000",
                     text);
}

static int listen_at_port(const char *text, struct error *err)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    int family = read_address(text, &v4, &v6, err), fd, on = 1;
    const struct sockaddr *address = family == AF_INET ? (const void *)&v4 : (const void *)&v6;

    if (family < 0)
        return -1;
    fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on) < 0 ||
        bind(fd, address, family == AF_INET ? sizeof v4 : sizeof v6) < 0 || listen(fd, BACKLOG) < 0) {
        complain_errno(err, text);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static bool systemd_gave_one(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

    return pid && count && atol(pid) == (long)getpid() && atoi(count) >= 1 && gateway_is_listener(SYSTEMD_FIRST);
}

/* -- the command -- */

struct options {
    const char *socket, *listen, *processes, *max, *requests;
    bool group, alone;
};

/* Who starts us may give us a socket: as standard input (a web server, spawn-fcgi, ourselves before a reload), or as the first
 * one after standard error (systemd). */
static int find_listener(const struct options *o, struct error *err)
{
    int given = gateway_is_listener(STDIN_FILENO) ? STDIN_FILENO : systemd_gave_one() ? SYSTEMD_FIRST : -1;

    if (given >= 0) {
        fcntl(given, F_SETFD, given == STDIN_FILENO ? 0 : FD_CLOEXEC);
        return given;
    }
    if (o->socket)
        return listen_at_path(o->socket, o->group, err);
    if (o->listen)
        return listen_at_port(o->listen, err);
    return error_set(err, 500, "internal", "name a socket with --socket or --listen");
}

static int read_number(const char *text, const char *name, long long low, long long high, long long preset, long *out,
                       struct error *err)
{
    long long number = preset;

    if (text && text_to_int(text, low, high, &number) < 0)
        return error_set(err, 500, "internal", "%s wants a number from %lld to %lld", name, low, high);
    *out = (long)number;
    return 0;
}

static int serve_alone(int listener, long requests, const char *program, struct error *err)
{
    struct fastcgi f = {.listener = listener, .requests_max = requests, .idle_ms = -1, .program = program};

    answer_prepare_process();
    if (fastcgi_serve(&f) != FASTCGI_FAILED)
        return 0;
    return error_set(err, 500, "internal", "FastCGI does not work: the error log says why");
}

/* At a reload nobody is there to be told, and requests that are refused can be mended in the file alone. */
static int load_settings(struct command_site *site, struct error *err)
{
    if (command_load_settings(site, err) == 0)
        return 0;
    if (!gateway_is_listener(STDIN_FILENO))
        return -1;
    log_line("%s", err->message);
    *err = (struct error){0};
    return 0;
}

/* Of one that is alone at its socket what is in the queue would be lost: whoever gives it requests decides when it ends. */
static long requests_preset(const struct options *o)
{
    return o->alone ? 0 : REQUESTS_MAX;
}

/* `argv` begins with the words of the command, which a reload needs. */
static int run(const struct options *o, char **argv, struct error *err)
{
    struct command_site site;
    char program[PATH_MAX + 32];
    long processes = 0, max = 0, requests = 0;
    struct starter starter;

    if (read_number(o->processes, "--processes", 1, STARTER_PROCESSES_MAX, PROCESSES, &processes, err) < 0 ||
        read_number(o->max, "--max", processes, STARTER_PROCESSES_MAX,
                    processes > PROCESSES_MAX ? processes : PROCESSES_MAX, &max, err) < 0 ||
        read_number(o->requests, "--requests", 0, INT32_MAX, requests_preset(o), &requests, err) < 0 ||
        load_settings(&site, err) < 0)
        return -1;
    if (geteuid() == 0)
        return error_set(err, 500, "internal", "jobs would run as root: run this as the user that owns %.100s",
                         site.settings.data);
    snprintf(program, sizeof program, "%s/cgi-bin/jobjoker", site.app_folder);
    starter = (struct starter){.listener = find_listener(o, err),
                               .processes = (int)processes,
                               .processes_max = (int)max,
                               .requests_max = requests,
                               .socket = o->socket,
                               .program = program,
                               .argv = argv};
    if (starter.listener < 0)
        return -1;
    return o->alone ? serve_alone(starter.listener, requests, program, err) : starter_run(&starter, err);
}

int command_fastcgi(int argc, char **argv)
{
    struct options o = {0};
    struct command_option options[] = {{"--socket", &o.socket, NULL},       {"--listen", &o.listen, NULL},
                                       {"--processes", &o.processes, NULL}, {"--max", &o.max, NULL},
                                       {"--requests", &o.requests, NULL},   {"--group", NULL, &o.group},
                                       {"--alone", NULL, &o.alone},         {NULL, NULL, NULL}};
    char **words = calloc((size_t)argc + 3, sizeof *words);
    struct error err = {0};
    int result;

    if (!words)
        return EXIT_WRONG;
    words[0] = (char[]){"jobjoker"};
    words[1] = (char[]){"fastcgi"};
    memcpy(words + 2, argv, (size_t)argc * sizeof *words); /* before the options are taken out of it */
    if (command_take_options(argc, argv, options) != 0 || (o.socket && o.listen)) {
        free(words);
        return EXIT_USAGE;
    }
    result = run(&o, words, &err);
    free(words);
    return result < 0 ? command_complain(&err) : 0;
}
