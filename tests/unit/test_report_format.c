/* The runner's reports: what is written is read back, and nothing else is taken for one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "job/report_format.h"

static const struct report_record records[] = {
    {.verb = REPORT_NUMBER, .number = 7},
    {.verb = REPORT_LOG, .time_ms = 1, .stream = STREAM_STDOUT, .bytes = "a\n\0b", .size = 4},
    {.verb = REPORT_LOG, .time_ms = 2, .stream = STREAM_STDERR, .open = true, .bytes = "", .size = 0},
    {.verb = REPORT_RESPONSE, .time_ms = 3, .stream = STREAM_STDOUT, .bytes = "x", .size = 1},
    {.verb = REPORT_PROGRESS, .time_ms = 4, .percent = 42, .bytes = "half", .size = 4},
    {.verb = REPORT_PID, .pid = 4711},
    {.verb = REPORT_USAGE, .usage = {true, 1, 2, 3, 4, 5, 6, 7, 8}},
    {.verb = REPORT_PAUSED, .paused = true},
    {.verb = REPORT_END, .time_ms = 5, .event = EVENT_FAILURE, .exit_code = -1, .signal = 9, .bytes = "why", .size = 3},
};

enum { RECORDS = sizeof records / sizeof *records };

static void what_is_written_is_read_back(void **state)
{
    struct buf out = {0};
    struct report_record r;
    struct error err = {0};

    (void)state;
    for (int i = 0; i < RECORDS; i++)
        report_put(&out, &records[i]);
    struct report_reader reader = {out.data, out.data + out.size};
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(report_read_next(&reader, &r, &err), 1);
        assert_int_equal(r.verb, records[i].verb);
        assert_int_equal(r.number, records[i].number);
        assert_int_equal(r.time_ms, records[i].time_ms);
        assert_int_equal(r.stream, records[i].stream);
        assert_int_equal(r.open, records[i].open);
        assert_int_equal(r.percent, records[i].percent);
        assert_int_equal(r.pid, records[i].pid);
        if (r.verb == REPORT_USAGE)
            assert_memory_equal(&r.usage, &records[i].usage, sizeof r.usage);
        assert_int_equal(r.paused, records[i].paused);
        assert_int_equal(r.event, records[i].event);
        assert_int_equal(r.signal, records[i].signal);
        assert_int_equal(r.size, records[i].size);
        if (r.size)
            assert_memory_equal(r.bytes, records[i].bytes, r.size);
    }
    assert_int_equal(report_read_next(&reader, &r, &err), 0);
    buf_clear(&out);
}

/* A runner that was started before the program was replaced says less. */
static void the_usage_of_an_older_runner_is_taken(void **state)
{
    static const char body[] = "usage 1 2 3 0\n\n";
    struct report_reader reader = {body, body + sizeof body - 1};
    struct report_record r;
    struct error err = {0};
    struct buf again = {0};

    (void)state;
    assert_int_equal(report_read_next(&reader, &r, &err), 1);
    assert_true(r.usage.known && r.usage.cpu_user_ms == 1 && r.usage.cpu_system_ms == 2 && r.usage.max_rss_kib == 3);
    assert_true(r.usage.wall_ms == -1 && r.usage.switches_forced == -1 && r.size == 0);
    report_put(&again, &r);
    assert_string_equal(buf_text(&again), body); /* what is not known is not said */
    buf_clear(&again);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const bodies[] = {
        "x",
        "report 1 0",
        "report 1 0\n",
        "report 1 1\n\n",
        "report 0 0\n\n",
        "report x 0\n\n",
        "report 1 0 0\n\n",
        "report  1 0\n",
        "report 1 -1\n\n",
        "report 1 99999999999\n\n",
        "shout 1 0\n\n",
        "log 1 stdout\n\n",
        "log 1 nowhere 0\n\n",
        "log -1 stdout 0\n\n",
        "log 1 + 0\n\n",
        "progress 1 101 0\n\n",
        "pid 0 0\n\n",
        "end 1 maybe 0 0 0\n\n",
        "end 1 success 256 0 0\n\n",
        "end 1 success -2 0 0\n\n",
        "log 1 stdout 3\nabcd\n",
        "log 1 stdout 3\nab\n",
        "\n",
        "usage 1 2 0\n\n",
        "usage 1 2 3 4 5 6 7 8 9 0\n\n",
        "paused 2 0\n\n",
        "paused 0\n\n",
        "pid 0\n\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct report_reader reader = {bodies[i], bodies[i] + strlen(bodies[i])};
        struct report_record r;
        struct error err = {0};

        assert_int_equal(report_read_next(&reader, &r, &err), -1);
        assert_int_equal(err.status, 400);
        assert_string_equal(err.code, "report_malformed");
    }
}

static void any_bytes_are_read_within_their_bounds(void **state)
{
    struct buf good = {0};

    (void)state;
    srand(2);
    for (int i = 0; i < RECORDS; i++)
        report_put(&good, &records[i]);
    for (int round = 0; round < 100000; round++) {
        size_t size = (size_t)rand() % (good.size + 1);
        char *copy = malloc(size + 1);
        struct report_reader reader = {copy, copy + size};
        struct report_record r;
        struct error err = {0};

        memcpy(copy, good.data, size);
        for (int n = rand() % 4; n > 0 && size; n--)
            copy[(size_t)rand() % size] = (char)rand();
        while (report_read_next(&reader, &r, &err) > 0)
            assert_true(r.bytes >= copy && r.bytes + r.size < copy + size);
        free(copy);
    }
    buf_clear(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_usage_of_an_older_runner_is_taken),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(any_bytes_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests_name("report format", tests, NULL, NULL);
}
