/* The ::command:: parser on one line, and the escapes: in two parts they decode as in one. The first byte says where the
 * text is cut, the first line is the token that resumes. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "job/command.h"

static void check_read(const char *line, size_t size, const char *token)
{
    struct command c;

    command_read(line, size, token, &c);
    MUST(c.text >= line && c.text + c.size <= line + size);
    if (c.verb == COMMAND_PROGRESS)
        MUST(c.percent >= 0 && c.percent <= 100);
    if (c.verb == COMMAND_STOP_COMMANDS)
        MUST(c.size >= 1 && c.size <= COMMAND_TOKEN_MAX && !memchr(c.text, '\0', c.size));
    if (token && *token)
        MUST(c.verb == COMMAND_NONE || c.verb == COMMAND_RESUME);
    else
        MUST(c.verb != COMMAND_RESUME);
}

/* As the runner does with a long line: what was decoded is taken away, its rest is put before what comes next. */
static void check_decode(const char *text, size_t size, size_t cut)
{
    char *whole = fuzz_copy(text, size), *first = fuzz_copy(text, cut), *second;
    size_t rest, whole_size = command_decode(whole, size, true, &rest), first_size, second_size;

    MUST(rest == 0);
    first_size = command_decode(first, cut, false, &rest);
    MUST(rest <= 2 && first_size + rest <= cut);
    second = malloc(rest + size - cut + 1);
    MUST(second);
    memcpy(second, first + first_size, rest);
    memcpy(second + rest, text + cut, size - cut);
    second_size = command_decode(second, rest + (size - cut), true, &rest);
    MUST(first_size + second_size == whole_size);
    MUST(memcmp(whole, first, first_size) == 0 && memcmp(whole + first_size, second, second_size) == 0);
    free(whole);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    uint8_t cut = fuzz_byte(&in);
    size_t line_size = 0;
    char *token = fuzz_part(&in, '\n', NULL), *line = fuzz_part(&in, '\n', &line_size);

    if (line) {
        check_read(line, line_size, NULL);
        if (strlen(token) <= COMMAND_TOKEN_MAX)
            check_read(line, line_size, token);
        check_decode(line, line_size, cut <= line_size ? cut : line_size);
    }
    free(token);
    free(line);
    return 0;
}
