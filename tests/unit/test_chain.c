/* Who may run after whom, and parameters that name responses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "job/chain.h"
#include "job/reference.h"

static struct json *parse(const char *text)
{
    struct error err = {0};
    struct json *value = json_parse(text, strlen(text), &err);

    assert_non_null(value);
    return value;
}

static void the_end_of_all_before_it_decides(void **state)
{
    static const struct {
        struct after after[2];
        enum chain_verdict verdict;
        int culprit; /* -1: none */
    } cases[] = {
        {{{.awaits = CHAIN_DONE}, {.awaits = CHAIN_DONE}}, CHAIN_WAIT, -1},
        {{{.awaits = CHAIN_DONE, .outcome = JOB_DONE}, {.awaits = CHAIN_DONE}}, CHAIN_WAIT, -1},
        {{{.awaits = CHAIN_DONE, .outcome = JOB_DONE}, {.awaits = CHAIN_DONE, .outcome = JOB_DONE}}, CHAIN_GO, -1},
        {{{.awaits = CHAIN_DONE}, {.awaits = CHAIN_DONE, .outcome = JOB_ERROR}}, CHAIN_CANCEL, 1},
        {{{.awaits = CHAIN_DONE, .outcome = JOB_STOP}, {.awaits = CHAIN_DONE}}, CHAIN_CANCEL, 0},
        {{{.awaits = CHAIN_ERROR, .outcome = JOB_ERROR}, {.awaits = CHAIN_STOP, .outcome = JOB_STOP}}, CHAIN_GO, -1},
        {{{.awaits = CHAIN_ERROR, .outcome = JOB_DONE}, {.awaits = CHAIN_ENDED}}, CHAIN_CANCEL, 0},
        {{{.awaits = CHAIN_ENDED, .outcome = JOB_STOP}, {.awaits = CHAIN_ENDED, .outcome = JOB_ERROR}}, CHAIN_GO, -1},
        {{{.awaits = CHAIN_ENDED, .outcome = JOB_DONE}, {.awaits = CHAIN_STOP, .outcome = JOB_DONE}}, CHAIN_CANCEL, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct after *culprit = NULL;

        assert_int_equal(chain_judge(cases[i].after, 2, &culprit), cases[i].verdict);
        assert_ptr_equal(culprit, cases[i].culprit < 0 ? NULL : &cases[i].after[cases[i].culprit]);
    }
}

static void conditions_have_names(void **state)
{
    (void)state;
    for (enum chain_condition c = CHAIN_DONE; c < CHAIN_CONDITIONS; c++)
        assert_int_equal(chain_condition_from_name(chain_condition_name(c)), c);
    assert_int_equal(chain_condition_from_name("idle"), 0);
}

static void a_list_of_those_before_is_read(void **state)
{
    struct json *list = parse("[\"a\", {\"job\": \"b\", \"on\": \"ended\"}, {\"job\": \"c\"}]");
    struct error err = {0};
    struct after *after;
    size_t count;

    (void)state;
    assert_int_equal(chain_read_json(list, "x", &after, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_string_equal(after[0].name, "a");
    assert_true(after[0].awaits == CHAIN_DONE && after[1].awaits == CHAIN_ENDED && after[2].awaits == CHAIN_DONE);
    free(after);
    json_free(list);
}

/* Jobs as letters that are followed by those before them: "ab b" is a, which comes after b, and b. */
static long cycle_in(const char *text)
{
    struct after after[8][8] = {0};
    const struct after *lists[8];
    size_t counts[8] = {0}, count = 0;
    const char *p = text;

    while (*p) {
        lists[count] = after[count];
        for (p++; *p && *p != ' '; p++)
            after[count][counts[count]++].number = *p == '.' ? 0 : *p - 'a' + 1;
        count++;
        p += *p == ' ';
    }
    return chain_find_cycle(lists, counts, count);
}

static void who_waits_for_himself_is_found(void **state)
{
    (void)state;
    assert_int_equal(cycle_in("a"), -1);
    assert_int_equal(cycle_in("ab bc c"), -1);
    assert_int_equal(cycle_in("abc bd cd d"), -1);
    assert_int_equal(cycle_in("a. b.a"), -1);
    assert_int_equal(cycle_in("aa"), 0);
    assert_true(cycle_in("ab ba") >= 0);
    assert_true(cycle_in("a bac cd db") >= 0);
    assert_true(cycle_in("a ba cd dc") >= 2);
}

static int write_name(const struct reference *r, struct buf *out, void *context, struct error *err)
{
    (void)context, (void)err;
    buf_puts(out, r->as_json ? "[1, \"" : "<");
    buf_puts(out, r->name);
    buf_puts(out, r->as_json ? "\"]" : ">");
    return 0;
}

static int write_other(const struct reference *r, struct buf *out, void *context, struct error *err)
{
    (void)r, (void)context, (void)err;
    buf_puts(out, "other");
    return 0;
}

static int count_one(const struct reference *r, void *context, struct error *err)
{
    (void)r, (void)err;
    ++*(int *)context;
    return 0;
}

static void references_are_replaced_where_they_stand(void **state)
{
    static const struct {
        const char *text, *replaced, *renamed;
        int count;
    } cases[] = {
        {"{\"a\":\"x\",\"b\":[1.5,true,null,{}]}", "{\"a\":\"x\",\"b\":[1.5,true,null,{}]}",
         "{\"a\":\"x\",\"b\":[1.5,true,null,{}]}", 0},
        {"\"${jobs.a.response}\"", "\"<a>\"", "\"${jobs.other.response}\"", 1},
        {"\"1${jobs.a.response}2${jobs.b-c.response}3\"", "\"1<a>2<b-c>3\"",
         "\"1${jobs.other.response}2${jobs.other.response}3\"", 2},
        {"[\"${jobs.a.json}\"]", "[[1, \"a\"]]", "[\"${jobs.other.json}\"]", 1},
        {"{\"${jobs.a.response}\":\"$ {jobs.a} ${\"}", "{\"${jobs.a.response}\":\"$ {jobs.a} ${\"}",
         "{\"${jobs.a.response}\":\"$ {jobs.a} ${\"}", 0},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *value = parse(cases[i].text);
        struct buf out = {0};
        int count = 0;

        assert_int_equal(reference_each(value, "x", count_one, &count, &err), 0);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(reference_replace(value, "x", write_name, NULL, &out, &err), 0);
        assert_string_equal(buf_text(&out), cases[i].replaced);
        buf_clear(&out);
        assert_int_equal(reference_rename(value, "x", write_other, NULL, &out, &err), 0);
        assert_string_equal(buf_text(&out), cases[i].renamed);
        buf_clear(&out);
        json_free(value);
    }
}

static void what_begins_as_a_reference_must_be_one(void **state)
{
    static const char *const wrong[] = {
        "\"${jobs.\"",
        "\"${jobs.a}\"",
        "\"${jobs.a.log}\"",
        "\"${jobs..response}\"",
        "\"${jobs.a b.response}\"",
        "\"${jobs.a.json} \"",
        "\" ${jobs.a.json}\"",
        "[{\"x\":\"${jobs.a.response\"}]",
        "\"${jobs.a2345678901234567890123456789012345678901234567890123456789012345.response}\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct json *value = parse(wrong[i]);
        struct error err = {0};
        struct buf out = {0};
        int count = 0;

        assert_int_equal(reference_each(value, "x", count_one, &count, &err), -1);
        assert_int_equal(err.status, 422);
        assert_int_equal(reference_replace(value, "x", write_name, NULL, &out, &err), -1);
        buf_clear(&out);
        json_free(value);
    }
}

static void what_is_to_be_json_must_be_that(void **state)
{
    struct json *value = parse("\"${jobs.a.json}\"");
    struct error err = {0};
    struct buf out = {0};

    (void)state;
    assert_int_equal(reference_replace(value, "x", write_other, NULL, &out, &err), -1);
    assert_string_equal(err.message, "the response of job a is no JSON");
    buf_clear(&out);
    json_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_all_before_it_decides),
        cmocka_unit_test(conditions_have_names),
        cmocka_unit_test(a_list_of_those_before_is_read),
        cmocka_unit_test(who_waits_for_himself_is_found),
        cmocka_unit_test(references_are_replaced_where_they_stand),
        cmocka_unit_test(what_begins_as_a_reference_must_be_one),
        cmocka_unit_test(what_is_to_be_json_must_be_that),
    };

    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
