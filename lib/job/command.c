/* Commands of a worker. A line that is not exactly a command is an ordinary line: nothing that was said gets lost. */
#include "job/command.h"

#include <string.h>

static const struct {
    const char *prefix;
    enum command_verb verb;
} with_text[] = {
    {"::log::", COMMAND_LOG},     {"::response::", COMMAND_RESPONSE}, {"::error::", COMMAND_ERROR},
    {"::group::", COMMAND_GROUP}, {"::add-mask::", COMMAND_ADD_MASK}, {"::stop-commands::", COMMAND_STOP_COMMANDS},
};

static bool begins(const char *line, size_t size, const char *prefix)
{
    return size >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

/* "::progress 42::" or "::progress 42 message::" */
static bool read_progress(const char *line, size_t size, struct command *out)
{
    static const char prefix[] = "::progress ";
    size_t at = sizeof prefix - 1, digits = 0;
    int percent = 0;

    if (!begins(line, size, prefix) || size < at + 3 || memcmp(line + size - 2, "::", 2) != 0)
        return false;
    for (; line[at] >= '0' && line[at] <= '9' && digits < 4; at++, digits++)
        percent = percent * 10 + (line[at] - '0');
    if (digits == 0 || percent > 100 || (line[at] != ' ' && at != size - 2))
        return false;
    at += line[at] == ' ';
    out->verb = COMMAND_PROGRESS;
    out->percent = percent;
    out->text = line + at;
    out->size = size - 2 > at ? size - 2 - at : 0;
    return true;
}

static bool ends_stop(const char *line, size_t size, const char *token)
{
    size_t length = strlen(token);

    return size == length + 4 && memcmp(line, "::", 2) == 0 && memcmp(line + 2, token, length) == 0 &&
           memcmp(line + 2 + length, "::", 2) == 0;
}

static bool is_token(const char *text, size_t size)
{
    return size > 0 && size <= COMMAND_TOKEN_MAX && !memchr(text, '\0', size);
}

void command_read(const char *line, size_t size, const char *token, struct command *out)
{
    *out = (struct command){.text = line, .size = size};
    if (size && line[size - 1] == '\r')
        size--;
    if (token && *token) {
        out->verb = ends_stop(line, size, token) ? COMMAND_RESUME : COMMAND_NONE;
        return;
    }
    if (!begins(line, size, "::") || read_progress(line, size, out))
        return;
    for (size_t i = 0; i < sizeof with_text / sizeof *with_text; i++) {
        size_t prefix = strlen(with_text[i].prefix);

        if (begins(line, size, with_text[i].prefix)) {
            if (with_text[i].verb == COMMAND_STOP_COMMANDS && !is_token(line + prefix, size - prefix))
                return;
            out->verb = with_text[i].verb;
            out->text = line + prefix;
            out->size = size - prefix;
            return;
        }
    }
}

/* The byte that "%25", "%0A" or "%0D" stands for; 0: it is none of these. */
static char decoded(const char *escape)
{
    if (escape[1] == '2' && escape[2] == '5')
        return '%';
    if (escape[1] != '0')
        return 0;
    return escape[2] == 'A' || escape[2] == 'a' ? '\n' : escape[2] == 'D' || escape[2] == 'd' ? '\r' : 0;
}

/* Can these bytes, the last of a text, go on as an escape? */
static bool begins_escape(const char *end, size_t size)
{
    return end[0] == '%' && (size == 1 || (size == 2 && (end[1] == '2' || end[1] == '0')));
}

size_t command_decode(char *text, size_t size, bool whole, size_t *rest)
{
    size_t from = 0, to = 0;

    while (from < size && (whole || !begins_escape(text + from, size - from))) {
        char c = text[from] == '%' && size - from >= 3 ? decoded(text + from) : 0;

        text[to++] = c ? c : text[from];
        from += c ? 3 : 1;
    }
    memmove(text + to, text + from, size - from);
    *rest = size - from;
    return to;
}
