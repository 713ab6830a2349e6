#ifndef JOBJOKER_JOB_NOTICE_H
#define JOBJOKER_JOB_NOTICE_H

#include "base/buf.h"
#include "job/job.h"
#include "job/notify.h"

/* What is told of a job: the body of a webhook, or an e-mail's subject and text. */

enum {
    NOTICE_LINES = 20,             /* of the log's end that go along */
    NOTICE_LOG_MAX = 4096,         /* bytes of that */
    NOTICE_PARAMETERS_MAX = 16384, /* larger ones are left out */
};

enum notice_change { NOTICE_NO_CHANGE = 0, NOTICE_FAILURE, NOTICE_RECOVERY };

struct notice {
    enum notify_event event;
    enum notice_change change; /* it failed when the one before had not, or the other way round */
    int64_t time_ms;
    const struct job *job;
    const char *log; /* the end of it, any bytes */
    size_t log_size;
    const char *api; /* URL of the API, for a link; NULL or "": not known */
};

/* The part of a text that goes along: its last lines. */
void notice_cut_log(const char **log, size_t *size);

/* {"type": "job.error", "timestamp": …, "data": {"change", "job", "log"}}, as Standard Webhooks wishes it. */
void notice_put_json(const struct notice *n, struct buf *out);
/* The subject, a newline, and the text: all UTF-8 and without other control characters than newlines and tabs. */
void notice_put_mail(const struct notice *n, struct buf *out);

#endif
