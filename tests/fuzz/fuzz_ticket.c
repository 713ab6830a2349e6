/* The ticket: a list of strings "key=value", each ended by a NUL. */
#include "fuzz.h"

#include <string.h>

#include "runner/ticket.h"

static int file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    file = fuzz_file();
    return 0;
}

/* What ticket_each() says of one key. */
struct seen {
    const char *key, *value;
    const struct ticket *ticket;
};

static void see(const char *name, const char *value, void *context)
{
    struct seen *s = context;
    const struct buf *text = &s->ticket->text;

    MUST(!strchr(name, '='));
    MUST(value > text->data && value <= text->data + text->size && strlen(value) <= text->size);
    if (!s->value && strcmp(name, s->key) == 0)
        s->value = value;
}

static void check_key(const struct ticket *t, const char *key, const char *value)
{
    struct seen s = {.key = key, .ticket = t};

    MUST(value);
    ticket_each(t, "", see, &s);
    MUST(s.value == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ticket t;

    fuzz_fill(file, data, size);
    if (ticket_read(file, &t) == 0) {
        struct seen parameters = {.key = "", .ticket = &t};

        check_key(&t, "id", t.id);
        check_key(&t, "code", t.code);
        check_key(&t, "parameters", t.parameters);
        ticket_each(&t, "param.", see, &parameters);
        ticket_each(&t, "setting.", see, &parameters);
        MUST(t.kind >= TICKET_C && t.kind <= TICKET_SCRIPT && t.timeout_ms >= 0 && t.grace_ms >= 0);
    }
    ticket_clear(&t);
    MUST(!t.text.data && !t.id);
    return 0;
}
