/* A runner's report: what was read and put reads as the same. */
#include "fuzz.h"

#include <string.h>

#include "job/report_format.h"

static void check_record(const struct report_record *r)
{
    MUST(r->verb >= REPORT_NUMBER && r->verb < REPORT_VERBS);
    MUST(r->verb != REPORT_NUMBER || r->number >= 1);
    MUST((r->verb != REPORT_LOG && r->verb != REPORT_RESPONSE) || (r->stream > 0 && r->stream < STREAMS));
    MUST(r->percent >= 0 && r->percent <= 100 && r->time_ms >= 0 && r->pid >= 0);
    MUST(r->verb != REPORT_END || (r->event >= EVENT_SUCCESS && r->event <= EVENT_KILLED));
    MUST(r->exit_code >= -1 && r->exit_code <= 255 && r->signal >= 0 && r->signal <= 128);
}

static void check_same(const struct report_record *a, const struct report_record *b)
{
    MUST(a->verb == b->verb && a->number == b->number && a->time_ms == b->time_ms && a->stream == b->stream);
    MUST(a->open == b->open && a->percent == b->percent && a->pid == b->pid && a->event == b->event);
    MUST(a->exit_code == b->exit_code && a->signal == b->signal && a->usage.known == b->usage.known);
    MUST(a->usage.cpu_user_ms == b->usage.cpu_user_ms && a->usage.cpu_system_ms == b->usage.cpu_system_ms);
    MUST(a->usage.max_rss_kib == b->usage.max_rss_kib);
    MUST(a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct report_reader reader = {text, text + size}, second;
    struct report_record r, again;
    struct buf put = {0};
    struct error err = {0};
    int got;

    while ((got = report_read_next(&reader, &r, &err)) > 0) {
        check_record(&r);
        MUST(r.bytes >= text && r.bytes + r.size < text + size && reader.at <= reader.end);
        buf_reset(&put);
        report_put(&put, &r);
        second = (struct report_reader){buf_text(&put), buf_text(&put) + put.size};
        MUST(report_read_next(&second, &again, NULL) == 1 && second.at == second.end);
        check_same(&r, &again);
    }
    MUST(got == 0 || err.status == 400);
    buf_clear(&put);
    return 0;
}
