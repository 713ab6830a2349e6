/* Commands of a worker: what is one, and what is only a line. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/command.h"

static void each_command_is_known_by_its_line(void **state)
{
    static const struct {
        const char *line;
        enum command_verb verb;
        const char *text;
        int percent;
    } cases[] = {
        {"::log::a b", COMMAND_LOG, "a b", 0},
        {"::log::", COMMAND_LOG, "", 0},
        {"::response::x::y", COMMAND_RESPONSE, "x::y", 0},
        {"::error::bad\r", COMMAND_ERROR, "bad", 0},
        {"::add-mask::s", COMMAND_ADD_MASK, "s", 0},
        {"::stop-commands::t", COMMAND_STOP_COMMANDS, "t", 0},
        {"::progress 0::", COMMAND_PROGRESS, "", 0},
        {"::progress 42::", COMMAND_PROGRESS, "", 42},
        {"::progress 100 all done::", COMMAND_PROGRESS, "all done", 100},
        {"::progress 5 a::b::", COMMAND_PROGRESS, "a::b", 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct command c;

        command_read(cases[i].line, strlen(cases[i].line), NULL, &c);
        assert_int_equal(c.verb, cases[i].verb);
        assert_int_equal(c.size, strlen(cases[i].text));
        assert_memory_equal(c.text, cases[i].text, c.size);
        assert_int_equal(c.percent, cases[i].percent);
    }
}

static void what_is_not_exactly_a_command_is_a_line(void **state)
{
    static const char *const lines[] = {
        "",
        ":",
        "::",
        "::log:",
        ":log::x",
        " ::log::x",
        "::LOG::x",
        "::progress::",
        "::progress ::",
        "::progress x::",
        "::progress 101::",
        "::progress -1::",
        "::progress 1",
        "::progress 1:",
        "::progress 1x::",
        "::group::t",
        "::end::",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct command c;

        command_read(lines[i], strlen(lines[i]), NULL, &c);
        assert_int_equal(c.verb, COMMAND_NONE);
        assert_int_equal(c.size, strlen(lines[i]));
    }
}

static void while_commands_are_off_only_the_token_is_one(void **state)
{
    struct command c;

    (void)state;
    command_read("::log::x", 8, "token", &c);
    assert_int_equal(c.verb, COMMAND_NONE);
    command_read("::tokens::", 10, "token", &c);
    assert_int_equal(c.verb, COMMAND_NONE);
    command_read("::token::", 9, "token", &c);
    assert_int_equal(c.verb, COMMAND_RESUME);
}

static void escapes_are_decoded_once(void **state)
{
    char text[] = "%25%0A%0d%2525%41%2";
    size_t size = command_decode(text, sizeof text - 1);

    (void)state;
    assert_int_equal(size, 11);
    assert_memory_equal(text, "%\n\r%25%41%2", 11);
}

static void any_bytes_are_read_within_their_bounds(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 200000; round++) {
        size_t size = (size_t)(rand() % 40);
        char *line = malloc(size + 1); /* exactly as large: a sanitizer sees a step beyond */
        struct command c;

        for (size_t i = 0; i < size; i++)
            line[i] = "::progress log%250Ad 42\r\0"[rand() % 24];
        command_read(line, size, round % 2 ? "t" : "", &c);
        assert_true(c.text >= line && c.text + c.size <= line + size);
        assert_true(command_decode(line, size) <= size);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_is_known_by_its_line),
        cmocka_unit_test(what_is_not_exactly_a_command_is_a_line),
        cmocka_unit_test(while_commands_are_off_only_the_token_is_one),
        cmocka_unit_test(escapes_are_decoded_once),
        cmocka_unit_test(any_bytes_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
