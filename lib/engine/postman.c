/* E-mail. Sender and recipient go as arguments, each a word of its own and checked before, and never through a shell; what the e-mail
 * says goes to its standard input. */
#include "engine/postman.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "base/spawn.h"
#include "job/mail.h"

enum { TIMEOUT_MS = 30 * 1000, SAID_MAX = 4096, UNKNOWN_USER = 67 /* EX_NOUSER of sysexits.h */ };

static void compose(const struct engine *e, const struct delivery *d, struct buf *out)
{
    const char *end = memchr(d->body, '\n', d->body_size);
    AUTO(buf) struct buf subject = {0};
    struct mail mail = {.from = e->settings->mail_from, .to = d->to, .id = d->id, .time_ms = d->created_ms};

    buf_put(&subject, d->body, end ? (size_t)(end - d->body) : d->body_size);
    mail.subject = buf_text(&subject);
    mail.text = end ? end + 1 : "";
    mail.text_size = end ? d->body_size - (size_t)(mail.text - d->body) : 0;
    mail_compose(&mail, out);
    out->failed |= subject.failed;
}

static int explain(struct delivery_try *t, bool final, const char *why)
{
    t->final = final;
    snprintf(t->fault, sizeof t->fault, "%s", why);
    return -1;
}

static int check(const struct engine *e, const struct delivery *d, struct delivery_try *t)
{
    if (!e->settings->sendmail[0])
        return explain(t, false, "no e-mail is sent here: the setting `sendmail` is empty");
    if (!notify_is_address(e->settings->mail_from))
        return explain(t, false, "the setting `mail_from` is no address of e-mail");
    if (!notify_is_address(d->to))
        return explain(t, true, "this is no address of e-mail");
    return 0;
}

static void note_end(const struct spawn_result *result, struct delivery_try *t)
{
    t->sent = WIFEXITED(result->status) && WEXITSTATUS(result->status) == 0;
    if (t->sent)
        return;
    t->final = WIFEXITED(result->status) && WEXITSTATUS(result->status) == UNKNOWN_USER;
    if (result->timed_out)
        snprintf(t->fault, sizeof t->fault, "sendmail took longer than %d s", TIMEOUT_MS / 1000);
    else if (WIFEXITED(result->status))
        snprintf(t->fault, sizeof t->fault, "sendmail ended with %d", WEXITSTATUS(result->status));
    else
        snprintf(t->fault, sizeof t->fault, "sendmail was ended by signal %d", WTERMSIG(result->status));
}

void postman_send(struct engine *e, const struct delivery *d, struct delivery_try *t)
{
    AUTO(environment) struct environment environment = {0};
    AUTO(buf) struct buf mail = {0};
    AUTO(buf) struct buf said = {0};
    char *const argv[] = {(char *)(uintptr_t)e->settings->sendmail,
                          (char *)"-i",
                          (char *)"-f",
                          (char *)(uintptr_t)e->settings->mail_from,
                          (char *)"--",
                          (char *)(uintptr_t)d->to,
                          NULL};
    struct spawn spawn = {.path = e->settings->sendmail, .argv = argv, .directory = "/"};
    struct spawn_result result;
    struct error err = {0};

    *t = (struct delivery_try){0};
    if (check(e, d, t) < 0)
        return;
    compose(e, d, &mail);
    environment_put(&environment, "PATH", e->settings->path);
    spawn.envp = environment_array(&environment);
    if (mail.failed || !spawn.envp ||
        spawn_run(&spawn, mail.data, mail.size, TIMEOUT_MS, SAID_MAX, &said, &result, &err) < 0) {
        explain(t, false, "sendmail could not be run: the server's log says why");
        return;
    }
    if (result.status != 0 && said.size)
        log_line("%s: %.500s", e->settings->sendmail, buf_text(&said));
    note_end(&result, t);
}
