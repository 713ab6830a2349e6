/* What is told of a job. A name, a reason and a log are somebody else's words: in an e-mail they must not become headers. */
#include "job/notice.h"

#include <string.h>

#include "base/text.h"

static const char *const change_names[] = {
    [NOTICE_NO_CHANGE] = NULL, [NOTICE_FAILURE] = "failure", [NOTICE_RECOVERY] = "recovery"};

void notice_cut_log(const char **log, size_t *size)
{
    const char *end = *log + *size, *at = *size > NOTICE_LOG_MAX ? end - NOTICE_LOG_MAX : *log;
    int lines = 0;

    for (const char *p = end; p > at; p--) {
        if (p[-1] == '\n' && p < end && ++lines == NOTICE_LINES) {
            at = p;
            break;
        }
    }
    *size = (size_t)(end - at);
    *log = at;
}

static void put_job(const struct job *job, struct json_writer *w)
{
    struct job shown = *job; /* what it owns stays the other's */

    if (shown.parameters && strlen(shown.parameters) > NOTICE_PARAMETERS_MAX)
        shown.parameters = NULL;
    job_put_json(&shown, w);
}

void notice_put_json(const struct notice *n, struct buf *out)
{
    struct json_writer w = {.out = out};
    char text[TEXT_TIME_SIZE];

    text_from_time(n->time_ms, text);
    json_begin(&w, '{');
    json_name(&w, "type");
    buf_printf(out, "\"job.%s\"", notify_event_name(n->event));
    w.comma = true;
    json_name(&w, "timestamp");
    json_put_string(&w, text);
    json_name(&w, "data");
    json_begin(&w, '{');
    json_name(&w, "change");
    json_put_string(&w, change_names[n->change]);
    json_name(&w, "job");
    put_job(n->job, &w);
    json_name(&w, "log");
    json_put_bytes(&w, n->log, n->log_size);
    json_end(&w, '}');
    json_end(&w, '}');
}

/* -- e-mail -- */

/* What is no UTF-8 becomes U+FFFD, and control characters spaces; `lines`: but for newlines and tabs. */
static void put_clean(const char *text, size_t size, bool lines, struct buf *out)
{
    size_t length;

    for (size_t i = 0; i < size; i += length) {
        bool is_character = text_utf8_next(text + i, size - i, &length);
        unsigned char c = (unsigned char)text[i];

        if (!is_character)
            buf_puts(out, "\xef\xbf\xbd");
        else if ((c < ' ' && !(lines && (c == '\n' || c == '\t'))) || c == 0x7f)
            buf_putc(out, ' ');
        else
            buf_put(out, text + i, length);
    }
}

static void put_line(const char *name, const char *value, struct buf *out)
{
    if (!value || !*value)
        return;
    buf_printf(out, "%-10s", name);
    put_clean(value, strlen(value), false, out);
    buf_putc(out, '\n');
}

static void put_time(const char *name, int64_t time_ms, struct buf *out)
{
    char text[TEXT_TIME_SIZE];

    if (!time_ms)
        return;
    text_from_time(time_ms, text);
    put_line(name, text, out);
}

static const char *in_words(const struct notice *n)
{
    static const char *const words[NOTIFY_EVENTS] = {[NOTIFY_ACTIVE] = "has begun",
                                                     [NOTIFY_RETRY] = "has failed and will be tried again",
                                                     [NOTIFY_DONE] = "is done",
                                                     [NOTIFY_ERROR] = "has failed",
                                                     [NOTIFY_STOP] = "was stopped"};

    return n->change == NOTICE_RECOVERY ? "is well again" : words[n->event];
}

void notice_put_mail(const struct notice *n, struct buf *out)
{
    const struct job *job = n->job;

    buf_printf(out, "[JobJoker] %s %s", job->worker, in_words(n));
    if (job->name) {
        buf_puts(out, ": ");
        put_clean(job->name, strlen(job->name), false, out);
    }
    buf_putc(out, '\n');
    put_line("Worker", job->worker, out);
    put_line("Name", job->name, out);
    put_line("Job", job->id, out);
    put_line("Status", job_state_name(job->state), out);
    put_line("Reason", job->reason, out);
    put_line("Queue", job->queue, out);
    put_line("Host", job->host, out);
    put_time("Begun", job->started_ms, out);
    put_time("Ended", job->stopped_ms, out);
    if (n->api && *n->api)
        buf_printf(out, "%-10s%s/jobs/%s\n", "Address", n->api, job->id);
    if (n->log_size == 0)
        return;
    buf_puts(out, "\nThe end of its log:\n\n");
    put_clean(n->log, n->log_size, true, out);
    if (n->log[n->log_size - 1] != '\n')
        buf_putc(out, '\n');
}
