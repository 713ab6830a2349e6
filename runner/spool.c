#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "job/report_format.h"
#include "report.h"

void spool_init(struct spool *s, const char *folder)
{
    *s = (struct spool){.fd = -1};
    snprintf(s->path, sizeof s->path, "%.4095s/spool", folder);
}

void spool_close(struct spool *s)
{
    if (s->fd < 0)
        return;
    close(s->fd);
    if (spool_is_empty(s))
        unlink(s->path);
    s->fd = -1;
}

bool spool_is_empty(const struct spool *s)
{
    return s->head == s->end;
}

int spool_append(struct spool *s, const struct buf *report)
{
    if (s->fd < 0)
        s->fd = open(s->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (s->fd < 0 || lseek(s->fd, s->end, SEEK_SET) < 0)
        return -1;
    if (io_write_all(s->fd, report->data, report->size) < 0) {
        (void)!ftruncate(s->fd, s->end);
        return -1;
    }
    s->end += (off_t)report->size;
    return 0;
}

/* Where the first report of `bytes` ends: at the next one's number, or at the end. 0: it is not all there. */
static size_t first_report_size(const struct buf *bytes, bool all)
{
    struct report_reader r = {bytes->data, bytes->data + bytes->size};
    struct report_record record;
    struct error cut = {0};

    for (bool first = true;; first = false) {
        const char *at = r.at;
        int got = report_read_next(&r, &record, &cut);

        if (got > 0 && (first || record.verb != REPORT_NUMBER))
            continue;
        if (got > 0 || (got == 0 && all))
            return (size_t)(at - bytes->data);
        return 0;
    }
}

int spool_first(struct spool *s, struct buf *out)
{
    size_t left = (size_t)(s->end - s->head), want = left < 2 * REPORT_SIZE_MAX ? left : 2 * REPORT_SIZE_MAX, size;
    char *to;

    buf_reset(out);
    to = buf_reserve(out, want);
    if (!to || lseek(s->fd, s->head, SEEK_SET) < 0 || io_read_all(s->fd, to, want) != (ssize_t)want) {
        log_line("runner: %s cannot be read: %s", s->path, strerror(errno));
        return -1;
    }
    out->size = want;
    out->data[want] = '\0';
    size = first_report_size(out, want == left);
    if (size == 0) {
        log_line("runner: %s is damaged", s->path);
        return -1;
    }
    out->size = size;
    out->data[size] = '\0';
    return 0;
}

void spool_drop_first(struct spool *s, size_t size)
{
    s->head += (off_t)size;
    if (!spool_is_empty(s))
        return;
    s->head = s->end = 0;
    (void)!ftruncate(s->fd, 0);
}
