/* What the store promises of schedules. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "fixture.h"
#include "store/schedules.h"

static const char *const ids[] = {"01M86EA05QK06D5MRW8NYDB81A", "01M86EA05QK06D5MRW8NYDB81B",
                                  "01M86EA05QK06D5MRW8NYDB81C"};

static struct schedule an_example(const char *id, const char *worker)
{
    struct schedule s = {.cron = "30 2 * * 1-5",
                         .zone = "Europe/Vienna",
                         .name = strdup("nightly"),
                         .wish = strdup("{\"worker\":\"W\"}"),
                         .enabled = true,
                         .overlap = OVERLAP_QUEUE,
                         .catch_up = CATCH_UP_ALL,
                         .window_ms = 5000,
                         .jitter_ms = 700,
                         .next_ms = 1000,
                         .due_ms = 1001,
                         .queued = {11, 12},
                         .queued_count = 2,
                         .ran_ms = 900,
                         .job = "01M86EA05QK06D5MRW8NYDB81J",
                         .skipped_ms = 800,
                         .created_ms = 100,
                         .changed_ms = 200,
                         .creator = "alice",
                         .changer = "bob"};

    strcpy(s.id, id);
    strcpy(s.worker, worker);
    return s;
}

static void insert(struct store *db, struct schedule *s)
{
    struct error err = {0};

    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_schedule_insert(db, s, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
}

static void assert_same(const struct schedule *a, const struct schedule *b)
{
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->worker, b->worker);
    assert_string_equal(a->cron, b->cron);
    assert_string_equal(a->zone, b->zone);
    assert_string_equal(a->wish, b->wish);
    assert_string_equal(a->job, b->job);
    assert_string_equal(a->creator, b->creator);
    assert_string_equal(a->changer, b->changer);
    assert_true(a->enabled == b->enabled && a->overlap == b->overlap && a->catch_up == b->catch_up);
    assert_true(a->window_ms == b->window_ms && a->jitter_ms == b->jitter_ms);
    assert_true(a->next_ms == b->next_ms && a->due_ms == b->due_ms && a->turn == b->turn);
    assert_true(a->ran_ms == b->ran_ms && a->skipped_ms == b->skipped_ms);
    assert_true(a->created_ms == b->created_ms && a->changed_ms == b->changed_ms);
    assert_int_equal(a->queued_count, b->queued_count);
    assert_memory_equal(a->queued, b->queued, (size_t)a->queued_count * sizeof a->queued[0]);
}

static void a_schedule_is_kept_as_it_was(void **state)
{
    struct store *db = db_of(state);
    struct schedule s = an_example(ids[0], "W"), back = {0};
    struct error err = {0};

    insert(db, &s);
    assert_int_equal(store_schedule_get(db, ids[0], NULL, &back, &err), 0);
    assert_same(&s, &back);
    schedule_clear(&back);
    assert_int_equal(store_schedule_get(db, ids[1], NULL, &back, &err), -1);
    assert_string_equal(err.code, "schedule_unknown");
    schedule_clear(&s);
}

static void of_two_that_change_it_at_one_turn_one_loses(void **state)
{
    struct store *db = db_of(state);
    struct schedule s = an_example(ids[0], "W"), mine = {0}, yours = {0};
    struct error err = {0};

    insert(db, &s);
    assert_int_equal(store_schedule_get(db, ids[0], NULL, &mine, &err), 0);
    assert_int_equal(store_schedule_get(db, ids[0], NULL, &yours, &err), 0);
    assert_int_equal(store_begin(db, &err), 0);
    mine.next_ms = 2000;
    assert_int_equal(store_schedule_update(db, &mine, &err), 0);
    assert_int_equal(mine.turn, 1);
    yours.next_ms = 3000;
    assert_int_equal(store_schedule_update(db, &yours, &err), -1);
    assert_int_equal(err.status, 409);
    assert_string_equal(err.code, "schedule_moved");
    assert_int_equal(store_commit(db, &err), 0);
    schedule_clear(&yours);
    assert_int_equal(store_schedule_get(db, ids[0], NULL, &yours, &err), 0);
    assert_same(&mine, &yours);
    schedule_clear(&s);
    schedule_clear(&mine);
    schedule_clear(&yours);
}

static int gather(const struct schedule *s, void *context)
{
    strcat(context, s->id + 25);
    return 0;
}

static void lists_hold_what_a_grant_allows(void **state)
{
    struct store *db = db_of(state);
    struct grant grant = {.limited = true, .workers = "V W"};
    struct error err = {0};
    int64_t count;

    for (int i = 0; i < 3; i++) {
        struct schedule s = an_example(ids[i], i == 1 ? "Other" : "W");

        insert(db, &s);
        schedule_clear(&s);
    }
    for (int limited = 0; limited < 2; limited++) {
        char found[8] = "", second[8] = "";
        struct schedule s = {0};

        assert_int_equal(store_schedule_each(db, limited ? &grant : NULL, NULL, 10, gather, found, &err), 0);
        assert_string_equal(found, limited ? "AC" : "ABC");
        assert_int_equal(store_schedule_each(db, limited ? &grant : NULL, ids[0], 1, gather, second, &err), 0);
        assert_string_equal(second, limited ? "C" : "B");
        assert_int_equal(store_schedule_count(db, limited ? &grant : NULL, &count, &err), 0);
        assert_int_equal(count, limited ? 2 : 3);
        assert_int_equal(store_schedule_get(db, ids[1], limited ? &grant : NULL, &s, &err), limited ? -1 : 0);
        schedule_clear(&s);
    }
}

static void the_earliest_is_found_and_those_that_queue(void **state)
{
    struct store *db = db_of(state);
    static const int64_t due[] = {3000, 0, 2000};
    struct error err = {0};
    char id[ULID_SIZE];
    int64_t due_ms;

    assert_int_equal(store_schedule_due_first(db, id, &due_ms, &err), 0);
    assert_true(id[0] == '\0' && due_ms == 0);
    for (int i = 0; i < 3; i++) {
        struct schedule s = an_example(ids[i], "W");

        s.due_ms = due[i];
        s.queued_count = i == 1 ? 0 : 1;
        insert(db, &s);
        schedule_clear(&s);
    }
    assert_int_equal(store_schedule_due_first(db, id, &due_ms, &err), 0);
    assert_string_equal(id, ids[2]);
    assert_int_equal(due_ms, 2000);
    assert_int_equal(store_schedule_queued_next(db, "", id, &err), 0);
    assert_string_equal(id, ids[0]);
    assert_int_equal(store_schedule_queued_next(db, id, id, &err), 0);
    assert_string_equal(id, ids[2]);
    assert_int_equal(store_schedule_queued_next(db, id, id, &err), 0);
    assert_string_equal(id, "");
}

static void insert_job(struct store *db, const char *id, const char *schedule, enum job_state job_state)
{
    struct job job = {.state = job_state, .worker = "W", .parameters = strdup("{}"), .slots = 1, .scheduled_ms = 77};
    struct error err = {0};

    strcpy(job.id, id);
    strcpy(job.schedule, schedule);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_job_insert(db, &job, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    job_clear(&job);
}

static void jobs_know_their_schedule(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job = {0};
    int64_t count;

    assert_int_equal(store_schedule_running(db, ids[0], &count, &err), 0);
    assert_int_equal(count, 0);
    insert_job(db, "01M86EA05QK06D5MRW8NYDB811", ids[0], JOB_DONE);
    insert_job(db, "01M86EA05QK06D5MRW8NYDB812", ids[1], JOB_ACTIVE);
    insert_job(db, "01M86EA05QK06D5MRW8NYDB813", ids[0], JOB_ACTIVE);
    assert_int_equal(store_schedule_running(db, ids[0], &count, &err), 0);
    assert_int_equal(count, 1);
    insert_job(db, "01M86EA05QK06D5MRW8NYDB814", ids[0], JOB_IDLE);
    insert_job(db, "01M86EA05QK06D5MRW8NYDB815", ids[0], JOB_IDLE);
    assert_int_equal(store_schedule_running(db, ids[0], &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_job_get(db, "01M86EA05QK06D5MRW8NYDB813", &job, &err), 0);
    assert_string_equal(job.schedule, ids[0]);
    assert_int_equal(job.scheduled_ms, 77);
    job_clear(&job);
}

static void starts_of_machines_are_remembered(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    char boot[MACHINE_BOOT_SIZE] = "x";
    struct schedule s, back = {0};
    int64_t count;

    assert_int_equal(store_machine_get(db, "a", boot, &err), 0);
    assert_string_equal(boot, "");
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_machine_put(db, "a", "boot 1", &err), 0);
    assert_int_equal(store_machine_put(db, "b", "boot 2", &err), 0);
    assert_int_equal(store_machine_put(db, "a", "boot 3", &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    assert_int_equal(store_machine_get(db, "a", boot, &err), 0);
    assert_string_equal(boot, "boot 3");
    assert_int_equal(store_machine_get(db, "b", boot, &err), 0);
    assert_string_equal(boot, "boot 2");

    for (int i = 0; i < 3; i++) {
        s = an_example(ids[i], "W");
        strcpy(s.cron, i == 0 ? "0 0 * * *" : "@reboot");
        s.enabled = i != 1;
        s.next_ms = s.due_ms = 0;
        insert(db, &s);
        schedule_clear(&s);
    }
    assert_int_equal(store_schedule_reboots(db, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_schedule_start_reboots(db, 5555, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_schedule_get(db, ids[i], NULL, &back, &err), 0);
        assert_int_equal(back.due_ms, i == 2 ? 5555 : 0);
        assert_int_equal(back.turn, i == 2);
        schedule_clear(&back);
    }
}

static void a_deleted_one_is_gone(void **state)
{
    struct store *db = db_of(state);
    struct schedule s = an_example(ids[0], "W");
    struct error err = {0};

    insert(db, &s);
    schedule_clear(&s);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_schedule_delete(db, ids[0], &err), 0);
    assert_int_equal(store_schedule_delete(db, ids[0], &err), -1);
    assert_string_equal(err.code, "schedule_unknown");
    assert_int_equal(store_commit(db, &err), 0);
    assert_int_equal(store_schedule_get(db, ids[0], NULL, &s, &err), -1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_schedule_is_kept_as_it_was),   TEST(of_two_that_change_it_at_one_turn_one_loses),
        TEST(lists_hold_what_a_grant_allows), TEST(the_earliest_is_found_and_those_that_queue),
        TEST(jobs_know_their_schedule),       TEST(starts_of_machines_are_remembered),
        TEST(a_deleted_one_is_gone),
    };

    return cmocka_run_group_tests_name("schedules", tests, NULL, NULL);
}
