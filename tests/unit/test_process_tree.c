/* Finding and ending all that a process has started. The test is the root: each tree holds the write end of a pipe, so
 * its end of file says that nobody of it lives. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process_tree.h"

enum { PATIENCE_MS = 20000 };

struct tree {
    pid_t top;
    int alive; /* ends when all have ended */
    int word;  /* what they say: a line each */
};

static struct tree plant(const char *script)
{
    int alive[2], word[2];
    struct tree t;

    assert_int_equal(pipe(alive), 0);
    assert_int_equal(pipe(word), 0);
    t.top = fork();
    assert_true(t.top >= 0);
    if (t.top == 0) {
        close(alive[0]);
        dup2(word[1], 1);
        close(word[0]);
        close(word[1]);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(alive[1]);
    close(word[1]);
    t.alive = alive[0];
    t.word = word[0];
    return t;
}

static void wait_for_lines(const struct tree *t, int count)
{
    char c;

    while (count > 0) {
        struct pollfd p = {.fd = t->word, .events = POLLIN};

        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        assert_int_equal(read(t->word, &c, 1), 1);
        count -= c == '\n';
    }
}

static void reap_all(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static void assert_gone(struct tree *t)
{
    struct pollfd p = {.fd = t->alive, .events = POLLIN};
    char c;

    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(t->alive, &c, 1), 0);
    close(t->alive);
    close(t->word);
}

static void a_tree_is_killed_whatever_it_did_to_get_away(void **state)
{
    static const struct {
        const char *script;
        int lines;
    } cases[] = {
        {"echo x; exec sleep 600", 1},
        {"trap '' TERM INT HUP; echo x; while :; do sleep 600; done", 1},
        {"setsid sleep 600 & echo x; sleep 600", 1},
        {"(setsid sh -c 'sleep 600 & echo x; sleep 600' & ) ; echo x", 2},
        {"sh -c 'echo x; kill -STOP $$; sleep 600' & echo x; wait", 2},
        {"i=0; while [ $i -lt 100 ]; do setsid sleep 600 & i=$((i+1)); done; echo x; wait", 1},
        {"f() { setsid sh -c 'sleep 600' & sleep 0.001; f; }; echo x; f", 1},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tree t = plant(cases[i].script);

        wait_for_lines(&t, cases[i].lines);
        assert_false(process_tree_is_empty(getpid(), 0));
        assert_int_equal(process_tree_kill(getpid(), 0, PATIENCE_MS, &err), 0);
        assert_true(process_tree_is_empty(getpid(), 0));
        assert_gone(&t);
        reap_all();
    }
}

static void one_that_only_forks_and_ends_is_killed(void **state)
{
    struct error err = {0};
    int alive[2];
    struct tree t;

    (void)state;
    assert_int_equal(pipe(alive), 0);
    t.top = fork();
    if (t.top == 0) {
        time_t end = time(NULL) + 2 * PATIENCE_MS / 1000; /* a test that fails must not go on for ever */

        while (time(NULL) < end && fork() == 0)
            setsid();
        _exit(0);
    }
    close(alive[1]);
    t.alive = alive[0];
    t.word = dup(alive[0]);
    assert_int_equal(process_tree_kill(getpid(), 0, PATIENCE_MS, &err), 0);
    assert_gone(&t);
    reap_all();
}

static void the_one_to_be_spared_lives_with_what_it_started(void **state)
{
    struct tree spared = plant("sleep 600 & echo x; wait"), other = plant("sleep 600 & echo x; wait");
    struct error err = {0};

    (void)state;
    wait_for_lines(&spared, 1);
    wait_for_lines(&other, 1);
    assert_int_equal(process_tree_kill(getpid(), spared.top, PATIENCE_MS, &err), 0);
    assert_gone(&other);
    assert_true(process_tree_is_empty(getpid(), spared.top));
    assert_false(process_tree_is_empty(getpid(), 0));
    assert_int_equal(kill(spared.top, 0), 0);
    assert_int_equal(waitpid(spared.top, NULL, WNOHANG), 0);
    assert_int_equal(process_tree_kill(getpid(), 0, PATIENCE_MS, &err), 0);
    assert_gone(&spared);
    reap_all();
}

static void a_signal_reaches_all_and_wakes_who_is_stopped(void **state)
{
    struct tree t = plant("trap 'echo term; exit' TERM; "
                          "sh -c 'trap \"echo term; exit\" TERM; echo x; kill -STOP $$; sleep 600 & wait' & "
                          "setsid sh -c 'trap \"echo term; exit\" TERM; echo x; sleep 600 & wait' & echo x; wait");
    struct error err = {0};

    (void)state;
    wait_for_lines(&t, 3);
    assert_int_equal(process_tree_signal(getpid(), 0, SIGTERM, &err), 0);
    assert_int_equal(process_tree_signal(getpid(), 0, SIGTERM, &err), 0); /* one may not have been stopped yet */
    wait_for_lines(&t, 3);
    assert_int_equal(process_tree_kill(getpid(), 0, PATIENCE_MS, &err), 0);
    assert_gone(&t);
    reap_all();
}

static void corpses_and_strangers_do_not_count(void **state)
{
    struct tree t = plant("exit 0");
    siginfo_t info;

    (void)state;
    assert_int_equal(waitid(P_PID, (id_t)t.top, &info, WEXITED | WNOWAIT), 0);
    assert_true(process_tree_is_empty(getpid(), 0));
    assert_gone(&t);
    reap_all();
    assert_true(process_tree_is_empty(getpid(), 0)); /* our own parent and its other children are outside */
}

static int become_subreaper(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_killed_whatever_it_did_to_get_away),
        cmocka_unit_test(one_that_only_forks_and_ends_is_killed),
        cmocka_unit_test(the_one_to_be_spared_lives_with_what_it_started),
        cmocka_unit_test(a_signal_reaches_all_and_wakes_who_is_stopped),
        cmocka_unit_test(corpses_and_strangers_do_not_count),
    };

    return cmocka_run_group_tests_name("process tree", tests, become_subreaper, NULL);
}
