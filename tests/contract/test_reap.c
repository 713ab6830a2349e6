/* What is told of a job whose runner is gone, to whom began to look before others had looked after it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/lease.h"
#include "fixture.h"

static const char ID[] = "01M86EA05QK06D5MRW8NYDB81A";

static void insert_job_on(struct store *db, const char *name, const char *suspicion)
{
    struct job job = {.state = JOB_ACTIVE, .held = true, .attempt = 1, .slots = 1, .parameters = strdup("{}")};
    struct error err = {0};

    strcpy(job.id, ID);
    strcpy(job.worker, "W");
    snprintf(job.host, sizeof job.host, "%s", name);
    job.suspicion = suspicion ? strdup(suspicion) : NULL;
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_job_insert(db, &job, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    job_clear(&job);
}

static void insert_active_job(struct store *db)
{
    struct utsname host;

    uname(&host);
    insert_job_on(db, host.nodename, NULL);
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

/* From a host that has not been heard of for long; `change`: what a third one did after that was seen. */
static enum job_state state_after_look(void **state, const char *change)
{
    struct fixture *f = *state;
    struct engine e = {.settings = &f->settings, .store = f->db, .app_folder = f->folder};
    char boot_id[CLOCK_BOOT_ID_SIZE], suspicion[128];
    struct error err = {0};

    f->settings.heartbeat_ms = 1000;
    clock_boot_id(boot_id);
    snprintf(suspicion, sizeof suspicion, "%s %lld 0", boot_id, (long long)clock_monotonic_ms() - 3000);
    insert_job_on(f->db, "elsewhere", suspicion);
    store_close(f->db);
    e.store = f->db = open_another(state);
    assert_int_equal(state_of(f->db), JOB_ACTIVE); /* from here on it has a view of that moment */
    if (change)
        change_by_hand(f, change);
    assert_int_equal(engine_reap_job(&e, ID, &err), 0);
    store_refresh(f->db);
    return state_of(f->db);
}

static void a_silent_host_has_lost_its_runner(void **state)
{
    assert_int_equal(state_after_look(state, NULL), JOB_ERROR);
}

static void an_attempt_that_a_third_host_began_is_not_ended(void **state)
{
    assert_int_equal(state_after_look(state, "UPDATE job SET attempt = 2, host = 'third'"), JOB_ACTIVE);
}

static void a_runner_that_has_said_something_after_all_is_not_ended(void **state)
{
    assert_int_equal(state_after_look(state, "UPDATE job SET report = 1"), JOB_ACTIVE);
}

/* Who finds no lock makes it anew, and a next attempt's files beside it. */
static void of_a_folder_the_lock_is_removed_last(void **state)
{
    struct fixture *f = *state;
    _Alignas(struct inotify_event) char events[16384];
    char folder[LEASE_PATH_SIZE], path[2 * LEASE_PATH_SIZE], last[256] = "";
    int lock, watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    struct error err = {0};
    ssize_t size;

    lease_folder(f->folder, ID, folder);
    for (int i = 0; i < 100; i++) {
        if (i == 50)
            assert_int_equal(lease_take(f->folder, ID, &lock, &err), 0);
        assert_int_equal(io_make_folders(folder, 0700), 0);
        snprintf(path, sizeof path, "%s/file-%d", folder, i);
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    assert_true(inotify_add_watch(watch, folder, IN_DELETE) >= 0);
    lease_remove_folder(f->folder, ID);
    while ((size = read(watch, events, sizeof events)) > 0) {
        const struct inotify_event *event;

        for (char *at = events; at < events + size; at += sizeof *event + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            if (event->len)
                snprintf(last, sizeof last, "%s", event->name);
        }
    }
    assert_string_equal(last, "lock");
    assert_false(lease_has_folder(f->folder, ID));
    close(lock);
    close(watch);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_came_second_to_look_after_a_job_is_not_taken_for_its_runner),
        TEST(who_starts_a_job_is_not_waited_for),
        TEST(a_silent_host_has_lost_its_runner),
        TEST(an_attempt_that_a_third_host_began_is_not_ended),
        TEST(a_runner_that_has_said_something_after_all_is_not_ended),
        TEST(of_a_folder_the_lock_is_removed_last),
    };

    return cmocka_run_group_tests_name("reap", tests, NULL, NULL);
}
