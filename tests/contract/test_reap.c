/* What is told of a job whose runner is gone, to whom began to look before others had looked after it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/utsname.h>

#include "engine/engine.h"
#include "engine/lease.h"
#include "fixture.h"

static const char ID[] = "01M86EA05QK06D5MRW8NYDB81A";

static void insert_active_job(struct store *db)
{
    struct job job = {.state = JOB_ACTIVE, .held = true, .attempt = 1, .slots = 1, .parameters = strdup("{}")};
    struct error err = {0};
    struct utsname host;

    uname(&host);
    strcpy(job.id, ID);
    strcpy(job.worker, "W");
    snprintf(job.host, sizeof job.host, "%s", host.nodename);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_job_insert(db, &job, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    job_clear(&job);
}

static enum job_state state_of(const struct store *db)
{
    struct error err = {0};
    struct job_peek job;

    assert_int_equal(store_job_peek(db, ID, &job, &err), 0);
    return job.state;
}

static void who_came_second_to_look_after_a_job_is_not_taken_for_its_runner(void **state)
{
    struct fixture *f = *state;
    struct engine e = {.settings = &f->settings, .store = f->db, .app_folder = f->folder};
    struct error err = {0};
    int lock;

    insert_active_job(f->db);
    store_close(f->db);
    e.store = f->db = open_another(state);
    assert_int_equal(state_of(f->db), JOB_ACTIVE);               /* from here on it has a view of that moment */
    change_by_hand(f, "UPDATE job SET state = 4, held = 0");     /* by the first, who has removed its lock too */
    assert_int_equal(lease_take(f->folder, ID, &lock, &err), 0); /* by the second */
    assert_int_equal(engine_reap_job(&e, ID, &err), 0);
    assert_int_equal(state_of(f->db), JOB_ERROR);
    lease_drop(f->folder, ID, lock);
}

static void who_starts_a_job_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    struct engine e = {.settings = &f->settings, .store = f->db, .app_folder = f->folder};
    struct error err = {0};
    int lock;

    insert_active_job(f->db);
    assert_int_equal(lease_take(f->folder, ID, &lock, &err), 0);
    assert_int_equal(engine_reap_job(&e, ID, &err), 0);
    assert_int_equal(state_of(f->db), JOB_ACTIVE);
    lease_drop(f->folder, ID, lock);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_came_second_to_look_after_a_job_is_not_taken_for_its_runner),
        TEST(who_starts_a_job_is_not_waited_for),
    };

    return cmocka_run_group_tests_name("reap", tests, NULL, NULL);
}
