/* The end of a log that was cut in the middle: files and reports. */
#include "job/log_tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char head_word[] = "before ";

struct log_extent log_extent_of(const struct report_record *entry)
{
    struct log_extent e = {.bytes = (int64_t)entry->size + !entry->open, .lines = !entry->open};
    const char *at = entry->bytes, *newline;

    for (size_t left = entry->size; left > 0 && (newline = memchr(at, '\n', left)); e.lines++) {
        left -= (size_t)(newline + 1 - at);
        at = newline + 1;
    }
    return e;
}

void log_extent_add(struct log_extent *sum, const struct log_extent *more)
{
    sum->bytes += more->bytes;
    sum->lines += more->lines;
}

void log_extent_take_off(struct log_extent *sum, const struct log_extent *less)
{
    sum->bytes -= less->bytes;
    sum->lines -= less->lines;
}

void log_tail_path(const char *folder, int file, char *out, size_t out_size)
{
    snprintf(out, out_size, "%s/tail.%d", folder, file);
}

void log_tail_put_head(struct buf *out, const struct log_tail_head *head)
{
    buf_printf(out, "%s%" PRId64 " %" PRId64 " %" PRId64 "\n", head_word, head->before.bytes, head->before.lines,
               head->report);
}

static int read_count(const char *word, int64_t *out)
{
    long long n;

    if (!word || text_to_int(word, 0, INT64_MAX, &n) < 0)
        return -1;
    *out = n;
    return 0;
}

size_t log_tail_read_head(const char *bytes, size_t size, struct log_tail_head *head)
{
    const char *newline = memchr(bytes, '\n', size < LOG_TAIL_HEAD_MAX ? size : LOG_TAIL_HEAD_MAX);
    size_t length = newline ? (size_t)(newline - bytes) : 0, word = sizeof head_word - 1;
    char line[LOG_TAIL_HEAD_MAX], *save = NULL;

    if (length <= word || memcmp(bytes, head_word, word) != 0)
        return 0;
    memcpy(line, bytes + word, length - word);
    line[length - word] = '\0';
    if (read_count(strtok_r(line, " ", &save), &head->before.bytes) < 0 ||
        read_count(strtok_r(NULL, " ", &save), &head->before.lines) < 0 ||
        read_count(strtok_r(NULL, " ", &save), &head->report) < 0)
        return 0;
    return length + 1;
}

size_t log_tail_part(const char *bytes, size_t size)
{
    struct report_reader r = {bytes, bytes + size};
    struct report_record record;
    struct error cut = {0};
    size_t part = 0;

    while (part < LOG_TAIL_PART_SIZE && report_read_next(&r, &record, &cut) > 0 && record.verb == REPORT_LOG)
        part = (size_t)(r.at - bytes);
    return part;
}

int64_t log_tail_number(int64_t part)
{
    return (INT64_C(1) << 62) + part * 1024;
}

static void put_mark(struct buf *out, const struct log_gap *gap, int64_t now_ms)
{
    const struct log_extent *e = &gap->left_out;
    char text[160];
    struct report_record mark = {.verb = REPORT_LOG, .time_ms = now_ms, .stream = STREAM_SYSTEM, .bytes = text};

    mark.size = (size_t)snprintf(text, sizeof text, "... %" PRId64 " byte%s (%" PRId64 " line%s) left out here%s ...",
                                 e->bytes, e->bytes == 1 ? "" : "s", e->lines, e->lines == 1 ? "" : "s",
                                 gap->and_more ? ", and what the lost runner had not delivered" : "");
    report_put(out, &mark);
}

void log_tail_put_report(struct buf *out, int64_t part, const struct log_gap *gap, int64_t now_ms, const char *bytes,
                         size_t size)
{
    struct report_record number = {.verb = REPORT_NUMBER, .number = log_tail_number(part)};

    report_put(out, &number);
    if (part == 0 && (gap->left_out.bytes > 0 || gap->and_more))
        put_mark(out, gap, now_ms);
    buf_put(out, bytes, size);
}
