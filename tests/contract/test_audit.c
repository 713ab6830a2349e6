/* The audit trail (lib/store/audit.h): what is appended stays, is found, and cannot be changed unseen. */
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
#include "store/audit.h"
#include "store/store.h"

static const unsigned char key[SECRET_KEY_SIZE] = "a key that is not in the store";

/* As somebody does who can write the database and has no key. Returns how many rows were changed. */
static int tamper(void **state, const char *sql)
{
    store_refresh(db_of(state));
    return change_by_hand(*state, sql);
}

static struct audit_note note_of(int64_t time_ms, const char *who, const char *action, const char *object, int status)
{
    struct audit_note note = {.row = {.time_ms = time_ms, .status = status, .times = 1}, .rows_max = 1000000};

    memcpy(note.key, key, sizeof key);
    snprintf(note.row.request, sizeof note.row.request, "r%lld", (long long)time_ms);
    snprintf(note.row.who, sizeof note.row.who, "%s", who);
    snprintf(note.row.via, sizeof note.row.via, "token");
    snprintf(note.row.address, sizeof note.row.address, "192.0.2.7");
    snprintf(note.row.action, sizeof note.row.action, "%s", action);
    snprintf(note.row.object, sizeof note.row.object, "%s", object);
    return note;
}

static void append(struct store *db, struct audit_note note)
{
    struct error err = {0};

    assert_int_equal(audit_append_alone(db, &note, &err), 0);
    assert_true(note.written);
}

/* Rows 1 to n, of the times 1000, 2000 ... */
static void append_many(struct store *db, int n)
{
    for (int i = 1; i <= n; i++)
        append(db, note_of(i * 1000, i % 2 ? "ann" : "bob", i % 3 ? "PUT /workers/:name" : "DELETE /jobs/:id",
                           i % 2 ? "A" : "B", i % 5 ? 200 : 403));
}

struct seen {
    struct audit_row rows[2048];
    int count;
};

static int see(const struct audit_row *row, void *context)
{
    struct seen *seen = context;

    assert_true(seen->count < 2048);
    seen->rows[seen->count++] = *row;
    return 0;
}

static void look(struct store *db, struct audit_filter filter, struct seen *seen)
{
    struct error err = {0};

    if (!filter.limit)
        filter.limit = -1;
    seen->count = 0;
    assert_int_equal(audit_each(db, &filter, see, seen, &err), 0);
}

static struct seen seen; /* too large for the stack */

static void expect(struct store *db, enum audit_finding finding, int64_t seq)
{
    struct audit_report report;
    struct error err = {0};

    store_refresh(db);
    assert_int_equal(audit_verify(db, key, &report, &err), 0);
    assert_int_equal(report.finding, finding);
    if (finding != AUDIT_WHOLE)
        assert_int_equal(report.seq, seq);
}

static void a_row_comes_back_as_it_was_put(void **state)
{
    struct store *db = db_of(state);
    struct audit_note note = note_of(1234, "ann", "PUT /workers/:name", "Hello", 201);

    snprintf(note.row.code, sizeof note.row.code, "none");
    note.row.times = 7;
    append(db, note);
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.rows[0].seq, 1);
    note.row.seq = 1;
    memcpy(note.row.hash, seen.rows[0].hash, sizeof note.row.hash);
    assert_memory_equal(&seen.rows[0], &note.row, sizeof note.row);
    expect(db, AUDIT_WHOLE, 0);
}

static void a_row_goes_with_the_change_or_not_at_all(void **state)
{
    struct store *db = db_of(state);
    struct audit_note note = note_of(1, "ann", "POST /users", "", 0);
    struct account account = {.name = "new", .role = 1}, got;
    struct error err = {0};
    int status = 500;
    bool found;

    note.status = &status;
    audit_along(db, &note);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_account_put(db, &account, &err), 0);
    store_rollback(db);
    assert_false(note.written);
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(store_begin(db, &err), 0); /* on the way: no part of what was asked for */
    assert_int_equal(store_commit_alone(db, &err), 0);
    assert_false(note.written);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_account_put(db, &account, &err), 0);
    audit_about(db, account.name);
    audit_by(db, "eve", "password");
    status = 201;
    assert_int_equal(store_commit(db, &err), 0);
    assert_true(note.written);
    assert_int_equal(store_begin(db, &err), 0); /* once is enough */
    assert_int_equal(store_commit(db, &err), 0);
    audit_along(db, NULL);
    audit_about(db, "nobody");
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.rows[0].object, "new");
    assert_string_equal(seen.rows[0].who, "eve");
    assert_string_equal(seen.rows[0].via, "password");
    assert_int_equal(seen.rows[0].status, 201);
    assert_int_equal(store_account_get(db, "new", &got, &found, &err), 0);
    assert_true(found);
}

/* The row cannot be written: neither is the change. */
static void no_row_no_change(void **state)
{
    struct store *db = db_of(state);
    struct audit_note note = note_of(1, "ann", "POST /users", "", 201);
    struct account account = {.name = "new", .role = 1}, got;
    struct error err = {0};
    bool found;

    tamper(state, mysql_socket() ? "CREATE TRIGGER full BEFORE INSERT ON audit FOR EACH ROW SIGNAL SQLSTATE '45000'"
                                 : "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'full'); END");
    audit_along(db, &note);
    assert_int_equal(store_begin(db, &err), 0);
    assert_int_equal(store_account_put(db, &account, &err), 0);
    assert_int_equal(store_commit(db, &err), -1);
    audit_along(db, NULL);
    assert_false(note.written);
    assert_int_equal(err.status, 500);
    assert_int_equal(store_account_get(db, "new", &got, &found, &err), 0);
    assert_false(found);
}

static void filters_find_what_they_name(void **state)
{
    struct store *db = db_of(state);
    const struct {
        struct audit_filter filter;
        int count;
        int64_t newest;
    } cases[] = {
        {{0}, 30, 30},
        {{.who = "ann"}, 15, 29},
        {{.who = "ann' OR '1'='1"}, 0, 0},
        {{.object = "B"}, 15, 30},
        {{.action = "DELETE /jobs/:id"}, 10, 30},
        {{.action = "DELETE"}, 10, 30},
        {{.action = "/workers/:name"}, 20, 29},
        {{.action = "/workers"}, 0, 0},
        {{.status_low = 403, .status_high = 403}, 6, 30},
        {{.status_low = 100, .status_high = 399}, 24, 29},
        {{.code = "forbidden"}, 0, 0},
        {{.code = ""}, 30, 30},
        {{.since_ms = 29000}, 2, 30},
        {{.until_ms = 3000}, 2, 2},
        {{.since_ms = 10000, .until_ms = 20000, .who = "bob", .action = "DELETE"}, 2, 18},
        {{.before_seq = 5}, 4, 4},
        {{.limit = 3}, 3, 30},
    };

    append_many(db, 30);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        int64_t count;

        look(db, cases[i].filter, &seen);
        assert_int_equal(seen.count, cases[i].count);
        if (seen.count)
            assert_int_equal(seen.rows[0].seq, cases[i].newest);
        assert_int_equal(audit_count(db, &cases[i].filter, &count, &err), 0);
        if (!cases[i].filter.limit)
            assert_int_equal(count, cases[i].count);
    }
    look(db, (struct audit_filter){.oldest_first = true, .from_seq = 7, .limit = 2}, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.rows[0].seq, 7);
}

/* MySQL's columns have their types; there this is no tampering. */
#define OF_ANOTHER_TYPE "UPDATE audit SET who = CAST(who AS BLOB) WHERE seq = 12"
#define ZEROS "x'0000000000000000000000000000000000000000000000000000000000000000'"

static const struct tampering {
    const char *sql;
    enum audit_finding finding;
    int64_t seq;
} tamperings[] = {
    {"UPDATE audit SET who = 'eve' WHERE seq = 7", AUDIT_ROW_CHANGED, 7},
    {"UPDATE audit SET time = time + 1 WHERE seq = 1", AUDIT_ROW_CHANGED, 1},
    {"UPDATE audit SET request = 'x' WHERE seq = 2", AUDIT_ROW_CHANGED, 2},
    {"UPDATE audit SET via = '' WHERE seq = 3", AUDIT_ROW_CHANGED, 3},
    {"UPDATE audit SET address = '192.0.2.8' WHERE seq = 4", AUDIT_ROW_CHANGED, 4},
    {"UPDATE audit SET action = 'PUT /workers/:nam' WHERE seq = 5", AUDIT_ROW_CHANGED, 5},
    {"UPDATE audit SET object = 'C' WHERE seq = 6", AUDIT_ROW_CHANGED, 6},
    {"UPDATE audit SET status = 200 WHERE seq = 10", AUDIT_ROW_CHANGED, 10},
    {"UPDATE audit SET code = 'x' WHERE seq = 8", AUDIT_ROW_CHANGED, 8},
    {"UPDATE audit SET times = 2 WHERE seq = 9", AUDIT_ROW_CHANGED, 9},
    {"UPDATE audit SET who = who || char(0) || 'x' WHERE seq = 11", AUDIT_ROW_CHANGED, 11}, /* no filter finds it */
    {OF_ANOTHER_TYPE, AUDIT_ROW_CHANGED, 12},                                               /* nor this */
    {"UPDATE audit SET object = 'A' || via, via = '' WHERE seq = 13", AUDIT_ROW_CHANGED, 13},
    {"UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 13) WHERE seq = 14", AUDIT_ROW_CHANGED, 14},
    {"UPDATE audit SET hash = " ZEROS " WHERE seq = 20", AUDIT_ROW_CHANGED, 20},
    {"DELETE FROM audit WHERE seq = 7", AUDIT_ROW_REMOVED, 7},
    {"DELETE FROM audit WHERE seq = 1", AUDIT_ROW_REMOVED, 1},
    {"DELETE FROM audit WHERE seq > 17", AUDIT_ROW_REMOVED, 18},
    {"DELETE FROM audit", AUDIT_ROW_REMOVED, 1},
    {"DELETE FROM audit WHERE seq = 7; UPDATE audit SET seq = seq - 1 WHERE seq > 7", AUDIT_ROW_CHANGED, 7},
    {"UPDATE audit SET seq = 100 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 8; UPDATE audit SET seq = 8"
     " WHERE seq = 100",
     AUDIT_ROW_CHANGED, 7},
    {"INSERT INTO audit SELECT 21, time, request, who, via, address, action, object, status, code, times, hash"
     " FROM audit WHERE seq = 20",
     AUDIT_STRANGE_ROW, 21},
    {"INSERT INTO audit SELECT 0, time, request, who, via, address, action, object, status, code, times, hash"
     " FROM audit WHERE seq = 1",
     AUDIT_STRANGE_ROW, 0},
    {"DELETE FROM audit WHERE seq = 20; UPDATE audit_chain SET last = 19, hash = (SELECT hash FROM audit WHERE seq = "
     "19)",
     AUDIT_END_CHANGED, 19},
    {"DELETE FROM audit WHERE seq < 5; UPDATE audit_chain SET first = 5, \"before\" = " ZEROS, AUDIT_END_CHANGED, 20},
    {"UPDATE audit_chain SET seal = " ZEROS, AUDIT_END_CHANGED, 20},
    {"DELETE FROM audit_chain", AUDIT_END_REMOVED, 20},
    {"DELETE FROM audit_chain; DELETE FROM audit", AUDIT_NEVER_BEGUN, 0},
};

enum { TAMPERINGS = sizeof tamperings / sizeof *tamperings };

static bool cannot_be(const struct tampering *t)
{
    return mysql_socket() && strcmp(t->sql, OF_ANOTHER_TYPE) == 0;
}

static void each_kind_of_tampering_is_found(void **state)
{
    struct store *db = db_of(state);

    expect(db, AUDIT_NEVER_BEGUN, 0);
    append_many(db, 20);
    expect(db, AUDIT_WHOLE, 0);
    tamper(state, "CREATE TABLE a AS SELECT * FROM audit; CREATE TABLE c AS SELECT * FROM audit_chain");
    for (int i = 0; i < TAMPERINGS; i++) {
        if (cannot_be(&tamperings[i]))
            continue;
        assert_true(tamper(state, tamperings[i].sql) > 0);
        expect(db, tamperings[i].finding, tamperings[i].seq);
        tamper(state, "DELETE FROM audit; DELETE FROM audit_chain; INSERT INTO audit SELECT * FROM a;"
                      "INSERT INTO audit_chain SELECT * FROM c");
        expect(db, AUDIT_WHOLE, 0);
    }
}

/* A row that we have written ourselves, with its own hash, in a trail that was put back to an older state meanwhile. */
static void a_row_of_another_history_is_found(void **state)
{
    struct store *db = db_of(state);

    append_many(db, 5);
    tamper(state, "CREATE TABLE a AS SELECT * FROM audit; CREATE TABLE c AS SELECT * FROM audit_chain");
    append(db, note_of(6000, "ann", "POST /jobs", "", 201));
    append(db, note_of(7000, "ann", "POST /jobs", "", 201));
    tamper(state, "CREATE TABLE other AS SELECT * FROM audit WHERE seq = 7;"
                  "DELETE FROM audit; DELETE FROM audit_chain; INSERT INTO audit SELECT * FROM a;"
                  "INSERT INTO audit_chain SELECT * FROM c");
    append(db, note_of(6000, "eve", "DELETE /users/:user", "ann", 200));
    append(db, note_of(7000, "eve", "DELETE /users/:user", "bob", 200));
    append(db, note_of(8000, "ann", "POST /jobs", "", 201));
    expect(db, AUDIT_WHOLE, 0);
    assert_true(tamper(state, "REPLACE INTO audit SELECT * FROM other") > 0);
    expect(db, AUDIT_ROW_CHANGED, 7);
}

/* Our own seal over what was tampered with would hide it. */
static void what_is_appended_later_hides_no_tampering(void **state)
{
    struct store *db = db_of(state);

    append_many(db, 20);
    tamper(state, "CREATE TABLE a AS SELECT * FROM audit; CREATE TABLE c AS SELECT * FROM audit_chain");
    for (int i = 0; i < TAMPERINGS; i++) {
        struct audit_report report;
        struct error err = {0};

        if (tamperings[i].seq == 21) /* it stands where the next row goes, so that nothing can be written any more */
            continue;
        if (cannot_be(&tamperings[i]))
            continue;
        assert_true(tamper(state, tamperings[i].sql) > 0);
        append(db, note_of(21000, "ann", "POST /jobs", "", 201));
        assert_int_equal(audit_verify(db, key, &report, &err), 0);
        if (tamperings[i].finding !=
            AUDIT_NEVER_BEGUN) /* all of it is gone: only a row that was noted elsewhere tells */
            assert_int_not_equal(report.finding, AUDIT_WHOLE);
        tamper(state, "DELETE FROM audit; DELETE FROM audit_chain; INSERT INTO audit SELECT * FROM a;"
                      "INSERT INTO audit_chain SELECT * FROM c");
    }
}

static void another_key_is_another_trail(void **state)
{
    struct store *db = db_of(state);
    struct audit_note note = note_of(1, "ann", "POST /jobs", "", 201);
    const unsigned char other[SECRET_KEY_SIZE] = "another one";
    struct audit_report report;
    struct error err = {0};

    append_many(db, 3);
    assert_int_equal(audit_verify(db, other, &report, &err), 0);
    assert_int_equal(report.finding, AUDIT_END_CHANGED);
    memcpy(note.key, other, sizeof other);
    append(db, note);
    assert_int_equal(audit_verify(db, other, &report, &err), 0);
    assert_int_equal(report.finding, AUDIT_STRANGE_ROW);
    assert_int_equal(report.first, 4);
    tamper(state, "DELETE FROM audit WHERE seq < 4");
    assert_int_equal(audit_verify(db, other, &report, &err), 0);
    assert_int_equal(report.finding, AUDIT_BEGUN_ANEW);
    assert_int_equal(report.seq, 4);
}

static void too_many_rows_go_from_the_old_end(void **state)
{
    struct store *db = db_of(state);

    for (int i = 1; i <= 1000; i++) {
        struct audit_note note = note_of(i, "ann", "POST /jobs", "", 201);

        note.rows_max = 100;
        append(db, note);
        if (i % 97 == 0)
            expect(db, AUDIT_WHOLE, 0);
    }
    look(db, (struct audit_filter){0}, &seen);
    assert_in_range(seen.count, 100, 100 + AUDIT_CUT_EVERY);
    assert_int_equal(seen.rows[0].seq, 1000);
    expect(db, AUDIT_WHOLE, 0);
    tamper(state, "DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)");
    expect(db, AUDIT_ROW_REMOVED, seen.rows[seen.count - 1].seq);
}

/* One append has a bounded amount of work, however much there is to cut. */
static void cutting_goes_in_steps(void **state)
{
    struct store *db = db_of(state);
    int left[3];

    for (int i = 1; i < 1152; i++)
        append(db, note_of(i, "ann", "POST /jobs", "", 201));
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < (step ? AUDIT_CUT_EVERY : 1); i++) {
            struct audit_note note = note_of(2000, "ann", "POST /jobs", "", 201);

            note.rows_max = 100;
            append(db, note);
        }
        look(db, (struct audit_filter){0}, &seen);
        left[step] = seen.count;
        expect(db, AUDIT_WHOLE, 0);
    }
    assert_int_equal(left[0], 1152 - AUDIT_CUT_MAX);
    assert_int_equal(left[1], left[0] + AUDIT_CUT_EVERY - AUDIT_CUT_MAX);
    assert_int_equal(left[2], 100);
}

static void old_rows_go_and_none_that_only_looks_old(void **state)
{
    struct store *db = db_of(state);

    append_many(db, 64); /* to the time 64000 */
    tamper(state, "UPDATE audit SET time = 1 WHERE seq = 41");
    for (int i = 65; i <= 128; i++) {
        struct audit_note note = note_of(100000, "ann", "POST /jobs", "", 201);

        note.age_max_ms = 70000;
        append(db, note);
    }
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, 128 - 29);
    tamper(state, "UPDATE audit SET time = 1 WHERE seq = 30");
    for (int i = 129; i <= 192; i++) {
        struct audit_note note = note_of(1000000, "ann", "POST /jobs", "", 201);

        note.age_max_ms = 70000;
        append(db, note);
    }
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.rows[seen.count - 1].seq, 30);
    expect(db, AUDIT_ROW_CHANGED, 30);
}

static void refuse(struct store *db, int64_t time_ms, const char *sender, const char *code)
{
    struct audit_note note = note_of(time_ms, "", "GET /jobs", "", 401);
    struct error err = {0};

    snprintf(note.row.code, sizeof note.row.code, "%s", code);
    snprintf(note.row.address, sizeof note.row.address, "%s", sender);
    assert_int_equal(audit_refuse(db, &note, sender, &err), 0);
}

static void a_flood_of_one_sender_is_counted(void **state)
{
    struct store *db = db_of(state);

    for (int i = 0; i < 500; i++)
        refuse(db, 60000 + i, "192.0.2.1", "unauthorized");
    refuse(db, 60600, "192.0.2.1", "forbidden"); /* by the code too */
    refuse(db, 60600, "192.0.2.2", "unauthorized");
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, AUDIT_REFUSED_OF_SENDER + 2);
    refuse(db, 120000, "192.0.2.3", "unauthorized"); /* the next minute tells */
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, AUDIT_REFUSED_OF_SENDER + 4);
    assert_string_equal(seen.rows[0].address, "192.0.2.3");
    assert_int_equal(seen.rows[1].times, 500 - AUDIT_REFUSED_OF_SENDER);
    assert_string_equal(seen.rows[1].address, "192.0.2.1");
    assert_string_equal(seen.rows[1].code, "unauthorized");
    assert_string_equal(seen.rows[1].action, "");
    assert_int_equal(seen.rows[1].status, 401);
    refuse(db, 180000, "192.0.2.1", "unauthorized"); /* and once is enough */
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, AUDIT_REFUSED_OF_SENDER + 5);
    assert_int_equal(seen.rows[0].times, 1);
    expect(db, AUDIT_WHOLE, 0);
}

static void a_flood_of_many_senders_is_counted(void **state)
{
    struct store *db = db_of(state);
    int64_t times = 0;
    char sender[64];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) {
            snprintf(sender, sizeof sender, "192.0.%d.%d", i / 250, i % 250);
            refuse(db, 60000, sender, "unauthorized");
        }
    }
    look(db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, AUDIT_REFUSED_OF_ALL);
    for (int i = 1; i < AUDIT_CUT_EVERY; i++) /* who is allowed tells it too, after a while */
        append(db, note_of(180000, "ann", "POST /jobs", "", 201));
    look(db, (struct audit_filter){0}, &seen);
    for (int i = 0; i < seen.count; i++)
        times += seen.rows[i].action[0] ? 0 : seen.rows[i].times;
    assert_int_equal(times, 600 - AUDIT_REFUSED_OF_ALL);
    expect(db, AUDIT_WHOLE, 0);
}

/* Who is only counted does not wait for a writer. */
static void who_floods_stands_in_nobodys_way(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct store *writer = store_open(&f->settings, &err);

    for (int i = 0; i < AUDIT_REFUSED_OF_SENDER + 1; i++)
        refuse(f->db, 60000, "192.0.2.1", "unauthorized");
    assert_non_null(writer);
    assert_int_equal(store_begin(writer, &err), 0);
    refuse(f->db, 60000, "192.0.2.1", "unauthorized"); /* with the writer at it, for as long as it likes */
    store_rollback(writer);
    store_close(writer);
    refuse(f->db, 60000, "192.0.2.1", "unauthorized");
    refuse(f->db, 120000, "192.0.2.1", "unauthorized");
    look(f->db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.rows[1].times, 2); /* the one in between was not counted */
}

static void many_at_once_make_one_chain(void **state)
{
    struct fixture *f = *state;
    int status, failed = 0;

    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            struct error err = {0};
            struct store *db = store_open(&f->settings, &err);
            bool bad = !db;

            for (int n = 0; !bad && n < 40; n++) {
                struct audit_note note = note_of(n, "ann", "POST /jobs", "", 201);

                bad = audit_append_alone(db, &note, &err) < 0;
            }
            _exit(bad);
        }
    }
    while (wait(&status) > 0)
        failed += status != 0;
    assert_int_equal(failed, 0);
    store_refresh(f->db);
    look(f->db, (struct audit_filter){0}, &seen);
    assert_int_equal(seen.count, 320);
    expect(f->db, AUDIT_WHOLE, 0);
}

static void a_text_is_cut_between_characters(void **state)
{
    char out[8];

    (void)state;
    audit_set_text(out, sizeof out, "1234567");
    assert_string_equal(out, "1234567");
    audit_set_text(out, sizeof out, "12345678");
    assert_string_equal(out, "1234567");
    audit_set_text(out, sizeof out, "123456\xc3\xbc");
    assert_string_equal(out, "123456");
    audit_set_text(out, sizeof out,
                   "1\xff\xfe"
                   "2");
    assert_string_equal(out, "1??2");
    audit_set_text(out, sizeof out, "");
    assert_string_equal(out, "");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_comes_back_as_it_was_put),
        TEST(a_row_goes_with_the_change_or_not_at_all),
        TEST(no_row_no_change),
        TEST(filters_find_what_they_name),
        TEST(each_kind_of_tampering_is_found),
        TEST(a_row_of_another_history_is_found),
        TEST(what_is_appended_later_hides_no_tampering),
        TEST(another_key_is_another_trail),
        TEST(too_many_rows_go_from_the_old_end),
        TEST(cutting_goes_in_steps),
        TEST(old_rows_go_and_none_that_only_looks_old),
        TEST(a_flood_of_one_sender_is_counted),
        TEST(a_flood_of_many_senders_is_counted),
        TEST(who_floods_stands_in_nobodys_way),
        TEST(many_at_once_make_one_chain),
        cmocka_unit_test(a_text_is_cut_between_characters),
    };

    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
