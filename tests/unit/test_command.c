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
        {"::group::t", COMMAND_GROUP, "t", 0},
        {"::stop-commands::t", COMMAND_STOP_COMMANDS, "t", 0},
        {"::stop-commands::t::u\r", COMMAND_STOP_COMMANDS, "t::u", 0},
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
        "::progress 00001::",
        "::stop-commands::",
        "::stop-commands::\r",
        "::stop-commands::"
        "0123456789012345678901234567890123456789012345678901234567890123"
        "0123456789012345678901234567890123456789012345678901234567890123",
        "::endgroup::",
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
    size_t rest, size = command_decode(text, sizeof text - 1, true, &rest);

    (void)state;
    assert_int_equal(size, 11);
    assert_memory_equal(text, "%\n\r%25%41%2", 11);
}

/* Whatever the parts are, the end is the same as of the whole. */
static void escapes_are_decoded_across_parts(void **state)
{
    static const char whole[] = "%%25%0A%0%0d%2%25%%2";
    char want[sizeof whole], text[sizeof whole], got[sizeof whole];
    size_t none, wanted;

    (void)state;
    memcpy(want, whole, sizeof whole);
    wanted = command_decode(want, sizeof whole - 1, true, &none);
    for (size_t cut = 0; cut < sizeof whole; cut++) {
        size_t rest, decoded, last;

        memcpy(text, whole, cut);
        decoded = command_decode(text, cut, false, &rest);
        assert_true(rest <= 2);
        memcpy(got, text, decoded);
        memmove(text, text + decoded, rest);
        memcpy(text + rest, whole + cut, sizeof whole - 1 - cut);
        last = command_decode(text, rest + sizeof whole - 1 - cut, true, &none);
        memcpy(got + decoded, text, last);
        assert_int_equal(decoded + last, wanted);
        assert_memory_equal(got, want, wanted);
    }
}

static void any_bytes_are_read_within_their_bounds(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 200000; round++) {
        size_t size = (size_t)(rand() % 40);
        char *line = malloc(size + 1); /* exactly as large: a sanitizer sees a step beyond */
        struct command c;
        size_t rest;

        for (size_t i = 0; i < size; i++)
            line[i] = "::progress log%250Ad 42\r\0"[rand() % 24];
        command_read(line, size, round % 2 ? "t" : "", &c);
        assert_true(c.text >= line && c.text + c.size <= line + size);
        assert_true(command_decode(line, size, round & 1, &rest) + rest <= size);
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
        cmocka_unit_test(escapes_are_decoded_across_parts),
        cmocka_unit_test(any_bytes_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
