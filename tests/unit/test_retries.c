/* When a job that has failed is tried again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "job/retries.h"

static int read_retries(const char *text, struct retries *out, struct error *err)
{
    struct json *object = json_parse(text, strlen(text), err);
    int result;

    assert_non_null(object);
    result = retries_read_json(object, "job_invalid", out, err);
    json_free(object);
    return result;
}

static struct retries retries_of(const char *text)
{
    struct retries r = {0};
    struct error err = {0};

    assert_int_equal(read_retries(text, &r, &err), 0);
    return r;
}

static void what_is_not_named_has_its_preset(void **state)
{
    struct retries r = retries_of("{\"limit\": 3}");

    (void)state;
    assert_true(r.limit == 3 && r.delay_ms == 1000 && r.factor == 2000 && r.max_delay_ms == 3600000 && r.jitter == 0);
    assert_false(r.listed);
    r = retries_of("{\"limit\":0,\"delay\":0.5,\"factor\":1.5,\"max_delay\":7,\"jitter\":0.25,\"on_exit\":[1,255]}");
    assert_true(r.limit == 0 && r.delay_ms == 500 && r.factor == 1500 && r.max_delay_ms == 7000 && r.jitter == 250);
    assert_true(r.listed && r.codes[1] && r.codes[255] && !r.codes[2]);
}

static void what_is_wrong_is_refused(void **state)
{
    static const char *const wrong[] = {
        "[]",
        "{}",
        "3",
        "{\"delay\":1}",
        "{\"limit\":-1}",
        "{\"limit\":1.5}",
        "{\"limit\":1001}",
        "{\"limit\":\"1\"}",
        "{\"limit\":1,\"delay\":-1}",
        "{\"limit\":1,\"factor\":0.5}",
        "{\"limit\":1,\"factor\":101}",
        "{\"limit\":1,\"max_delay\":31536001}",
        "{\"limit\":1,\"jitter\":1.1}",
        "{\"limit\":1,\"on_exit\":1}",
        "{\"limit\":1,\"on_exit\":[0]}",
        "{\"limit\":1,\"on_exit\":[256]}",
        "{\"limit\":1,\"on_exit\":[\"1\"]}",
        "{\"limit\":1,\"on_exit\":[1.5]}",
        "{\"limit\":1,\"often\":2}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct retries r = {0};
        struct error err = {0};

        if (read_retries(wrong[i], &r, &err) != -1 || err.status != 422)
            fail_msg("%s", wrong[i]);
    }
}

static void a_line_of_numbers_keeps_all(void **state)
{
    struct retries put =
                       retries_of("{\"limit\":9,\"delay\":0.001,\"factor\":2.718,\"jitter\":1,\"on_exit\":[1,75,255]}"),
                   got;
    struct buf text = {0};

    (void)state;
    put.no_retry = 65;
    retries_to_text(&put, &text);
    assert_int_equal(retries_from_text(buf_text(&text), &got), 0);
    assert_memory_equal(&got, &put, sizeof put);
    assert_true(text.size < RETRIES_TEXT_MAX);
    buf_clear(&text);
}

static void the_longest_line_has_its_bound(void **state)
{
    struct retries put = {.limit = INT64_MAX, .delay_ms = INT64_MAX, .factor = INT64_MAX, .listed = true}, got;
    struct buf text = {0};

    (void)state;
    for (int status = 1; status < RETRIES_CODES; status++)
        put.codes[status] = true;
    retries_to_text(&put, &text);
    assert_true(text.size < RETRIES_TEXT_MAX);
    assert_int_equal(retries_from_text(buf_text(&text), &got), 0);
    assert_memory_equal(got.codes, put.codes, sizeof put.codes);
    buf_clear(&text);
}

static void what_is_no_such_line_is_told(void **state)
{
    static const char *const wrong[] = {"", "1 2 3", "a", "1 1 1 1 1 0 1 x", "1 1 1 1 1 0 1 256", "1 1 1 1 1 0 1 -1"};
    struct retries r;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(retries_from_text(wrong[i], &r), -1);
}

static void it_goes_on_as_often_as_it_says_and_for_what_it_says(void **state)
{
    struct retries any = retries_of("{\"limit\":2}"), some = retries_of("{\"limit\":2,\"on_exit\":[75]}");

    (void)state;
    assert_true(retries_go_on(&any, 1, 1) && retries_go_on(&any, 2, 1));
    assert_false(retries_go_on(&any, 3, 1));
    assert_true(retries_go_on(&any, 1, -1) && retries_go_on(&any, 1, 0)); /* a signal, a timeout, a lost runner */
    assert_true(retries_go_on(&some, 1, 75));
    assert_false(retries_go_on(&some, 1, 1) || retries_go_on(&some, 1, -1) || retries_go_on(&some, 1, 0));
    any.no_retry = some.no_retry = 75;
    assert_false(retries_go_on(&any, 1, 75) || retries_go_on(&some, 1, 75));
    assert_true(retries_go_on(&any, 1, 74) && retries_go_on(&any, 1, -1));
    any = retries_of("{\"limit\":0}");
    assert_false(retries_go_on(&any, 1, 1));
}

static void the_delay_grows_up_to_its_bound(void **state)
{
    struct retries r = retries_of("{\"limit\":1000,\"delay\":1,\"factor\":3,\"max_delay\":20}");
    static const int64_t expected[] = {1000, 3000, 9000, 20000, 20000};

    (void)state;
    for (int64_t n = 0; n < 5; n++)
        assert_int_equal(retries_delay_ms(&r, n + 1, 0), expected[n]);
    assert_int_equal(retries_delay_ms(&r, 1000, 0), 20000);
    r = retries_of("{\"limit\":1000,\"delay\":5,\"factor\":1}");
    assert_int_equal(retries_delay_ms(&r, 1000, 0), 5000);
    r = retries_of("{\"limit\":3,\"delay\":30,\"max_delay\":20}");
    assert_int_equal(retries_delay_ms(&r, 1, 0), 20000);
}

static void jitter_is_a_part_of_the_delay(void **state)
{
    struct retries r = retries_of("{\"limit\":3,\"delay\":10,\"jitter\":0.2}");

    (void)state;
    assert_int_equal(retries_delay_ms(&r, 1, 0), 8000);
    assert_int_equal(retries_delay_ms(&r, 1, UINT32_MAX), 12000);
    assert_int_equal(retries_delay_ms(&r, 2, UINT32_MAX), 24000);
    assert_in_range(retries_delay_ms(&r, 1, UINT32_MAX / 2), 9999, 10001);
    r = retries_of("{\"limit\":3,\"delay\":10,\"jitter\":1}");
    assert_int_equal(retries_delay_ms(&r, 1, 0), 0);
}

static void it_is_shown_as_it_was_said(void **state)
{
    struct retries r = retries_of("{\"limit\":3,\"delay\":1.5,\"on_exit\":[75,7]}");
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    (void)state;
    retries_put_json(&r, &w);
    assert_string_equal(buf_text(&text), "{\"limit\":3,\"delay\":1.500,\"factor\":2,\"max_delay\":3600,\"jitter\":0,"
                                         "\"on_exit\":[7,75],\"no_retry\":null}");
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_named_has_its_preset),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(a_line_of_numbers_keeps_all),
        cmocka_unit_test(the_longest_line_has_its_bound),
        cmocka_unit_test(what_is_no_such_line_is_told),
        cmocka_unit_test(it_goes_on_as_often_as_it_says_and_for_what_it_says),
        cmocka_unit_test(the_delay_grows_up_to_its_bound),
        cmocka_unit_test(jitter_is_a_part_of_the_delay),
        cmocka_unit_test(it_is_shown_as_it_was_said),
    };

    return cmocka_run_group_tests_name("retries", tests, NULL, NULL);
}
