/* The limit of a log. Entries pass on whole, so that the cut falls between two lines; only one that is larger than a file
 * may be is cut where the room ends. Room that an entry did not fit into is added to what comes next, as long as nothing was
 * left out: so nothing is, before the log is really larger than its limit. */
#include "log_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"

enum { LIMIT_MIN = 4096 };

void log_limit_init(struct log_limit *l, const struct ticket *t, struct report *report)
{
    int64_t max = t->limits.max[LIMIT_LOG];

    *l = (struct log_limit){.ticket = t, .report = report, .segments = {{.fd = -1}, {.fd = -1}}};
    if (max == 0)
        return;
    l->max = max > LIMIT_MIN ? max : LIMIT_MIN;
    l->quarter = l->max / 4 < LOG_TAIL_TEXT_MAX ? l->max / 4 : LOG_TAIL_TEXT_MAX;
    l->room = l->max - 2 * l->quarter;
}

void log_limit_clear(struct log_limit *l)
{
    buf_clear(&l->batch);
    for (int i = 0; i < LOG_TAIL_FILES; i++) {
        if (l->segments[i].fd >= 0)
            close(l->segments[i].fd);
        l->segments[i].fd = -1;
    }
}

static struct log_segment *newer(struct log_limit *l)
{
    return &l->segments[l->newer];
}

static struct log_segment *older(struct log_limit *l)
{
    return &l->segments[1 - l->newer];
}

/* -- what is left out -- */

/* The line that was cut is ended first: what the runner says begins a line of its own. */
static void end_line(struct log_limit *l)
{
    struct report_record end = {.verb = REPORT_LOG, .time_ms = clock_now_ms(), .stream = l->open};

    if (l->open)
        report_add(l->report, &end);
    l->open = 0;
}

static void say_why(struct log_limit *l)
{
    char cause[80] = "The disk takes no more of the log", notice[200];

    if (!l->cannot_write)
        snprintf(cause, sizeof cause, "The log has reached its limit of %lld bytes", (long long)l->max);
    snprintf(notice, sizeof notice, "%s: from here on only its end is kept, and shown when the job is over.", cause);
    end_line(l);
    report_say(l->report, notice);
}

static void leave_out(struct log_limit *l, const struct log_extent *text)
{
    if (l->gap.left_out.bytes == 0 && text->bytes > 0)
        say_why(l);
    log_extent_add(&l->gap.left_out, text);
}

/* -- files -- */

/* Forgets what the file holds, and frees its room on the disk. */
static void empty_segment(struct log_limit *l, struct log_segment *s)
{
    leave_out(l, &s->text);
    if (s->fd >= 0)
        (void)!ftruncate(s->fd, 0);
    s->size = 0;
    s->head_size = 0;
    s->text = (struct log_extent){0};
}

static int open_segment(struct log_limit *l, struct log_segment *s)
{
    char path[PATH_MAX + 16];

    if (s->fd >= 0)
        return 0;
    log_tail_path(l->ticket->folder, (int)(s - l->segments), path, sizeof path);
    s->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return s->fd < 0 ? -1 : 0;
}

static int write_at_end(struct log_segment *s, const struct buf *bytes)
{
    if (bytes->failed) {
        errno = ENOMEM;
        return -1;
    }
    if (lseek(s->fd, s->size, SEEK_SET) < 0)
        return -1;
    if (io_write_all(s->fd, bytes->data, bytes->size) < 0) {
        int saved = errno;

        (void)!ftruncate(s->fd, s->size);
        errno = saved;
        return -1;
    }
    s->size += (off_t)bytes->size;
    return 0;
}

static int write_head(struct log_limit *l, struct log_segment *s)
{
    struct log_tail_head head = {.before = l->gap.left_out, .report = l->head_report};
    struct buf line = {0};
    int result;

    log_extent_add(&head.before, &older(l)->text);
    log_tail_put_head(&line, &head);
    result = write_at_end(s, &line);
    if (result == 0)
        s->head_size = line.size;
    buf_clear(&line);
    return result;
}

static void reset_batch(struct log_limit *l)
{
    if (l->batch.failed)
        buf_clear(&l->batch);
    buf_reset(&l->batch);
    l->batch_text = (struct log_extent){0};
}

/* Appends the batch to the newer file. -1: errno; nothing of it is there. */
static int write_batch(struct log_limit *l)
{
    struct log_segment *s = newer(l);

    if (open_segment(l, s) < 0 || (s->size == 0 && write_head(l, s) < 0) || write_at_end(s, &l->batch) < 0)
        return -1;
    log_extent_add(&s->text, &l->batch_text);
    reset_batch(l);
    return 0;
}

/* Half of a full batch; memory takes no more than one. */
static void shorten_batch(struct log_limit *l)
{
    struct report_reader r = {buf_text(&l->batch), buf_text(&l->batch) + l->batch.size};
    struct log_extent lost = {0};
    struct report_record entry;
    struct error err = {0};

    if (l->batch.failed) {
        leave_out(l, &l->batch_text);
        reset_batch(l);
        return;
    }
    while (r.end - r.at > REPORT_FULL / 2 && report_read_next(&r, &entry, &err) > 0) {
        struct log_extent text = log_extent_of(&entry);

        log_extent_add(&lost, &text);
    }
    log_extent_take_off(&l->batch_text, &lost);
    buf_drop(&l->batch, (size_t)(r.at - l->batch.data));
    leave_out(l, &lost);
}

/* Of what is kept, the oldest gives way to the batch. False: there is nothing but the batch, which is kept in memory. */
static bool give_way(struct log_limit *l)
{
    struct log_segment *s = older(l)->text.bytes > 0 ? older(l) : newer(l);
    bool had_text = s->text.bytes > 0;

    empty_segment(l, s);
    if (!had_text)
        shorten_batch(l);
    return had_text;
}

static void say_cannot_write(struct log_limit *l)
{
    if (!l->cannot_write)
        log_line("runner of job %s: the end of its log cannot be written down: %s", l->ticket->id, strerror(errno));
    l->cannot_write = true;
}

static void flush(struct log_limit *l)
{
    while (l->batch.size > 0 || l->batch.failed) {
        if (write_batch(l) == 0)
            return;
        say_cannot_write(l);
        l->batch_ms = clock_monotonic_ms();
        if (!give_way(l))
            return;
    }
}

/* -- entries -- */

static void begin_tail(struct log_limit *l)
{
    l->over = true;
    l->head_report = l->report->number;
    l->tail_max = l->room + 2 * l->quarter;
    l->room = l->tail_max - l->quarter;
}

/* The older file gives way, and the newer becomes the older. */
static void rotate(struct log_limit *l)
{
    flush(l);
    empty_segment(l, older(l));
    l->newer = 1 - l->newer;
    l->room = l->tail_max - older(l)->text.bytes;
    if (l->gap.left_out.bytes > 0 && l->room > l->quarter)
        l->room = l->quarter;
}

static void put_in_batch(struct log_limit *l, const struct report_record *entry, const struct log_extent *text)
{
    if (l->batch.size == 0)
        l->batch_ms = clock_monotonic_ms();
    report_put(&l->batch, entry);
    log_extent_add(&l->batch_text, text);
    if (l->batch.size >= REPORT_FULL || l->batch.failed)
        flush(l);
}

static void put(struct log_limit *l, const struct report_record *entry)
{
    struct log_extent text = log_extent_of(entry);

    l->room -= text.bytes;
    if (l->over) {
        put_in_batch(l, entry, &text);
        return;
    }
    l->open = entry->open ? entry->stream : 0;
    report_add(l->report, entry);
}

/* As much of the entry as there is room for; the rest of its line goes on in the next. */
static void put_beginning(struct log_limit *l, struct report_record *entry)
{
    struct report_record part = *entry;

    if (l->room <= 0)
        return;
    part.open = true;
    part.size = entry->size < (size_t)l->room ? entry->size : (size_t)l->room;
    entry->bytes += part.size;
    entry->size -= part.size;
    put(l, &part);
}

static int64_t text_size(const struct report_record *entry)
{
    return (int64_t)entry->size + !entry->open;
}

void log_limit_add(struct log_limit *l, const struct report_record *entry)
{
    struct report_record rest = *entry;

    if (l->max == 0) {
        report_add(l->report, entry);
        return;
    }
    while (text_size(&rest) > l->room) {
        if (text_size(&rest) > l->quarter)
            put_beginning(l, &rest);
        if (l->over)
            rotate(l);
        else
            begin_tail(l);
    }
    put(l, &rest);
}

int64_t log_limit_work(struct log_limit *l)
{
    int64_t due = l->batch_ms + REPORT_AGE_MS;

    if (l->telling)
        return !l->told && report_is_empty(l->report) ? 0 : INT64_MAX;
    if (l->batch.size == 0)
        return INT64_MAX;
    if (clock_monotonic_ms() < due)
        return due;
    flush(l);
    return INT64_MAX;
}

/* -- when the job is over -- */

/* Puts the part that begins there into the report. The size of the part; 0: there is none. */
static size_t tell_part(struct log_limit *l, const char *bytes, size_t size)
{
    size_t part = log_tail_part(bytes, size);

    if (part == 0)
        return 0;
    log_tail_put_report(report_open(l->report, log_tail_number(l->part)), l->part, &l->gap, clock_now_ms(), bytes,
                        part);
    l->part++;
    return part;
}

static size_t tell_part_of_file(struct log_limit *l, const struct log_segment *s)
{
    off_t at = l->file_at ? l->file_at : (off_t)s->head_size, left = s->size - at;
    size_t want = left < LOG_TAIL_READ_SIZE ? (size_t)left : LOG_TAIL_READ_SIZE, part = 0;
    struct buf bytes = {0};
    char *to;

    if (left <= 0)
        return 0;
    to = buf_reserve(&bytes, want);
    if (to && lseek(s->fd, at, SEEK_SET) >= 0 && io_read_all(s->fd, to, want) == (ssize_t)want)
        part = tell_part(l, to, want);
    buf_clear(&bytes);
    if (part == 0)
        log_line("runner of job %s: the end of its log was damaged, some of it is lost", l->ticket->id);
    l->file_at = at + (off_t)part;
    return part;
}

static bool tell_next(struct log_limit *l)
{
    for (; l->file < LOG_TAIL_FILES; l->file++, l->file_at = 0) {
        if (tell_part_of_file(l, l->file == 0 ? older(l) : newer(l)) > 0)
            return true;
    }
    if ((size_t)l->file_at < l->batch.size) {
        size_t part = tell_part(l, l->batch.data + l->file_at, l->batch.size - (size_t)l->file_at);

        l->file_at += (off_t)part;
        return part > 0;
    }
    return false;
}

/* All was lost: there is only the mark. */
static bool tell_mark(struct log_limit *l)
{
    if (l->part > 0 || l->gap.left_out.bytes == 0)
        return false;
    log_tail_put_report(report_open(l->report, log_tail_number(0)), 0, &l->gap, clock_now_ms(), NULL, 0);
    l->part++;
    return true;
}

bool log_limit_tell(struct log_limit *l)
{
    if (!l->over || l->told)
        return true;
    /* On disk it is safe if we are lost. Where that has no room, memory has. */
    if (!l->telling && l->batch.size > 0 && write_batch(l) < 0)
        say_cannot_write(l);
    l->telling = true;
    if (!report_is_empty(l->report) || tell_next(l) || tell_mark(l))
        return false;
    l->told = true;
    return true;
}
