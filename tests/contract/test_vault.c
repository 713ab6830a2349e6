/* Secrets at rest, and the rotation of their key, which may be interrupted anywhere. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/key.h"
#include "engine/vault.h"
#include "fixture.h"

static int set_up_vault(void **state)
{
    struct error err = {0};

    set_up(state);
    return key_make(&((struct fixture *)*state)->settings, &err);
}

static int try_put(struct fixture *f, const char *name, const char *value, const char *workers, int as_file,
                   struct error *err)
{
    struct grant grant = {.limited = workers && strcmp(workers, "*") != 0};
    struct vault_change change = {.value = value,
                                  .size = value ? strlen(value) : 0,
                                  .as_file = as_file,
                                  .grant = workers ? &grant : NULL,
                                  .who = "ann"};
    struct secret out;
    bool is_new;

    *err = (struct error){0};
    if (grant.limited)
        snprintf(grant.workers, sizeof grant.workers, "%s", workers);
    assert_int_equal(store_begin(f->db, err), 0);
    if (vault_put(f->db, &f->settings, 5000, name, &change, &out, &is_new, err) == 0)
        return store_commit(f->db, err);
    store_rollback(f->db);
    return -1;
}

static void put(struct fixture *f, const char *name, const char *value, const char *workers)
{
    struct error err;

    assert_int_equal(try_put(f, name, value, workers, -1, &err), 0);
}

static void note(const struct secret *s, const char *value, void *context)
{
    buf_printf(context, "%s%s=%s ", s->as_file ? "file:" : "", s->name, value);
}

/* What a worker gets, as one text; or the message why it gets nothing. */
static void assert_gets(struct fixture *f, const char *worker, const char *expected)
{
    AUTO(buf) struct buf got = {0};
    struct error err = {0};

    store_refresh(f->db);
    if (vault_open(f->db, &f->settings, worker, note, &got, &err) < 0) {
        assert_int_equal(err.status, 500);
        assert_string_equal(err.code, "secret_unreadable");
        buf_reset(&got);
        buf_puts(&got, err.message);
    }
    assert_string_equal(buf_text(&got), expected);
}

static bool is_there(struct fixture *f, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return access(path, F_OK) == 0;
}

static void a_worker_gets_what_it_is_granted_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct error err;

    put(f, "NOBODYS", "a", NULL);
    put(f, "ALL", "b", "*");
    put(f, "TWO", "c", "A B");
    assert_int_equal(try_put(f, "KEY", "d\ne\n", "B", 1, &err), 0);
    assert_gets(f, "A", "ALL=b TWO=c ");
    assert_gets(f, "B", "ALL=b file:KEY=d\ne\n TWO=c ");
    assert_gets(f, "C", "ALL=b ");
    put(f, "TWO", NULL, "C");   /* keeps the value */
    put(f, "ALL", "new", NULL); /* keeps the workers */
    assert_gets(f, "A", "ALL=new ");
    assert_gets(f, "C", "ALL=new TWO=c ");
    assert_int_equal(vault_delete(f->db, "ALL", &err), 0);
    assert_int_equal(vault_delete(f->db, "ALL", &err), -1);
    assert_int_equal(err.status, 404);
    assert_gets(f, "A", "");
}

static void what_cannot_be_given_or_hidden_is_refused(void **state)
{
    static const char *const names[] = {
        "",           "1A",       "a-b",           "A B",          "\xc3\xa4", "PATH",
        "LD_PRELOAD", "LD_",      "JOBJOKER_ID",   "HOME",         "TMPDIR",   "IFS",
        "BASH_ENV",   "ENV",      "PYTHONX",       "NODE_OPTIONS", "PHPRC",    "PHP_INI_SCAN_DIR",
        "LC_ALL",     "PERL5LIB", "GLIBC_TUNABLES"};
    struct fixture *f = *state;
    char text[SECRET_VALUE_MAX + 2];
    struct error err;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(try_put(f, names[i], "x", "*", -1, &err), -1);
        assert_int_equal(err.status, 422);
    }
    memset(text, 'N', SECRET_NAME_SIZE);
    text[SECRET_NAME_SIZE] = '\0';
    assert_int_equal(try_put(f, text, "x", "*", -1, &err), -1);
    put(f, text + 1, "x", "*");
    put(f, "PATHS", "x", "*"); /* near a name that is refused */
    put(f, "_", "x", "*");
    for (size_t i = 0; i <= SECRET_VALUE_MAX; i++)
        text[i] = i % 100 == 99 ? '\n' : 'v';
    text[SECRET_VALUE_MAX + 1] = '\0';
    assert_int_equal(try_put(f, "BIG", text, "*", -1, &err), -1);
    text[SECRET_VALUE_MAX] = '\0';
    put(f, "BIG", text, "*");
    memset(text, 'v', SECRET_LINE_MAX + 1);
    text[SECRET_LINE_MAX + 1] = '\0';
    assert_int_equal(try_put(f, "LONG", text, "*", -1, &err), -1);
    text[SECRET_LINE_MAX] = '\0';
    put(f, "LONG", text, "*");
    for (int i = 0; i < 2 * (SECRET_LINES_MAX + 1); i++)
        text[i] = i % 2 ? '\n' : 'v';
    text[2 * (SECRET_LINES_MAX + 1)] = '\0';
    assert_int_equal(try_put(f, "LINES", text, "*", -1, &err), -1);
    assert_int_equal(try_put(f, "EMPTY", "", "*", -1, &err), -1);
    assert_int_equal(try_put(f, "NEW", NULL, "*", -1, &err), -1);
    assert_int_equal(secret_check_value("a\0b", 3, &err), -1);
}

static void two_secrets_are_never_in_one_variable(void **state)
{
    struct fixture *f = *state;
    struct error err;

    assert_int_equal(try_put(f, "A", "x", "*", 1, &err), 0);
    assert_int_equal(try_put(f, "A_FILE", "x", "*", 0, &err), -1);
    assert_string_equal(err.code, "secret_conflict");
    assert_int_equal(try_put(f, "A_FILE", "x", "*", 1, &err), 0); /* A_FILE_FILE */
    assert_int_equal(try_put(f, "B_FILE", "x", "*", 0, &err), 0);
    assert_int_equal(try_put(f, "B", "x", "*", 1, &err), -1);
    assert_int_equal(try_put(f, "B", "x", "*", 0, &err), 0);
    assert_int_equal(try_put(f, "B", NULL, NULL, 1, &err), -1);
}

static void there_is_an_end_to_secrets(void **state)
{
    struct fixture *f = *state;
    char name[32];
    struct error err;
    int64_t count;

    assert_int_equal(store_begin(f->db, &err), 0);
    for (int i = 0; i < SECRETS_MAX; i++) {
        struct secret s = {.sealed = (const unsigned char *)"x", .sealed_size = 1};

        snprintf(s.name, sizeof s.name, "S%d", i);
        assert_int_equal(store_secret_put(f->db, &s, &err), 0);
    }
    assert_int_equal(store_commit(f->db, &err), 0);
    assert_int_equal(try_put(f, "MORE", "x", "*", -1, &err), -1);
    assert_string_equal(err.code, "secrets_full");
    snprintf(name, sizeof name, "S%d", SECRETS_MAX - 1);
    put(f, name, "x", "*");
    assert_int_equal(store_secret_count(f->db, &count, &err), 0);
    assert_int_equal(count, SECRETS_MAX);
}

static int keep_sealed(const struct secret *s, void *context)
{
    buf_put(context, s->sealed, s->sealed_size);
    return 0;
}

static void read_sealed(struct fixture *f, const char *worker, struct buf *out)
{
    struct secret_filter filter = {.worker = worker, .limit = 1, .sealed = true};
    struct error err = {0};

    assert_int_equal(store_secret_each(f->db, &filter, keep_sealed, out, &err), 0);
}

static void put_sealed(struct fixture *f, const char *name, const struct buf *sealed)
{
    struct secret s;
    struct error err = {0};
    bool found;

    assert_int_equal(store_secret_get(f->db, name, &s, &found, &err), 0);
    s.sealed = (const unsigned char *)sealed->data;
    s.sealed_size = sealed->size;
    assert_int_equal(store_secret_put(f->db, &s, &err), 0);
}

static void a_row_is_good_under_its_own_name_alone(void **state)
{
    struct fixture *f = *state;
    AUTO(buf) struct buf sealed = {0};

    put(f, "MINE", "my value", "A");
    put(f, "YOURS", "your value", "B");
    read_sealed(f, "A", &sealed);
    put_sealed(f, "YOURS", &sealed);
    assert_gets(f, "B",
                "the secret YOURS cannot be read: it was changed in the database, or moved there from another name");
    assert_gets(f, "A", "MINE=my value ");
    for (size_t i = 0; i < sealed.size; i++) { /* any bit of it */
        sealed.data[i] ^= 1;
        put_sealed(f, "MINE", &sealed);
        assert_gets(f, "A",
                    "the secret MINE cannot be read: it was changed in the database, or moved there from another name");
        sealed.data[i] ^= 1;
    }
    sealed.size = SECRET_SEAL_SIZE - 1;
    put_sealed(f, "MINE", &sealed);
    assert_gets(f, "A", "the secret MINE cannot be read: it was changed in the database");
}

static void the_same_value_never_looks_the_same(void **state)
{
    struct fixture *f = *state;
    AUTO(buf) struct buf first = {0}, second = {0};

    put(f, "S", "the value", "A");
    read_sealed(f, "A", &first);
    put(f, "S", "the value", "A");
    read_sealed(f, "A", &second);
    assert_int_equal(first.size, second.size);
    assert_memory_not_equal(first.data, second.data, first.size);
}

static void without_its_key_a_secret_is_nothing(void **state)
{
    struct fixture *f = *state;
    char path[KEY_PATH_SIZE], away[KEY_PATH_SIZE + 8];
    struct error err = {0};
    bool interrupted;
    int64_t lost;

    put(f, "S", "value", "A");
    key_path(&f->settings, path);
    snprintf(away, sizeof away, "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(key_make(&f->settings, &err), 0);
    assert_gets(f, "A", "the secret S cannot be read: it was encrypted under another key than the one in secret.key");
    assert_int_equal(vault_examine(f->db, &f->settings, &lost, &interrupted, &err), 0);
    assert_true(lost == 1 && !interrupted);
    assert_int_equal(vault_rotate(f->db, &f->settings, &lost, &err), -1); /* nothing is made worse */
    assert_false(is_there(f, "secret.key.old"));
    assert_int_equal(rename(away, path), 0);
    assert_gets(f, "A", "S=value ");
}

/* -- rotation -- */

static void read_key_file(struct fixture *f, unsigned char key[SECRET_KEY_SIZE])
{
    struct error err = {0};

    assert_int_equal(key_read(&f->settings, key, &err), 0);
}

static void rotation_changes_the_key_and_no_value(void **state)
{
    struct fixture *f = *state;
    unsigned char before[SECRET_KEY_SIZE], after[SECRET_KEY_SIZE];
    struct error err = {0};
    int64_t count;

    put(f, "A1", "one", "A");
    put(f, "A2", "two", "*");
    read_key_file(f, before);
    assert_int_equal(vault_rotate(f->db, &f->settings, &count, &err), 0);
    read_key_file(f, after);
    assert_int_equal(count, 2);
    assert_memory_not_equal(before, after, sizeof before);
    assert_gets(f, "A", "A1=one A2=two ");
    assert_false(is_there(f, "secret.key.old") || is_there(f, "secret.key.new"));
}

static void who_looked_before_a_rotation_looks_again(void **state)
{
    struct fixture *f = *state;
    AUTO(buf) struct buf got = {0};
    struct error err = {0};
    struct store *other;
    int64_t count;

    put(f, "S", "value", "A");
    other = store_open(&f->settings, &err);
    assert_non_null(other);
    assert_int_equal(store_secret_count(other, &count, &err), 0); /* its view is of now */
    assert_int_equal(vault_rotate(f->db, &f->settings, &count, &err), 0);
    assert_int_equal(vault_open(other, &f->settings, "A", note, &got, &err), 0);
    assert_string_equal(buf_text(&got), "S=value ");
    store_close(other);
}

/* A rotation in a process of its own that is killed at its n-th system call. 1: it came to its end before. */
static bool rotate_until(const struct fixture *f, int calls)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct error err = {0};
        struct store *db;
        int64_t count;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(77);
        db = store_open(&f->settings, &err);
        raise(SIGSTOP);
        _exit(!db || vault_rotate(db, &f->settings, &count, &err) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip(); /* this machine lets nobody trace */
    for (int i = 0; WIFSTOPPED(status) && i < calls; i++) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    }
    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return false;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

/* Each stop is before or after a system call, so no state that a kill can leave is left out. */
static void a_rotation_may_be_killed_anywhere(void **state)
{
    struct fixture *f = *state;
    int calls = 1, left_old = 0;

    put(f, "A1", "one", "A");
    put(f, "A2", "two\nlines", "*");
    for (; !rotate_until(f, calls); calls++) {
        struct error err = {0};
        bool interrupted;
        int64_t lost;

        assert_gets(f, "A", "A1=one A2=two\nlines ");
        assert_int_equal(vault_examine(f->db, &f->settings, &lost, &interrupted, &err), 0);
        assert_int_equal(lost, 0);
        left_old += interrupted;
        put(f, "A1", "one", "A"); /* a request in between, under whichever key there is */
    }
    assert_true(calls > 50 && left_old > 10); /* it was stopped in the middle too */
    assert_gets(f, "A", "A1=one A2=two\nlines ");
    assert_false(is_there(f, "secret.key.old") || is_there(f, "secret.key.new"));
}

/* Requests that come meanwhile: each reads or writes with a process of its own kind of view. */
static void rotations_and_requests_do_not_disturb_each_other(void **state)
{
    enum { PROCESSES = 4, ROUNDS = 15 };
    struct fixture *f = *state;
    int status, failed = 0;

    put(f, "READ", "r", "A");
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct fixture mine = *f;
            struct error err = {0};
            int64_t count;
            int bad = 0;

            mine.db = store_open(&f->settings, &err);
            for (int round = 0; mine.db && round < ROUNDS && !bad; round++) {
                AUTO(buf) struct buf got = {0};
                char name[16], value[16];

                snprintf(name, sizeof name, "W%d", i);
                snprintf(value, sizeof value, "%d", round);
                if (i < 2)
                    bad = vault_rotate(mine.db, &mine.settings, &count, &err) < 0;
                else
                    bad = try_put(&mine, name, value, "B", -1, &err) < 0 ||
                          vault_open(mine.db, &mine.settings, "A", note, &got, &err) < 0 ||
                          strcmp(buf_text(&got), "READ=r ") != 0;
            }
            if (bad)
                fprintf(stderr, "%d: %s\n", i, err.message);
            _exit(!mine.db || bad);
        }
    }
    while (wait(&status) > 0)
        failed += status != 0;
    assert_int_equal(failed, 0);
    assert_gets(f, "B", "W2=14 W3=14 ");
    assert_gets(f, "A", "READ=r ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_worker_gets_what_it_is_granted_and_no_more, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_given_or_hidden_is_refused, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(two_secrets_are_never_in_one_variable, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(there_is_an_end_to_secrets, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(a_row_is_good_under_its_own_name_alone, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(the_same_value_never_looks_the_same, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(without_its_key_a_secret_is_nothing, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(rotation_changes_the_key_and_no_value, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(who_looked_before_a_rotation_looks_again, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(a_rotation_may_be_killed_anywhere, set_up_vault, tear_down),
        cmocka_unit_test_setup_teardown(rotations_and_requests_do_not_disturb_each_other, set_up_vault, tear_down),
    };

    return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
