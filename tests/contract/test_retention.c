/* What the store promises of jobs that are not kept for ever (lib/store/retention.h). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "store/query.h"
#include "store/retention.h"

/* -- what tests put -- */

/* Ended at `ended_ms`; 0: it is idle. */
static void put_job(struct store *db, const char *worker, int n, int64_t ended_ms, struct job *out)
{
    unsigned char random[10] = {(unsigned char)(n >> 8), (unsigned char)n};
    struct error err = {0};

    *out = (struct job){.state = JOB_IDLE, .percent = -1, .exit_code = -1, .created_ms = 1000, .slots = 1};
    ulid_make(1000, random, out->id);
    strcpy(out->worker, worker);
    out->parameters = strdup("{}");
    assert_int_equal(store_job_insert(db, out, &err), 0);
    if (!ended_ms)
        return;
    out->state = JOB_DONE;
    out->stopped_ms = ended_ms;
    assert_int_equal(store_job_update(db, out, JOB_IDLE, &err), 0);
}

static void put_ended(struct store *db, const char *worker, int n, int64_t ended_ms)
{
    struct job job;

    put_job(db, worker, n, ended_ms, &job);
    job_clear(&job);
}

static void put_worker(struct store *db, const char *name, const char *options)
{
    struct worker w = {.kind = WORKER_SCRIPT, .description = strdup(""), .code = strdup("x"), .size = 1};
    struct error err = {0};

    strcpy(w.name, name);
    w.options = options ? strdup(options) : NULL;
    assert_int_equal(store_worker_put(db, &w, &err), 0);
    worker_clear(&w);
}

static void put_entries(struct store *db, struct job *job, enum entry_kind kind, int count, size_t size)
{
    char bytes[1024];
    struct error err = {0};

    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < count; i++) {
        struct entry e = {.stream = STREAM_STDOUT, .bytes = bytes, .size = size};

        assert_int_equal(store_entry_append(db, job, kind, &e, 1, &err), 0);
    }
    assert_int_equal(store_job_update(db, job, job->state, &err), 0);
}

/* -- what they see -- */

struct seen {
    char text[1024];
    int count, stop_after;
    struct ended_job last;
};

static int see_worker(const struct ended_worker *worker, void *context)
{
    struct seen *seen = context;

    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%s %lld %lld %s;", worker->name,
             (long long)worker->jobs, (long long)worker->oldest_ms, worker->options ? worker->options : "-");
    return ++seen->count == seen->stop_after;
}

static int see_job(const struct ended_job *job, void *context)
{
    struct seen *seen = context;

    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%lld%s;",
             (long long)job->ended_ms, job->needed ? " needed" : "");
    seen->last = *job;
    return ++seen->count == seen->stop_after;
}

static void assert_workers(struct store *db, bool optional, const char *after, int limit, const char *expected)
{
    struct seen seen = {0};
    struct error err = {0};

    store_refresh(db);
    assert_int_equal(store_ended_worker_each(db, optional, after, limit, see_worker, &seen, &err), 0);
    assert_string_equal(seen.text, expected);
}

static struct ended_job assert_jobs(struct store *db, const char *worker, const struct ended_job *after, int limit,
                                    const char *expected)
{
    struct seen seen = {0};
    struct error err = {0};

    store_refresh(db);
    assert_int_equal(store_ended_job_each(db, worker, after, limit, see_job, &seen, &err), 0);
    assert_string_equal(seen.text, expected);
    return seen.last;
}

static int delete_jobs(struct store *db, const int64_t *numbers, int count, bool entries_later)
{
    struct error err = {0};
    int gone = -1;

    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_ended_jobs_delete(db, numbers, count, entries_later, &gone, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    return gone;
}

static int delete_job(struct store *db, const struct ended_job *job, bool entries_later)
{
    return delete_jobs(db, &job->number, 1, entries_later);
}

static int see_entry(const struct entry *entry, void *context)
{
    (void)entry;
    ++*(int *)context;
    return 0;
}

static int count_entries(struct store *db, int64_t number)
{
    struct error err = {0};
    int count = 0;

    store_refresh(db);
    assert_int_equal(store_entry_each(db, number, ENTRY_LOG, 0, INT64_MAX, see_entry, &count, &err), 0);
    assert_int_equal(store_entry_each(db, number, ENTRY_RESPONSE, 0, INT64_MAX, see_entry, &count, &err), 0);
    return count;
}

static int64_t count_ended(struct store *db)
{
    struct error err = {0};
    int64_t jobs = -1;

    store_refresh(db);
    assert_int_equal(store_ended_count(db, NULL, &jobs, &err), 0);
    return jobs;
}

static int64_t leftover(struct store *db)
{
    struct error err = {0};
    int64_t number = -1;

    store_refresh(db);
    assert_int_equal(store_leftover_first(db, &number, &err), 0);
    return number;
}

static void shorten(struct store *db, int64_t number, int64_t entries, int64_t bytes)
{
    struct error err = {0};

    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_leftover_shorten(db, number, entries, bytes, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
}

/* -- the tests -- */

static void workers_are_listed_with_what_is_over(void **state)
{
    struct store *db = db_of(state);
    struct job idle;

    put_worker(db, "A", NULL);
    put_worker(db, "B", "{\"keep_days\":1}");
    put_worker(db, "B", "{\"keep_days\":2}");
    put_ended(db, "A", 1, 700);
    put_ended(db, "A", 2, 300);
    put_ended(db, "B", 3, 500);
    put_ended(db, "Deleted", 4, 900);
    put_job(db, "Idle", 5, 0, &idle);
    job_clear(&idle);
    assert_workers(db, false, "", 9, "A 2 300 -;B 1 500 {\"keep_days\":2};Deleted 1 900 -;");
    assert_workers(db, false, "", 1, "A 2 300 -;");
    assert_workers(db, false, "A", 9, "B 1 500 {\"keep_days\":2};Deleted 1 900 -;");
    assert_workers(db, true, "", 9, "B 1 500 {\"keep_days\":2};");
    assert_int_equal(count_ended(db), 4);
}

static void of_what_goes_nothing_is_counted(void **state)
{
    struct store *db = db_of(state);
    struct ended_job job;

    put_ended(db, "A", 1, 700);
    job = assert_jobs(db, "A", NULL, 9, "700;");
    assert_int_equal(delete_job(db, &job, false), 1);
    assert_workers(db, false, "", 9, "A 0 0 -;");
    assert_int_equal(count_ended(db), 0);
    assert_int_equal(delete_job(db, &job, false), 0);
    assert_int_equal(count_ended(db), 0);
}

static void jobs_come_as_they_have_ended_and_from_any_place(void **state)
{
    struct store *db = db_of(state);
    struct ended_job second;
    struct job idle;

    put_ended(db, "A", 1, 700);
    put_ended(db, "B", 2, 300);
    put_ended(db, "A", 3, 500);
    put_ended(db, "A", 4, 500);
    put_ended(db, "B", 5, 500);
    put_job(db, "A", 6, 0, &idle);
    job_clear(&idle);
    assert_jobs(db, NULL, NULL, 9, "300;500;500;500;700;");
    assert_jobs(db, "A", NULL, 9, "500;500;700;");
    second = assert_jobs(db, NULL, NULL, 2, "300;500;");
    assert_jobs(db, NULL, &second, 9, "500;500;700;");
    assert_jobs(db, "A", &second, 9, "500;700;");
    assert_jobs(db, "C", NULL, 9, "");
}

static void what_goes_goes_with_all_that_was_said(void **state)
{
    struct store *db = db_of(state);
    struct ended_job ended;
    struct error err = {0};
    struct job job, other;

    put_job(db, "A", 1, 300, &job);
    put_job(db, "A", 2, 400, &other);
    job.attempt = other.attempt = 1;
    put_entries(db, &job, ENTRY_LOG, 3, 10);
    put_entries(db, &job, ENTRY_RESPONSE, 2, 5);
    put_entries(db, &other, ENTRY_LOG, 4, 10);
    assert_int_equal(store_attempt_put(db, &job, JOB_ERROR, &err), 0);
    ended = assert_jobs(db, "A", NULL, 1, "300;");
    assert_true(ended.number == job.number && ended.entries == 5 && ended.bytes == 3 * 11 + 2 * 6);
    assert_string_equal(ended.id, job.id);
    assert_int_equal(delete_job(db, &ended, false), 1);
    assert_int_equal(count_entries(db, job.number), 0);
    assert_int_equal(count_entries(db, other.number), 4);
    assert_int_equal(change_by_hand(*state, "DELETE FROM attempt"), 0);
    assert_jobs(db, "A", NULL, 9, "400;");
    assert_int_equal(leftover(db), 0);
    job_clear(&job);
    job_clear(&other);
}

/* `later` comes after `earlier`, and waits. */
static void chain(struct store *db, const struct job *earlier, struct job *later)
{
    struct error err = {0};

    later->after = calloc(1, sizeof *later->after);
    later->after_count = 1;
    strcpy(later->after[0].name, earlier->id);
    later->after[0].awaits = CHAIN_ENDED;
    assert_int_equal(store_after_put(db, later, &err), 0);
}

static void what_a_waiting_job_needs_stays(void **state)
{
    struct store *db = db_of(state);
    struct job earlier, later;
    struct ended_job unaware, aware;
    struct error err = {0};

    put_job(db, "A", 1, 300, &earlier);
    put_job(db, "B", 2, 0, &later);
    unaware = assert_jobs(db, NULL, NULL, 9, "300;");
    chain(db, &earlier, &later);
    assert_int_equal(delete_job(db, &unaware, false), 0);
    aware = assert_jobs(db, NULL, NULL, 9, "300 needed;");
    assert_int_equal(delete_job(db, &aware, false), 0);
    later.state = JOB_ACTIVE;
    assert_int_equal(store_job_update(db, &later, JOB_IDLE, &err), 0);
    aware = assert_jobs(db, NULL, NULL, 9, "300;");
    assert_int_equal(delete_job(db, &aware, false), 1);
    job_clear(&earlier);
    job_clear(&later);
}

static void some_go_at_once_and_the_rest_stays(void **state)
{
    struct store *db = db_of(state);
    struct job idle, earlier, later;
    int64_t numbers[ENDED_JOBS_MAX], counts[JOB_STATES];
    struct error err = {0};

    for (int n = 0; n < ENDED_JOBS_MAX; n++)
        put_ended(db, n % 3 ? "A" : "B", n, 100 + n);
    put_job(db, "A", 21, 0, &idle);
    put_job(db, "A", 22, 901, &earlier);
    put_job(db, "A", 23, 0, &later);
    chain(db, &earlier, &later);
    for (int n = 0; n < ENDED_JOBS_MAX; n++)
        numbers[n] = idle.number - ENDED_JOBS_MAX + n;
    numbers[4] = idle.number;
    numbers[5] = earlier.number;
    numbers[6] = 4711;
    assert_int_equal(delete_jobs(db, numbers, ENDED_JOBS_MAX, false), ENDED_JOBS_MAX - 3);
    assert_jobs(db, NULL, NULL, 9, "104;105;106;901 needed;");
    assert_workers(db, false, "", 9, "A 3 104 -;B 1 106 -;");
    store_refresh(db);
    assert_int_equal(store_job_counts(db, NULL, counts, &err), 0);
    assert_true(counts[JOB_IDLE] == 2 && counts[JOB_DONE] == 4);
    job_clear(&idle);
    job_clear(&earlier);
    job_clear(&later);
}

static void a_long_log_goes_in_pieces(void **state)
{
    struct store *db = db_of(state);
    struct ended_job ended;
    struct job job;

    put_job(db, "A", 1, 300, &job);
    put_entries(db, &job, ENTRY_LOG, 10, 99);
    put_entries(db, &job, ENTRY_RESPONSE, 3, 10);
    ended = assert_jobs(db, "A", NULL, 9, "300;");
    assert_int_equal(delete_job(db, &ended, true), 1);
    assert_jobs(db, "A", NULL, 9, "");
    assert_int_equal(leftover(db), job.number);
    assert_int_equal(count_entries(db, job.number), 13);
    shorten(db, job.number, 4, 1000000); /* by their number */
    assert_int_equal(count_entries(db, job.number), 9);
    shorten(db, job.number, 1000, 250); /* by their bytes: at 0, 100, 200 */
    assert_int_equal(count_entries(db, job.number), 6);
    shorten(db, job.number, 1000, 0); /* one goes in any case */
    assert_int_equal(count_entries(db, job.number), 5);
    shorten(db, job.number, 1000, 1000000); /* of one kind */
    assert_int_equal(count_entries(db, job.number), 3);
    shorten(db, job.number, 1000, 1000000);
    assert_int_equal(count_entries(db, job.number), 0);
    assert_int_equal(leftover(db), job.number);
    shorten(db, job.number, 1000, 1000000);
    assert_int_equal(leftover(db), 0);
    job_clear(&job);
}

/* -- what it costs -- */

static sqlite3 *connection; /* of the store that was opened last */

static int note_connection(sqlite3 *db, char **message, const struct sqlite3_api_routines *routines)
{
    (void)message, (void)routines;
    connection = db;
    return SQLITE_OK;
}

/* Steps of SQLite's machine in statements on jobs that have ended; they must not look through a table, nor sort. */
static int64_t count_steps(void)
{
    int64_t steps = 0;

    for (sqlite3_stmt *q = sqlite3_next_stmt(connection, NULL); q; q = sqlite3_next_stmt(connection, q)) {
        if (!strstr(sqlite3_sql(q), "stopped"))
            continue;
        assert_int_equal(sqlite3_stmt_status(q, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 0);
        assert_int_equal(sqlite3_stmt_status(q, SQLITE_STMTSTATUS_SORT, 0), 0);
        steps += sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 0);
    }
    return steps;
}

/* Rows that the server has read for this connection, by an index or without one. */
static int64_t count_rows(struct store *db)
{
    struct error err = {0};
    struct query *q =
        query_make(db,
                   "SELECT CAST(sum(variable_value) AS SIGNED) FROM information_schema.session_status"
                   " WHERE variable_name IN ('HANDLER_READ_KEY', 'HANDLER_READ_NEXT', 'HANDLER_READ_PREV',"
                   " 'HANDLER_READ_FIRST', 'HANDLER_READ_RND')",
                   &err);
    int64_t rows = 0;

    assert_int_equal(query_count(q, &rows, &err), 0);
    query_free(q);
    return rows;
}

static int64_t count_work(struct store *db)
{
    return mysql_socket() ? count_rows(db) : count_steps();
}

/* The first, and who comes behind it. */
static int64_t cost_of_looking(struct store *db)
{
    struct seen seen = {0};
    struct error err = {0};
    int64_t before;

    store_refresh(db);
    before = count_work(db);
    assert_int_equal(store_ended_worker_each(db, false, "", 9, see_worker, &seen, &err), 0);
    assert_int_equal(store_ended_job_each(db, "A", NULL, 1, see_job, &seen, &err), 0);
    assert_int_equal(store_ended_job_each(db, NULL, &seen.last, 1, see_job, &seen, &err), 0);
    assert_int_equal(seen.count, 3);
    return count_work(db) - before;
}

static void put_many(struct store *db, int from, int to)
{
    struct error err = {0};

    assert_int_equal(store_begin(db, &err), 0);
    for (int n = from; n < to; n++)
        put_ended(db, "A", n, 1000 + n);
    assert_int_equal(store_commit(db, &err), 0);
}

static void what_is_kept_costs_nothing(void **state)
{
    struct fixture *f = *state;
    struct store *db;
    int64_t few;

    sqlite3_auto_extension((void (*)(void))note_connection);
    db = open_another(state);
    sqlite3_reset_auto_extension();
    put_many(f->db, 0, 10);
    (void)cost_of_looking(db); /* which prepares */
    few = cost_of_looking(db);
    assert_true(few > 0);
    put_many(f->db, 10, 1000);
    assert_int_equal(cost_of_looking(db), few);
    store_close(db);
}

static off_t size_of(const struct fixture *f)
{
    struct stat st;

    assert_int_equal(stat(path_of(f), &st), 0);
    return st.st_size;
}

static void the_file_gives_back_what_is_free_in_steps(void **state)
{
    enum { STEP = 1024 * 1024 };
    struct fixture *f = *state;
    struct error err = {0};
    struct job job;
    off_t before;
    bool more;
    int steps = 0;

    assert_int_equal(store_begin(f->db, &err), 0);
    put_job(f->db, "A", 1, 300, &job);
    put_entries(f->db, &job, ENTRY_LOG, 2000, 1000);
    assert_int_equal(store_commit(f->db, &err), 0);
    assert_int_equal(store_give_back(f->db, STEP, &more, &err), 0);
    assert_false(more); /* nothing is free */
    before = mysql_socket() ? 0 : size_of(f);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_job_delete(f->db, &job, &err), 0);
    assert_int_equal(store_commit(f->db, &err), 0);
    job_clear(&job);
    do {
        assert_int_equal(store_give_back(f->db, STEP, &more, &err), 0);
        steps++;
    } while (more);
    if (mysql_socket()) {
        assert_int_equal(steps, 1);
        return;
    }
    assert_true(before > 4 * STEP && size_of(f) < 2 * STEP);
    assert_true(steps >= (before - size_of(f)) / STEP && steps <= (before - size_of(f)) / STEP + 2);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(workers_are_listed_with_what_is_over),
        TEST(of_what_goes_nothing_is_counted),
        TEST(jobs_come_as_they_have_ended_and_from_any_place),
        TEST(what_goes_goes_with_all_that_was_said),
        TEST(what_a_waiting_job_needs_stays),
        TEST(some_go_at_once_and_the_rest_stays),
        TEST(a_long_log_goes_in_pieces),
        TEST(what_is_kept_costs_nothing),
        TEST(the_file_gives_back_what_is_free_in_steps),
    };

    return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
