/* jobjoker-c: the process that a worker in C runs in. It loads the worker, hands it the functions of
 * jobjoker/worker.h, and ends as run() did. What the worker tells the job goes to standard output as lines that the
 * runner reads as commands.
 *
 * The start is part of every job's latency, so nothing is done before it is asked for: the parameters are read and
 * parsed at the first question for one. Only the jobjoker_ functions are exported (see the link flags), or names of
 * ours could stand in for the worker's own. */
#include <jobjoker/worker.h>

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/io.h"
#include "base/json.h"

/* A parameter that was asked for as JSON: its text lives as long as the process. */
struct printed {
    struct printed *next;
    const struct json *member;
    char *text;
};

struct jobjoker_worker {
    bool parameters_read;
    struct buf text;         /* of the parameters */
    struct json *parameters; /* NULL: not read yet, or unreadable */
    struct printed *printed;
};

/* The only hidden state: a signal handler can be given none. */
static volatile sig_atomic_t asked_to_stop;
static volatile sig_atomic_t wake_fd = -1; /* made by the first jobjoker_sleep(); readable once asked to stop */

static void on_sigterm(int signal)
{
    int saved = errno;

    (void)signal;
    asked_to_stop = 1;
    if (wake_fd >= 0)
        eventfd_write(wake_fd, 1);
    errno = saved;
}

/* ---- telling ---- */

static const char *escape_of(char c)
{
    return c == '%' ? "%25" : c == '\n' ? "%0A" : c == '\r' ? "%0D" : NULL;
}

static void put_escaped(struct buf *out, const char *bytes, size_t size)
{
    const char *end = bytes + size, *run = bytes;

    for (const char *p = bytes; p < end; p++) {
        if (!escape_of(*p))
            continue;
        buf_put(out, run, (size_t)(p - run));
        buf_puts(out, escape_of(*p));
        run = p + 1;
    }
    buf_put(out, run, (size_t)(end - run));
}

/* Writes a command line at once. What the worker printed before comes before it, and if that was half a line, it is
 * ended: a command is one only at the beginning of a line. */
static void write_line(struct buf *line)
{
    buf_putc(line, '\n');
    flockfile(stdout);
    if (__fpending(stdout))
        fputc('\n', stdout);
    fflush(stdout);
    if (!line->failed)
        io_write_all(STDOUT_FILENO, line->data, line->size); /* nobody is left to be told that it failed */
    funlockfile(stdout);
}

static void tell_bytes(const char *command, const void *bytes, size_t size)
{
    AUTO(buf) struct buf line = {0};

    buf_puts(&line, command);
    put_escaped(&line, bytes, size);
    write_line(&line);
}

static void tell(const char *command, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
static void tell(const char *command, const char *format, va_list ap)
{
    char *text;
    int size = vasprintf(&text, format, ap);

    if (size < 0)
        return;
    tell_bytes(command, text, (size_t)size);
    free(text);
}

void jobjoker_log(struct jobjoker_worker *w, const char *format, ...)
{
    va_list ap;

    (void)w;
    va_start(ap, format);
    tell("::log::", format, ap);
    va_end(ap);
}

void jobjoker_log_bytes(struct jobjoker_worker *w, const void *bytes, size_t size)
{
    (void)w;
    tell_bytes("::log::", bytes, size);
}

void jobjoker_response(struct jobjoker_worker *w, const char *format, ...)
{
    va_list ap;

    (void)w;
    va_start(ap, format);
    tell("::response::", format, ap);
    va_end(ap);
}

void jobjoker_response_bytes(struct jobjoker_worker *w, const void *bytes, size_t size)
{
    (void)w;
    tell_bytes("::response::", bytes, size);
}

void jobjoker_error(struct jobjoker_worker *w, const char *format, ...)
{
    va_list ap;

    (void)w;
    va_start(ap, format);
    tell("::error::", format, ap);
    va_end(ap);
}

void jobjoker_progress(struct jobjoker_worker *w, double percent, const char *message)
{
    AUTO(buf) struct buf line = {0};
    int whole = percent >= 100 ? 100 : percent > 0 ? (int)percent : 0; /* NaN is 0 */

    (void)w;
    buf_printf(&line, "::progress %d", whole);
    if (message && *message) {
        buf_putc(&line, ' ');
        put_escaped(&line, message, strlen(message));
    }
    buf_puts(&line, "::");
    write_line(&line);
}

/* ---- parameters ---- */

/* Reads all of standard input. Where it is a file, as under the runner, its position is left alone, so that a worker
 * may read it as well. */
static int read_input(struct buf *out)
{
    enum { CHUNK = 16384 };

    for (;;) {
        char *to = buf_reserve(out, CHUNK);
        ssize_t n = to ? pread(STDIN_FILENO, to, CHUNK, (off_t)out->size) : -1;

        if (to && n < 0 && errno == ESPIPE)
            n = read(STDIN_FILENO, to, CHUNK);
        if (to && n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? 0 : -1;
        out->size += (size_t)n;
        to[n] = '\0';
    }
}

static const struct json *parameters(struct jobjoker_worker *w)
{
    struct error err = {0};

    if (w->parameters_read)
        return w->parameters;
    w->parameters_read = true;
    if (read_input(&w->text) < 0)
        jobjoker_error(w, "the parameters cannot be read: %s", strerror(errno));
    else if (w->text.size && !(w->parameters = json_parse(w->text.data, w->text.size, &err)))
        jobjoker_error(w, "the parameters cannot be read: %s", err.message);
    return w->parameters;
}

/* NULL: there is none of that name and type. */
static const struct json *parameter(struct jobjoker_worker *w, const char *name, enum json_type type)
{
    const struct json *value = json_member(parameters(w), name);

    return value && json_type(value) == type ? value : NULL;
}

const char *jobjoker_string(struct jobjoker_worker *w, const char *name, const char *otherwise)
{
    const struct json *value = parameter(w, name, JSON_STRING);

    return value ? json_string(value) : otherwise;
}

double jobjoker_double(struct jobjoker_worker *w, const char *name, double otherwise)
{
    const struct json *value = parameter(w, name, JSON_NUMBER);

    return value ? json_number(value) : otherwise;
}

long long jobjoker_int(struct jobjoker_worker *w, const char *name, long long otherwise)
{
    const struct json *value = parameter(w, name, JSON_NUMBER);
    double number = value ? json_number(value) : NAN;

    /* Both limits are exact as doubles; beyond them the conversion is undefined. */
    if (!(number >= -0x1p63 && number < 0x1p63) || (double)(long long)number != number)
        return otherwise;
    return (long long)number;
}

bool jobjoker_bool(struct jobjoker_worker *w, const char *name, bool otherwise)
{
    const struct json *value = parameter(w, name, JSON_BOOL);

    return value ? json_is_true(value) : otherwise;
}

const char *jobjoker_json(struct jobjoker_worker *w, const char *name)
{
    const struct json *member = json_member(parameters(w), name);
    struct printed *p = w->printed;
    struct buf text = {0};

    while (p && p->member != member)
        p = p->next;
    if (!member || p)
        return p ? p->text : NULL;
    p = malloc(sizeof *p);
    json_print(member, &text);
    if (!p || text.failed) {
        free(p);
        buf_clear(&text);
        return NULL;
    }
    *p = (struct printed){w->printed, member, buf_take(&text)};
    w->printed = p;
    return p->text;
}

const char *jobjoker_parameters(struct jobjoker_worker *w)
{
    return parameters(w) ? buf_text(&w->text) : "{}";
}

/* ---- the job ---- */

bool jobjoker_wanted(const struct jobjoker_worker *w)
{
    (void)w;
    return !asked_to_stop;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A signal between the question and a plain sleep would be slept through, and in a program with threads it may reach
 * another thread than the one that sleeps. The descriptor is seen by all, however early it became readable. */
bool jobjoker_sleep(const struct jobjoker_worker *w, double seconds)
{
    double end = now() + seconds, left;

    if (wake_fd < 0)
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    while (jobjoker_wanted(w) && (left = end - now()) > 0) {
        struct pollfd wake = {.fd = wake_fd, .events = POLLIN};

        poll(&wake, 1, left > 3600 ? 3600 * 1000 : (int)(left * 1000) + 1);
    }
    return jobjoker_wanted(w);
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

const char *jobjoker_id(const struct jobjoker_worker *w)
{
    (void)w;
    return environment("JOBJOKER_ID");
}

int jobjoker_attempt(const struct jobjoker_worker *w)
{
    int attempt = atoi(environment("JOBJOKER_ATTEMPT"));

    (void)w;
    return attempt > 0 ? attempt : 1;
}

const char *jobjoker_api(const struct jobjoker_worker *w)
{
    (void)w;
    return environment("JOBJOKER_API");
}

const char *jobjoker_token(const struct jobjoker_worker *w)
{
    (void)w;
    return environment("JOBJOKER_TOKEN");
}

/* ---- the host ---- */

typedef int run_function(struct jobjoker_worker *w);
typedef const char *information_function(void);

/* dlerror() begins with the path, which is of no use to a worker's author. */
static const char *load_error(const char *code)
{
    const char *text = dlerror();
    size_t size = strlen(code);

    return text && strncmp(text, code, size) == 0 && strncmp(text + size, ": ", 2) == 0 ? text + size + 2 : text;
}

/* Loads a worker, all of its names resolved. NULL: `why` says what is wrong with it. */
static void *load(const char *code, run_function **run_of_worker, struct buf *why)
{
    void *worker = dlopen(code, RTLD_NOW | RTLD_LOCAL);

    if (!worker) {
        buf_printf(why, "the worker cannot be loaded: %s", load_error(code));
        return NULL;
    }
    *(void **)run_of_worker = dlsym(worker, "run");
    if (!*run_of_worker) {
        buf_puts(why, "the worker has no function run: int run(struct jobjoker_worker *w)");
        return NULL;
    }
    return worker;
}

/* What the worker prints while it is loaded and asked is no part of its answer, so it goes to standard error. */
static int describe(const char *code)
{
    AUTO(buf) struct buf why = {0};
    int answer = dup(STDOUT_FILENO);
    information_function *information_of_worker = NULL;
    run_function *ignored;
    const char *text = NULL;
    void *worker;

    if (answer < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return EXIT_FAILURE;
    worker = load(code, &ignored, &why);
    if (!worker) {
        fprintf(stderr, "%s\n", buf_text(&why));
        return EXIT_FAILURE;
    }
    *(void **)&information_of_worker = dlsym(worker, "information");
    if (information_of_worker)
        text = information_of_worker();
    return text && io_write_all(answer, text, strlen(text)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* No SA_RESTART: a worker that blocks in a call shall come back from it when it is asked to stop. */
static void catch_sigterm(void)
{
    struct sigaction action = {.sa_handler = on_sigterm};

    sigaction(SIGTERM, &action, NULL);
}

static int work(const char *code)
{
    static struct jobjoker_worker worker; /* not on the stack: threads may outlive this function */
    AUTO(buf) struct buf why = {0};
    run_function *run_of_worker;
    int result;

    catch_sigterm();
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!load(code, &run_of_worker, &why)) {
        jobjoker_error(&worker, "%s", buf_text(&why));
        return EXIT_FAILURE;
    }
    result = run_of_worker(&worker);
    return result >= 0 && result <= 255 ? result : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--describe") == 0)
        return describe(argv[2]);
    if (argc == 2)
        return work(argv[1]);
    fputs("usage: jobjoker-c [--describe] WORKER.so\n", stderr);
    return 2;
}
