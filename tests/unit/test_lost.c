/* When a runner counts as lost: silence of one on another host, and the kernel's record of whom it killed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "engine/silence.h"

enum { BEAT = 60000, NOW = 1000000000, DAY = 86400000 };

static const char boot[] = "3c1b2f0e-0000-4000-8000-000000000001";

static struct job silent_job(int64_t silent_ms)
{
    return (struct job){.state = JOB_ACTIVE, .held = true, .report = 5, .seen_ms = NOW - silent_ms};
}

static void who_has_reported_lately_lives(void **state)
{
    struct job job = silent_job(3 * BEAT - 1);

    (void)state;
    assert_int_equal(silence_judge(&job, BEAT, NOW, 1000, boot), SILENCE_NONE);
    assert_null(job.suspicion);
    job.seen_ms = NOW - 1000 * BEAT;
    assert_int_equal(silence_judge(&job, 0, NOW, 1000, boot), SILENCE_NONE); /* nobody promised to report */
}

static void three_missed_and_three_more_are_a_loss(void **state)
{
    struct job job = silent_job(3 * BEAT);

    (void)state;
    assert_int_equal(silence_judge(&job, BEAT, NOW, 1000, boot), SILENCE_SUSPECTED);
    assert_non_null(job.suspicion);
    assert_int_equal(silence_judge(&job, BEAT, NOW + 1, 1001, boot), SILENCE_NONE);
    assert_int_equal(silence_judge(&job, BEAT, NOW + 1, 1000 + 3 * BEAT - 1, boot), SILENCE_NONE);
    assert_int_equal(silence_judge(&job, BEAT, NOW + 1, 1000 + 3 * BEAT, boot), SILENCE_LOST);
    job_clear(&job);
}

static void a_clock_that_jumps_a_day_ends_nobody(void **state)
{
    (void)state;
    for (int way = -1; way <= 1; way += 2) {
        struct job job = silent_job(1000);
        int64_t now = NOW + way * (int64_t)DAY;

        assert_int_equal(silence_judge(&job, BEAT, now, 1000, boot), SILENCE_SUSPECTED);
        job.report++; /* its next heartbeat, whatever time that has */
        job.seen_ms = NOW + BEAT;
        assert_int_equal(silence_judge(&job, BEAT, now + BEAT, 1000 + 3 * BEAT, boot), SILENCE_SUSPECTED);
        job.report++;
        assert_int_equal(silence_judge(&job, BEAT, now + BEAT, 1000 + 9 * BEAT, boot), SILENCE_SUSPECTED);
        job_clear(&job);
    }
}

static void a_suspicion_of_another_boot_or_nonsense_counts_for_nothing(void **state)
{
    static const char *const others[] = {"other 0 5", "", "x", "3c1b2f0e-0000-4000-8000-000000000001 0 4"};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct job job = silent_job(100 * BEAT);

        job.suspicion = strdup(others[i]);
        assert_int_equal(silence_judge(&job, BEAT, NOW, 100 * BEAT, boot), SILENCE_SUSPECTED);
        job_clear(&job);
    }
}

static void the_kernels_record_names_whom_it_killed(void **state)
{
    static const char *const records[] = {
        "3,1205,123456789,-;Out of memory: Killed process 4711 (python3) total-vm:1kB, anon-rss:1kB, UID:33",
        "3,1,1,-;Memory cgroup out of memory: Killed process 4711 (a ) b) total-vm:1kB",
    };

    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        assert_true(oom_record_names(records[i], 4711));
        assert_false(oom_record_names(records[i], 471));
        assert_false(oom_record_names(records[i], 47110));
    }
    assert_false(oom_record_names("6,1,1,-;Killed process 4711 (x)", 4711));
    assert_false(oom_record_names("Out of memory: Killed process 4711", 4711)); /* no text of a record */
    assert_false(oom_record_names("", 4711));
    assert_false(oom_was_killed(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_reported_lately_lives),
        cmocka_unit_test(three_missed_and_three_more_are_a_loss),
        cmocka_unit_test(a_clock_that_jumps_a_day_ends_nobody),
        cmocka_unit_test(a_suspicion_of_another_boot_or_nonsense_counts_for_nothing),
        cmocka_unit_test(the_kernels_record_names_whom_it_killed),
    };

    return cmocka_run_group_tests_name("lost runners", tests, NULL, NULL);
}
