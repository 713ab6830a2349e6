#ifndef JOBJOKER_JOB_MAIL_H
#define JOBJOKER_JOB_MAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* An e-mail as it is handed to sendmail (RFC 5322): lines end in a newline alone, as programs of that name expect. */

struct mail {
    const char *from, *to; /* addresses that notify_is_address() */
    const char *id;        /* makes its Message-ID: the same for the same e-mail */
    int64_t time_ms;       /* Date */
    const char *subject;   /* UTF-8; control characters become spaces */
    const char *text;      /* UTF-8 */
    size_t text_size;
};

void mail_compose(const struct mail *mail, struct buf *out);

#endif
