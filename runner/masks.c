/* Secrets in what a worker says. */
#include "masks.h"

#include <stdlib.h>
#include <string.h>

struct mask {
    char *text;
    size_t size;
};

void masks_clear(struct masks *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->list[i].text);
    free(m->list);
    *m = (struct masks){0};
}

static bool is_known(const struct masks *m, const char *text, size_t size)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->list[i].size == size && memcmp(m->list[i].text, text, size) == 0)
            return true;
    }
    return false;
}

/* Puts it before the first that is shorter. */
static int insert(struct masks *m, const char *text, size_t size)
{
    struct mask *list = realloc(m->list, (m->count + 1) * sizeof *list);
    char *copy = malloc(size);
    size_t at = 0;

    if (list)
        m->list = list;
    if (!list || !copy) {
        free(copy);
        return -1;
    }
    memcpy(copy, text, size);
    while (at < m->count && list[at].size >= size)
        at++;
    memmove(list + at + 1, list + at, (m->count - at) * sizeof *list);
    list[at] = (struct mask){copy, size};
    m->count++;
    m->size += size;
    m->begins[(unsigned char)*text] = true;
    return 0;
}

static int add_line(struct masks *m, const char *text, size_t size)
{
    if (size == 0 || is_known(m, text, size))
        return 0;
    if (size > MASK_SIZE_MAX || m->count == MASKS_MAX || m->size + size > MASKS_SIZE_MAX)
        return -1;
    return insert(m, text, size);
}

int masks_add(struct masks *m, const char *secret, size_t size)
{
    int result = 0;

    for (size_t from = 0, at = 0; at <= size; at++) {
        if (at < size && secret[at] != '\n' && secret[at] != '\r')
            continue;
        if (add_line(m, secret + from, at - from) < 0)
            result = -1;
        from = at + 1;
    }
    return result;
}

size_t masks_lookahead(const struct masks *m)
{
    return m->count ? m->list[0].size - 1 : 0;
}

/* Size of the longest secret that stands here; 0: none. */
static size_t secret_at(const struct masks *m, const char *text, size_t size)
{
    for (size_t i = 0; m->begins[(unsigned char)*text] && i < m->count; i++) {
        if (m->list[i].size <= size && memcmp(m->list[i].text, text, m->list[i].size) == 0)
            return m->list[i].size;
    }
    return 0;
}

/* Where the secret that stands at `at` ends, together with those that begin within it; `at` where there is none. */
static size_t secrets_end(const struct masks *m, const char *text, size_t size, size_t at)
{
    size_t end = at + secret_at(m, text + at, size - at);

    while (at < end) {
        size_t other = secret_at(m, text + at, size - at);

        end = at + other > end ? at + other : end;
        at++;
    }
    return end;
}

size_t masks_apply(const struct masks *m, const char *text, size_t size, bool whole, struct buf *out)
{
    size_t lookahead = whole ? 0 : masks_lookahead(m), end = size > lookahead ? size - lookahead : 0, at = 0, from = 0;

    if (m->count == 0)
        at = end;
    while (at < end) {
        size_t hidden = secrets_end(m, text, size, at);

        if (hidden == at) {
            at++;
            continue;
        }
        if (hidden > end && at > 0)
            break; /* one may begin within it that is not all here yet; at the beginning we must get on */
        buf_put(out, text + from, at - from);
        buf_puts(out, "***");
        at = from = hidden;
    }
    buf_put(out, text + from, at - from);
    return at;
}
