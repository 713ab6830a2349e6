/* The ticket. A table says where each key goes, and all of them must be there. */
#include "ticket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"

enum { TICKET_CHUNK = 65536 };

static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"id", offsetof(struct ticket, id)},           {"worker", offsetof(struct ticket, worker)},
    {"code", offsetof(struct ticket, code)},       {"folder", offsetof(struct ticket, folder)},
    {"lease", offsetof(struct ticket, lease)},     {"token", offsetof(struct ticket, token)},
    {"api", offsetof(struct ticket, api)},         {"program", offsetof(struct ticket, program)},
    {"php", offsetof(struct ticket, php)},         {"path", offsetof(struct ticket, path)},
    {"attempt", offsetof(struct ticket, attempt)}, {"parameters", offsetof(struct ticket, parameters)},
};

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

static int find_number(const struct ticket *t, const char *key, int64_t *out)
{
    const char *value = find(t, key);
    long long number;

    if (!value || text_to_int(value, 0, INT64_MAX / 2, &number) < 0)
        return -1;
    *out = number;
    return 0;
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
    bool whole;

    *out = (struct ticket){0};
    whole = read_text(fd, &out->text) == 0;
    for (size_t i = 0; whole && i < sizeof texts / sizeof *texts; i++) {
        const char *value = find(out, texts[i].key);

        memcpy((char *)out + texts[i].offset, &value, sizeof value);
        whole = value != NULL;
    }
    if (whole && find_kind(out) == 0 && find_number(out, "timeout_ms", &out->timeout_ms) == 0 &&
        find_number(out, "grace_ms", &out->grace_ms) == 0)
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
