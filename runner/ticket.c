/* The ticket. Tables say where each key goes, and which may be missing. */
#include "ticket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"

enum { TICKET_CHUNK = 4096 };

struct place {
    const char *key;
    size_t offset;
    bool optional;
};

#define MUST(member)                                    \
    {                                                   \
#member, offsetof(struct ticket, member), false \
    }
#define MAY(member)                                    \
    {                                                  \
#member, offsetof(struct ticket, member), true \
    }

static const struct place texts[] = {
    MUST(id),           MUST(worker),         MUST(code),   MUST(folder), MUST(lease),    MUST(token),
    MUST(api),          MUST(program),        MUST(php),    MUST(path),   MUST(attempt),  MUST(parameters),
    MAY(user),          MAY(sandbox),         MAY(cgroup),  MAY(stop_at), MAY(scheduled), MAY(sandbox_read),
    MAY(sandbox_write), MAY(sandbox_sockets), MAY(fastcgi),
};

static const struct place numbers[] = {MUST(timeout_ms), MUST(grace_ms), MAY(detach), MAY(nice), MAY(heartbeat_ms)};

void ticket_clear(struct ticket *t)
{
    buf_clear(&t->text);
    *t = (struct ticket){0};
}

/* Value of a key; NULL: it is not there. The text ends in a NUL of its own, whatever was sent. */
static const char *find(const struct ticket *t, const char *key)
{
    size_t length = strlen(key);

    for (const char *p = t->text.data; p < t->text.data + t->text.size; p += strlen(p) + 1) {
        if (strncmp(p, key, length) == 0 && p[length] == '=')
            return p + length + 1;
    }
    return NULL;
}

static bool read_texts(struct ticket *t)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *value = find(t, texts[i].key);

        if (!value && !texts[i].optional)
            return false;
        value = value ? value : "";
        memcpy((char *)t + texts[i].offset, &value, sizeof value);
    }
    return true;
}

static bool read_number(const struct ticket *t, const char *key, bool optional, int64_t *out)
{
    const char *value = find(t, key);
    long long number = 0;

    if (value ? text_to_int(value, 0, INT64_MAX / 2, &number) < 0 : !optional)
        return false;
    *out = number;
    return true;
}

static bool read_numbers(struct ticket *t)
{
    int64_t value;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!read_number(t, numbers[i].key, numbers[i].optional, &value))
            return false;
        memcpy((char *)t + numbers[i].offset, &value, sizeof value);
    }
    for (enum limit l = 0; l < LIMITS; l++) {
        char key[32];

        snprintf(key, sizeof key, "limit.%s", limit_name(l));
        if (!read_number(t, key, true, &t->limits.max[l]))
            return false;
    }
    return true;
}

static int find_kind(struct ticket *t)
{
    const char *kind = find(t, "kind");

    t->kind = !kind                         ? 0
              : strcmp(kind, "c") == 0      ? TICKET_C
              : strcmp(kind, "php") == 0    ? TICKET_PHP
              : strcmp(kind, "script") == 0 ? TICKET_SCRIPT
                                            : 0;
    return t->kind ? 0 : -1;
}

static int read_text(int fd, struct buf *text)
{
    for (;;) {
        char *to = buf_reserve(text, TICKET_CHUNK);
        ssize_t n = to ? io_read_all(fd, to, TICKET_CHUNK) : -1;

        if (n < 0)
            return -1;
        text->size += (size_t)n;
        text->data[text->size] = '\0';
        if (n < TICKET_CHUNK)
            return 0;
    }
}

int ticket_read(int fd, struct ticket *out)
{
    *out = (struct ticket){0};
    if (read_text(fd, &out->text) == 0 && read_texts(out) && read_numbers(out) && find_kind(out) == 0)
        return 0;
    log_line("runner: the ticket is not complete");
    ticket_clear(out);
    return -1;
}

void ticket_each(const struct ticket *t, const char *prefix,
                 void (*each)(const char *name, const char *value, void *context), void *context)
{
    size_t length = strlen(prefix);

    for (const char *p = t->text.data; p < t->text.data + t->text.size; p += strlen(p) + 1) {
        const char *equals = strchr(p, '=');
        char name[256];

        if (strncmp(p, prefix, length) != 0 || !equals || (size_t)(equals - p) - length >= sizeof name)
            continue;
        memcpy(name, p + length, (size_t)(equals - p) - length);
        name[(size_t)(equals - p) - length] = '\0';
        each(name, equals + 1, context);
    }
}
