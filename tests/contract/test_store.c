/* The store's contract (lib/store/store.h), written once and run on each back-end with a setup of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "fixture.h"
#include "store/store.h"

static void make_job(struct job *job, int n)
{
    unsigned char random[10] = {0};

    *job = (struct job){.state = JOB_IDLE, .percent = -1, .exit_code = -1, .created_ms = 1000 + n};
    random[0] = (unsigned char)n;
    ulid_make(job->created_ms, random, job->id);
    snprintf(job->worker, sizeof job->worker, "W%d", n % 2);
    job->parameters = strdup("{\"a\":1}");
}

static void insert_job(struct store *db, int n, struct job *out)
{
    struct error err = {0};

    make_job(out, n);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_job_insert(db, out, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
}

static void a_job_comes_back_as_it_was_put(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job put, got;

    make_job(&put, 1);
    put.name = strdup("name");
    put.timeout_ms = 1500;
    put.state = JOB_ACTIVE;
    put.held = true;
    put.has_lease = true;
    memset(put.lease_hash, 7, sizeof put.lease_hash);
    put.usage = (struct job_usage){true, 1, 2, 3, 4, 5, 6, 7, 8};
    put.on_lost = ON_LOST_REQUEUE;
    put.limits = (struct limits){{11, 12, 13, 14, 15, 16}};
    put.seen_ms = 9;
    put.retries = strdup("3 1000");
    put.attempt_ms = 10;
    assert_int_equal(store_job_insert(db, &put, &err), 0);
    assert_int_equal(store_job_get(db, put.id, &got, &err), 0);
    assert_string_equal(got.worker, "W1");
    assert_string_equal(got.name, "name");
    assert_string_equal(got.parameters, "{\"a\":1}");
    assert_int_equal(got.timeout_ms, 1500);
    assert_int_equal(got.state, JOB_ACTIVE);
    assert_true(got.held && got.has_lease && got.usage.known);
    assert_memory_equal(got.lease_hash, put.lease_hash, sizeof put.lease_hash);
    assert_memory_equal(&got.usage, &put.usage, sizeof put.usage);
    assert_memory_equal(&got.limits, &put.limits, sizeof put.limits);
    assert_true(got.on_lost == ON_LOST_REQUEUE && got.seen_ms == 9 && !got.paused && !got.pause_wanted);
    assert_string_equal(got.retries, "3 1000");
    assert_int_equal(got.attempt_ms, 10);
    assert_null(got.suspicion);
    assert_null(got.reason);
    job_clear(&put);
    job_clear(&got);
}

static void what_is_not_there_is_unknown(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job = {0};
    struct job_peek peek;
    struct worker w = {0};

    assert_int_equal(store_job_get(db, "01M86EA05QK06D5MRW8NYDB81Q", &job, &err), -1);
    assert_int_equal(err.status, 404);
    assert_string_equal(err.code, "job_unknown");
    assert_int_equal(store_job_peek(db, "01M86EA05QK06D5MRW8NYDB81Q", &peek, &err), -1);
    assert_int_equal(err.status, 404);
    assert_int_equal(store_worker_get(db, "Nobody", 0, false, &w, &err), -1);
    assert_string_equal(err.code, "worker_unknown");
    assert_int_equal(store_worker_delete(db, "Nobody", &err), -1);
    assert_int_equal(err.status, 404);
}

static void of_two_updates_from_one_state_one_wins(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;

    insert_job(db, 1, &job);
    job.state = JOB_ACTIVE;
    assert_int_equal(store_job_update(db, &job, JOB_IDLE, &err), 0);
    assert_int_equal(store_job_update(db, &job, JOB_IDLE, &err), -1);
    assert_int_equal(err.status, 409);
    assert_string_equal(err.code, "job_moved");
    job_clear(&job);
}

static void what_is_rolled_back_never_was(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, got = {0};
    int64_t count;

    make_job(&job, 1);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_job_insert(db, &job, &err), 0);
    store_rollback(db);
    assert_int_equal(store_job_get(db, job.id, &got, &err), -1);
    assert_int_equal(store_job_count(db, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 0);
    job_clear(&job);
}

static int count_one(const struct job *job, void *context)
{
    (void)job;
    ++*(int *)context;
    return 0;
}

static void counters_agree_with_the_list(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    int64_t counts[JOB_STATES], count;

    for (int n = 0; n < 20; n++) {
        insert_job(db, n, &job);
        if (n % 3 == 0) {
            job.state = JOB_DONE;
            assert_int_equal(store_job_update(db, &job, JOB_IDLE, &err), 0);
        }
        if (n % 5 == 0)
            assert_int_equal(store_job_delete(db, &job, &err), 0);
        job_clear(&job);
    }
    assert_int_equal(store_job_counts(db, NULL, counts, &err), 0);
    for (enum job_state s = JOB_IDLE; s < JOB_STATES; s++) {
        for (int w = 0; w < 3; w++) {
            static const char *const workers[] = {NULL, "W0", "W1"};
            struct job_filter f = {.state = s, .worker = workers[w], .limit = 100};
            int listed = 0;

            assert_int_equal(store_job_each(db, &f, count_one, &listed, &err), 0);
            assert_int_equal(store_job_count(db, &f, &count, &err), 0);
            assert_int_equal(listed, count);
            if (w == 0)
                assert_int_equal(counts[s], count);
        }
    }
}

static int keep_last(const struct job *job, void *context)
{
    memcpy(context, job->id, ULID_SIZE);
    return 0;
}

static void pages_of_the_list_are_newest_first_and_lose_nothing(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job_filter f = {.limit = 3};
    char last[ULID_SIZE], before[ULID_SIZE] = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    struct job job;
    int pages = 0;

    for (int n = 0; n < 9; n++) {
        insert_job(db, n, &job);
        job_clear(&job);
    }
    for (; pages < 3; pages++) {
        f.before_id = before;
        assert_int_equal(store_job_each(db, &f, keep_last, last, &err), 0);
        assert_true(strcmp(last, before) < 0);
        memcpy(before, last, sizeof before);
    }
    *last = '\0';
    assert_int_equal(store_job_each(db, &f, keep_last, last, &err), 0);
    assert_string_equal(last, "");
}

static void filters_find_what_they_name(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    static const struct {
        struct job_filter filter;
        int found;
    } cases[] = {
        {{.worker = "W0", .limit = 100}, 5},
        {{.name = "n3", .limit = 100}, 1},
        {{.text = "N3", .limit = 100}, 1},
        {{.text = "%", .limit = 100}, 0},
        {{.text = "\"A\":1", .limit = 100}, 10},
        {{.since_ms = 1005, .limit = 100}, 5},
        {{.until_ms = 1005, .limit = 100}, 5},
        {{.since_ms = 1002, .until_ms = 1004, .worker = "W1", .limit = 100}, 1},
    };

    for (int n = 0; n < 10; n++) {
        char name[16];

        make_job(&job, n);
        snprintf(name, sizeof name, "n%d", n);
        job.name = strdup(name);
        assert_int_equal(store_job_insert(db, &job, &err), 0);
        job_clear(&job);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found = 0;
        int64_t count;

        assert_int_equal(store_job_each(db, &cases[i].filter, count_one, &found, &err), 0);
        assert_int_equal(found, cases[i].found);
        assert_int_equal(store_job_count(db, &cases[i].filter, &count, &err), 0);
        assert_int_equal(count, cases[i].found);
    }
}

struct text {
    struct buf bytes;
    int64_t last;
};

static int gather(const struct entry *e, void *context)
{
    struct text *t = context;

    assert_non_null(e->bytes); /* also of an empty one */
    assert_int_equal(e->start, (int64_t)t->bytes.size);
    assert_int_equal(e->seq, t->last + 1);
    t->last = e->seq;
    buf_put(&t->bytes, e->bytes, e->size);
    if (!e->open)
        buf_putc(&t->bytes, '\n');
    return 0;
}

static void entries_stand_where_their_bytes_are(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    struct text t = {0};
    struct entry first[] = {{.bytes = "one", .size = 3, .stream = STREAM_STDOUT},
                            {.bytes = "pa\0rt", .size = 5, .stream = STREAM_STDOUT, .open = true}};
    struct entry second[] = {{.bytes = "end", .size = 3, .stream = STREAM_STDERR},
                             {.bytes = "", .size = 0, .stream = STREAM_API}};
    int64_t seq;

    insert_job(db, 1, &job);
    assert_int_equal(store_entry_append(db, &job, ENTRY_LOG, first, 2, &err), 0);
    assert_int_equal(store_entry_append(db, &job, ENTRY_LOG, second, 2, &err), 0);
    assert_int_equal(store_entry_each(db, job.number, ENTRY_LOG, 0, INT64_MAX, gather, &t, &err), 0);
    assert_int_equal(t.bytes.size, job.log_size);
    assert_memory_equal(t.bytes.data, "one\npa\0rtend\n\n", 14);
    assert_int_equal(job.log_count, 4);
    for (int64_t offset = 0; offset < job.log_size; offset++) {
        assert_int_equal(store_entry_at(db, job.number, ENTRY_LOG, offset, job.log_count, &seq, &err), 0);
        assert_int_equal(seq, offset < 4 ? 1 : offset < 9 ? 2 : offset < 13 ? 3 : 4);
    }
    buf_clear(&t.bytes);
    job_clear(&job);
}

static void a_single_response_is_exactly_its_bytes(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    struct entry with[] = {{.bytes = "a\n", .size = 2, .stream = STREAM_API},
                           {.bytes = "b", .size = 1, .stream = STREAM_API}};

    insert_job(db, 1, &job);
    assert_int_equal(store_entry_append(db, &job, ENTRY_RESPONSE, with, 2, &err), 0);
    assert_true(with[0].open);
    assert_false(with[1].open);
    assert_int_equal(with[1].start, 2);
    assert_int_equal(job.response_size, 4);
    job_clear(&job);
}

static void what_is_posted_by_id_stands_behind_what_was_appended(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, now;
    struct text t = {0};
    struct entry first = {.bytes = "one", .size = 3, .stream = STREAM_STDOUT};
    struct entry posted[] = {{.bytes = "two", .size = 3, .stream = STREAM_API},
                             {.bytes = "three", .size = 5, .stream = STREAM_API}};

    insert_job(db, 1, &job);
    assert_int_equal(store_entry_append(db, &job, ENTRY_LOG, &first, 1, &err), 0);
    assert_int_equal(store_job_update(db, &job, job.state, &err), 0);
    assert_int_equal(store_entry_post(db, job.id, ENTRY_LOG, posted, 2, &err), 0);
    assert_int_equal(store_entry_post(db, job.id, ENTRY_RESPONSE, posted, 1, &err), 0);
    assert_int_equal(store_entry_each(db, job.number, ENTRY_LOG, 0, INT64_MAX, gather, &t, &err), 0);
    assert_memory_equal(t.bytes.data, "one\ntwo\nthree\n", 14);
    assert_int_equal(store_job_get(db, job.id, &now, &err), 0);
    assert_int_equal(now.log_count, 3);
    assert_int_equal(now.log_size, t.bytes.size);
    assert_int_equal(now.response_count, 1);
    assert_int_equal(now.response_size, posted[0].size + 1);
    assert_int_equal(store_entry_post(db, "01M86EA05QK06D5MRW8NYDB81Q", ENTRY_LOG, posted, 1, &err), -1);
    assert_string_equal(err.code, "job_unknown");
    buf_clear(&t.bytes);
    job_clear(&job);
    job_clear(&now);
}

static void the_tokens_of_a_job_are_those_of_its_run(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    struct job_tokens tokens;

    insert_job(db, 1, &job);
    assert_int_equal(store_job_tokens(db, job.id, &tokens, &err), 0);
    assert_int_equal(tokens.state, job.state);
    assert_false(tokens.has_lease);
    job.has_lease = true;
    memset(job.lease_hash, 'l', sizeof job.lease_hash);
    memset(job.token_hash, 't', sizeof job.token_hash);
    assert_int_equal(store_job_update(db, &job, job.state, &err), 0);
    assert_int_equal(store_job_tokens(db, job.id, &tokens, &err), 0);
    assert_true(tokens.has_lease);
    assert_memory_equal(tokens.lease_hash, job.lease_hash, sizeof job.lease_hash);
    assert_memory_equal(tokens.token_hash, job.token_hash, sizeof job.token_hash);
    assert_int_equal(store_job_tokens(db, "01M86EA05QK06D5MRW8NYDB81Q", &tokens, &err), -1);
    assert_string_equal(err.code, "job_unknown");
    job_clear(&job);
}

static void a_deleted_job_takes_its_entries_with_it(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    struct text t = {0};
    struct entry e = {.bytes = "x", .size = 1, .stream = STREAM_API};

    insert_job(db, 1, &job);
    assert_int_equal(store_entry_append(db, &job, ENTRY_LOG, &e, 1, &err), 0);
    assert_int_equal(store_job_delete(db, &job, &err), 0);
    assert_int_equal(store_entry_each(db, job.number, ENTRY_LOG, 0, 10, gather, &t, &err), 0);
    assert_int_equal(t.last, 0);
    assert_int_equal(store_job_delete(db, &job, &err), -1);
    assert_int_equal(err.status, 404);
    job_clear(&job);
}

static void put_worker(struct store *db, const char *name, const char *code, int64_t version)
{
    struct error err = {0};
    struct worker w = {.kind = WORKER_SCRIPT, .sha256 = "abc", .modified_ms = 5, .author = "me"};

    snprintf(w.name, sizeof w.name, "%s", name);
    w.code = strdup(code);
    w.size = (int64_t)strlen(code);
    w.description = strdup("d");
    assert_int_equal(store_worker_put(db, &w, &err), 0);
    assert_int_equal(w.version, version);
    worker_clear(&w);
}

static void versions_of_a_worker_go_on_after_a_deletion(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct worker w;

    put_worker(db, "A", "one", 1);
    put_worker(db, "A", "two", 2);
    assert_int_equal(store_worker_delete(db, "A", &err), 0);
    assert_int_equal(store_worker_get(db, "A", 0, true, &w, &err), -1);
    assert_int_equal(store_worker_get(db, "A", 1, true, &w, &err), 0);
    assert_string_equal(w.code, "one");
    worker_clear(&w);
    put_worker(db, "A", "three", 3);
    assert_int_equal(store_worker_get(db, "A", 0, true, &w, &err), 0);
    assert_string_equal(w.code, "three");
    worker_clear(&w);
}

static void accounts_and_tokens_are_found_until_they_end(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct account account = {.name = "ann", .role = 4, .password = "hash", .created_ms = 1}, got;
    struct token token =
                     {.hash = "x", .account = "ann", .role = 4, .kind = TOKEN_API, .created_ms = 10, .expires_ms = 20},
                 t;
    unsigned char hash[SECRET_HASH_SIZE] = "seen";
    bool found;

    assert_int_equal(store_account_put(db, &account, &err), 0);
    assert_int_equal(store_account_get(db, "ann", &got, &found, &err), 0);
    assert_true(found && got.role == 4);
    assert_int_equal(store_account_get(db, "bob", &got, &found, &err), 0);
    assert_false(found);
    assert_int_equal(store_token_put(db, &token, &err), 0);
    assert_int_equal(store_token_get(db, token.hash, &t, &found, &err), 0);
    assert_true(found && t.expires_ms == 20);
    assert_int_equal(store_password_seen_put(db, hash, "ann", 10, 20, &err), 0);
    assert_int_equal(store_password_seen_get(db, hash, 19, &found, &err), 0);
    assert_true(found);
    assert_int_equal(store_password_seen_get(db, hash, 20, &found, &err), 0);
    assert_false(found);
    assert_int_equal(store_account_put(db, &account, &err), 0); /* a new password: what was seen is forgotten */
    assert_int_equal(store_password_seen_get(db, hash, 11, &found, &err), 0);
    assert_false(found);
    assert_int_equal(store_token_delete(db, token.hash, &err), 0);
    assert_int_equal(store_token_get(db, token.hash, &t, &found, &err), 0);
    assert_false(found);
}

static void a_view_is_of_one_moment_until_it_is_refreshed(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *reader = store_open(&f->settings, &err);
    int64_t count;
    struct job job;

    assert_non_null(reader);
    assert_int_equal(store_job_count(reader, &(struct job_filter){0}, &count, &err), 0);
    insert_job(f->db, 1, &job);
    assert_int_equal(store_job_count(reader, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 0);
    store_refresh(reader);
    assert_int_equal(store_job_count(reader, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 1);
    store_close(reader);
    job_clear(&job);
}

/* As a process does that answers many requests. */
static void a_connection_that_is_kept_has_a_new_view_for_each_request(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *kept = store_open(&f->settings, &err);
    struct job job, more;
    int64_t count;

    insert_job(f->db, 1, &job);
    assert_int_equal(store_renew(kept), 0);
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 1);
    insert_job(f->db, 2, &more);
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 1);
    store_rollback(kept);
    assert_int_equal(store_renew(kept), 0);
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_begin(kept, &err), 0);
    assert_int_equal(store_job_delete(kept, &more, &err), 0);
    assert_int_equal(store_renew(kept), 0); /* what was left open never was */
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 2);
    store_close(kept);
    job_clear(&job);
    job_clear(&more);
}

static void a_connection_that_rests_keeps_nobody_from_taking_in_the_wal(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *kept;
    sqlite3 *other;
    int64_t count;
    int left, done;

    if (mysql_socket())
        skip(); /* which has no such file */
    kept = store_open(&f->settings, &err);
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    store_rollback(f->db);
    assert_int_equal(sqlite3_open(path_of(f), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "SELECT * FROM job", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_wal_checkpoint_v2(other, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &done), SQLITE_BUSY);
    store_rollback(kept);
    assert_int_equal(sqlite3_wal_checkpoint_v2(other, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &done), SQLITE_OK);
    assert_int_equal(left, 0);
    sqlite3_close(other);
    assert_int_equal(store_renew(kept), 0);
    store_close(kept);
}

static void a_connection_whose_file_was_replaced_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *kept;
    char moved[PATH_MAX];

    if (mysql_socket())
        skip(); /* which has no file */
    kept = store_open(&f->settings, &err);
    store_rollback(kept);
    snprintf(moved, sizeof moved, "%s-moved", path_of(f));
    assert_int_equal(rename(path_of(f), moved), 0);
    assert_int_equal(store_renew(kept), -1);
    assert_int_equal(rename(moved, path_of(f)), 0);
    assert_int_equal(store_renew(kept), 0);
    store_rollback(kept);
    assert_int_equal(rename(path_of(f), moved), 0);
    store_close(store_open(&f->settings, &err)); /* another one in its place */
    assert_int_equal(store_renew(kept), -1);
    store_close(kept);
}

static void a_connection_whose_schema_was_changed_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    store_rollback(f->db);
    change_by_hand(f, mysql_socket() ? "UPDATE store SET version = 9999" : "PRAGMA user_version = 9999");
    if (!mysql_socket())
        assert_int_equal(store_renew(f->db), -1);
    assert_null(store_open(&f->settings, &err));
    assert_string_equal(err.code, "store_newer");
}

/* A server is not asked before there is something to ask. */
static int read_one_job(struct fixture *f, const char *id, struct error *err)
{
    struct job_peek peek;

    return store_job_peek(f->db, id, &peek, err);
}

static int read_another_job(struct fixture *f, const char *id, struct error *err)
{
    (void)id;
    return read_one_job(f, "01ARZ3NDEKTSV4RRFFQ69G5FAV", err);
}

static int count_jobs(struct fixture *f, const char *id, struct error *err)
{
    int64_t count;

    (void)id;
    return store_job_count(f->db, &(struct job_filter){0}, &count, err);
}

static int begin_to_write(struct fixture *f, const char *id, struct error *err)
{
    (void)id;
    return store_begin(f->db, err);
}

static int refuse_and_begin_to_write(struct fixture *f, const char *id, struct error *err)
{
    store_rollback(f->db);
    store_refresh(f->db);
    return begin_to_write(f, id, err);
}

typedef int first_act(struct fixture *f, const char *id, struct error *err);
static first_act *const first_acts[] = {read_one_job, read_another_job, count_jobs, begin_to_write,
                                        refuse_and_begin_to_write};

static void whatever_is_done_first_finds_that_the_schema_was_changed(void **state)
{
    struct fixture *f = *state;
    struct job job;

    if (!mysql_socket())
        skip(); /* a file was asked already */
    insert_job(f->db, 1, &job);
    for (size_t i = 0; i < sizeof first_acts / sizeof *first_acts; i++) {
        struct error err = {0};

        assert_int_equal(store_renew(f->db), 0);
        change_by_hand(f, "UPDATE store SET version = version + 9000");
        assert_int_equal(first_acts[i](f, job.id, &err), -1);
        assert_string_equal(err.code, "store_newer");
        assert_int_equal(store_renew(f->db), -1);
        change_by_hand(f, "UPDATE store SET version = version - 9000");
        store_close(f->db);
        f->db = store_open(&f->settings, &err);
        assert_non_null(f->db);
    }
    job_clear(&job);
}

static int looks_that_are_old(struct fixture *f, struct store *kept, const char *id)
{
    struct error err = {0};
    struct job_peek peek;
    int old = 0;

    store_rollback(kept);
    for (int held = 0; held < 2; held++) {
        char text[128];

        snprintf(text, sizeof text, "UPDATE job SET held = %d; COMMIT", held);
        change_by_hand(f, text);
        assert_int_equal(store_renew(kept), 0);
        assert_int_equal(store_job_peek(kept, id, &peek, &err), 0);
        old += peek.held != held;
        store_rollback(kept);
    }
    return old;
}

/* A server may be set up to open a transaction by itself, with whatever is read first. */
static void what_is_looked_up_alone_is_never_old(void **state)
{
    static const char *const setups[][2] = {
        {"SET GLOBAL autocommit = 0", "SET GLOBAL autocommit = 1"},
        {"SET GLOBAL completion_type = 'CHAIN'", "SET GLOBAL completion_type = 'NO_CHAIN'"},
    };
    struct fixture *f = *state;
    struct job job;

    if (!mysql_socket())
        skip(); /* SQLite knows no such settings */
    insert_job(f->db, 1, &job);
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        struct error err = {0};
        struct store *kept;
        int old;

        change_by_hand(f, setups[i][0]);
        kept = store_open(&f->settings, &err);
        change_by_hand(f, setups[i][1]);
        assert_non_null(kept);
        old = looks_that_are_old(f, kept, job.id);
        store_close(kept);
        assert_int_equal(old, 0);
    }
    job_clear(&job);
}

/* One thing that is looked up takes no view, and what is read after it is of one moment all the same. */
static void what_is_read_after_a_look_at_one_job_is_of_one_moment(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *kept = store_open(&f->settings, &err);
    struct job_peek peek;
    struct job job, more;
    int64_t count;

    insert_job(f->db, 1, &job);
    store_rollback(kept);
    assert_int_equal(store_renew(kept), 0);
    assert_int_equal(store_job_peek(kept, job.id, &peek, &err), 0);
    assert_int_equal(peek.state, JOB_IDLE);
    assert_string_equal(peek.worker, job.worker);
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 1);
    insert_job(f->db, 2, &more);
    assert_int_equal(store_job_count(kept, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_job_peek(kept, more.id, &peek, &err), -1);
    assert_string_equal(err.code, "job_unknown");
    store_close(kept);
    job_clear(&job);
    job_clear(&more);
}

static void all_of_a_job_that_may_change_is_written(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, got;
    struct job_peek peek;

    insert_job(db, 1, &job);
    job.state = JOB_ACTIVE;
    job.version = 7;
    job.wanted = WANT_KILL;
    job.held = true;
    strcpy(job.host, "host");
    job.pid = 4711;
    job.started_ms = 11;
    job.stopped_ms = 12;
    job.attempt = 2;
    job.timeout_ms = 13;
    job.percent = 14;
    job.exit_code = 15;
    job.signal = 16;
    job.report = 17;
    job.progress = strdup("half");
    job.reason = strdup("why");
    job.usage = (struct job_usage){true, 18, 19, 20, 21, 22, 23, 24, 25};
    job.pause_wanted = job.paused = true;
    job.seen_ms = 26;
    job.suspicion = strdup("boot 27 28");
    job.on_lost = ON_LOST_REQUEUE;
    job.limits = (struct limits){{31, 32, 33, 34, 35, 36}};
    assert_int_equal(store_job_update(db, &job, JOB_IDLE, &err), 0);
    assert_int_equal(store_job_get(db, job.id, &got, &err), 0);
    assert_int_equal(got.number, job.number);
    assert_true(got.state == JOB_ACTIVE && got.wanted == WANT_KILL && got.held && !got.has_lease);
    assert_true(got.version == 7 && got.pid == 4711 && got.started_ms == 11 && got.stopped_ms == 12);
    assert_true(got.attempt == 2 && got.timeout_ms == 13 && got.percent == 14 && got.exit_code == 15);
    assert_true(got.signal == 16 && got.report == 17 && got.usage.cpu_user_ms == 18 && got.usage.cpu_system_ms == 19);
    assert_memory_equal(&got.usage, &job.usage, sizeof job.usage);
    assert_memory_equal(&got.limits, &job.limits, sizeof job.limits);
    assert_true(got.paused && got.pause_wanted && got.seen_ms == 26 && got.on_lost == ON_LOST_REQUEUE);
    assert_string_equal(got.suspicion, "boot 27 28");
    assert_string_equal(got.host, "host");
    assert_string_equal(got.progress, "half");
    assert_string_equal(got.reason, "why");
    assert_string_equal(got.parameters, "{\"a\":1}");
    assert_int_equal(got.created_ms, job.created_ms);
    assert_int_equal(store_job_peek(db, job.id, &peek, &err), 0);
    assert_true(peek.state == JOB_ACTIVE && peek.held);
    assert_string_equal(peek.host, "host");
    job_clear(&got);
    job_clear(&job);
}

static void an_id_that_is_there_is_not_put_again(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;
    int64_t count;

    insert_job(db, 1, &job);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_job_insert(db, &job, &err), -1);
    assert_int_equal(err.status, 500);
    store_rollback(db);
    assert_int_equal(store_job_count(db, &(struct job_filter){0}, &count, &err), 0);
    assert_int_equal(count, 1);
    job_clear(&job);
}

static void a_job_that_has_moved_is_not_deleted(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, seen;

    insert_job(db, 1, &job);
    assert_int_equal(store_job_get(db, job.id, &seen, &err), 0);
    job.state = JOB_ACTIVE;
    assert_int_equal(store_job_update(db, &job, JOB_IDLE, &err), 0);
    assert_int_equal(store_job_delete(db, &seen, &err), -1);
    assert_int_equal(err.status, 409);
    assert_int_equal(store_job_delete(db, &job, &err), 0);
    job_clear(&seen);
    job_clear(&job);
}

static int stop_at_once(const struct job *job, void *context)
{
    count_one(job, context);
    return 1;
}

static void who_has_seen_enough_sees_no_more(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job_filter f = {.limit = 100};
    int seen = 0;

    for (int n = 0; n < 5; n++) {
        struct job job;

        insert_job(db, n, &job);
        job_clear(&job);
    }
    assert_int_equal(store_job_each(db, &f, stop_at_once, &seen, &err), 0);
    assert_int_equal(seen, 1);
    f.limit = 3;
    seen = 0;
    assert_int_equal(store_job_each(db, &f, count_one, &seen, &err), 0);
    assert_int_equal(seen, 3);
    assert_int_equal(store_begin(db, &err), 0); /* nothing of it is left open */
    assert_int_equal(store_commit(db, &err), 0);
}

static void texts_of_a_filter_are_values_and_no_sql(void **state)
{
    static const char *const texts[] = {"'", "\" OR 1=1 --", "W0'; DROP TABLE job; --", "%", "_", "\xff\xfe"};
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;

    insert_job(db, 1, &job);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct job_filter filters[] = {{.worker = texts[i], .limit = 9},
                                       {.name = texts[i], .limit = 9},
                                       {.text = texts[i], .limit = 9}};

        for (size_t f = 0; f < 3; f++) {
            int64_t count = -1;
            int found = 0;

            assert_int_equal(store_job_each(db, &filters[f], count_one, &found, &err), 0);
            assert_int_equal(store_job_count(db, &filters[f], &count, &err), 0);
            assert_true(found == 0 && count == 0);
        }
    }
    job_clear(&job);
}

static void entries_that_are_rolled_back_leave_no_gap(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, again;
    struct entry e = {.bytes = "x", .size = 1, .stream = STREAM_API};
    struct text t = {0};

    insert_job(db, 1, &job);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_entry_append(db, &job, ENTRY_LOG, &e, 1, &err), 0);
    store_rollback(db);
    assert_int_equal(store_job_get(db, job.id, &again, &err), 0);
    assert_int_equal(again.log_count, 0);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_entry_append(db, &again, ENTRY_LOG, &e, 1, &err), 0);
    assert_int_equal(store_job_update(db, &again, JOB_IDLE, &err), 0);
    assert_int_equal(store_commit(db, &err), 0);
    assert_int_equal(store_entry_each(db, job.number, ENTRY_LOG, 0, 10, gather, &t, &err), 0);
    assert_int_equal(t.last, 1);
    buf_clear(&t.bytes);
    job_clear(&again);
    job_clear(&job);
}

/* What two of them append at once, each having read the job before, would have one place: the second is refused. */
static void an_entry_has_a_place_of_its_own(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, stale;
    struct entry e = {.bytes = "x", .size = 1, .stream = STREAM_API};

    insert_job(db, 1, &job);
    assert_int_equal(store_job_get(db, job.id, &stale, &err), 0);
    assert_int_equal(store_entry_append(db, &job, ENTRY_LOG, &e, 1, &err), 0);
    assert_int_equal(store_entry_append(db, &stale, ENTRY_LOG, &e, 1, &err), -1);
    assert_int_equal(err.status, 500);
    assert_int_equal(store_entry_append(db, &job, ENTRY_RESPONSE, &e, 1, &err), 0); /* those are counted apart */
    assert_int_equal(e.seq, 1);
    job_clear(&stale);
    job_clear(&job);
}

static void what_is_not_committed_nobody_else_sees(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *other = store_open(&f->settings, &err);
    struct job job, got;

    make_job(&job, 1);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_job_insert(f->db, &job, &err), 0);
    store_refresh(other);
    assert_int_equal(store_job_get(other, job.id, &got, &err), -1);
    assert_int_equal(err.status, 404);
    assert_int_equal(store_commit(f->db, &err), 0);
    store_refresh(other);
    assert_int_equal(store_job_get(other, job.id, &got, &err), 0);
    job_clear(&got);
    job_clear(&job);
    store_close(other);
}

static void what_is_open_when_a_store_is_closed_never_was(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *other = store_open(&f->settings, &err);
    struct job job, got;

    make_job(&job, 1);
    assert_int_equal(store_begin(other, &err), 0);
    assert_int_equal(store_job_insert(other, &job, &err), 0);
    store_close(other);
    store_close(NULL);
    assert_int_equal(store_job_get(f->db, job.id, &got, &err), -1);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_commit(f->db, &err), 0);
    job_clear(&job);
}

/* Each adds to what it read, in a transaction: none of the sums is lost. */
static void writers_stand_in_line(void **state)
{
    enum { WRITERS = 8, TURNS = 25 };
    struct fixture *f = *state;
    struct error err = {0};
    struct job job;
    int failed = 0, status;

    insert_job(f->db, 1, &job);
    for (int i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            struct store *db = store_open(&f->settings, &err);

            for (int turn = 0; turn < TURNS; turn++) {
                struct job mine;

                if (!db || store_begin(db, &err) < 0 || store_job_get(db, job.id, &mine, &err) < 0)
                    _exit(1);
                mine.pid++;
                if (store_job_update(db, &mine, JOB_IDLE, &err) < 0 || store_commit(db, &err) < 0)
                    _exit(1);
                job_clear(&mine);
            }
            _exit(0);
        }
    }
    while (wait(&status) > 0)
        failed += status != 0;
    assert_int_equal(failed, 0);
    store_refresh(f->db);
    job_clear(&job);
    assert_int_equal(store_job_each(f->db, &(struct job_filter){.limit = 1}, keep_last, job.id, &err), 0);
    assert_int_equal(store_job_get(f->db, job.id, &job, &err), 0);
    assert_int_equal(job.pid, WRITERS * TURNS);
    job_clear(&job);
}

static int put_name(const struct worker *w, void *context)
{
    assert_null(w->code);
    strcat(context, w->name);
    return 0;
}

static void workers_are_listed_by_name_from_any_place(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    char names[64] = "";
    int64_t count;

    put_worker(db, "C", "c", 1);
    put_worker(db, "A", "a", 1);
    put_worker(db, "b", "b", 1);
    put_worker(db, "A", "aa", 2);
    assert_int_equal(store_worker_each(db, NULL, NULL, 100, put_name, names, &err), 0);
    assert_string_equal(names, "ACb");
    *names = '\0';
    assert_int_equal(store_worker_each(db, NULL, "A", 1, put_name, names, &err), 0);
    assert_string_equal(names, "C");
    assert_int_equal(store_worker_count(db, NULL, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_int_equal(store_worker_delete(db, "C", &err), 0);
    assert_int_equal(store_worker_count(db, NULL, &count, &err), 0);
    assert_int_equal(count, 2);
}

static void the_bytes_of_a_source_are_kept(void **state)
{
    static const char code[] = "#!/bin/sh\n\0\xff\r\n";
    struct store *db = db_of(state);
    struct error err = {0};
    struct worker w = {.name = "Bytes", .kind = WORKER_PHP, .sha256 = "s", .modified_ms = 5, .author = "me"}, got;

    w.size = sizeof code - 1;
    w.code = memcpy(malloc(sizeof code), code, sizeof code);
    w.description = strdup("\xc3\xa9");
    w.parameters = strdup("{}");
    assert_int_equal(store_worker_put(db, &w, &err), 0);
    assert_int_equal(store_worker_get(db, "Bytes", 0, true, &got, &err), 0);
    assert_int_equal(got.size, w.size);
    assert_memory_equal(got.code, code, sizeof code);
    assert_true(got.kind == WORKER_PHP && got.created_ms == 5 && got.modified_ms == 5);
    assert_string_equal(got.description, w.description);
    assert_string_equal(got.parameters, "{}");
    assert_string_equal(got.author, "me");
    worker_clear(&got);
    assert_int_equal(store_worker_get(db, "Bytes", 0, false, &got, &err), 0);
    assert_null(got.code);
    worker_clear(&got);
    worker_clear(&w);
}

static void tokens_that_expired_go_when_a_new_one_comes(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct account owner = {.name = "a", .role = 1};
    struct token old = {.hash = "old", .account = "a", .kind = TOKEN_SESSION, .created_ms = 1, .expires_ms = 50},
                 ever = {.hash = "ever", .account = "a", .kind = TOKEN_API, .created_ms = 1},
                 new = {.hash = "new", .account = "a", .kind = TOKEN_SESSION, .created_ms = 100, .expires_ms = 200}, t;
    bool found;

    assert_int_equal(store_account_put(db, &owner, &err), 0);
    assert_int_equal(store_token_put(db, &old, &err), 0);
    assert_int_equal(store_token_put(db, &ever, &err), 0);
    assert_int_equal(store_token_put(db, &new, &err), 0);
    assert_int_equal(store_token_get(db, old.hash, &t, &found, &err), 0);
    assert_false(found);
    assert_int_equal(store_token_get(db, ever.hash, &t, &found, &err), 0);
    assert_true(found && t.kind == TOKEN_API && t.expires_ms == 0);
    assert_int_equal(store_token_get(db, new.hash, &t, &found, &err), 0);
    assert_true(found);
}

static void who_only_tries_does_not_wait_for_his_turn(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *other = store_open(&f->settings, &err);
    bool begun;

    assert_non_null(other);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_try_begin(other, &begun, &err), 0);
    assert_false(begun);
    assert_int_equal(store_commit(f->db, &err), 0);
    assert_int_equal(store_try_begin(other, &begun, &err), 0);
    assert_true(begun);
    assert_int_equal(store_commit(other, &err), 0);
    store_close(other);
}

static void put_account(struct store *db, const char *name, int role, const char *workers)
{
    struct account account = {.role = role, .password = "hash", .created_ms = 1, .grant.limited = workers != NULL};
    struct error err = {0};

    snprintf(account.name, sizeof account.name, "%s", name);
    snprintf(account.grant.workers, sizeof account.grant.workers, "%s", workers ? workers : "");
    assert_int_equal(store_account_put(db, &account, &err), 0);
}

static void put_token(struct store *db, const char *account, enum token_kind kind, char first, char parent)
{
    struct token token = {.kind = kind, .role = 3, .created_ms = 1, .has_parent = parent != 0};
    struct error err = {0};

    snprintf(token.account, sizeof token.account, "%s", account);
    memset(token.hash, first, sizeof token.hash);
    memset(token.parent, parent, sizeof token.parent);
    assert_int_equal(store_token_put(db, &token, &err), 0);
}

static bool has_token(struct store *db, char first)
{
    unsigned char hash[SECRET_HASH_SIZE];
    struct token token;
    struct error err = {0};
    bool found;

    memset(hash, first, sizeof hash);
    assert_int_equal(store_token_get(db, hash, &token, &found, &err), 0);
    return found;
}

static void an_account_comes_back_as_it_was_put(void **state)
{
    struct store *db = db_of(state);
    struct account got;
    struct error err = {0};
    bool found;

    put_account(db, "ann", 2, "A B");
    put_account(db, "bob", 4, NULL);
    put_account(db, "cid", 1, "");
    assert_int_equal(store_account_get(db, "ann", &got, &found, &err), 0);
    assert_true(found && got.grant.limited && !got.disabled);
    assert_string_equal(got.grant.workers, "A B");
    got.disabled = true;
    assert_int_equal(store_account_put(db, &got, &err), 0);
    assert_int_equal(store_account_get(db, "ann", &got, &found, &err), 0);
    assert_true(got.disabled);
    assert_string_equal(got.password, "hash");
    assert_int_equal(store_account_get(db, "bob", &got, &found, &err), 0);
    assert_false(got.grant.limited);
    assert_int_equal(store_account_get(db, "cid", &got, &found, &err), 0);
    assert_true(got.grant.limited); /* to nothing is not to all */
}

static int join_account(const struct account *account, void *context)
{
    strcat(strcat(context, account->name), " ");
    return 0;
}

static void accounts_are_listed_and_counted(void **state)
{
    struct store *db = db_of(state);
    char names[64] = "";
    struct account gone = {.name = "dan", .role = 4, .disabled = true};
    struct error err = {0};
    int64_t count;
    bool there;

    put_account(db, "bob", 4, NULL);
    put_account(db, "ann", 2, NULL);
    put_account(db, "cid", 3, NULL);
    assert_int_equal(store_account_put(db, &gone, &err), 0);
    assert_int_equal(store_account_each(db, NULL, 2, join_account, names, &err), 0);
    assert_int_equal(store_account_each(db, "bob", 9, join_account, names, &err), 0);
    assert_string_equal(names, "ann bob cid dan ");
    assert_int_equal(store_account_count(db, &count, &err), 0);
    assert_int_equal(count, 4);
    assert_int_equal(store_account_has_role(db, 4, "", &there, &err), 0);
    assert_true(there);
    assert_int_equal(store_account_has_role(db, 4, "bob", &there, &err), 0);
    assert_false(there); /* dan is disabled */
    assert_int_equal(store_account_has_role(db, 3, "bob", &there, &err), 0);
    assert_true(there);
}

static void an_account_goes_with_all_that_is_its_own(void **state)
{
    struct store *db = db_of(state);
    unsigned char hash[SECRET_HASH_SIZE] = "seen";
    struct error err = {0};
    bool found;

    put_account(db, "ann", 2, NULL);
    put_account(db, "bob", 2, NULL);
    put_token(db, "ann", TOKEN_API, 'a', 0);
    put_token(db, "ann", TOKEN_SESSION, 'b', 0);
    put_token(db, "bob", TOKEN_API, 'c', 0);
    assert_int_equal(store_password_seen_put(db, hash, "ann", 1, 100, &err), 0);
    assert_int_equal(store_account_delete(db, "ann", &err), 0);
    put_account(db, "ann", 4, NULL); /* somebody else of that name */
    assert_false(has_token(db, 'a') || has_token(db, 'b'));
    assert_true(has_token(db, 'c'));
    assert_int_equal(store_password_seen_get(db, hash, 2, &found, &err), 0);
    assert_false(found);
    assert_int_equal(store_account_delete(db, "eve", &err), -1);
    assert_string_equal(err.code, "user_unknown");
}

static void a_token_comes_back_with_what_its_owner_may_now(void **state)
{
    struct store *db = db_of(state);
    struct token put = {.account = "ann",
                        .role = 3,
                        .kind = TOKEN_SESSION,
                        .has_parent = true,
                        .parent = "p",
                        .hash = "h",
                        .name = "n",
                        .grant = {true, "A"},
                        .addresses = "::1",
                        .created_ms = 5,
                        .expires_ms = 50,
                        .used_ms = 7},
                 got;
    struct account owner = {.name = "ann", .role = 2, .disabled = true, .grant = {true, "A B"}};
    struct error err = {0};
    bool found;

    assert_int_equal(store_token_put(db, &put, &err), 0);
    assert_int_equal(store_token_get(db, put.hash, &got, &found, &err), 0);
    assert_false(found); /* it has no owner */
    assert_int_equal(store_account_put(db, &owner, &err), 0);
    assert_int_equal(store_token_get(db, put.hash, &got, &found, &err), 0);
    assert_true(found);
    assert_int_equal(got.owner.role, 2);
    assert_true(got.owner.disabled && got.owner.grant.limited);
    assert_string_equal(got.owner.grant.workers, "A B");
    got.owner = put.owner;
    assert_memory_equal(&got, &put, sizeof put);
    assert_int_equal(store_token_use(db, put.hash, 90, &err), 0);
    assert_int_equal(store_token_get(db, put.hash, &got, &found, &err), 0);
    assert_int_equal(got.used_ms, 90);
}

static int join_token(const struct token *token, void *context)
{
    char id[TOKEN_ID_SIZE];

    token_id(token, id);
    strcat(strcat(context, id), " ");
    return 0;
}

static void tokens_are_listed_by_owner_and_page(void **state)
{
    struct store *db = db_of(state);
    char ids[128] = "", more[128] = "";
    struct error err = {0};
    int64_t count;

    put_account(db, "ann", 2, NULL);
    put_account(db, "bob", 2, NULL);
    put_token(db, "ann", TOKEN_API, 3, 0);
    put_token(db, "bob", TOKEN_API, 2, 0);
    put_token(db, "ann", TOKEN_SESSION, 1, 0);
    assert_int_equal(store_token_each(db, "ann", NULL, 9, join_token, ids, &err), 0);
    assert_string_equal(ids, "0101010101010101 0303030303030303 ");
    assert_int_equal(store_token_each(db, NULL, "0101010101010101", 1, join_token, more, &err), 0);
    assert_string_equal(more, "0202020202020202 ");
    assert_int_equal(store_token_count(db, "ann", &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_token_count(db, NULL, &count, &err), 0);
    assert_int_equal(count, 3);
}

static void a_token_that_ends_takes_its_sessions_along(void **state)
{
    struct store *db = db_of(state);
    unsigned char hash[SECRET_HASH_SIZE];
    struct error err = {0};

    put_account(db, "ann", 2, NULL);
    for (int round = 0; round < 2; round++) {
        put_token(db, "ann", TOKEN_API, 1, 0);
        put_token(db, "ann", TOKEN_SESSION, 2, 1);
        put_token(db, "ann", TOKEN_SESSION, 3, 0);
        memset(hash, 1, sizeof hash);
        if (round == 0)
            assert_int_equal(store_token_delete(db, hash, &err), 0);
        else
            assert_int_equal(store_token_revoke(db, "0101010101010101", NULL, &err), 0);
        assert_false(has_token(db, 1) || has_token(db, 2));
        assert_true(has_token(db, 3));
    }
    assert_int_equal(store_token_revoke(db, "0303030303030303", "bob", &err), -1);
    assert_int_equal(err.status, 404);
    assert_true(has_token(db, 3));
    assert_int_equal(store_token_revoke(db, "0303030303030303", "ann", &err), 0);
    assert_false(has_token(db, 3));
}

static void sessions_end_but_for_one(void **state)
{
    struct store *db = db_of(state);
    unsigned char kept[SECRET_HASH_SIZE];
    struct error err = {0};

    put_account(db, "ann", 2, NULL);
    put_account(db, "bob", 2, NULL);
    put_token(db, "ann", TOKEN_API, 1, 0);
    put_token(db, "ann", TOKEN_SESSION, 2, 0);
    put_token(db, "ann", TOKEN_SESSION, 3, 0);
    put_token(db, "bob", TOKEN_SESSION, 4, 0);
    memset(kept, 3, sizeof kept);
    assert_int_equal(store_token_end_sessions(db, "ann", kept, &err), 0);
    assert_false(has_token(db, 2));
    assert_true(has_token(db, 1) && has_token(db, 3) && has_token(db, 4));
    assert_int_equal(store_token_end_sessions(db, "ann", NULL, &err), 0);
    assert_false(has_token(db, 3));
    assert_true(has_token(db, 1) && has_token(db, 4));
}

static void failures_add_up_and_are_forgotten(void **state)
{
    struct store *db = db_of(state);
    unsigned char one[SECRET_HASH_SIZE] = "one", two[SECRET_HASH_SIZE] = "two";
    const int64_t now = FAILURE_KEPT_MS;
    struct failure f;
    struct error err = {0};

    assert_int_equal(store_failure_get(db, one, now, &f, &err), 0);
    assert_int_equal(f.count, 0);
    assert_int_equal(store_failure_add(db, one, now, &err), 0);
    assert_int_equal(store_failure_add(db, one, now + 5, &err), 0);
    assert_int_equal(store_failure_add(db, two, now + 5, &err), 0);
    assert_int_equal(store_failure_get(db, one, now + 6, &f, &err), 0);
    assert_true(f.count == 2 && f.last_ms == now + 5);
    assert_int_equal(store_failure_get(db, one, now + 5 + FAILURE_KEPT_MS, &f, &err), 0);
    assert_int_equal(f.count, 0);
    assert_int_equal(store_failure_forget(db, one, &err), 0);
    assert_int_equal(store_failure_get(db, one, now + 6, &f, &err), 0);
    assert_int_equal(f.count, 0);
    assert_int_equal(store_failure_get(db, two, now + 6, &f, &err), 0);
    assert_int_equal(f.count, 1);
}

static int count_failures(struct store *db, int first, int last)
{
    unsigned char hash[SECRET_HASH_SIZE] = {0};
    struct failure f;
    struct error err = {0};
    int kept = 0;

    for (int n = first; n < last; n++) {
        memcpy(hash, &n, sizeof n);
        assert_int_equal(store_failure_get(db, hash, FAILURE_KEPT_MS + n, &f, &err), 0);
        kept += f.count > 0;
    }
    return kept;
}

static void what_is_kept_of_failures_is_bounded(void **state)
{
    enum { MORE = 500, ALL = FAILURES_MAX + MORE };
    struct store *db = db_of(state);
    unsigned char hash[SECRET_HASH_SIZE] = {0};
    struct error err = {0};

    assert_int_equal(store_begin(db, &err), 0);
    for (int n = 0; n < ALL; n++) {
        memcpy(hash, &n, sizeof n);
        assert_int_equal(store_failure_add(db, hash, FAILURE_KEPT_MS + n, &err), 0);
    }
    assert_int_equal(store_commit(db, &err), 0);
    assert_true(count_failures(db, 0, ALL) <= FAILURES_MAX);
    assert_int_equal(count_failures(db, 0, MORE), 0);
    assert_int_equal(count_failures(db, ALL - FAILURES_MAX / 2, ALL), FAILURES_MAX / 2); /* the new ones stay */
}

static void grants_limit_lists_and_counts(void **state)
{
    static const struct {
        struct grant grant;
        int jobs, workers;
    } cases[] = {
        {{false, ""}, 10, 3}, {{true, "W0"}, 5, 1}, {{true, "W1 W0"}, 10, 2}, {{true, "X W1"}, 5, 1},
        {{true, "W"}, 0, 0},  {{true, ""}, 0, 0},   {{true, "W10"}, 0, 1},    {{true, "w0 W10"}, 0, 1},
    };
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job;

    for (int n = 0; n < 10; n++) {
        insert_job(db, n, &job);
        job_clear(&job);
    }
    put_worker(db, "W0", "a", 1);
    put_worker(db, "W1", "a", 1);
    put_worker(db, "W10", "a", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct grant *grant = &cases[i].grant;
        struct job_filter f = {.grant = grant, .limit = 100}, named = {.grant = grant, .text = "w", .limit = 100};
        int64_t counts[JOB_STATES], count;
        char names[64] = "";
        int listed = 0;

        assert_int_equal(store_job_each(db, &f, count_one, &listed, &err), 0);
        assert_int_equal(listed, cases[i].jobs);
        assert_int_equal(store_job_count(db, &f, &count, &err), 0);
        assert_int_equal(count, cases[i].jobs);
        assert_int_equal(store_job_count(db, &named, &count, &err), 0);
        assert_int_equal(count, cases[i].jobs);
        assert_int_equal(store_job_counts(db, grant, counts, &err), 0);
        assert_int_equal(counts[JOB_IDLE], cases[i].jobs);
        assert_int_equal(store_worker_count(db, grant, &count, &err), 0);
        assert_int_equal(count, cases[i].workers);
        assert_int_equal(store_worker_each(db, grant, NULL, 100, put_name, names, &err), 0);
        assert_int_equal(strlen(names) > 0, cases[i].workers > 0);
    }
}

static void grants_meet_in_what_both_allow(void **state)
{
    struct grant all = {0}, some = {true, "A B"}, others = {true, "B C"}, far = {true, "D"}, g = all;

    (void)state;
    grant_intersect(&g, &all);
    assert_false(g.limited);
    grant_intersect(&g, &some);
    assert_true(grant_allows(&g, "A") && grant_allows(&g, "B") && !grant_allows(&g, "C"));
    grant_intersect(&g, &all);
    assert_string_equal(g.workers, "A B");
    grant_intersect(&g, &others);
    assert_string_equal(g.workers, "B");
    grant_intersect(&g, &far);
    assert_true(g.limited && !grant_allows(&g, "B") && !grant_allows(&g, ""));
}

static void a_store_is_there_again_when_it_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct job job, got;

    insert_job(f->db, 1, &job);
    store_close(f->db);
    f->db = store_open(&f->settings, &err);
    assert_non_null(f->db);
    assert_int_equal(store_job_get(f->db, job.id, &got, &err), 0);
    job_clear(&got);
    job_clear(&job);
}

static void many_first_comers_make_one_store(void **state)
{
    struct fixture *f = *state;
    static struct settings settings;
    int failed = 0, status;

    name_store(f, "new", &settings);
    for (int i = 0; i < 20; i++) {
        if (fork() == 0) {
            struct error err = {0};
            struct store *db = store_open(&settings, &err);
            struct job job;

            if (!db)
                _exit(1);
            make_job(&job, i);
            _exit(store_begin(db, &err) < 0 || store_job_insert(db, &job, &err) < 0 || store_commit(db, &err) < 0);
        }
    }
    while (wait(&status) > 0)
        failed += status != 0;
    assert_int_equal(failed, 0);
    drop_store(&settings);
}

static void expect_no_store(const char *uri, int status, const char *code)
{
    static struct settings settings;
    struct error err = {0};

    settings = (struct settings){.database_tls = "none", .database_connect_ms = 1000, .database_answer_ms = 1000};
    strcpy(settings.database, uri);
    assert_null(store_open(&settings, &err));
    assert_int_equal(err.status, status);
    assert_string_equal(err.code, code);
}

static void a_store_that_cannot_be_opened_says_so(void **state)
{
    struct fixture *f = *state;
    char uri[160];

    snprintf(uri, sizeof uri, "sqlite:%s/no/such/folder/jobs.db", f->folder);
    expect_no_store(uri, 500, "store");
    expect_no_store("postgres:x", 500, "settings_invalid");
    expect_no_store("", 500, "settings_invalid");
    expect_no_store("sqlite:jobs.db", 500, "settings_invalid"); /* relative to what? */
    if (!mysql_socket())
        return;
    expect_no_store("mysql:x", 500, "settings_invalid");
    expect_no_store("mysql://root@localhost", 500, "settings_invalid");
    expect_no_store("mysql://root@localhost/", 500, "settings_invalid");
    expect_no_store("mysql://root@localhost:/x", 500, "settings_invalid");
    expect_no_store("mysql://root@localhost:0/x", 500, "settings_invalid");
    expect_no_store("mysql://root:password@localhost/x", 500, "settings_invalid");
    expect_no_store("mysql://root@127.0.0.1:1/x", 503, "store_down");
}

/* -- secrets -- */

static void put_secret(struct store *db, const char *name, const char *workers, const char *sealed)
{
    struct secret s = {.created_ms = 1, .changed_ms = 2, .creator = "ann", .changer = "bob", .as_file = true};
    struct error err = {0};

    snprintf(s.name, sizeof s.name, "%s", name);
    s.grant.limited = workers != NULL;
    snprintf(s.grant.workers, sizeof s.grant.workers, "%s", workers ? workers : "");
    memset(s.key_id, 7, sizeof s.key_id);
    s.sealed = (const unsigned char *)sealed;
    s.sealed_size = sealed ? strlen(sealed) : 0;
    assert_int_equal(store_secret_put(db, &s, &err), 0);
}

static int note_secret(const struct secret *s, void *context)
{
    buf_printf(context, "%s(%.*s) ", s->name, (int)s->sealed_size, s->sealed ? (const char *)s->sealed : "");
    return 0;
}

static void assert_secrets(const struct store *db, struct secret_filter filter, const char *expected)
{
    struct buf got = {0};
    struct error err = {0};

    assert_int_equal(store_secret_each(db, &filter, note_secret, &got, &err), 0);
    assert_string_equal(buf_text(&got), expected);
    buf_clear(&got);
}

static void a_secret_comes_back_as_it_was_put(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct secret s;
    int64_t count;
    bool found;

    put_secret(db, "S", "A B", "sealed");
    assert_int_equal(store_secret_get(db, "S", &s, &found, &err), 0);
    assert_true(found && s.as_file && s.grant.limited && s.created_ms == 1 && s.changed_ms == 2 && s.key_id[15] == 7);
    assert_string_equal(s.name, "S");
    assert_string_equal(s.grant.workers, "A B");
    assert_string_equal(s.creator, "ann");
    assert_string_equal(s.changer, "bob");
    assert_null(s.sealed);
    put_secret(db, "S", NULL, NULL); /* its value stays */
    assert_secrets(db, (struct secret_filter){.limit = 9, .sealed = true}, "S(sealed) ");
    put_secret(db, "S", NULL, "other");
    assert_secrets(db, (struct secret_filter){.limit = 9, .sealed = true}, "S(other) ");
    put_secret(db, "NONE", NULL, NULL); /* there was none to change */
    assert_int_equal(store_secret_count(db, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_secret_get(db, "s", &s, &found, &err), 0); /* another name */
    assert_false(found);
    assert_int_equal(store_secret_delete(db, "S", &err), 0);
    assert_int_equal(store_secret_delete(db, "S", &err), -1);
    assert_string_equal(err.code, "secret_unknown");
}

static void secrets_are_listed_by_name_and_worker(void **state)
{
    struct store *db = db_of(state);

    put_secret(db, "B", "One Two", "b");
    put_secret(db, "A", NULL, "a");
    put_secret(db, "C", "Two-more", "c");
    put_secret(db, "D", "", "d");
    assert_secrets(db, (struct secret_filter){.limit = 9}, "A() B() C() D() ");
    assert_secrets(db, (struct secret_filter){.limit = 2, .after = "A"}, "B() C() ");
    assert_secrets(db, (struct secret_filter){.limit = 9, .sealed = true, .worker = "Two"}, "A(a) B(b) ");
    assert_secrets(db, (struct secret_filter){.limit = 9, .worker = "Two-more"}, "A() C() ");
    assert_secrets(db, (struct secret_filter){.limit = 9, .worker = "wo"}, "A() ");
}

static void what_is_made_durable_is_kept_as_anything_else(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    int64_t count;

    assert_int_equal(store_secret_count(db, &count, &err), 0); /* a view is open */
    assert_int_equal(store_be_durable(db, &err), 0);
    assert_int_equal(store_begin(db, &err), 0);
    put_secret(db, "S", NULL, "s");
    assert_int_equal(store_commit(db, &err), 0);
    assert_int_equal(store_begin(db, &err), 0);
    put_secret(db, "T", NULL, "t");
    store_rollback(db);
    assert_secrets(db, (struct secret_filter){.limit = 9}, "S() ");
}

static void what_a_store_has_open_is_closed_in_programs_that_are_started(void **state)
{
    enum { MOST = 64 };
    bool was_there[MOST];
    struct store *other;
    int opened = 0;

    for (int fd = 0; fd < MOST; fd++)
        was_there[fd] = fcntl(fd, F_GETFD) >= 0;
    other = open_another(state);
    assert_non_null(other);
    for (int fd = 0; fd < MOST; fd++) {
        int flags = was_there[fd] ? -1 : fcntl(fd, F_GETFD);

        assert_true(flags < 0 || (flags & FD_CLOEXEC));
        opened += flags >= 0;
    }
    assert_true(opened > 0);
    store_close(other);
}

/* As a server does that is started anew, or a firewall that has seen nothing for too long. */
static void kill_connections(const struct fixture *f)
{
    char sql[512];

    snprintf(
        sql, sizeof sql,
        "DELIMITER //\nBEGIN NOT ATOMIC FOR c IN (SELECT id FROM information_schema.processlist WHERE db = '%s') DO"
        " KILL c.id; END FOR; END//\n",
        strrchr(f->settings.database, '/') + 1);
    ask_mysql("", sql);
}

static void a_connection_that_was_lost_while_nothing_was_open_is_made_again(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct job job, got;

    if (!mysql_socket())
        skip(); /* a file is not lost */
    insert_job(f->db, 1, &job);
    kill_connections(f);
    assert_int_equal(store_job_get(f->db, job.id, &got, &err), 0); /* to read */
    job_clear(&got);
    kill_connections(f);
    assert_int_equal(store_begin(f->db, &err), 0); /* to write */
    assert_int_equal(store_job_delete(f->db, &job, &err), 0);
    assert_int_equal(store_commit(f->db, &err), 0);
    job_clear(&job);
    insert_job(f->db, 1, &job);
    for (size_t i = 0; i < sizeof first_acts / sizeof *first_acts; i++) { /* for another request */
        assert_int_equal(store_renew(f->db), 0);
        kill_connections(f);
        assert_int_equal(first_acts[i](f, job.id, &err), first_acts[i] == read_another_job ? -1 : 0);
    }
    assert_string_equal(err.code, "job_unknown");
    job_clear(&job);
}

static void a_connection_that_is_lost_in_a_transaction_takes_it_along(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct job job, got;

    if (!mysql_socket())
        skip(); /* a file is not lost */
    make_job(&job, 1);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_job_insert(f->db, &job, &err), 0);
    kill_connections(f);
    assert_int_equal(store_job_get(f->db, job.id, &got, &err),
                     -1); /* never on another connection, as if all was well */
    assert_string_equal(err.code, "store_down");
    assert_int_equal(store_commit(f->db, &err), -1);
    assert_string_equal(err.code, "store_down"); /* no doubt about that */
    assert_int_equal(store_job_get(f->db, job.id, &got, &err), -1);
    assert_int_equal(err.status, 404);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_job_insert(f->db, &job, &err), 0);
    kill_connections(f);
    assert_int_equal(store_job_get(f->db, job.id, &got, &err), -1);
    store_rollback(f->db);
    assert_true(store_was_beaten(f->db)); /* and may be done again */
    job_clear(&job);
}

static void a_value_that_is_too_large_for_the_server_says_so_and_nothing_of_it_is_kept(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct entry entries[2] = {{.bytes = "small", .size = 5, .time_ms = 1, .stream = STREAM_STDOUT}};
    struct job job, got;
    long long max;

    if (!mysql_socket())
        skip();
    max = ask_mysql("", "SELECT @@max_allowed_packet");
    entries[1] = (struct entry){.bytes = calloc(1, (size_t)max), .size = (size_t)max, .stream = STREAM_STDOUT};
    insert_job(f->db, 1, &job);
    assert_int_equal(store_begin(f->db, &err), 0);
    assert_int_equal(store_entry_append(f->db, &job, ENTRY_LOG, entries, 2, &err), -1);
    assert_int_equal(err.status, 500);
    assert_string_equal(err.code, "store_packet");
    store_rollback(f->db);
    assert_false(store_was_beaten(f->db)); /* it would be the same again */
    assert_int_equal(store_job_get(f->db, job.id, &got, &err), 0);
    assert_int_equal(got.log_count, 0);
    assert_int_equal(change_by_hand(f, "DELETE FROM entry"), 0);
    job_clear(&got);
    job_clear(&job);
    free((void *)(uintptr_t)entries[1].bytes);
}

static int add_attempt(const struct attempt *attempt, void *context)
{
    char text[16];

    snprintf(text, sizeof text, "%lld ", (long long)attempt->number);
    strcat(context, text);
    return 0;
}

static void attempts_come_back_in_order_and_go_with_their_job(void **state)
{
    struct store *db = db_of(state);
    struct error err = {0};
    struct job job, other;
    struct attempt got;
    char seen[64] = "";
    bool found;

    insert_job(db, 1, &other);
    insert_job(db, 2, &job);
    job.version = 3;
    job.exit_code = 4;
    job.signal = 5;
    job.attempt_ms = 6;
    job.stopped_ms = 7;
    job.log_count = 8;
    job.log_size = 9;
    job.response_count = 10;
    job.response_size = 11;
    job.reason = strdup("why");
    strcpy(job.host, "here");
    for (job.attempt = 1; job.attempt <= 11; job.attempt++)
        assert_int_equal(store_attempt_put(db, &job, JOB_ERROR, &err), 0);
    job.attempt = 12;
    assert_int_equal(store_attempt_get(db, job.number, 2, &got, &found, &err), 0);
    assert_true(found && got.number == 2 && got.version == 3 && got.state == JOB_ERROR);
    assert_true(got.exit_code == 4 && got.signal == 5 && got.started_ms == 6 && got.stopped_ms == 7);
    assert_true(got.log.count == 8 && got.log.size == 9 && got.response.count == 10 && got.response.size == 11);
    assert_string_equal(got.reason, "why");
    assert_string_equal(got.host, "here");
    assert_int_equal(store_attempt_get(db, other.number, 2, &got, &found, &err), 0);
    assert_true(!found && got.log.count == 0);
    assert_int_equal(store_attempt_each(db, job.number, 8, 2, add_attempt, seen, &err), 0);
    assert_string_equal(seen, "9 10 ");
    seen[0] = '\0';
    assert_int_equal(store_job_delete(db, &job, &err), 0);
    assert_int_equal(store_attempt_each(db, job.number, 0, 99, add_attempt, seen, &err), 0);
    assert_string_equal(seen, "");
    job_clear(&job);
    job_clear(&other);
}

static void a_key_makes_one_job_and_is_forgotten_after_a_day(void **state)
{
    struct store *db = db_of(state);
    struct once a = {.hash = {1}, .body = {2}}, other_body = {.hash = {1}, .body = {3}}, b = {.hash = {4}};
    struct error err = {0};
    char id[ULID_SIZE];
    bool same;

    assert_int_equal(store_once_get(db, &a, 1000, id, &same, &err), 0);
    assert_string_equal(id, "");
    assert_int_equal(store_once_put(db, &a, 1000, "01M86EA05QK06D5MRW8NYDB81Q", &err), 0);
    assert_int_equal(store_once_get(db, &a, 1000, id, &same, &err), 0);
    assert_string_equal(id, "01M86EA05QK06D5MRW8NYDB81Q");
    assert_true(same);
    assert_int_equal(store_once_get(db, &other_body, 1000, id, &same, &err), 0);
    assert_true(id[0] && !same);
    assert_int_equal(store_once_get(db, &b, 1000, id, &same, &err), 0);
    assert_string_equal(id, "");
    assert_int_equal(store_once_put(db, &other_body, 999 + ONCE_KEPT_MS, "01M86EA05QK06D5MRW8NYDB81R", &err), -1);
    assert_string_equal(err.code, "key_used");
    assert_int_equal(store_once_get(db, &a, 1000 + ONCE_KEPT_MS, id, &same, &err), 0);
    assert_string_equal(id, "");
    assert_int_equal(store_once_put(db, &other_body, 1000 + ONCE_KEPT_MS, "01M86EA05QK06D5MRW8NYDB81R", &err), 0);
    assert_int_equal(store_once_get(db, &other_body, 1000 + ONCE_KEPT_MS, id, &same, &err), 0);
    assert_string_equal(id, "01M86EA05QK06D5MRW8NYDB81R");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_comes_back_as_it_was_put),
        TEST(what_is_not_there_is_unknown),
        TEST(of_two_updates_from_one_state_one_wins),
        TEST(what_is_rolled_back_never_was),
        TEST(counters_agree_with_the_list),
        TEST(pages_of_the_list_are_newest_first_and_lose_nothing),
        TEST(filters_find_what_they_name),
        TEST(entries_stand_where_their_bytes_are),
        TEST(a_single_response_is_exactly_its_bytes),
        TEST(what_is_posted_by_id_stands_behind_what_was_appended),
        TEST(the_tokens_of_a_job_are_those_of_its_run),
        TEST(a_deleted_job_takes_its_entries_with_it),
        TEST(attempts_come_back_in_order_and_go_with_their_job),
        TEST(a_key_makes_one_job_and_is_forgotten_after_a_day),
        TEST(versions_of_a_worker_go_on_after_a_deletion),
        TEST(accounts_and_tokens_are_found_until_they_end),
        TEST(a_view_is_of_one_moment_until_it_is_refreshed),
        TEST(a_connection_that_is_kept_has_a_new_view_for_each_request),
        TEST(a_connection_that_rests_keeps_nobody_from_taking_in_the_wal),
        TEST(a_connection_whose_file_was_replaced_is_given_up),
        TEST(a_connection_whose_schema_was_changed_is_given_up),
        TEST(whatever_is_done_first_finds_that_the_schema_was_changed),
        TEST(what_is_looked_up_alone_is_never_old),
        TEST(what_is_read_after_a_look_at_one_job_is_of_one_moment),
        TEST(all_of_a_job_that_may_change_is_written),
        TEST(an_id_that_is_there_is_not_put_again),
        TEST(a_job_that_has_moved_is_not_deleted),
        TEST(who_has_seen_enough_sees_no_more),
        TEST(texts_of_a_filter_are_values_and_no_sql),
        TEST(entries_that_are_rolled_back_leave_no_gap),
        TEST(an_entry_has_a_place_of_its_own),
        TEST(what_is_not_committed_nobody_else_sees),
        TEST(what_is_open_when_a_store_is_closed_never_was),
        TEST(writers_stand_in_line),
        TEST(workers_are_listed_by_name_from_any_place),
        TEST(the_bytes_of_a_source_are_kept),
        TEST(tokens_that_expired_go_when_a_new_one_comes),
        TEST(who_only_tries_does_not_wait_for_his_turn),
        TEST(an_account_comes_back_as_it_was_put),
        TEST(accounts_are_listed_and_counted),
        TEST(an_account_goes_with_all_that_is_its_own),
        TEST(a_token_comes_back_with_what_its_owner_may_now),
        TEST(tokens_are_listed_by_owner_and_page),
        TEST(a_token_that_ends_takes_its_sessions_along),
        TEST(sessions_end_but_for_one),
        TEST(failures_add_up_and_are_forgotten),
        TEST(what_is_kept_of_failures_is_bounded),
        TEST(grants_limit_lists_and_counts),
        TEST(grants_meet_in_what_both_allow),
        TEST(a_secret_comes_back_as_it_was_put),
        TEST(secrets_are_listed_by_name_and_worker),
        TEST(what_is_made_durable_is_kept_as_anything_else),
        TEST(a_store_is_there_again_when_it_is_opened_again),
        TEST(many_first_comers_make_one_store),
        TEST(a_store_that_cannot_be_opened_says_so),
        TEST(what_a_store_has_open_is_closed_in_programs_that_are_started),
        TEST(a_connection_that_was_lost_while_nothing_was_open_is_made_again),
        TEST(a_connection_that_is_lost_in_a_transaction_takes_it_along),
        TEST(a_value_that_is_too_large_for_the_server_says_so_and_nothing_of_it_is_kept),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
