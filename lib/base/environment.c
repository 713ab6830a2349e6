#include "base/environment.h"

#include <stdlib.h>
#include <string.h>

void environment_put(struct environment *e, const char *name, const char *value)
{
    buf_printf(&e->text, "%s=", name);
    buf_put(&e->text, value, strlen(value) + 1);
}

void environment_put_number(struct environment *e, const char *name, long long value)
{
    buf_printf(&e->text, "%s=%lld", name, value);
    buf_putc(&e->text, '\0');
}

char *const *environment_array(struct environment *e)
{
    size_t count = 0, n = 0;

    if (e->text.failed)
        return NULL;
    for (size_t i = 0; i < e->text.size; i++)
        count += e->text.data[i] == '\0';
    free(e->pointers);
    e->pointers = calloc(count + 1, sizeof *e->pointers);
    if (!e->pointers)
        return NULL;
    for (char *p = e->text.data; n < count; p += strlen(p) + 1)
        e->pointers[n++] = p;
    return e->pointers;
}

void environment_clear(struct environment *e)
{
    buf_clear(&e->text);
    free(e->pointers);
    e->pointers = NULL;
}
