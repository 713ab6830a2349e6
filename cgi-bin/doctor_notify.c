/* The part of the doctor that looks at what is told of jobs: whether what the settings name is there. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "doctor.h"
#include "job/notify.h"

enum { PATH_SIZE = PATH_MAX + 64 };

static void check_targets(struct doctor *d, bool webhooks_are_sent)
{
    const struct settings *s = &d->site.settings;
    AUTO(buf) struct buf text = {0};
    const char *rest;
    struct notify_target target;

    if (notify_read_words(s->notify, s->notify_on, &text) < 0)
        doctor_find(d, WRONG, "set it to URLs and addresses of e-mail, separated by spaces",
                    "the setting `notify` holds what is neither a URL nor an address of e-mail");
    rest = text.data;
    while (notify_next(&rest, &target)) {
        if (target.way == NOTIFY_WEBHOOK && !webhooks_are_sent)
            doctor_find(d, WRONG, "build JobJoker with libcurl",
                        "the setting `notify` names a webhook, and none are sent here");
        if (target.way == NOTIFY_MAIL && !s->sendmail[0])
            doctor_find(d, WRONG, "set `sendmail` and `mail_from`",
                        "the setting `notify` names an address of e-mail, and none is sent here");
    }
}

static void check_mail(struct doctor *d)
{
    const struct settings *s = &d->site.settings;

    if (!s->sendmail[0])
        return;
    if (access(s->sendmail, X_OK) < 0)
        doctor_find(d, WRONG, "install it, or set `sendmail` to the program that sends e-mail", "%s: %s", s->sendmail,
                    strerror(errno));
    if (!notify_is_address(s->mail_from))
        doctor_find(d, WRONG, "set `mail_from` to one",
                    "e-mail has no sender: the setting `mail_from` is no address of e-mail");
}

static void check_signing(struct doctor *d)
{
    const char *name = d->site.settings.notify_secret;
    struct secret secret;
    struct error err = {0};
    bool found;

    if (!name[0] || !d->site.db)
        return;
    if (store_secret_get(d->site.db, name, &secret, &found, &err) < 0)
        doctor_find(d, WRONG, "the line above is what the database said", "%s", err.message);
    else if (!found)
        doctor_find(d, WRONG, "jobjoker secret set NAME", "there is no secret %s, which `notify_secret` names", name);
}

void doctor_check_notify(struct doctor *d)
{
    const char *certificates = d->site.settings.notify_ca;
    char post[PATH_SIZE];
    bool webhooks_are_sent;

    snprintf(post, sizeof post, "%s/runner/jobjoker-post", d->site.app_folder);
    webhooks_are_sent = access(post, X_OK) == 0;
    if (!webhooks_are_sent)
        doctor_find(d, NOTE, "build JobJoker with libcurl, or install it again", "no webhooks are sent: %s: %s", post,
                    strerror(errno));
    check_targets(d, webhooks_are_sent);
    check_mail(d);
    check_signing(d);
    if (certificates[0] && access(certificates, R_OK) < 0)
        doctor_find(d, WRONG, "set `notify_ca` to a file of certificates", "%s: %s", certificates, strerror(errno));
}
