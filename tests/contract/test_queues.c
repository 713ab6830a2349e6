/* The store's contract of queues and of the lines in which jobs wait (lib/store/store.h). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "fixture.h"
#include "store/store.h"

/* What a test says of a job; the rest is the same for all. */
struct wish {
    const char *queue, *worker;
    int slots, priority, max_active;
    enum job_waiting waiting;
    int64_t since_ms, due_ms;
};

static void put_job(struct store *db, int n, struct wish wish, struct job *out)
{
    unsigned char random[10] = {(unsigned char)(n >> 8), (unsigned char)n};
    struct error err = {0};

    *out = (struct job){.state = JOB_IDLE, .percent = -1, .exit_code = -1, .created_ms = 1000};
    ulid_make(1000, random, out->id);
    snprintf(out->worker, sizeof out->worker, "%s", wish.worker ? wish.worker : "W");
    snprintf(out->queue, sizeof out->queue, "%s", wish.queue ? wish.queue : "");
    out->slots = wish.slots ? wish.slots : 1;
    out->priority = wish.priority;
    out->max_active = wish.max_active;
    out->waiting = wish.waiting;
    out->waiting_since_ms = wish.since_ms;
    out->due_ms = wish.due_ms;
    out->parameters = strdup("{}");
    assert_int_equal(store_job_insert(db, out, &err), 0);
}

static void put_queue(struct store *db, const char *name, int slots, bool paused)
{
    struct queue queue = {.slots = slots, .paused = paused, .created_ms = 7}, there;
    struct error err = {0};
    bool found;

    snprintf(queue.name, sizeof queue.name, "%s", name);
    assert_int_equal(store_queue_get(db, name, &there, &found, &err), 0);
    assert_int_equal(store_queue_put(db, &queue, !found, &err), 0);
}

static struct queue get_queue(struct store *db, const char *name)
{
    struct error err = {0};
    struct queue queue;
    bool found;

    assert_int_equal(store_queue_get(db, name, &queue, &found, &err), 0);
    assert_true(found);
    return queue;
}

/* 0, or the status of the refusal; then nothing of it stays. */
static int move(struct store *db, struct job *job, enum job_state to, const char *code)
{
    enum job_state from = job->state;
    struct error err = {0};

    job->state = to;
    job->held = to == JOB_ACTIVE;
    job->waiting = WAITING_NOT;
    assert_int_equal(store_begin(db, &err), 0);
    if (store_job_update(db, job, from, &err) == 0) {
        assert_null(code);
        assert_int_equal(store_commit(db, &err), 0);
        return 0;
    }
    store_rollback(db);
    job->state = from;
    assert_non_null(code);
    assert_string_equal(err.code, code);
    return err.status;
}

static void assert_first(struct store *db, const char *queue, const struct job *expected)
{
    struct error err = {0};
    char id[ULID_SIZE];

    assert_int_equal(store_line_first(db, queue, id, &err), 0);
    assert_string_equal(id, expected ? expected->id : "");
}

static void a_queue_comes_back_as_it_was_put(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct queue queue;
    bool found;

    assert_int_equal(store_queue_get(db, "q", &queue, &found, &err), 0);
    assert_false(found);
    put_queue(db, "q", 3, true);
    queue = get_queue(db, "q");
    assert_string_equal(queue.name, "q");
    assert_true(queue.slots == 3 && queue.used == 0 && queue.paused && queue.created_ms == 7);
    put_queue(db, "q", 0, false);
    queue = get_queue(db, "q");
    assert_true(queue.slots == 0 && !queue.paused && queue.created_ms == 7);
    assert_int_equal(store_queue_delete(db, "q", &err), 0);
    assert_int_equal(store_queue_delete(db, "q", &err), -1);
    assert_string_equal(err.code, "queue_unknown");
}

static int add_name(const struct queue *queue, void *context)
{
    strcat(context, queue->name);
    return 0;
}

static void queues_are_listed_by_name_from_any_place(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    char names[64] = "";
    int64_t count;

    put_queue(db, "c", 1, false);
    put_queue(db, "a", 1, false);
    put_queue(db, "b", 1, false);
    assert_int_equal(store_queue_each(db, NULL, 2, add_name, names, &err), 0);
    assert_string_equal(names, "ab");
    names[0] = '\0';
    assert_int_equal(store_queue_each(db, "b", 9, add_name, names, &err), 0);
    assert_string_equal(names, "c");
    assert_int_equal(store_queue_count(db, &count, &err), 0);
    assert_int_equal(count, 3);
}

static void where_a_job_waits_is_kept(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job put, got;
    struct job_peek peek;

    put_job(db, 1,
            (struct wish){.queue = "q",
                          .slots = 3,
                          .priority = -4,
                          .max_active = 5,
                          .waiting = WAITING_TIME,
                          .since_ms = 6,
                          .due_ms = 7},
            &put);
    assert_int_equal(store_job_get(db, put.id, &got, &err), 0);
    assert_string_equal(got.queue, "q");
    assert_true(got.slots == 3 && got.priority == -4 && got.max_active == 5 && got.waiting == WAITING_TIME);
    assert_true(got.waiting_since_ms == 6 && got.due_ms == 7);
    got.waiting = WAITING_SLOT;
    got.waiting_since_ms = 8;
    got.due_ms = 0;
    job_clear(&put);
    assert_int_equal(store_job_update(db, &got, JOB_IDLE, &err), 0);
    assert_int_equal(store_job_get(db, got.id, &put, &err), 0);
    assert_true(put.waiting == WAITING_SLOT && put.waiting_since_ms == 8 && put.due_ms == 0);
    assert_int_equal(store_job_peek(db, got.id, &peek, &err), 0);
    assert_int_equal(peek.waiting, WAITING_SLOT);
    job_clear(&put);
    job_clear(&got);
}

static void slots_are_taken_and_given_with_the_state(void **state)
{
    struct store *db = db_of(state);
    struct job a, b, c;

    put_queue(db, "q", 3, false);
    put_job(db, 1, (struct wish){.queue = "q", .slots = 2}, &a);
    put_job(db, 2, (struct wish){.queue = "q", .slots = 2}, &b);
    put_job(db, 3, (struct wish){.queue = "q"}, &c);
    assert_int_equal(move(db, &a, JOB_ACTIVE, NULL), 0);
    assert_int_equal(get_queue(db, "q").used, 2);
    assert_int_equal(move(db, &b, JOB_ACTIVE, "queue_full"), 409);
    assert_int_equal(get_queue(db, "q").used, 2);
    assert_int_equal(move(db, &c, JOB_ACTIVE, NULL), 0);
    assert_int_equal(get_queue(db, "q").used, 3);
    assert_int_equal(move(db, &a, JOB_ERROR, NULL), 0);
    assert_int_equal(get_queue(db, "q").used, 1);
    assert_int_equal(move(db, &b, JOB_ACTIVE, NULL), 0);
    assert_int_equal(move(db, &b, JOB_STOP, NULL), 0);
    assert_int_equal(move(db, &c, JOB_DONE, NULL), 0);
    assert_int_equal(get_queue(db, "q").used, 0);
    job_clear(&a);
    job_clear(&b);
    job_clear(&c);
}

static void a_job_that_moves_without_being_active_takes_no_slot(void **state)
{
    struct store *db = db_of(state);
    struct job a;

    put_queue(db, "q", 3, false);
    put_job(db, 1, (struct wish){.queue = "q"}, &a);
    assert_int_equal(move(db, &a, JOB_STOP, NULL), 0);
    assert_int_equal(get_queue(db, "q").used, 0);
    job_clear(&a);
}

static void there_is_no_room_in_what_is_paused_or_gone(void **state)
{
    struct store *db = db_of(state);
    struct job a;

    put_queue(db, "q", 3, true);
    put_job(db, 1, (struct wish){.queue = "q"}, &a);
    assert_int_equal(move(db, &a, JOB_ACTIVE, "queue_full"), 409);
    put_queue(db, "q", 3, false);
    assert_int_equal(move(db, &a, JOB_ACTIVE, NULL), 0);
    job_clear(&a);
    put_job(db, 2, (struct wish){.queue = "none"}, &a);
    assert_int_equal(move(db, &a, JOB_ACTIVE, "queue_unknown"), 409);
    job_clear(&a);
}

static void room_is_what_the_claim_says_too(void **state)
{
    struct queue free = {.slots = 0, .used = 100}, some = {.slots = 3, .used = 2}, empty = {.slots = 3};

    (void)state;
    assert_true(queue_has_room(&free, 50));
    assert_true(queue_has_room(&some, 1));
    assert_false(queue_has_room(&some, 2));
    assert_true(queue_has_room(&empty, 5)); /* alone */
    empty.paused = true;
    assert_false(queue_has_room(&empty, 1));
}

static void as_many_jobs_of_a_worker_become_active_as_may(void **state)
{
    struct store *db = db_of(state);
    struct job a, b, other;

    put_job(db, 1, (struct wish){.max_active = 1}, &a);
    put_job(db, 2, (struct wish){.max_active = 1}, &b);
    put_job(db, 3, (struct wish){.max_active = 1, .worker = "Other"}, &other);
    assert_int_equal(move(db, &a, JOB_ACTIVE, NULL), 0);
    assert_int_equal(move(db, &b, JOB_ACTIVE, "worker_full"), 409);
    assert_int_equal(move(db, &other, JOB_ACTIVE, NULL), 0);
    assert_int_equal(move(db, &a, JOB_DONE, NULL), 0);
    assert_int_equal(move(db, &b, JOB_ACTIVE, NULL), 0);
    job_clear(&a);
    job_clear(&b);
    job_clear(&other);
}

static void a_line_is_in_order_of_priority_and_then_of_arrival(void **state)
{
    static const struct {
        int priority, since;
    } arrivals[] = {{0, 20}, {0, 10}, {5, 30}, {-5, 1}, {5, 30}};
    static const int order[] = {2, 4, 1, 0, 3};
    struct store *db = db_of(state);
    struct error err = {0};
    struct job jobs[5];
    int64_t position;

    put_queue(db, "q", 1, false);
    put_queue(db, "other", 1, false);
    for (int n = 0; n < 5; n++)
        put_job(db, n,
                (struct wish){.queue = "q",
                              .priority = arrivals[n].priority,
                              .waiting = WAITING_SLOT,
                              .since_ms = arrivals[n].since},
                &jobs[n]);
    assert_first(db, "other", NULL);
    for (int n = 0; n < 5; n++) {
        struct job *next = &jobs[order[n]];

        for (int m = n; m < 5; m++) {
            assert_int_equal(store_line_position(db, &jobs[order[m]], &position, &err), 0);
            assert_int_equal(position, m - n + 1);
        }
        assert_first(db, "q", next);
        assert_int_equal(move(db, next, JOB_ACTIVE, NULL), 0);
        assert_first(db, "q", NULL); /* there is no room */
        assert_int_equal(store_line_position(db, next, &position, &err), 0);
        assert_int_equal(position, 0);
        assert_int_equal(move(db, next, JOB_DONE, NULL), 0);
        job_clear(next);
    }
}

static void nobody_passes_the_first(void **state)
{
    struct store *db = db_of(state);
    struct job active, large, small;
    struct error err = {0};
    int64_t length;

    put_queue(db, "q", 3, false);
    put_job(db, 1, (struct wish){.queue = "q"}, &active);
    put_job(db, 2, (struct wish){.queue = "q", .slots = 3, .waiting = WAITING_SLOT, .since_ms = 1}, &large);
    put_job(db, 3, (struct wish){.queue = "q", .waiting = WAITING_SLOT, .since_ms = 2}, &small);
    assert_first(db, "q", &large);
    assert_int_equal(move(db, &active, JOB_ACTIVE, NULL), 0);
    assert_first(db, "q", NULL);
    assert_int_equal(store_queue_length(db, "q", &length, &err), 0);
    assert_int_equal(length, 2);
    assert_int_equal(store_job_delete(db, &large, &err), 0);
    assert_first(db, "q", &small);
    job_clear(&active);
    job_clear(&large);
    job_clear(&small);
}

static void who_waits_for_a_worker_is_found_by_its_name(void **state)
{
    struct store *db = db_of(state);
    char id[ULID_SIZE], worker[JOB_WORKER_SIZE] = "";
    struct job jobs[4];
    struct error err = {0};
    int64_t count, position;

    put_job(db, 0, (struct wish){.worker = "A", .waiting = WAITING_WORKER, .since_ms = 2}, &jobs[0]);
    put_job(db, 1, (struct wish){.worker = "A", .waiting = WAITING_WORKER, .since_ms = 1}, &jobs[1]);
    put_job(db, 2, (struct wish){.worker = "A", .waiting = WAITING_SLOT, .queue = "q"}, &jobs[2]);
    put_job(db, 3, (struct wish){.worker = "B", .waiting = WAITING_WORKER}, &jobs[3]);
    assert_int_equal(store_gate_first(db, "A", id, &err), 0);
    assert_string_equal(id, jobs[1].id);
    assert_int_equal(store_gate_first(db, "C", id, &err), 0);
    assert_string_equal(id, "");
    assert_int_equal(store_line_position(db, &jobs[0], &position, &err), 0);
    assert_int_equal(position, 2);
    assert_int_equal(store_gate_count(db, "A", &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(move(db, &jobs[0], JOB_ACTIVE, NULL), 0);
    assert_int_equal(store_gate_count(db, "A", &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_gate_next(db, worker, worker, &err), 0);
    assert_string_equal(worker, "A");
    assert_int_equal(store_gate_next(db, worker, worker, &err), 0);
    assert_string_equal(worker, "B");
    assert_int_equal(store_gate_next(db, worker, worker, &err), 0);
    assert_string_equal(worker, "");
    for (int n = 0; n < 4; n++)
        job_clear(&jobs[n]);
}

static void the_earliest_is_due_first(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job late, early, never;
    char id[ULID_SIZE];
    int64_t due_ms;

    assert_int_equal(store_due_first(db, id, &due_ms, &err), 0);
    assert_true(id[0] == '\0' && due_ms == 0);
    put_job(db, 1, (struct wish){.waiting = WAITING_TIME, .due_ms = 20}, &late);
    put_job(db, 2, (struct wish){.waiting = WAITING_RETRY, .due_ms = 10}, &early);
    put_job(db, 3, (struct wish){0}, &never);
    assert_int_equal(store_due_first(db, id, &due_ms, &err), 0);
    assert_string_equal(id, early.id);
    assert_int_equal(due_ms, 10);
    job_clear(&late);
    job_clear(&early);
    job_clear(&never);
}

static void a_queue_is_not_deleted_under_its_jobs(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;

    put_queue(db, "q", 1, false);
    put_job(db, 1, (struct wish){.queue = "q", .waiting = WAITING_SLOT}, &job);
    assert_int_equal(store_queue_delete(db, "q", &err), -1);
    assert_string_equal(err.code, "queue_busy");
    assert_int_equal(move(db, &job, JOB_ACTIVE, NULL), 0);
    assert_int_equal(store_queue_delete(db, "q", &err), -1);
    assert_string_equal(err.code, "queue_busy");
    assert_int_equal(move(db, &job, JOB_DONE, NULL), 0);
    assert_int_equal(store_queue_delete(db, "q", &err), 0);
    job_clear(&job);
}

static void link_to(struct job *job, const struct job *earlier, enum chain_condition awaits)
{
    job->after = realloc(job->after, (job->after_count + 1) * sizeof *job->after);
    assert_non_null(job->after);
    job->after[job->after_count] = (struct after){.awaits = awaits};
    strcpy(job->after[job->after_count++].name, earlier->id);
}

struct letters {
    const struct job *jobs;
    char text[16];
};

static int add_letter(int64_t number, const char *id, void *context)
{
    struct letters *seen = context;
    char letter[2] = {0};

    for (int n = 0; n < 4; n++) {
        if (seen->jobs[n].number == number && strcmp(seen->jobs[n].id, id) == 0)
            letter[0] = (char)('0' + n);
    }
    strcat(seen->text, letter);
    return 0;
}

static void who_comes_after_whom_is_kept_with_how_it_ended(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job jobs[4], got = {0};
    struct letters seen = {.jobs = jobs};
    char id[ULID_SIZE];
    int64_t number;

    for (int n = 0; n < 4; n++)
        put_job(db, n, (struct wish){.waiting = n > 1 ? WAITING_JOBS : WAITING_NOT}, &jobs[n]);
    assert_int_equal(move(db, &jobs[0], JOB_ACTIVE, NULL), 0);
    assert_int_equal(move(db, &jobs[0], JOB_ERROR, NULL), 0); /* before anybody comes after it */
    link_to(&jobs[2], &jobs[0], CHAIN_ERROR);
    link_to(&jobs[2], &jobs[1], CHAIN_DONE);
    link_to(&jobs[3], &jobs[1], CHAIN_ENDED);
    for (int n = 2; n < 4; n++)
        assert_int_equal(store_after_put(db, &jobs[n], &err), 0);
    assert_int_equal(store_job_get(db, jobs[2].id, &got, &err), 0);
    assert_int_equal(got.chain, CHAIN_COMES_AFTER);
    assert_int_equal(store_after_get(db, &got, &err), 0);
    assert_int_equal(got.after_count, 2);
    assert_string_equal(got.after[0].name, jobs[0].id);
    assert_true(got.after[0].awaits == CHAIN_ERROR && got.after[0].outcome == JOB_ERROR);
    assert_true(got.after[1].awaits == CHAIN_DONE && got.after[1].outcome == 0);
    job_clear(&got);
    assert_int_equal(store_follower_each(db, jobs[1].number, 0, 9, add_letter, &seen, &err), 0);
    assert_string_equal(seen.text, "23");
    assert_int_equal(store_chain_next(db, 0, &number, id, &err), 0);
    assert_string_equal(id, jobs[2].id);
    assert_int_equal(store_chain_next(db, number, &number, id, &err), 0);
    assert_string_equal(id, "");
    /* Its end is told to both, and stays when it is deleted. */
    job_clear(&jobs[1]);
    assert_int_equal(store_job_get(db, jobs[2].after[1].name, &jobs[1], &err), 0);
    assert_int_equal(jobs[1].chain, CHAIN_IS_FOLLOWED);
    assert_int_equal(move(db, &jobs[1], JOB_ACTIVE, NULL), 0);
    assert_int_equal(move(db, &jobs[1], JOB_DONE, NULL), 0);
    assert_int_equal(store_job_delete(db, &jobs[1], &err), 0);
    for (int n = 2; n < 4; n++) {
        assert_int_equal(store_job_get(db, jobs[n].id, &got, &err), 0);
        assert_int_equal(store_after_get(db, &got, &err), 0);
        assert_int_equal(got.after[got.after_count - 1].outcome, JOB_DONE);
        assert_int_equal(store_job_delete(db, &got, &err), 0);
        job_clear(&got);
    }
    for (int n = 0; n < 4; n++)
        job_clear(&jobs[n]);
}

static void nobody_comes_after_one_that_is_not_there(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, other = {.id = "01M86EA05QK06D5MRW8NYDB81Q"};

    put_job(db, 1, (struct wish){.waiting = WAITING_JOBS}, &job);
    link_to(&job, &other, CHAIN_DONE);
    assert_int_equal(store_after_put(db, &job, &err), -1);
    assert_string_equal(err.code, "job_unknown");
    job_clear(&job);
}

static void what_waits_for_others_is_not_due(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    char id[ULID_SIZE];
    int64_t due_ms;

    put_job(db, 1, (struct wish){.waiting = WAITING_JOBS, .due_ms = 5}, &job);
    assert_int_equal(store_due_first(db, id, &due_ms, &err), 0);
    assert_string_equal(id, "");
    job_clear(&job);
}

/* Claims the first until none waits, as many do at once. Exit status: how many it had; 255: something was wrong. */
static void claim_all(const struct settings *settings)
{
    struct error err = {0};
    struct store *db = store_open(settings, &err);
    int claimed = 0;

    while (db) {
        struct job job = {0};
        char id[ULID_SIZE];

        if (store_begin(db, &err) < 0 || store_line_first(db, "q", id, &err) < 0)
            break;
        if (!id[0] || store_job_get(db, id, &job, &err) < 0)
            _exit(err.status ? 255 : claimed);
        job.state = JOB_ACTIVE;
        job.held = true;
        job.waiting = WAITING_NOT;
        if (store_job_update(db, &job, JOB_IDLE, &err) < 0 || store_commit(db, &err) < 0)
            break;
        claimed++;
        job_clear(&job);
    }
    _exit(255);
}

static void of_many_who_claim_each_slot_goes_to_one(void **state)
{
    enum { CLAIMERS = 6, JOBS = 100, SLOTS = 37 };
    struct fixture *f = *state;
    pid_t claimers[CLAIMERS];
    struct error err = {0};
    struct job job;
    int claimed = 0;

    assert_int_equal(store_begin(f->db, &err), 0);
    put_queue(f->db, "q", SLOTS, false);
    for (int n = 0; n < JOBS; n++) {
        put_job(f->db, n, (struct wish){.queue = "q", .waiting = WAITING_SLOT, .since_ms = n}, &job);
        job_clear(&job);
    }
    assert_int_equal(store_commit(f->db, &err), 0);
    for (int n = 0; n < CLAIMERS; n++) {
        claimers[n] = fork();
        if (claimers[n] == 0)
            claim_all(&f->settings);
    }
    for (int n = 0; n < CLAIMERS; n++) {
        int status;

        assert_int_equal(waitpid(claimers[n], &status, 0), claimers[n]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        claimed += WEXITSTATUS(status);
    }
    store_refresh(f->db);
    assert_int_equal(claimed, SLOTS);
    assert_int_equal(get_queue(f->db, "q").used, SLOTS);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_queue_comes_back_as_it_was_put),
        TEST(queues_are_listed_by_name_from_any_place),
        TEST(where_a_job_waits_is_kept),
        TEST(slots_are_taken_and_given_with_the_state),
        TEST(a_job_that_moves_without_being_active_takes_no_slot),
        TEST(there_is_no_room_in_what_is_paused_or_gone),
        TEST(room_is_what_the_claim_says_too),
        TEST(as_many_jobs_of_a_worker_become_active_as_may),
        TEST(a_line_is_in_order_of_priority_and_then_of_arrival),
        TEST(nobody_passes_the_first),
        TEST(who_waits_for_a_worker_is_found_by_its_name),
        TEST(the_earliest_is_due_first),
        TEST(a_queue_is_not_deleted_under_its_jobs),
        TEST(who_comes_after_whom_is_kept_with_how_it_ended),
        TEST(nobody_comes_after_one_that_is_not_there),
        TEST(what_waits_for_others_is_not_due),
        TEST(of_many_who_claim_each_slot_goes_to_one),
    };

    return cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
