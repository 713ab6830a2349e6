/* Equal values have equal hashes, whatever the order of their members. Items are sorted by hash; only items of one
 * hash are compared. */
#include "job/unique.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t hash;
    size_t index;
    const struct json *item;
};

/* The finalizer of splitmix64: each bit of the input changes half of the output. */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    return hash;
}

static uint64_t hash_number(double number)
{
    uint64_t bits;

    number += 0.0; /* -0 and 0 are equal */
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static uint64_t hash_value(const struct json *value)
{
    enum json_type type = json_type(value);
    uint64_t hash = type;

    if (type == JSON_BOOL)
        hash += json_is_true(value) ? 100 : 200;
    else if (type == JSON_NUMBER)
        hash ^= hash_number(json_number(value));
    else if (type == JSON_STRING)
        hash ^= hash_text(json_string(value));
    for (const struct json *i = json_first(value); i; i = json_next(i)) {
        if (type == JSON_ARRAY)
            hash = mix(hash) + hash_value(i);
        else
            hash += mix(hash_text(json_key(i)) + mix(hash_value(i)));
    }
    return mix(hash);
}

static int by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Compares an entry with those of the same hash after it. */
static const struct entry *find_equal(const struct entry *e, const struct entry *end)
{
    for (const struct entry *other = e + 1; other < end && other->hash == e->hash; other++)
        if (json_equal(e->item, other->item))
            return other;
    return NULL;
}

static int find_pair(const struct entry *entries, size_t count, size_t *first, size_t *second)
{
    int found = 0;

    for (const struct entry *e = entries; e < entries + count; e++) {
        const struct entry *other = find_equal(e, entries + count);

        if (!other || (found && e->index > *first))
            continue;
        found = 1;
        *first = e->index;
        *second = other->index;
    }
    return found;
}

int unique_find(const struct json *array, size_t *first, size_t *second)
{
    size_t count = json_count(array), n = 0;
    struct entry *entries;
    int found;

    if (count < 2)
        return 0;
    entries = calloc(count, sizeof *entries);
    if (!entries)
        return -1;
    for (const struct json *i = json_first(array); i; i = json_next(i), n++)
        entries[n] = (struct entry){hash_value(i), n, i};
    qsort(entries, count, sizeof *entries, by_hash);
    found = find_pair(entries, count, first, second);
    free(entries);
    return found;
}
