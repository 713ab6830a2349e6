/* What bodies of requests have in common. */
#include "body.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "users.h"

int body_check_members(const struct json *body, const char *known, const char *code, struct error *err)
{
    if (json_type(body) != JSON_OBJECT)
        return error_set(err, 422, code, "the body must be a JSON object with: %s", known);
    for (const struct json *m = json_first(body); m; m = json_next(m)) {
        if (!text_in_words(known, json_key(m)))
            return error_set(err, 422, code, "there is no member `%.60s` here, only: %s", json_key(m), known);
    }
    return 0;
}

int body_read_words(const struct json *list, char *out, size_t size)
{
    size_t used = 0;

    *out = '\0';
    if (!list || json_type(list) == JSON_NULL)
        return 0;
    if (json_type(list) != JSON_ARRAY)
        return -1;
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const char *word = json_string(item);

        if (!word || !*word || strchr(word, ' ') || used + strlen(word) + 2 > size)
            return -1;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "", word);
    }
    return 0;
}

int body_read_grant(const struct json *list, struct grant *out, const char *code, struct error *err)
{
    char words[GRANT_SIZE];

    *out = (struct grant){0};
    if (!list || json_type(list) == JSON_NULL)
        return 0;
    if (body_read_words(list, words, sizeof words) < 0)
        return error_set(err, 422, code, "`workers` must be null or a list of names, %d bytes at most", GRANT_SIZE - 1);
    return users_read_grant(words, out, code, err);
}
