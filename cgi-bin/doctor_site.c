/* The part of the doctor that asks the running site. By curl: the site may want TLS, and what counts is what others get. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "doctor.h"
#include "users.h"

enum { ANSWER_MAX = 256 * 1024, ASK_TIMEOUT_MS = 20000, PROBE_MS = 60000, URL_SIZE = 2048 };

/* What the site answered: head and body in one. */
struct answer {
    int status;
    struct buf text;
};

static void answer_clear(struct answer *a)
{
    buf_clear(&a->text);
}

/* A token goes over standard input: everybody can read a command line. */
static int ask(struct doctor *d, const char *url, const char *path, const char *token, struct answer *a)
{
    char program[PATH_MAX], whole[URL_SIZE + 256], config[256] = "";
    const char *const argv[] = {"curl",       "-q", "-sS", "-i", "--globoff", "--path-as-is",
                                "--max-time", "15", "-K",  "-",  whole,       NULL};
    struct spawn spawn = {.path = program,
                          .argv = (char *const *)(uintptr_t)argv,
                          /* execve(2) changes none of them */ .envp = environ};
    struct spawn_result result;
    struct error err = {0};

    snprintf(whole, sizeof whole, "%s%s", url, path);
    if (token)
        snprintf(config, sizeof config, "header = \"Authorization: Bearer %s\"\n", token);
    if (spawn_find("curl", d->site.settings.path, program, sizeof program) < 0) {
        doctor_find(d, WRONG, "install curl", "the site cannot be asked without curl");
        return -1;
    }
    if (spawn_run(&spawn, config, strlen(config), ASK_TIMEOUT_MS, ANSWER_MAX, &a->text, &result, &err) < 0)
        return -1;
    a->status =
        strncmp(buf_text(&a->text), "HTTP/", 5) == 0 ? atoi(buf_text(&a->text) + strcspn(buf_text(&a->text), " ")) : 0;
    if (a->status)
        return 0;
    doctor_find(d, WRONG, "is Apache running, and is this the address?", "%s does not answer: %.200s", whole,
                buf_text(&a->text));
    return -1;
}

/* Is this in the head, whatever its case? */
static bool head_has(const struct answer *a, const char *text)
{
    const char *head = buf_text(&a->text), *end = strstr(head, "\r\n\r\n");
    size_t length = strlen(text);

    for (const char *p = head; *p && p + length <= (end ? end : head + a->text.size); p++) {
        if (strncasecmp(p, text, length) == 0)
            return true;
    }
    return false;
}

/* Only the program says this: the page has another policy, and Apache's own answers none. */
static bool is_of_program(const struct answer *a)
{
    return head_has(a, "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors");
}

/* What it means when something else than the program answers. */
static const struct symptom {
    int status;
    const char *what, *fix;
} symptoms[] = {
    {200, "the program is sent as a file instead of being run", "a2enmod cgid (or cgi), then restart Apache"},
    {403, "everything is denied, which .htaccess does when mod_rewrite is missing",
     "a2enmod rewrite, then restart Apache"},
    {404, ".htaccess is not in force", "AllowOverride All for the folder, in the site's <Directory>"},
    {500, "the program cannot be run",
     "Apache's error log says why; often AllowOverride All is missing for the folder"},
    {503, "mod_cgid cannot reach its daemon", "Apache's error log says why"},
};

static void explain(struct doctor *d, const struct answer *a)
{
    for (size_t i = 0; i < sizeof symptoms / sizeof *symptoms; i++) {
        if (symptoms[i].status == a->status) {
            doctor_find(d, WRONG, symptoms[i].fix, "%s (%d)", symptoms[i].what, a->status);
            return;
        }
    }
    doctor_find(d, WRONG, "is this the address of the folder?", "something else answers there (%d)", a->status);
}

/* True when the program answers, so that it can be asked more. */
static bool check_program(struct doctor *d, const char *url)
{
    AUTO(answer) struct answer a = {0};

    if (ask(d, url, "/me", NULL, &a) < 0)
        return false;
    if (!is_of_program(&a)) {
        explain(d, &a);
        return false;
    }
    if (a.status >= 500) {
        const char *body = strstr(buf_text(&a.text), "\r\n\r\n");

        doctor_find(d, WRONG, "the error log says more", "the program answers %d: %.300s", a.status,
                    body ? body + 4 : "");
        return false;
    }
    doctor_find(d, FINE, NULL, "the program answers at %s", url);
    return true;
}

static void check_page(struct doctor *d, const char *url)
{
    AUTO(answer) struct answer a = {0};

    if (ask(d, url, "/htdocs/", NULL, &a) < 0)
        return;
    if (a.status != 200)
        doctor_find(d, WRONG, "are the files of htdocs/ there, readable, and is mod_dir loaded?",
                    "the admin page is not served (%d)", a.status);
    else if (!head_has(&a, "\r\nContent-Security-Policy:"))
        doctor_find(d, WRONG, "a2enmod headers, then restart Apache",
                    "the admin page is sent without the headers that protect it");
    else
        doctor_find(d, FINE, NULL, "the admin page is served, with the headers that protect it");
}

static int note_admin(const struct account *account, void *context)
{
    if (account->role != ROLE_ADMIN || account->disabled)
        return 0;
    snprintf(context, sizeof account->name, "%s", account->name);
    return 1;
}

static int make_probe(struct doctor *d, struct token *token, char text[TOKEN_TEXT_SIZE], struct error *err)
{
    int64_t now_ms = clock_now_ms();

    *token = (struct token){.role = ROLE_VIEWER, .name = "jobjoker doctor", .expires_ms = now_ms + PROBE_MS};
    if (store_account_each(d->site.db, NULL, -1, note_admin, token->account, err) < 0)
        return -1;
    return tokens_create(d->site.db, now_ms, token, text, err);
}

/* A token of our own, for a minute: does it arrive, and does the site look it up in this database? */
static void check_token(struct doctor *d, const char *url)
{
    AUTO(answer) struct answer a = {0};
    char text[TOKEN_TEXT_SIZE], id[TOKEN_ID_SIZE];
    struct token token;
    struct error err = {0};

    if (make_probe(d, &token, text, &err) < 0) {
        doctor_find(d, WRONG, "see above", "no token can be made: %s", err.message);
        return;
    }
    if (ask(d, url, "/me", text, &a) == 0) {
        if (a.status == 200 && strstr(buf_text(&a.text), "\"via\":\"token\""))
            doctor_find(d, FINE, NULL, "tokens arrive, and the site uses this database");
        else
            doctor_find(
                d, WRONG,
                "CGIPassAuth On must reach the program (is there a proxy before Apache?), and the site must have "
                "the same settings: JOBJOKER_CONFIG and JOBJOKER_DATA of Apache must be set here as well",
                "a token of this database is not taken by the site (%d)", a.status);
    }
    token_id(&token, id);
    if (tokens_revoke(d->site.db, id, NULL, &err) < 0)
        doctor_find(d, NOTE, "it ends by itself in a minute", "the token for this test is still there");
}

static bool is_inside(const char *folder, const char *path)
{
    size_t n = strlen(folder);

    return strncmp(folder, path, n) == 0 && path[n] == '/';
}

/* What must never get out: of what lies there, and of what an editor or a clone may leave. The answers of the program are
 * fine: it answers every path that is no file of the page. */
static void check_hidden(struct doctor *d, const char *url)
{
    static const char *const paths[] = {
        "/.htaccess",
        "/jobjoker.ini",
        "/jobjoker.ini~",
        "/cgi-bin/jobjoker",
        "/cgi-bin/",
        "/data/",
        "/data/jobs.db",
        "/data/secret.key",
        "/data/audit.key",
        "/data/jobs.db-wal",
        "/runner/jobjoker-runner",
        "/.git/HEAD",
        "/.git/config",
        "/sql/sqlite/0001_first.sql",
        "/workers/TestWorker.c",
        "/htdocs/.index.html.swp",
        "/configure",
        "/htdocs/index.html~",
        "/cgi-bin/jobjoker.cgi~",
        "/README.md",
        "/htdocs/../jobjoker.ini",
    };
    char own[PATH_MAX] = "";
    const char *data = d->site.settings.data;
    int out = 0;

    if (is_inside(d->site.app_folder, data))
        snprintf(own, sizeof own, "%s/jobs.db", data + strlen(d->site.app_folder));
    for (size_t i = 0; i <= sizeof paths / sizeof *paths; i++) {
        const char *path = i < sizeof paths / sizeof *paths ? paths[i] : own;
        AUTO(answer) struct answer a = {0};

        if (!*path)
            continue;
        if (ask(d, url, path, NULL, &a) < 0)
            return;
        if (a.status != 200 || is_of_program(&a))
            continue;
        out++;
        doctor_find(d, WRONG, "AllowOverride All for the folder: .htaccess hides all but the page and the program",
                    "%s%s can be fetched by anybody", url, path);
    }
    if (!out)
        doctor_find(d, FINE, NULL, "nothing else of the folder is served: no database, setting or source");
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 || strncmp(host, "[::1]", 5) == 0;
}

void doctor_ask_site(struct doctor *d, const char *url)
{
    char base[URL_SIZE];
    size_t n = strlen(url);

    while (n && url[n - 1] == '/')
        n--;
    if (n >= sizeof base || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
        doctor_find(d, WRONG, "name it like https://example.org/jobs", "%.200s is no address of a site", url);
        return;
    }
    snprintf(base, sizeof base, "%.*s", (int)n, url);
    if (strncmp(base, "http://", 7) == 0 && !is_loopback(base + 7))
        doctor_find(d, NOTE, "give the site a certificate",
                    "passwords and tokens cross the network as they are (http)");
    if (check_program(d, base) && d->site.db)
        check_token(d, base);
    check_page(d, base);
    check_hidden(d, base);
}
