/* The end of a log that was cut: files that are whole or not, and the reports that are made of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "job/log_tail.h"

static void put_entry(struct buf *out, const char *bytes, size_t size, bool open)
{
    struct report_record r = {
        .verb = REPORT_LOG, .time_ms = 1, .stream = STREAM_STDOUT, .open = open, .bytes = bytes, .size = size};

    report_put(out, &r);
}

static void an_entry_counts_as_the_store_counts_it(void **state)
{
    struct report_record line = {.verb = REPORT_LOG, .bytes = "a\nb\n", .size = 4}, empty = {.verb = REPORT_LOG};
    struct log_extent e = log_extent_of(&line);

    (void)state;
    assert_int_equal(e.bytes, 5);
    assert_int_equal(e.lines, 3);
    line.open = true;
    e = log_extent_of(&line);
    assert_int_equal(e.bytes, 4);
    assert_int_equal(e.lines, 2);
    e = log_extent_of(&empty);
    assert_int_equal(e.bytes, 1);
    assert_int_equal(e.lines, 1);
}

static void a_head_is_read_back_and_nothing_else_is_one(void **state)
{
    static const char *const none[] = {
        "",
        "before ",
        "before 1\n",
        "before 1 2\n",
        "before 1 2 3",
        "before 1 -2 3\n",
        "before a 2 3\n",
        "before 99999999999999999999 2 3\n",
        "log 1 stdout 0\n\n",
        "before 1 2 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000003\n"};
    struct log_tail_head head = {.before = {INT64_MAX, INT64_MAX}, .report = INT64_MAX}, got = {.report = 0};
    struct buf out = {0};
    size_t size;

    (void)state;
    log_tail_put_head(&out, &head);
    size = out.size;
    buf_puts(&out, "log 1 stdout 0\n\n");
    assert_int_equal(log_tail_read_head(out.data, out.size, &got), size);
    assert_memory_equal(&got, &head, sizeof got);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(log_tail_read_head(out.data, cut, &got), 0);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(log_tail_read_head(none[i], strlen(none[i]), &got), 0);
    buf_clear(&out);
}

/* The largest entry there is, behind all but one byte of a full part. */
static void a_part_is_whole_in_what_is_read_at_once(void **state)
{
    static char bytes[65536];
    struct buf out = {0};
    size_t first;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    put_entry(&out, bytes, LOG_TAIL_PART_SIZE - 1 - strlen("log 1 stdout 65514\n\n"), false);
    assert_int_equal(out.size, LOG_TAIL_PART_SIZE - 1);
    put_entry(&out, bytes, sizeof bytes, true);
    first = out.size;
    assert_true(first <= LOG_TAIL_READ_SIZE);
    put_entry(&out, "next", 4, false);
    assert_int_equal(log_tail_part(out.data, out.size), first);
    assert_int_equal(log_tail_part(out.data, LOG_TAIL_READ_SIZE), first);
    assert_int_equal(log_tail_part(out.data + first, out.size - first), out.size - first);
    assert_int_equal(log_tail_part(out.data + out.size, 0), 0);
    buf_clear(&out);
}

/* A runner may have been killed while it wrote, and a worker may write to what it can reach. */
static void what_is_no_whole_entry_is_in_no_part(void **state)
{
    struct buf out = {0};
    size_t one;

    (void)state;
    put_entry(&out, "one", 3, false);
    one = out.size;
    put_entry(&out, "two", 3, false);
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(log_tail_part(out.data, size), size < one ? 0 : one);
    out.size = one;
    buf_puts(&out, "end 1 success 0 0 0\n\n");
    assert_int_equal(log_tail_part(out.data, out.size), one);
    assert_int_equal(log_tail_part(out.data + one, out.size - one), 0);
    buf_clear(&out);
}

static void expect_log(struct report_reader *reader, enum entry_stream stream, const char *text)
{
    struct report_record r;
    struct error err = {0};

    assert_int_equal(report_read_next(reader, &r, &err), 1);
    assert_int_equal(r.verb, REPORT_LOG);
    assert_int_equal(r.stream, stream);
    assert_int_equal(r.size, strlen(text));
    assert_memory_equal(r.bytes, text, r.size);
}

static void expect_report(const struct buf *body, int64_t part, const char *mark)
{
    struct report_reader reader = {body->data, body->data + body->size};
    struct report_record r;
    struct error err = {0};

    assert_int_equal(report_read_next(&reader, &r, &err), 1);
    assert_int_equal(r.verb, REPORT_NUMBER);
    assert_int_equal(r.number, log_tail_number(part));
    if (mark)
        expect_log(&reader, STREAM_SYSTEM, mark);
    expect_log(&reader, STREAM_STDOUT, "text");
    assert_int_equal(report_read_next(&reader, &r, &err), 0);
}

static void the_first_report_has_the_mark_if_anything_is_missing(void **state)
{
    static const struct {
        int64_t part;
        struct log_gap gap;
        const char *mark;
    } cases[] = {
        {0, {{0, 0}, false}, NULL},
        {0, {{1, 1}, false}, "... 1 byte (1 line) left out here ..."},
        {0, {{INT64_MAX, 0}, false}, "... 9223372036854775807 bytes (0 lines) left out here ..."},
        {0, {{0, 0}, true}, "... 0 bytes (0 lines) left out here, and what the lost runner had not delivered ..."},
        {1, {{1000, 10}, true}, NULL},
    };
    struct buf text = {0};

    (void)state;
    put_entry(&text, "text", 4, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf body = {0};

        log_tail_put_report(&body, cases[i].part, &cases[i].gap, 5, text.data, text.size);
        expect_report(&body, cases[i].part, cases[i].mark);
        buf_clear(&body);
    }
    buf_clear(&text);
}

static void numbers_grow_with_room_between_them(void **state)
{
    (void)state;
    assert_true(log_tail_number(0) > INT64_C(1) << 40);
    for (int64_t part = 0; part < LOG_TAIL_FILES * (LOG_TAIL_FILE_MAX / LOG_TAIL_PART_SIZE); part++)
        assert_true(log_tail_number(part + 1) > log_tail_number(part) + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_counts_as_the_store_counts_it),
        cmocka_unit_test(a_head_is_read_back_and_nothing_else_is_one),
        cmocka_unit_test(a_part_is_whole_in_what_is_read_at_once),
        cmocka_unit_test(what_is_no_whole_entry_is_in_no_part),
        cmocka_unit_test(the_first_report_has_the_mark_if_anything_is_missing),
        cmocka_unit_test(numbers_grow_with_room_between_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
