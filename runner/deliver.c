/* Delivering reports. The head of the queue is in memory; while tries fail, it and all after it stand in the spool, so
 * memory stays flat and a runner that dies leaves nothing unsaid. */
#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/environment.h"
#include "base/io.h"
#include "base/spawn.h"
#include "step.h"

enum {
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 5000,
    PROGRAM_TIMEOUT_MS = 60000,
    CALL_TIMEOUT_MS = 1000, /* all processes at the socket may be busy with requests that wait, for our job, say */
    KILL_AGAIN_MS = 1000,
    ANSWER_MAX = 65536,
    ANSWER_CHUNK = 4096
};

void delivery_init(struct delivery *d, const struct ticket *t)
{
    *d = (struct delivery){
        .ticket = t, .call.fd = -1, .answer_fd = -1, .retry_ms = RETRY_FIRST_MS, .sent_ms = clock_monotonic_ms()};
    spool_init(&d->spool, t->folder);
}

static void close_answer(struct delivery *d)
{
    if (d->answer_fd >= 0)
        close(d->answer_fd);
    d->answer_fd = -1;
}

void delivery_clear(struct delivery *d)
{
    buf_clear(&d->report.body);
    buf_clear(&d->head);
    buf_clear(&d->answer_text);
    close_answer(d);
    fastcgi_clear(&d->call);
    spool_close(&d->spool);
}

static void put_setting(const char *name, const char *value, void *context)
{
    environment_put(context, name, value);
}

/* The request's meta-variables: RFC 3875, section 4.1. */
static void fill_environment(struct environment *e, const struct ticket *t, size_t length)
{
    char text[512];

    environment_put(e, "PATH", t->path);
    environment_put(e, "GATEWAY_INTERFACE", "CGI/1.1");
    environment_put(e, "SERVER_PROTOCOL", "HTTP/1.1");
    environment_put(e, "SERVER_SOFTWARE", "JobJoker-runner");
    environment_put(e, "SERVER_NAME", "localhost");
    environment_put(e, "SERVER_PORT", "0");
    environment_put(e, "REMOTE_ADDR", "127.0.0.1");
    environment_put(e, "REQUEST_METHOD", "POST");
    environment_put(e, "SCRIPT_NAME", "/cgi-bin/jobjoker.cgi");
    snprintf(text, sizeof text, "/jobs/%s/report", t->id);
    environment_put(e, "PATH_INFO", text);
    environment_put(e, "QUERY_STRING", "");
    environment_put(e, "CONTENT_TYPE", "application/x-jobjoker-report");
    environment_put_number(e, "CONTENT_LENGTH", (long long)length);
    environment_put(e, "HTTP_ACCEPT", "text/plain");
    snprintf(text, sizeof text, "Bearer %s", t->lease);
    environment_put(e, "HTTP_AUTHORIZATION", text);
}

static int open_body(const struct buf *report)
{
    int fd = memfd_create("report", MFD_CLOEXEC);

    if (fd >= 0 && (io_write_all(fd, report->data, report->size) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Starts the program on the head of the queue. -1: it could not be started. */
static int start_program(struct delivery *d)
{
    struct environment e = {0};
    char *const argv[] = {(char *)(uintptr_t)d->ticket->program, NULL};
    struct spawn spawn = {
        .path = d->ticket->program, .argv = argv, .fd_count = 3, .directory = "/", .new_session = true};
    int body = open_body(&d->head), answer[2], result = -1;

    if (body < 0)
        return -1;
    if (pipe2(answer, O_CLOEXEC) < 0)
        goto close_body;
    fcntl(answer[0], F_SETFL, O_NONBLOCK);
    ticket_each(d->ticket, "setting.", put_setting, &e);
    fill_environment(&e, d->ticket, d->head.size);
    spawn.envp = environment_array(&e);
    spawn.fds[0] = body;
    spawn.fds[1] = answer[1];
    spawn.fds[2] = STDERR_FILENO;
    if (spawn.envp)
        result = spawn_start(&spawn, &d->pid, NULL);
    environment_clear(&e);
    close(answer[1]);
    d->answer_fd = result < 0 ? -1 : answer[0];
    if (result < 0)
        close(answer[0]);
close_body:
    close(body);
    return result;
}

/* The same over the socket: settings are not for a request to give, that process has its own. -1: nobody took it. */
static int start_call(struct delivery *d)
{
    struct environment e = {0};
    char *const *variables;
    int result = -1;

    if (d->no_socket || !d->ticket->fastcgi[0])
        return -1;
    fill_environment(&e, d->ticket, d->head.size);
    variables = environment_array(&e);
    if (variables)
        result = fastcgi_begin(&d->call, d->ticket->fastcgi, variables, &d->head);
    environment_clear(&e);
    return result;
}

/* -1: it could not be started. */
static int start(struct delivery *d, int64_t clock)
{
    if (start_call(d) == 0) {
        d->kill_at_ms = clock + CALL_TIMEOUT_MS;
        return 0;
    }
    d->kill_at_ms = clock + PROGRAM_TIMEOUT_MS;
    return start_program(d);
}

static bool failing(const struct delivery *d)
{
    return d->failing_since_ms != 0;
}

/* The head is to be tried again later, and everything goes to the spool until then. */
static void put_off(struct delivery *d, const char *why)
{
    int64_t now = clock_monotonic_ms();

    if (!failing(d)) {
        log_line("runner of job %s: a report cannot be delivered (%s), it is kept", d->ticket->id, why);
        d->failing_since_ms = now;
    }
    d->retry_at_ms = d->asked ? now : now + d->retry_ms;
    d->asked = false;
    d->retry_ms = d->retry_ms * 2 < RETRY_LAST_MS ? d->retry_ms * 2 : RETRY_LAST_MS;
}

/* The head has arrived, or will never be taken. */
static void drop_head(struct delivery *d)
{
    if (d->head_spooled)
        spool_drop_first(&d->spool, d->head.size);
    buf_reset(&d->head);
    d->head_spooled = false;
    d->asked = false;
    d->retry_at_ms = 0;
    d->retry_ms = RETRY_FIRST_MS;
    if (failing(d) && spool_is_empty(&d->spool)) {
        log_line("runner of job %s: all reports were delivered", d->ticket->id);
        d->failing_since_ms = 0;
    }
}

/* The next one moves up: out of the spool as long as one is there. */
static void move_up(struct delivery *d, bool due)
{
    if (spool_is_empty(&d->spool)) {
        if (due && !report_is_empty(&d->report))
            report_take(&d->report, &d->head);
        return;
    }
    d->head_spooled = spool_first(&d->spool, &d->head) == 0;
    if (d->head_spooled)
        return;
    if (errno != EBADMSG) {
        put_off(d, "the spool cannot be read");
        return;
    }
    log_line("runner of job %s: its spool was damaged, what was in it is lost", d->ticket->id);
    spool_drop_all(&d->spool); /* nobody could make sense of it later either */
    d->failing_since_ms = 0;
}

/* While tries fail: the head goes first, then what has been put together since. */
static void keep_in_spool(struct delivery *d, bool due)
{
    struct buf next = {0};

    if (d->head.size && !d->head_spooled) {
        if (spool_append(&d->spool, &d->head) < 0)
            return; /* the disk is full: both stay in memory, and no more is read from the worker */
        d->head_spooled = true;
        step_reached(d->ticket, STEP_REPORT_SPOOLED);
    }
    if (!due || report_is_empty(&d->report))
        return;
    if (spool_append(&d->spool, &d->report.body) < 0)
        return;
    report_take(&d->report, &next);
    buf_clear(&next);
}

/* The program is to have the head, at once. A report that was taken all the same counts once. */
static void leave_socket(struct delivery *d, const char *why)
{
    log_line("runner of job %s: the FastCGI socket is not used any more (%s)", d->ticket->id, why);
    d->no_socket = true;
    fastcgi_clear(&d->call);
    buf_clear(&d->answer_text);
}

/* A program that does not answer is given up; its end is seen as that of one that failed. Returns when to look again. */
static int64_t watch(struct delivery *d, int64_t clock)
{
    if (clock >= d->kill_at_ms && d->pid) {
        kill(d->pid, SIGKILL);
        d->kill_at_ms = clock + KILL_AGAIN_MS;
    } else if (clock >= d->kill_at_ms) {
        leave_socket(d, "there is no answer");
        return clock;
    }
    return d->kill_at_ms;
}

int64_t delivery_work(struct delivery *d, bool now)
{
    int64_t clock = clock_monotonic_ms();
    bool due = now || report_due_ms(&d->report) <= clock;

    if (d->fenced)
        return INT64_MAX;
    if (!delivery_is_busy(d) && d->head.size == 0 && clock >= d->retry_at_ms)
        move_up(d, due);
    if (failing(d))
        keep_in_spool(d, due);
    if (delivery_is_busy(d))
        return watch(d, clock);
    if (d->head.size && clock >= d->retry_at_ms) {
        d->sent_ms = clock;
        if (start(d, clock) == 0) {
            step_reached(d->ticket, STEP_REPORT_SENT);
            return d->kill_at_ms;
        }
        put_off(d, strerror(errno));
    }
    return d->head.size || failing(d) ? d->retry_at_ms : report_due_ms(&d->report);
}

void delivery_ask(struct delivery *d)
{
    report_begin(&d->report);
    d->retry_at_ms = 0;
    d->asked = delivery_is_busy(d);
}

bool delivery_is_busy(const struct delivery *d)
{
    return d->pid != 0 || d->call.fd >= 0;
}

bool delivery_is_full(const struct delivery *d)
{
    return d->fenced || (report_is_full(&d->report) && d->head.size > 0);
}

bool delivery_is_done(const struct delivery *d)
{
    return !delivery_is_busy(d) && d->head.size == 0 && report_is_empty(&d->report) && spool_is_empty(&d->spool);
}

bool delivery_is_safe(const struct delivery *d)
{
    return report_is_empty(&d->report) && (d->head.size == 0 || d->head_spooled);
}

static void read_answer(struct delivery *d)
{
    char chunk[ANSWER_CHUNK];
    ssize_t n = read(d->answer_fd, chunk, sizeof chunk);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        close_answer(d);
    else if (d->answer_text.size < ANSWER_MAX)
        buf_put(&d->answer_text, chunk, (size_t)n);
}

/* What the program said last. Something that it left running may hold the pipe, or fill it: that is not waited for. */
static void read_last_of_answer(struct delivery *d)
{
    int left = 0;

    if (d->answer_fd >= 0 && ioctl(d->answer_fd, FIONREAD, &left) == 0) {
        for (; left > 0 && d->answer_fd >= 0; left -= ANSWER_CHUNK)
            read_answer(d);
    }
    close_answer(d);
}

/* Nothing of it would be taken, now or later. */
static void fence(struct delivery *d)
{
    d->fenced = true;
    d->failing_since_ms = 0;
    buf_reset(&d->head);
    buf_reset(&d->report.body);
    spool_drop_all(&d->spool);
}

/* Status and body of a CGI answer: RFC 3875, section 6.3.3. 0: it is none. */
static int read_status(const char *text, const char **body)
{
    static const char status[] = "Status: ";

    const char *end = strstr(text, "\r\n\r\n");

    if (strncmp(text, status, sizeof status - 1) != 0 || !end)
        return 0;
    *body = end + 4;
    return atoi(text + sizeof status - 1);
}

static enum answer read_wish(const char *body)
{
    static const struct {
        const char *word;
        enum answer answer;
    } wishes[] = {{"pause\n", ANSWER_PAUSE}, {"stop\n", ANSWER_STOP}, {"kill\n", ANSWER_KILL}};

    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        if (strcmp(body, wishes[i].word) == 0)
            return wishes[i].answer;
    }
    return ANSWER_RUN;
}

static enum answer judge(struct delivery *d, int status, const char *body)
{
    switch (status) {
    case 200:
        step_reached(d->ticket, STEP_REPORT_TAKEN);
        drop_head(d);
        return read_wish(body);
    case 401:
    case 403:
    case 404:
    case 409:
        log_line("runner of job %s: it is not ours any more (%d)", d->ticket->id, status);
        fence(d);
        return ANSWER_FENCED;
    case 400:
    case 413:
    case 415:
    case 422:
        log_line("runner of job %s: a report was refused (%d), it is left out: %.200s", d->ticket->id, status, body);
        drop_head(d);
        return ANSWER_NONE;
    default:
        put_off(d, status ? "the answer is a failure" : "there is no answer");
        return ANSWER_NONE;
    }
}

enum answer delivery_ended(struct delivery *d)
{
    const char *body = "";
    enum answer answer;
    int status;

    read_last_of_answer(d);
    d->pid = 0;
    status = read_status(buf_text(&d->answer_text), &body);
    answer = judge(d, status, body);
    buf_clear(&d->answer_text);
    return answer;
}

struct pollfd delivery_poll(const struct delivery *d)
{
    if (d->call.fd >= 0)
        return (struct pollfd){.fd = d->call.fd, .events = fastcgi_events(&d->call)};
    return (struct pollfd){.fd = d->answer_fd, .events = POLLIN};
}

/* Only a report that was taken counts: that process may have other settings by now, and so know nothing of our job. */
static enum answer judge_call(struct delivery *d)
{
    const char *body = "";
    enum answer answer = ANSWER_NONE;

    if (read_status(buf_text(&d->answer_text), &body) != 200) {
        leave_socket(d, "it takes no report of ours");
        return ANSWER_NONE;
    }
    fastcgi_clear(&d->call);
    answer = judge(d, 200, body);
    buf_clear(&d->answer_text);
    return answer;
}

enum answer delivery_continue(struct delivery *d)
{
    if (d->call.fd < 0) {
        read_answer(d);
        return ANSWER_NONE;
    }
    switch (fastcgi_work(&d->call, &d->answer_text, ANSWER_MAX)) {
    case FASTCGI_WHOLE:
        return judge_call(d);
    case FASTCGI_BROKEN:
        leave_socket(d, "it broke off");
        return ANSWER_NONE;
    default:
        return ANSWER_NONE;
    }
}
