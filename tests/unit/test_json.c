/* Reading and writing JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static struct json *parse(const char *text)
{
    struct error err = {0};

    return json_parse(text, strlen(text), &err);
}

static void assert_printed(const char *text, const char *printed)
{
    struct json *value = parse(text);
    struct buf out = {0};

    assert_non_null(value);
    json_print(value, &out);
    assert_string_equal(buf_text(&out), printed);
    buf_clear(&out);
    json_free(value);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",        " ",       "{",           "[1,]",  "{\"a\":}",  "1 2",   "\"\xff\"",   "\"\\u0000\"", "'a'",
        "nul",     "nullx",   "+1",          "01",    "-01",       "1.",    ".5",         "1e",          "1e+",
        "-",       "0x10",    "NaN",         "1e999", "-1e999",    "[1 2]", "\"a\nb\"",   "\"a\x01\"",   "\x01{}",
        "[1,\v2]", "\"\\x\"", "\"\\ud800\"", "{a:1}", "{\"a\" 1}", "{1:2}", "{\"a\":1,}", "]",           "\"",
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct error){0};
        assert_null(json_parse(bad[i], strlen(bad[i]), &err));
        assert_int_equal(err.status, 400);
        assert_string_equal(err.code, "json_malformed");
    }
    assert_null(json_parse("\"a\0\"", 4, &err));
}

static void two_members_of_one_name_are_refused(void **state)
{
    static const char *const bad[] = {
        "{\"a\":1,\"a\":1}",         "[{\"b\":1,\"a\":{},\"c\":1,\"a\":2}]",
        "{\"x\":{\"a\":1,\"a\":1}}", "{\"a\":1,\"\\u0061\":1}",
        "{\"\":1,\"\":2}",
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(json_parse(bad[i], strlen(bad[i]), &err));
        assert_int_equal(err.status, 400);
    }
    assert_printed("{\"a\":{\"a\":1},\"A\":[{\"a\":1},{\"a\":2}]}", "{\"a\":{\"a\":1},\"A\":[{\"a\":1},{\"a\":2}]}");
}

static void depth_is_limited_and_never_recurses_further(void **state)
{
    struct error err = {0};
    char deep[20000];

    (void)state;
    memset(deep, '[', JSON_DEPTH_MAX);
    memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    json_free(json_parse(deep, 2 * JSON_DEPTH_MAX, &err));
    assert_int_equal(err.status, 0);
    memset(deep, '[', JSON_DEPTH_MAX + 1);
    memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_null(json_parse(deep, 2 * (JSON_DEPTH_MAX + 1), &err));
    memset(deep, '[', sizeof deep);
    assert_null(json_parse(deep, sizeof deep, &err));
    assert_int_equal(err.status, 400);
}

static void brackets_in_texts_do_not_count(void **state)
{
    char text[300] = "\"";

    (void)state;
    memset(text + 1, '[', 200);
    strcpy(text + 201, "\\\"[\"");
    assert_printed(text, text);
}

static void it_reads_only_as_far_as_it_was_told(void **state)
{
    struct error err = {0};
    struct json *value = json_parse("12345678901234567890123", 20, &err); /* and no NUL there */
    struct buf out = {0};

    (void)state;
    assert_non_null(value);
    json_print(value, &out);
    assert_string_equal(buf_text(&out), "12345678901234567890");
    buf_clear(&out);
    json_free(value);
}

static void it_is_written_as_it_was_read(void **state)
{
    static const char *const texts[] = {
        "{\"a\":[1,-2.5,true,false,null,\"\\\"\\\\\\n\\u0001\"],\"b\":{}}",
        "[]",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
        "[\"1\",{\"9007199254740993\":\"-12345678901234567890\"},9007199254740993,\"\\\"7\",-12345678901234567890]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_printed(texts[i], texts[i]);
    assert_printed(" { \"a\" :\t[ 1 ,\r\n2 ] } ", "{\"a\":[1,2]}");
    assert_printed("\"\\u00e9\\/\\ud83d\\ude00\"", "\"\xc3\xa9/\xf0\x9f\x98\x80\"");
}

static void numbers_keep_their_last_digit(void **state)
{
    static const char *const exact[] = {
        "0",
        "7",
        "-7",
        "0.1",
        "0.30000000000000004",
        "4503599627370497",
        "9007199254740991",
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "4.94065645841247e-324",
        "1e+22",
        "1.7976931348623157e+308",
    };

    (void)state;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        assert_printed(exact[i], exact[i]);
    assert_printed("1e2", "100");
    assert_printed("1.50", "1.5");
    assert_printed("10.0", "10");
    assert_printed("9007199254740991.0", "9007199254740991");
}

static void values_are_equal_whatever_the_order_of_members(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"b\":[true,null]}", "{\"b\":[true,null],\"a\":1.0}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"{\"a\":1}", "{\"A\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"0.1", "0.10000000000000001", true},
        {"9007199254740991", "9007199254740990", false},
        {"9007199254740993", "9007199254740992", false},
        {"\"1\"", "1", false},
        {"true", "false", false},
        {"null", "null", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *a = parse(cases[i].a), *b = parse(cases[i].b);

        assert_int_equal(json_equal(a, b), cases[i].equal);
        assert_int_equal(json_equal(b, a), cases[i].equal);
        json_free(a);
        json_free(b);
    }
}

/* A hundred thousand members: what takes the square of that takes minutes. */
static void many_members_are_read_quickly(void **state)
{
    struct error err = {0};
    struct buf text = {0};
    struct json *value;

    (void)state;
    buf_putc(&text, '{');
    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "%s\"%d\":1234567890123456789", i ? "," : "", i);
    buf_putc(&text, '}');
    value = json_parse(text.data, text.size, &err);
    assert_non_null(value);
    json_free(value);
    buf_clear(&text);
}

static void bytes_that_are_no_text_become_one_sign_per_part(void **state)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    (void)state;
    json_put_bytes(&w, "a\xff\xe2\x82\xc3\xa9\0\"", 8);
    assert_string_equal(out.data, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xc3\xa9\\u0000\\\"\"");
    buf_clear(&out);
}

static void commas_stand_where_they_belong(void **state)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    (void)state;
    json_begin(&w, '{');
    json_name(&w, "a");
    json_begin(&w, '[');
    json_put_int(&w, -1);
    json_put_bool(&w, true);
    json_put_null(&w);
    json_put_string(&w, NULL);
    json_end(&w, ']');
    json_name(&w, "b");
    json_put_seconds(&w, 1500);
    json_name(&w, "c");
    json_put_seconds(&w, 2000);
    json_name(&w, "d");
    json_put_raw(&w, "{}");
    json_name(&w, "e");
    json_put_raw(&w, NULL);
    json_end(&w, '}');
    assert_string_equal(out.data, "{\"a\":[-1,true,null,null],\"b\":1.500,\"c\":2,\"d\":{},\"e\":null}");
    buf_clear(&out);
}

/* Whatever a store may hold by mistake, the answer is JSON. */
static void seconds_of_any_size_are_numbers(void **state)
{
    static const struct {
        long long ms;
        const char *text;
    } known[] = {{0, "0"},
                 {1, "0.001"},
                 {-1, "-0.001"},
                 {-1500, "-1.500"},
                 {INT64_MAX, "9223372036854775.807"},
                 {INT64_MIN, "-9223372036854775.808"}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf out = {0};
        struct json_writer w = {.out = &out};

        json_put_seconds(&w, known[i].ms);
        assert_string_equal(buf_text(&out), known[i].text);
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(two_members_of_one_name_are_refused),
        cmocka_unit_test(seconds_of_any_size_are_numbers),
        cmocka_unit_test(depth_is_limited_and_never_recurses_further),
        cmocka_unit_test(brackets_in_texts_do_not_count),
        cmocka_unit_test(it_reads_only_as_far_as_it_was_told),
        cmocka_unit_test(it_is_written_as_it_was_read),
        cmocka_unit_test(numbers_keep_their_last_digit),
        cmocka_unit_test(values_are_equal_whatever_the_order_of_members),
        cmocka_unit_test(many_members_are_read_quickly),
        cmocka_unit_test(bytes_that_are_no_text_become_one_sign_per_part),
        cmocka_unit_test(commas_stand_where_they_belong),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
