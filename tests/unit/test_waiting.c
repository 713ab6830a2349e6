/* What a job waits for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "job/job.h"

static const struct {
    const char *name;
    struct job job;
    struct waiting_facts facts;
    enum job_waiting waiting;
} cases[] = {
    {"nothing is in its way", {.slots = 1}, {.now_ms = 5}, WAITING_NOT},
    {"it has a queue", {.queue = "q"}, {.now_ms = 5}, WAITING_SLOT},
    {"its worker has room", {.max_active = 1}, {.now_ms = 5}, WAITING_NOT},
    {"its worker has none", {.max_active = 1}, {.now_ms = 5, .worker_full = true}, WAITING_WORKER},
    {"its worker goes before its queue", {.max_active = 1, .queue = "q"}, {.worker_full = true}, WAITING_WORKER},
    {"its worker has room, its queue has a line", {.max_active = 1, .queue = "q"}, {.now_ms = 5}, WAITING_SLOT},
    {"a worker without a limit is never full", {.queue = ""}, {.worker_full = true}, WAITING_NOT},
    {"its time has not come", {.due_ms = 6, .queue = "q"}, {.now_ms = 5, .worker_full = true}, WAITING_TIME},
    {"its time has come", {.due_ms = 5}, {.now_ms = 5}, WAITING_NOT},
    {"its next attempt has not come", {.due_ms = 6, .attempt = 1}, {.now_ms = 5}, WAITING_RETRY},
    {"its next attempt has come", {.due_ms = 5, .attempt = 1, .queue = "q"}, {.now_ms = 5}, WAITING_SLOT},
    {"others go before it", {.due_ms = 6, .queue = "q"}, {.now_ms = 5, .jobs_left = true}, WAITING_JOBS},
};

static void what_comes_first_is_waited_for_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (waiting_settle(&cases[i].job, &cases[i].facts) != cases[i].waiting)
            fail_msg("%s", cases[i].name);
    }
}

static void all_that_is_waited_for_has_a_name(void **state)
{
    (void)state;
    assert_null(waiting_name(WAITING_NOT));
    for (enum job_waiting w = WAITING_NOT + 1; w < WAITINGS; w++) {
        for (enum job_waiting other = w + 1; other < WAITINGS; other++)
            assert_string_not_equal(waiting_name(w), waiting_name(other));
    }
}

static void only_who_takes_something_up_gives_something_back(void **state)
{
    struct job none = {.slots = 1}, queue = {.queue = "q"}, worker = {.max_active = 2};

    (void)state;
    assert_false(waiting_is_bounded(&none));
    assert_true(waiting_is_bounded(&queue));
    assert_true(waiting_is_bounded(&worker));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_first_is_waited_for_first),
        cmocka_unit_test(all_that_is_waited_for_has_a_name),
        cmocka_unit_test(only_who_takes_something_up_gives_something_back),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
