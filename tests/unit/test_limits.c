/* Limits and options: what a job asks for, what its worker wants, and what the administrator allows. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "job/limits.h"
#include "worker/options.h"

static int read_limits(const char *text, struct limits *out, struct error *err)
{
    struct json *object = json_parse(text, strlen(text), err);
    int result;

    assert_non_null(object);
    result = limits_read_json(object, "job_invalid", out, err);
    json_free(object);
    return result;
}

static void limits_are_read_over_those_that_are_there(void **state)
{
    struct limits l = {{[LIMIT_FILES] = 64, [LIMIT_LOG] = 5000}};
    struct error err = {0};

    (void)state;
    assert_int_equal(read_limits("{\"cpu\": 1.5, \"memory\": 1048576, \"files\": 0, \"processes\": null}", &l, &err),
                     0);
    assert_int_equal(l.max[LIMIT_CPU], 1500);
    assert_int_equal(l.max[LIMIT_MEMORY], 1 << 20);
    assert_int_equal(l.max[LIMIT_FILES], 0);
    assert_int_equal(l.max[LIMIT_PROCESSES], 0);
    assert_int_equal(l.max[LIMIT_LOG], 5000);
}

static void a_wrong_limit_is_named(void **state)
{
    static const char *const wrong[][2] = {
        {"{\"cpu\": \"1\"}", "`cpu`"},
        {"{\"cpu\": -1}", "`cpu`"},
        {"{\"cpu\": 1e12}", "`cpu`"},
        {"{\"cpu\": 0.0001}", "`cpu`"},
        {"{\"memory\": 1}", "`memory` must be a number from 1048576 to 1125899906842624,"},
        {"{\"files\": 7}", "`files`"},
        {"{\"file_size\": -5}", "file_size"},
        {"{\"log\": 100}", "`log`"},
        {"{\"colour\": 1}", "colour"},
        {"[]", "object"},
        {"1", "object"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct limits l = {{0}};
        struct error err = {0};

        assert_int_equal(read_limits(wrong[i][0], &l, &err), -1);
        assert_int_equal(err.status, 422);
        assert_string_equal(err.code, "job_invalid");
        assert_non_null(strstr(err.message, wrong[i][1]));
    }
}

static void what_is_printed_is_read_back(void **state)
{
    struct limits put = {{1500, 1 << 21, 100, 0, 4096, 1 << 20}}, got = {{0}};
    struct buf text = {0};
    struct json_writer w = {.out = &text};
    struct error err = {0};

    (void)state;
    limits_put_json(&put, &w);
    assert_int_equal(read_limits(buf_text(&text), &got, &err), 0);
    assert_memory_equal(&put, &got, sizeof put);
    buf_reset(&text);
    w = (struct json_writer){.out = &text};
    limits_put_json(&(struct limits){{0}}, &w);
    assert_string_equal(buf_text(&text), "null");
    buf_clear(&text);
}

static void nothing_goes_above_a_ceiling(void **state)
{
    struct settings s = {
        .limit_cpu = 0, .limit_cpu_max = 2000, .limit_files = 900, .limit_files_max = 100, .limit_log = 9000};
    struct limits l;

    (void)state;
    limits_from_settings(&s, &l);
    assert_int_equal(limits_above_ceiling(&s, &l), LIMIT_CPU); /* no limit is above any */
    limits_lower_to_ceiling(&s, &l);
    assert_int_equal(limits_above_ceiling(&s, &l), LIMITS);
    assert_int_equal(l.max[LIMIT_CPU], 2000);
    assert_int_equal(l.max[LIMIT_FILES], 100);
    assert_int_equal(l.max[LIMIT_LOG], 9000);
    l.max[LIMIT_FILES] = 101;
    assert_int_equal(limits_above_ceiling(&s, &l), LIMIT_FILES);
}

static void a_workers_options_go_before_presets_and_below_ceilings(void **state)
{
    struct settings s = {.timeout_ms = 5000, .timeout_max_ms = 60000, .limit_files = 50, .limit_memory_max = 1 << 22};
    struct worker_options o;
    struct error err = {0};
    struct job job = {0};

    (void)state;
    assert_int_equal(worker_options_parse(NULL, &o, &err), 0);
    worker_options_preset(&o, &s, &job);
    assert_true(job.timeout_ms == 5000 && job.limits.max[LIMIT_FILES] == 50 && job.on_lost == ON_LOST_FAIL);
    assert_int_equal(job.limits.max[LIMIT_MEMORY], 1 << 22);
    assert_int_equal(
        worker_options_parse("{\"timeout\":0,\"limits\":{\"files\":0,\"memory\":9999999999},\"detach\":true,"
                             "\"on_lost\":\"requeue\",\"user\":\"alice\"}",
                             &o, &err),
        0);
    assert_true(o.detach);
    assert_string_equal(o.user, "alice");
    worker_options_preset(&o, &s, &job);
    assert_int_equal(job.timeout_ms, 60000); /* none is more than the ceiling */
    assert_int_equal(job.limits.max[LIMIT_FILES], 0);
    assert_int_equal(job.limits.max[LIMIT_MEMORY], 1 << 22);
    assert_int_equal(job.on_lost, ON_LOST_REQUEUE);
}

static void a_worker_says_where_its_jobs_wait(void **state)
{
    struct settings s = {0};
    struct worker_options o;
    struct error err = {0};
    struct job job = {.queue = "before", .slots = 9, .max_active = 9};

    (void)state;
    assert_int_equal(worker_options_parse("{\"queue\":\"q\",\"slots\":2,\"max_active\":3}", &o, &err), 0);
    worker_options_preset(&o, &s, &job);
    assert_string_equal(job.queue, "q");
    assert_true(job.slots == 2 && job.max_active == 3);
    assert_int_equal(worker_options_parse("{\"singleton\":true}", &o, &err), 0);
    worker_options_preset(&o, &s, &job);
    assert_true(job.queue[0] == '\0' && job.slots == 1 && job.max_active == 1);
    assert_int_equal(worker_options_parse("{\"retries\":{\"limit\":3},\"no_retry\":65}", &o, &err), 0);
    assert_true(o.has_retries && o.retries.limit == 3 && o.no_retry == 65);
    assert_int_equal(worker_options_parse("{\"singleton\":false}", &o, &err), 0);
    worker_options_preset(&o, &s, &job);
    assert_int_equal(job.max_active, 0);
}

static void assert_keeps(const char *options, const struct settings *s, int64_t days, int64_t jobs, bool is_swept)
{
    struct worker_options o;
    struct worker_keeps keeps;
    struct error err = {0};
    struct job job = {0};

    assert_int_equal(worker_options_parse(options, &o, &err), 0);
    keeps = worker_options_keeps(&o, s);
    assert_int_equal(keeps.days, days);
    assert_int_equal(keeps.jobs, jobs);
    worker_options_preset(&o, s, &job);
    assert_int_equal(job.is_swept, is_swept);
}

static void a_worker_says_how_long_its_jobs_are_kept(void **state)
{
    struct settings none = {0}, some = {.keep_days = 30, .keep_jobs = 100}, all = {.keep_jobs_all = 1000};

    (void)state;
    assert_keeps(NULL, &none, 0, 0, false);
    assert_keeps("{}", &some, 30, 100, true);
    assert_keeps(NULL, &all, 0, 0, true);
    assert_keeps("{\"keep_days\":7}", &none, 7, 0, true);
    assert_keeps("{\"keep_jobs\":5}", &some, 30, 5, true);
    assert_keeps("{\"keep_days\":0,\"keep_jobs\":0}", &some, 0, 0, false);
    assert_keeps("{\"keep_days\":0,\"keep_jobs\":0}", &all, 0, 0, true);
}

static void wrong_options_are_refused(void **state)
{
    static const char *const wrong[] = {
        "[]",
        "{\"colour\":1}",
        "{\"timeout\":\"1\"}",
        "{\"timeout\":-1}",
        "{\"timeout\":31536001}",
        "{\"limits\":{\"x\":1}}",
        "{\"limits\":[]}",
        "{\"detach\":1}",
        "{\"on_lost\":\"later\"}",
        "{\"on_lost\":null}",
        "{\"queue\":\"\"}",
        "{\"queue\":null}",
        "{\"slots\":0}",
        "{\"slots\":1.5}",
        "{\"max_active\":0}",
        "{\"singleton\":1}",
        "{\"retries\":null}",
        "{\"retries\":{\"limit\":-1}}",
        "{\"no_retry\":0}",
        "{\"no_retry\":256}",
        "{\"keep_days\":-1}",
        "{\"keep_days\":0.5}",
        "{\"keep_days\":36501}",
        "{\"keep_jobs\":\"10\"}",
        "{\"keep_jobs\":1000000001}",
        "{\"user\":\"\"}",
        "{\"user\":\"a b\"}",
        "{\"user\":7}",
        "{\"user\":\"a23456789012345678901234567890123\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct worker_options o;
        struct error err = {0};

        assert_int_equal(worker_options_parse(wrong[i], &o, &err), -1);
        assert_int_equal(err.status, 422);
        assert_string_equal(err.code, "worker_options");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_read_over_those_that_are_there),
        cmocka_unit_test(a_wrong_limit_is_named),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(nothing_goes_above_a_ceiling),
        cmocka_unit_test(a_workers_options_go_before_presets_and_below_ceilings),
        cmocka_unit_test(a_worker_says_where_its_jobs_wait),
        cmocka_unit_test(a_worker_says_how_long_its_jobs_are_kept),
        cmocka_unit_test(wrong_options_are_refused),
    };

    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
