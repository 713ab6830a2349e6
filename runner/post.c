/* jobjoker-post TIMEOUT_MS ALLOW CA: sends what it is asked for on its standard input by HTTP POST, several at a time, and says on its
 * standard output how each went. Ends when its input has ended and all is sent. The two ends of that are told in
 * lib/engine/poster.c.
 *
 * Who names a URL may be a stranger to what this machine can reach. So the address that is about to be connected to is looked at, after
 * all looking up (base/outbound.h), no redirect is followed, no proxy of the environment is used, and of an answer nothing but its
 * status is told. It knows no secrets: what it sends is signed already. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/outbound.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    ANSWER_MAX = 64 * 1024,
    WAIT_MS = 1000,
    FAULT_SIZE = 200,
    REQUEST_MAX = 16 << 20, /* more is a broken pipe, and no request */
};

/* What all of them have in common. */
struct posting {
    CURLM *multi;
    long timeout_ms;
    const char *allow, *ca;
    struct buf near; /* networks that count as not public */
    struct buf input;
    bool input_ended;
    int count; /* under way */
};

struct post {
    int number;
    CURL *easy;
    struct curl_slist *headers;
    char *url, *body;
    char host[256];
    const struct posting *all;
    size_t answer_size;
    bool refused;
    char fault[FAULT_SIZE];
    char problem[CURL_ERROR_SIZE];
};

/* -- one request -- */

static void post_free(struct post *p)
{
    curl_slist_free_all(p->headers);
    if (p->easy)
        curl_easy_cleanup(p->easy);
    free(p->url);
    free(p->body);
    free(p);
}

/* The only place where a connection begins. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct post *p = context;
    char text[OUTBOUND_ADDRESS_SIZE];

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !outbound_may(p->all->allow, buf_text(&p->all->near), p->host, &address->addr, text)) {
        p->refused = true;
        snprintf(p->fault, sizeof p->fault, "%s is no public address, and the setting `notify_allow` does not name it",
                 text);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What a receiver says is not kept; one that does not end is cut. */
static size_t drop_answer(char *data, size_t size, size_t count, void *context)
{
    struct post *p = context;

    (void)data;
    p->answer_size += size * count;
    return p->answer_size > ANSWER_MAX ? 0 : size * count;
}

/* As the library that connects understands the URL. */
static void find_host(struct post *p)
{
    CURLU *url = curl_url();
    char *host = NULL;

    if (url && curl_url_set(url, CURLUPART_URL, p->url, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        snprintf(p->host, sizeof p->host, "%s", host);
    curl_free(host);
    curl_url_cleanup(url);
}

static CURLcode allow_protocols(CURL *c)
{
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static bool set_options(const struct posting *all, struct post *p, size_t body_size)
{
    CURL *c = p->easy;

    curl_easy_setopt(c, CURLOPT_PRIVATE, p);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->problem);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_size);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, p->body);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, p->headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "JobJoker/" JOBJOKER_VERSION);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L); /* a connection of another request had another look */
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                     all->timeout_ms < CONNECT_TIMEOUT_MS ? all->timeout_ms : (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, all->timeout_ms);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop_answer);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, p);
    if (*all->ca && curl_easy_setopt(c, CURLOPT_CAINFO, all->ca) != CURLE_OK)
        return false;
    /* Without these it is not sent. */
    return curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK && allow_protocols(c) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_URL, p->url) == CURLE_OK;
}

static bool add_headers(struct post *p, const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;
        char line[512];
        struct curl_slist *grown;

        if (length >= sizeof line)
            return false;
        memcpy(line, text, length);
        line[length] = '\0';
        grown = curl_slist_append(p->headers, line);
        if (!grown)
            return false;
        p->headers = grown;
        length += end != NULL;
        text += length;
        size -= length;
    }
    return true;
}

/* -- answers -- */

static void say(int number, long status, long long retry_after, bool final, const char *fault)
{
    char line[FAULT_SIZE + 80];
    int n = snprintf(line, sizeof line, "%d %ld %lld %d %s", number, status, retry_after, final, fault);

    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
    }
    n = n < (int)sizeof line - 2 ? n : (int)sizeof line - 2;
    line[n] = '\n';
    if (io_write_all(STDOUT_FILENO, line, (size_t)n + 1) < 0)
        _exit(1);
}

/* An answer that we have cut has told its status before. */
static void say_result(struct post *p, CURLcode code)
{
    bool cut = code == CURLE_WRITE_ERROR && p->answer_size > ANSWER_MAX;
    curl_off_t retry_after = 0;
    long status = 0;

    if (code == CURLE_OK || cut) {
        curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &retry_after);
        if (status < 200 || status > 299)
            snprintf(p->fault, sizeof p->fault,
                     status >= 300 && status < 400 ? "the answer leads elsewhere, which is not followed"
                     : status == 410               ? "the receiver is gone for good"
                                                   : "the receiver has refused it");
        else
            p->fault[0] = '\0';
        say(p->number, status, retry_after, status == 410, p->fault);
        return;
    }
    if (!p->refused)
        snprintf(p->fault, sizeof p->fault, "%.150s", curl_easy_strerror(code));
    say(p->number, 0, 0, p->refused, p->fault);
}

/* -- all of them -- */

static void start(struct posting *all, int number, const char *parts, const size_t sizes[3])
{
    struct post *p = calloc(1, sizeof *p);

    if (p) {
        p->number = number;
        p->all = all;
        p->url = strndup(parts, sizes[0]);
        p->body = malloc(sizes[2] + 1);
        p->easy = curl_easy_init();
    }
    if (!p || !p->url || !p->body || !p->easy || !add_headers(p, parts + sizes[0], sizes[1])) {
        say(number, 0, 0, false, "there was no memory for it");
        if (p)
            post_free(p);
        return;
    }
    memcpy(p->body, parts + sizes[0] + sizes[1], sizes[2]);
    find_host(p);
    if (!set_options(all, p, sizes[2]) || curl_multi_add_handle(all->multi, p->easy) != CURLM_OK) {
        say(number, 0, 0, false, "the HTTP library cannot send this");
        post_free(p);
        return;
    }
    all->count++;
}

/* False: no whole request is there yet. */
static bool take_request(struct posting *all)
{
    const char *end = all->input.size ? memchr(all->input.data, '\n', all->input.size) : NULL;
    size_t sizes[3], head;
    int number;

    if (!end)
        return false;
    if (sscanf(all->input.data, "post %d %zu %zu %zu\n", &number, &sizes[0], &sizes[1], &sizes[2]) != 4 ||
        sizes[0] > REQUEST_MAX || sizes[1] > REQUEST_MAX || sizes[2] > REQUEST_MAX)
        _exit(2);
    head = (size_t)(end - all->input.data) + 1;
    if (all->input.size < head + sizes[0] + sizes[1] + sizes[2])
        return false;
    start(all, number, all->input.data + head, sizes);
    buf_drop(&all->input, head + sizes[0] + sizes[1] + sizes[2]);
    return true;
}

static void read_input(struct posting *all)
{
    char *to = buf_reserve(&all->input, 65536);
    ssize_t n = to ? read(STDIN_FILENO, to, 65536) : -1;

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        all->input_ended = true;
    else
        all->input.data[all->input.size += (size_t)n] = '\0';
    while (take_request(all))
        ;
}

static void take_results(struct posting *all)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(all->multi, &left))) {
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        struct post *p = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &p);
        say_result(p, code);
        curl_multi_remove_handle(all->multi, easy);
        post_free(p);
        all->count--;
    }
}

static int serve(struct posting *all)
{
    while (!all->input_ended || all->count > 0) {
        struct curl_waitfd input = {.fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN};
        int running;

        if (curl_multi_perform(all->multi, &running) != CURLM_OK)
            return 1;
        take_results(all);
        if (all->input_ended && all->count == 0)
            break;
        if (curl_multi_poll(all->multi, &input, all->input_ended ? 0 : 1, all->count ? WAIT_MS : 60 * WAIT_MS, NULL) !=
            CURLM_OK)
            return 1;
        if (!all->input_ended && input.revents)
            read_input(all);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct posting all = {0};
    int result;

    if (argc != 4)
        return 2;
    all.timeout_ms = strtol(argv[1], NULL, 10);
    all.allow = argv[2];
    all.ca = argv[3];
    if (all.timeout_ms <= 0 || outbound_near(&all.near) < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(all.multi = curl_multi_init()))
        return 1;
    result = serve(&all);
    curl_multi_cleanup(all.multi);
    curl_global_cleanup();
    buf_clear(&all.input);
    buf_clear(&all.near);
    return result;
}
