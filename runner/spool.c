/* Reports on disk. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "job/report_format.h"
#include "report.h"

enum { SPOOL_READ_FIRST = 16384 };

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
    if (s->end + (off_t)report->size > SPOOL_SIZE_MAX) {
        errno = EFBIG;
        return -1;
    }
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

/* Reads so many bytes from the first report on. -1: errno. */
static int read_head(struct spool *s, size_t size, struct buf *out)
{
    ssize_t n;
    char *to;

    buf_reset(out);
    to = buf_reserve(out, size);
    if (!to || lseek(s->fd, s->head, SEEK_SET) < 0)
        return -1;
    n = io_read_all(s->fd, to, size);
    if (n < 0)
        return -1;
    out->size = (size_t)n;
    out->data[out->size] = '\0';
    if (out->size == size)
        return 0;
    errno = EBADMSG; /* somebody cut it */
    return -1;
}

/* Most reports are small, so little is read at first; then more, up to the size that a report cannot have. */
int spool_first(struct spool *s, struct buf *out)
{
    size_t left = (size_t)(s->end - s->head), want = SPOOL_READ_FIRST, size = 0;

    for (;; want *= 4) {
        want = want < left ? want : left;
        if (read_head(s, want, out) < 0)
            break;
        size = first_report_size(out, want == left);
        if (size > 0)
            break;
        if (want == left || want > REPORT_SIZE_MAX) {
            errno = EBADMSG;
            break;
        }
    }
    if (out->data)
        out->data[size] = '\0';
    out->size = size;
    return size ? 0 : -1;
}

void spool_drop_first(struct spool *s, size_t size)
{
    s->head += (off_t)size;
    if (spool_is_empty(s))
        spool_drop_all(s);
}

void spool_drop_all(struct spool *s)
{
    s->head = s->end = 0;
    if (s->fd >= 0)
        (void)!ftruncate(s->fd, 0);
}
