/* Text, CSV and ids. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "base/ulid.h"
#include "job/job_state.h"

static void utf8_is_what_rfc_3629_says(void **state)
{
    static const char *const good[] = {
        "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff",
                                      "a\xc3("};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void percent_escapes_are_decoded_or_refused(void **state)
{
    char out[32];

    (void)state;
    assert_int_equal(text_percent_decode("a%20b+c%2Fd", 11, true, out), 7);
    assert_string_equal(out, "a b c/d");
    assert_int_equal(text_percent_decode("a+b", 3, false, out), 3);
    assert_string_equal(out, "a+b");
    assert_int_equal(text_percent_decode("%00", 3, false, out), -1);
    assert_int_equal(text_percent_decode("%4", 2, false, out), -1);
    assert_int_equal(text_percent_decode("%zz", 3, false, out), -1);
    assert_int_equal(text_percent_decode("%", 1, false, out), -1);
}

static void whole_numbers_are_digits_in_their_range(void **state)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "101", "9223372036854775808", "99999999999999999999"};
    long long n;

    (void)state;
    assert_int_equal(text_to_int("0", 0, 100, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(text_to_int("0100", 0, 100, &n), 0);
    assert_int_equal(n, 100);
    assert_int_equal(text_to_int("9223372036854775807", 0, INT64_MAX, &n), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(text_to_int(bad[i], 0, 100, &n), -1);
}

static void names_are_letters_digits_and_two_signs(void **state)
{
    char longest[66];

    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[65] = '\0';
    assert_false(text_is_name(longest) || text_is_name("") || text_is_name("a.b") || text_is_name("..") ||
                 text_is_name("a/b") || text_is_name("a b") || text_is_name("\xc3\xa4") || text_is_name("a\n"));
    longest[64] = '\0';
    assert_true(text_is_name("A") && text_is_name("a-_9") && text_is_name("-") && text_is_name(longest));
}

static void times_go_both_ways(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"2026-11-24T03:43:00.123Z", 1795491780123},
        {"2026-11-24T04:43:00.123+01:00", 1795491780123},
        {"2026-11-24", 1795478400000},
        {"2024-02-29T12:00:00Z", 1709208000000},
        {"2024-02-29t12:00:00.5z", 1709208000500},
        {"2024-02-29 12:00:00.123456789-00:30", 1709209800123},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"0000-01-01", -62167219200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    static const char *const bad[] = {"",
                                      "x",
                                      "2026-02-30",
                                      "2026-13-01",
                                      "2026-11-24T25:00:00Z",
                                      "2026-11-24T00:00:00",
                                      "2026-11-24T00:00:00ZZ",
                                      "2026-1-1",
                                      " 2026-1-01",
                                      "+026-01-01",
                                      "2026--1-01",
                                      "2026-00-01",
                                      "2026-01-00",
                                      "2025-02-29",
                                      "2026-02-30T23:59:60Z",
                                      "2026-11-24T",
                                      "2026-11-24Z",
                                      "2026-11-24T 1:00:00Z",
                                      "2026-11-24T+1:00:00Z",
                                      "2026-11-24T00:00:61Z",
                                      "2026-11-24T00:00:00.Z",
                                      "2026-11-24T00:00:00.1",
                                      "2026-11-24T00:00:00+24:00",
                                      "2026-11-24T00:00:00+01:60",
                                      "2026-11-24T00:00:00+-1:00",
                                      "2026-11-24T00:00:00+1:00",
                                      "2026-11-24T00:00:00+01:00x"};
    char text[TEXT_TIME_SIZE];
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(text_to_time(cases[i].text, &ms), 0);
        assert_int_equal(ms, cases[i].ms);
    }
    text_from_time(1795491780123, text);
    assert_string_equal(text, cases[1].text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(text_to_time(bad[i], &ms), -1);
}

static void csv_cells_cannot_run(void **state)
{
    struct buf out = {0};
    struct csv_writer w = {.out = &out};

    (void)state;
    csv_text(&w, "plain");
    csv_text(&w, "a,\"b\"");
    csv_text(&w, "=1+1");
    csv_text(&w, "@x");
    csv_text(&w, "+1");
    csv_text(&w, "-1");
    csv_text(&w, "\t=1");
    csv_text(&w, "\n=1");
    csv_text(&w, "\r=1");
    csv_text(&w, "a=1\n");
    csv_text(&w, "'quoted");
    csv_text(&w, "\xef\xbc\x9d"
                 "1");            /* a full-width = */
    csv_text(&w, "\xef\xbc\xa1"); /* a full-width A */
    csv_text(&w, "");
    csv_text(&w, NULL);
    csv_int(&w, -5);
    csv_end_row(&w);
    assert_string_equal(out.data, "plain,\"a,\"\"b\"\"\",\"'=1+1\",\"'@x\",\"'+1\",\"'-1\",\"'\t=1\",\"'\n=1\",\"'\r="
                                  "1\",\"a=1\n\",\"''quoted\",\"'\xef\xbc\x9d"
                                  "1\",\xef\xbc\xa1,,,-5\r\n");
    buf_clear(&out);
}

static void ids_sort_by_their_time(void **state)
{
    unsigned char high[10], low[10] = {0};
    char a[ULID_SIZE], b[ULID_SIZE], floor[ULID_SIZE];

    (void)state;
    memset(high, 255, sizeof high);
    ulid_make(1000, high, a);
    ulid_make(1001, low, b);
    ulid_floor(1001, floor);
    assert_true(strcmp(a, b) < 0);
    assert_string_equal(b, floor);
    assert_true(ulid_is(a) && ulid_is(b));
    assert_false(ulid_is("8ZZZZZZZZZZZZZZZZZZZZZZZZZ") || ulid_is("x") || ulid_is("01M86EA05QK06D5MRW8NYDB81I"));
}

static void no_state_leads_out_of_an_end(void **state)
{
    (void)state;
    for (enum job_state s = JOB_IDLE; s < JOB_STATES; s++) {
        assert_int_equal(job_state_from_name(job_state_name(s)), s);
        for (enum job_event e = EVENT_START; e < JOB_EVENTS; e++) {
            if (job_state_is_over(s))
                assert_int_equal(job_state_next(s, e), 0);
        }
    }
    assert_int_equal(job_state_next(JOB_IDLE, EVENT_START), JOB_ACTIVE);
    assert_int_equal(job_state_next(JOB_ACTIVE, EVENT_START), 0);
    assert_int_equal(job_state_next(JOB_ACTIVE, EVENT_KILLED), JOB_STOP);
}

static void a_message_holds_no_half_character(void **state)
{
    struct error err = {0};

    (void)state;
    error_set(&err, 400, "x", "\"%.4s\" is \xc3\xa4, not \xff", "a\xe2\x82\xac\xc3\xa4");
    assert_string_equal(err.message, "\"a\xe2\x82\xac\" is \xc3\xa4, not ");
    error_set(&err, 400, "x", "\"%.3s\"", "a\xe2\x82\xac");
    assert_string_equal(err.message, "\"a\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_what_rfc_3629_says),
        cmocka_unit_test(percent_escapes_are_decoded_or_refused),
        cmocka_unit_test(whole_numbers_are_digits_in_their_range),
        cmocka_unit_test(names_are_letters_digits_and_two_signs),
        cmocka_unit_test(times_go_both_ways),
        cmocka_unit_test(a_message_holds_no_half_character),
        cmocka_unit_test(csv_cells_cannot_run),
        cmocka_unit_test(ids_sort_by_their_time),
        cmocka_unit_test(no_state_leads_out_of_an_end),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
