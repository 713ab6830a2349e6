/* Who is to be told of jobs, as it comes from requests and workers. */
#include "worker/targets.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "job/notify.h"

int targets_add(const char *more, char **text, struct error *err)
{
    AUTO(buf) struct buf all = {0};
    char *taken;

    if (!more || !*more)
        return 0;
    buf_puts(&all, *text ? *text : "");
    buf_puts(&all, more);
    taken = buf_take(&all);
    if (!taken)
        return error_set(err, 500, "internal", "the server ran out of memory");
    free(*text);
    *text = taken;
    return 0;
}

static int check_mail(const char *text, const char *code, const struct settings *settings, struct error *err)
{
    struct notify_target t;

    while (notify_next(&text, &t)) {
        if (t.way == NOTIFY_MAIL && !settings->sendmail[0])
            return error_set(err, 422, code, "no e-mail is sent here: the setting `sendmail` is empty");
    }
    return 0;
}

int targets_read(const struct json *list, const char *code, const struct settings *settings, char **text,
                 struct error *err)
{
    AUTO(buf) struct buf read = {0};

    if (notify_read_json(list, code, &read, err) < 0 || check_mail(buf_text(&read), code, settings, err) < 0)
        return -1;
    return targets_add(buf_text(&read), text, err);
}
