/* What a schedule does at a moment: on time, late, after a long absence, with a jitter, while others run. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "job/schedule.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const int64_t start = INT64_C(1795600800000); /* 2026-11-25T10:00:00Z */

struct fixture {
    struct schedule s;
    struct cron cron;
    struct zone *zone;
    struct schedule_plan plan;
};

static struct fixture *new_schedule(const char *expression, enum schedule_catch_up catch_up, int64_t window_ms)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    assert_int_equal(cron_parse(expression, &f->cron, &err), 0);
    f->zone = zone_load("UTC", &err);
    assert_non_null(f->zone);
    strcpy(f->s.id, "01M86EA05QK06D5MRW8NYDB81Q");
    f->s.enabled = true;
    f->s.catch_up = catch_up;
    f->s.window_ms = window_ms;
    return f;
}

static void begin(struct fixture *f, int64_t now_ms)
{
    schedule_begin(&f->s, &f->cron, f->zone, now_ms);
}

static int plan(struct fixture *f, int64_t now_ms)
{
    schedule_plan(&f->s, &f->cron, f->zone, now_ms, &f->plan);
    return f->plan.count;
}

static void free_schedule(struct fixture *f)
{
    schedule_clear(&f->s);
    zone_free(f->zone);
    free(f);
}

static void a_time_is_taken_once(void **state)
{
    struct fixture *f = new_schedule("0 * * * *", CATCH_UP_NONE, 0);

    (void)state;
    begin(f, start);
    assert_true(f->s.next_ms == start + HOUR && f->s.due_ms == start + HOUR);
    assert_int_equal(plan(f, start + HOUR - 1), 0);
    assert_true(f->s.next_ms == start + HOUR);
    assert_int_equal(plan(f, start + HOUR), 1);
    assert_true(f->plan.times[0] == start + HOUR && f->s.next_ms == start + 2 * HOUR);
    assert_int_equal(plan(f, start + HOUR), 0);
    free_schedule(f);
}

static void what_is_off_or_over_has_no_next_time(void **state)
{
    struct fixture *f = new_schedule("0 * * * *", CATCH_UP_NONE, 0);

    (void)state;
    f->s.enabled = false;
    begin(f, start);
    assert_true(f->s.next_ms == 0 && f->s.due_ms == 0);
    assert_int_equal(plan(f, start + DAY), 0);
    free_schedule(f);
    f = new_schedule("@at 2026-11-25T11:00:00Z", CATCH_UP_NONE, 0);
    begin(f, start);
    assert_int_equal(plan(f, start + HOUR), 1);
    assert_true(f->s.next_ms == 0 && f->s.due_ms == 0);
    assert_int_equal(plan(f, start + 2 * HOUR), 0);
    free_schedule(f);
}

/* Each hour, looked at ten hours and half a minute later, with a window of three. */
static void missed_times_are_caught_up_with_as_it_says(void **state)
{
    static const struct {
        enum schedule_catch_up catch_up;
        int64_t late_ms;
        int count, first_hour;
    } cases[] = {
        {CATCH_UP_NONE, MINUTE / 2, 1, 10},
        {CATCH_UP_NONE, MINUTE, 1, 10},
        {CATCH_UP_NONE, MINUTE + 1, 0, 0},
        {CATCH_UP_LAST, MINUTE / 2, 1, 10},
        {CATCH_UP_LAST, HOUR - 1, 1, 10},
        {CATCH_UP_ALL, MINUTE / 2, 3, 8},
        {CATCH_UP_ALL, 0, 4, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *f = new_schedule("0 * * * *", cases[i].catch_up, 3 * HOUR);

        begin(f, start);
        assert_int_equal(plan(f, start + 10 * HOUR + cases[i].late_ms), cases[i].count);
        for (int n = 0; n < cases[i].count; n++)
            assert_true(f->plan.times[n] == start + (cases[i].first_hour + n) * HOUR);
        assert_true(f->s.next_ms == start + 11 * HOUR);
        free_schedule(f);
    }
}

static void the_last_one_out_of_a_window_that_has_none_is_none(void **state)
{
    struct fixture *f = new_schedule("0 0 1 * *", CATCH_UP_LAST, DAY);

    (void)state;
    begin(f, start);
    assert_int_equal(plan(f, start + 60 * (int64_t)DAY), 0); /* 24 January: the first is too long ago */
    assert_true(f->s.next_ms > start + 60 * (int64_t)DAY);
    free_schedule(f);
}

/* A year of seconds is not gone through one by one; and what is found is the last one. */
static void a_long_absence_costs_no_long_search(void **state)
{
    static const char *const expressions[] = {"* * * * * *", "@every 7s", "*/10 * 3 * * *", "0 30 2 * * 1-5",
                                              "* 0 0 1 * *"};

    (void)state;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        struct fixture *f = new_schedule(expressions[i], CATCH_UP_LAST, 366 * (int64_t)DAY);
        int64_t now_ms = start + 365 * (int64_t)DAY + 1234, after;

        begin(f, start);
        assert_int_equal(plan(f, now_ms), 1);
        assert_true(f->plan.times[0] <= now_ms);
        assert_true(f->s.next_ms > now_ms);
        assert_true(cron_next(&f->cron, f->zone, f->plan.times[0], &after) && after == f->s.next_ms);
        free_schedule(f);
    }
}

static void all_come_in_bursts(void **state)
{
    struct fixture *f = new_schedule("* * * * *", CATCH_UP_ALL, DAY);
    int total = 0, bursts = 0;

    (void)state;
    begin(f, start);
    while (plan(f, start + 250 * MINUTE) > 0) {
        for (int n = 0; n < f->plan.count; n++)
            assert_true(f->plan.times[n] == start + ++total * (int64_t)MINUTE);
        bursts++;
    }
    assert_int_equal(total, 250);
    assert_int_equal(bursts, 3);
    free_schedule(f);
}

static void a_jitter_is_the_same_for_all_and_ends_before_the_next_time(void **state)
{
    struct fixture *f = new_schedule("* * * * *", CATCH_UP_NONE, 0),
                   *again = new_schedule("* * * * *", CATCH_UP_NONE, 0);
    int64_t now_ms = start;
    int late = 0;

    (void)state;
    f->s.jitter_ms = again->s.jitter_ms = 10 * MINUTE; /* longer than the distance */
    begin(f, now_ms);
    for (int i = 1; i <= 100; i++) {
        int64_t time_ms = start + i * (int64_t)MINUTE;

        assert_true(f->s.next_ms == time_ms);
        assert_true(f->s.due_ms >= time_ms && f->s.due_ms < time_ms + MINUTE);
        begin(again, now_ms);
        assert_true(again->s.due_ms == f->s.due_ms);
        late += f->s.due_ms > time_ms + MINUTE / 2;
        assert_int_equal(plan(f, f->s.due_ms - 1), 0);
        now_ms = f->s.due_ms;
        assert_int_equal(plan(f, now_ms), 1);
        assert_true(f->plan.times[0] == time_ms);
    }
    assert_in_range(late, 25, 75);
    free_schedule(f);
    free_schedule(again);
}

/* One that is due late because of its jitter is not late. */
static void a_jitter_is_no_delay(void **state)
{
    struct fixture *f = new_schedule("0 0 * * *", CATCH_UP_NONE, 0);

    (void)state;
    f->s.jitter_ms = 10 * HOUR;
    begin(f, start);
    assert_true(f->s.due_ms > f->s.next_ms + MINUTE);
    assert_int_equal(plan(f, f->s.due_ms), 1);
    free_schedule(f);
}

static void a_start_of_the_machine_is_taken_once(void **state)
{
    struct fixture *f = new_schedule("@reboot", CATCH_UP_NONE, 0);

    (void)state;
    begin(f, start);
    assert_true(f->s.due_ms == 0);
    f->s.next_ms = f->s.due_ms = start;
    assert_int_equal(plan(f, start + HOUR), 1);
    assert_true(f->plan.times[0] == start && f->s.due_ms == 0);
    free_schedule(f);
}

static void times_wait_skip_or_run_beside_others(void **state)
{
    struct schedule s = {.overlap = OVERLAP_ALLOW};

    (void)state;
    assert_true(schedule_admit(&s, start, 5));
    s.overlap = OVERLAP_SKIP;
    assert_true(schedule_admit(&s, start, 0));
    assert_false(schedule_admit(&s, start + 1, 1));
    assert_true(s.skipped_ms == start + 1 && s.queued_count == 0);
    s.overlap = OVERLAP_QUEUE;
    assert_true(schedule_admit(&s, start, 0));
    for (int i = 0; i < SCHEDULE_QUEUE_MAX; i++)
        assert_false(schedule_admit(&s, start + 10 + i, 1));
    assert_int_equal(s.queued_count, SCHEDULE_QUEUE_MAX);
    assert_false(schedule_admit(&s, start + 99, 1)); /* there is no room for it */
    assert_true(s.skipped_ms == start + 99);
    assert_false(schedule_admit(&s, start + 100, 0)); /* nobody passes those that wait */
    assert_true(schedule_take_queued(&s, 1) == 0);
    for (int i = 0; i < SCHEDULE_QUEUE_MAX; i++)
        assert_true(schedule_take_queued(&s, 0) == start + 10 + i);
    assert_true(schedule_take_queued(&s, 0) == 0);
}

static void queued_times_are_kept_as_text(void **state)
{
    struct schedule s = {.queued = {start, start + 1, start + 2}, .queued_count = 3}, back = {0};
    struct buf text = {0};

    (void)state;
    schedule_put_queued(&s, &text);
    schedule_read_queued(&back, buf_text(&text));
    assert_int_equal(back.queued_count, 3);
    assert_memory_equal(back.queued, s.queued, 3 * sizeof s.queued[0]);
    schedule_read_queued(&back, "");
    assert_int_equal(back.queued_count, 0);
    schedule_read_queued(&back, "12 x 13");
    assert_int_equal(back.queued_count, 1);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_taken_once),
        cmocka_unit_test(what_is_off_or_over_has_no_next_time),
        cmocka_unit_test(missed_times_are_caught_up_with_as_it_says),
        cmocka_unit_test(the_last_one_out_of_a_window_that_has_none_is_none),
        cmocka_unit_test(a_long_absence_costs_no_long_search),
        cmocka_unit_test(all_come_in_bursts),
        cmocka_unit_test(a_jitter_is_the_same_for_all_and_ends_before_the_next_time),
        cmocka_unit_test(a_jitter_is_no_delay),
        cmocka_unit_test(a_start_of_the_machine_is_taken_once),
        cmocka_unit_test(times_wait_skip_or_run_beside_others),
        cmocka_unit_test(queued_times_are_kept_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
