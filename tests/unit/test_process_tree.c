/* Finding, ending and stopping all that a process has started. The test is the root. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/process_tree.h"
#include "plant.h"

enum {
    BOMB_USER = 64123, /* whom nobody is, so that his limit counts the bomb alone */
    BOMB_PROCESSES = 300,
    BOMB_SECONDS = 60, /* a test that fails must not go on for ever */
};

static struct process_tree own_tree(void)
{
    return (struct process_tree){.root = getpid()};
}

static void kill_all(const struct process_tree *t)
{
    struct error err = {0};

    assert_int_equal(process_tree_kill(t, PATIENCE_MS, &err), 0);
    assert_true(process_tree_is_empty(t));
}

static void end(struct tree *t)
{
    struct process_tree own = own_tree();

    kill_all(&own);
    assert_gone(t);
    reap_all();
}

static void *count_in_thread(void *arg)
{
    grow_counting(arg);
    return NULL;
}

/* The first thread ends, so that the process looks like a corpse; another one counts. */
static void grow_without_leader(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, count_in_thread, arg) == 0)
        syscall(SYS_exit, 0); /* pthread_exit() of glibc may load a library first */
}

/* Away by a double fork and setsid, among others that do nothing and take no signal. */
static void grow_a_crowd(void *arg)
{
    signal(SIGTERM, SIG_IGN);
    for (int i = 0; i < 500; i++) {
        if (fork() == 0) {
            for (;;)
                pause();
        }
    }
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            grow_counting(arg);
        _exit(0);
    }
    for (;;)
        pause();
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
    struct process_tree own = own_tree();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tree t = plant(cases[i].script);

        wait_for_lines(&t, cases[i].lines);
        assert_false(process_tree_is_empty(&own));
        end(&t);
    }
}

static void one_that_only_forks_and_ends_is_killed(void **state)
{
    struct process_tree own = own_tree();
    struct error err = {0};
    int alive[2];
    struct tree t;

    (void)state;
    assert_int_equal(pipe(alive), 0);
    t.top = fork();
    if (t.top == 0) {
        time_t last = time(NULL) + 2 * PATIENCE_MS / 1000; /* a test that fails must not go on for ever */

        while (time(NULL) < last && fork() == 0)
            setsid();
        _exit(0);
    }
    close(alive[1]);
    t.alive = alive[0];
    t.word = dup(alive[0]);
    assert_int_equal(process_tree_kill(&own, PATIENCE_MS, &err), 0);
    assert_gone(&t);
    reap_all();
}

/* -- standing still -- */

static void a_frozen_tree_stands_still_goes_on_and_can_be_killed(void **state)
{
    static void (*const kinds[])(void *) = {grow_counting, grow_forking, grow_in_vfork, grow_without_leader,
                                            grow_a_crowd};
    struct process_tree own = own_tree();
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        counter *c = new_counter();
        struct tree t = plant_process(kinds[i], (void *)c);

        wait_for_count(c, 0);
        for (int again = 0; again < 3; again++) {
            unsigned long seen;

            assert_int_equal(process_tree_freeze(&own, PATIENCE_MS, &err), 0);
            seen = *c;
            let_others_run();
            assert_int_equal(*c, seen);
            assert_int_equal(process_tree_thaw(&own, &err), 0);
            wait_for_count(c, seen);
        }
        assert_int_equal(process_tree_freeze(&own, PATIENCE_MS, &err), 0);
        assert_false(process_tree_is_empty(&own));
        end(&t);
        munmap((void *)c, 4096);
    }
}

static void who_is_frozen_takes_a_sigterm(void **state)
{
    struct tree t = plant("trap 'echo term; exit' TERM; echo x; while :; do sleep 600 & wait; done");
    struct process_tree own = own_tree();
    struct error err = {0};

    (void)state;
    wait_for_lines(&t, 1);
    assert_int_equal(process_tree_freeze(&own, PATIENCE_MS, &err), 0);
    assert_int_equal(process_tree_signal(&own, SIGTERM, &err), 0);
    wait_for_lines(&t, 1);
    end(&t);
}

static void a_thaw_wakes_also_who_had_stopped_before(void **state)
{
    struct tree t = plant("kill -STOP $$; echo x; exec sleep 600");
    struct process_tree own = own_tree();
    struct error err = {0};

    (void)state;
    wait_for_stop(&t);
    assert_int_equal(process_tree_freeze(&own, PATIENCE_MS, &err), 0);
    assert_int_equal(process_tree_thaw(&own, &err), 0);
    wait_for_lines(&t, 1);
    end(&t);
}

/* -- who belongs to it -- */

static void the_one_to_be_spared_lives_with_what_it_started(void **state)
{
    struct tree spared = plant("sleep 600 & echo x; wait"), other = plant("sleep 600 & echo x; wait");
    struct process_tree own = own_tree(), rest = {.root = getpid(), .spare = spared.top};

    (void)state;
    wait_for_lines(&spared, 1);
    wait_for_lines(&other, 1);
    kill_all(&rest);
    assert_gone(&other);
    assert_false(process_tree_is_empty(&own));
    assert_int_equal(waitpid(spared.top, NULL, WNOHANG), 0);
    end(&spared);
}

static void nobody_belongs_to_a_tree_of_nothing(void **state)
{
    struct tree t = plant("echo x; exec sleep 600");
    struct process_tree nothing = {0}, no_mark = {.mark = ""};

    (void)state;
    wait_for_lines(&t, 1);
    kill_all(&nothing);
    kill_all(&no_mark);
    assert_alive(&t);
    end(&t);
}

static void a_mark_finds_a_tree_without_a_root(void **state)
{
    char mark[64], longer[96], other[96], inside[96];
    struct process_tree t = {.mark = mark};
    struct tree marked, hidden, others[3];

    (void)state;
    snprintf(mark, sizeof mark, "JOBJOKER_TEST_MARK=%ld_", (long)getpid());
    snprintf(longer, sizeof longer, "%ssecret", mark);
    snprintf(other, sizeof other, "JOBJOKER_TEST_MARK=%ld1_", (long)getpid());
    snprintf(inside, sizeof inside, "X%s", mark);
    assert_true(process_tree_is_empty(&t));
    marked = plant_marked("setsid sleep 600 & (setsid sleep 600 & ) ; echo x; wait", longer);
    hidden = plant_marked("env -i /bin/sh -c 'sleep 600 & echo x; wait' & wait", mark);
    others[0] = plant_marked("echo x; exec sleep 600", other);
    others[1] = plant_marked("echo x; exec sleep 600", inside);
    others[2] = plant("echo x; exec sleep 600");
    wait_for_lines(&marked, 1);
    wait_for_lines(&hidden, 1);
    for (size_t i = 0; i < 3; i++)
        wait_for_lines(&others[i], 1);
    assert_false(process_tree_is_empty(&t));
    kill_all(&t);
    assert_gone(&marked);
    assert_gone(&hidden);
    for (size_t i = 0; i < 3; i++)
        assert_alive(&others[i]);
    end(&others[0]);
    assert_gone(&others[1]);
    assert_gone(&others[2]);
}

/* The environment is read in pieces of 16 KiB. */
static void a_mark_is_found_where_pieces_of_the_environment_meet(void **state)
{
    char mark[64], padding[16384 + 64];

    (void)state;
    snprintf(mark, sizeof mark, "JOBJOKER_TEST_MARK=%ld_", (long)getpid());
    for (size_t size = 16384 - sizeof mark; size < sizeof padding; size += 3) {
        struct process_tree t = {.mark = mark};
        const char *program[] = {"/bin/sh", "-c", "kill -STOP $$", NULL, padding, mark, NULL};
        struct tree large;

        memset(padding, 'x', size);
        padding[1] = '=';
        padding[size] = '\0';
        large = plant_process(grow_program, program);
        wait_for_stop(&large);
        assert_false(process_tree_is_empty(&t));
        kill_all(&t);
        assert_gone(&large);
        reap_all();
    }
}

/* The caller is another instance of this program, since a program cannot change what it was started with. */
static void the_caller_never_belongs_to_it(void **state)
{
    char mark[64];
    const char *program[] = {"/proc/self/exe", "kill", mark, NULL, mark, NULL};
    struct tree caller, other;
    int status;

    (void)state;
    snprintf(mark, sizeof mark, "JOBJOKER_TEST_MARK=%ld_", (long)getpid());
    other = plant_marked("echo x; exec sleep 600", mark);
    wait_for_lines(&other, 1);
    caller = plant_process(grow_program, program);
    assert_int_equal(waitpid(caller.top, &status, WUNTRACED), caller.top); /* a stop is a failure, not a wait */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_gone(&caller);
    assert_gone(&other);
    reap_all();
}

static void a_signal_reaches_all_and_wakes_who_is_stopped(void **state)
{
    struct tree t = plant("trap 'echo term; exit' TERM; "
                          "sh -c 'trap \"echo term; exit\" TERM; echo x; kill -STOP $$; sleep 600 & wait' & "
                          "setsid sh -c 'trap \"echo term; exit\" TERM; echo x; sleep 600 & wait' & echo x; wait");
    struct process_tree own = own_tree();
    struct error err = {0};

    (void)state;
    wait_for_lines(&t, 3);
    assert_int_equal(process_tree_signal(&own, SIGTERM, &err), 0);
    assert_int_equal(process_tree_signal(&own, SIGTERM, &err), 0); /* one may not have been stopped yet */
    wait_for_lines(&t, 3);
    end(&t);
}

static void corpses_and_strangers_do_not_count(void **state)
{
    struct tree t = plant("exit 0");
    struct process_tree own = own_tree();
    siginfo_t info;

    (void)state;
    assert_int_equal(waitid(P_PID, (id_t)t.top, &info, WEXITED | WNOWAIT), 0);
    assert_true(process_tree_is_empty(&own));
    assert_gone(&t);
    reap_all();
    assert_true(process_tree_is_empty(&own)); /* our own parent and its other children are outside */
}

static void the_time_of_all_that_live_is_summed_up(void **state)
{
    counter *c = new_counter();
    struct tree one = plant_process(grow_counting, (void *)c), two = plant_process(grow_without_leader, (void *)c);
    struct process_tree own = own_tree(), first = {.root = getpid(), .spare = two.top};
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS, all, part;

    (void)state;
    do {
        part = process_tree_cpu_ms(&first);
        all = process_tree_cpu_ms(&own);
    } while ((part < 50 || all < part + 50) && clock_monotonic_ms() < deadline);
    assert_true(part >= 50 && all >= part + 50);
    end(&one);
    assert_gone(&two);
    assert_int_equal(process_tree_cpu_ms(&own), 0);
    munmap((void *)c, 4096);
}

/* -- a bomb -- */

static void grow_a_bomb(void *arg)
{
    const struct rlimit most = {BOMB_PROCESSES, BOMB_PROCESSES};
    bool limited;

    (void)arg;
    limited = setgroups(0, NULL) == 0 && setgid(BOMB_USER) == 0 && setuid(BOMB_USER) == 0 &&
              setrlimit(RLIMIT_NPROC, &most) == 0;
    if (!limited || write(1, "x\n", 2) < 0)
        _exit(1);
    for (bool said = false;;) {
        pid_t child = fork();

        if (child == 0)
            alarm(BOMB_SECONDS);
        if (child < 0 && !said)
            said = write(1, "\n", 1) == 1;
    }
}

static void a_fork_bomb_within_its_limit_is_killed(void **state)
{
    struct tree t;

    (void)state;
    if (getuid() != 0)
        skip(); /* a limit of processes counts all of a user, and does not hold root */
    t = plant_process(grow_a_bomb, NULL);
    wait_for_lines(&t, 2); /* it has started, and is at its limit */
    end(&t);
}

static int become_subreaper(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tree_is_killed_whatever_it_did_to_get_away),
        TEST(one_that_only_forks_and_ends_is_killed),
        TEST(a_frozen_tree_stands_still_goes_on_and_can_be_killed),
        TEST(who_is_frozen_takes_a_sigterm),
        TEST(a_thaw_wakes_also_who_had_stopped_before),
        TEST(the_one_to_be_spared_lives_with_what_it_started),
        TEST(nobody_belongs_to_a_tree_of_nothing),
        TEST(a_mark_finds_a_tree_without_a_root),
        TEST(a_mark_is_found_where_pieces_of_the_environment_meet),
        TEST(the_caller_never_belongs_to_it),
        TEST(a_signal_reaches_all_and_wakes_who_is_stopped),
        TEST(corpses_and_strangers_do_not_count),
        TEST(the_time_of_all_that_live_is_summed_up),
        TEST(a_fork_bomb_within_its_limit_is_killed),
    };
    struct error err = {0};

    if (argc == 3 && strcmp(argv[1], "kill") == 0)
        return process_tree_kill(&(struct process_tree){.mark = argv[2]}, PATIENCE_MS, &err) == 0 ? 0 : 1;
    return cmocka_run_group_tests_name("process tree", tests, become_subreaper, NULL);
}
