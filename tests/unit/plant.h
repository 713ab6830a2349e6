#ifndef JOBJOKER_TESTS_PLANT_H
#define JOBJOKER_TESTS_PLANT_H

/* Trees of real processes for the tests of who finds and ends them. Each holds the write end of a pipe, so that its
 * end of file says that nobody of it lives. Include it after cmocka.h. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process_tree.h"

enum { PATIENCE_MS = 20000 };

struct tree {
    pid_t top;
    int alive; /* ends when all have ended */
    int word;  /* what they say: a line each */
};

/* What they count, to show that they run: memory that all share. */
typedef volatile unsigned long counter;

static inline counter *new_counter(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(page != MAP_FAILED);
    return page;
}

static inline struct tree plant_process(void (*grow)(void *arg), void *arg)
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
        grow(arg);
        _exit(127);
    }
    close(alive[1]);
    close(word[1]);
    t.alive = alive[0];
    t.word = word[0];
    return t;
}

/* A list of texts: the arguments, NULL, the variables of the environment, NULL. */
static inline void grow_program(void *arg)
{
    char **argv = arg, **envp = argv;

    while (*envp++)
        ;
    execve(argv[0], argv, envp);
}

static inline struct tree plant_marked(const char *script, const char *mark)
{
    const char *program[] = {"/bin/sh", "-c", script, NULL, "PATH=/usr/bin:/bin", mark, NULL};

    return plant_process(grow_program, program);
}

static inline struct tree plant(const char *script)
{
    return plant_marked(script, NULL);
}

static inline void wait_for_lines(const struct tree *t, int count)
{
    char c;

    while (count > 0) {
        struct pollfd p = {.fd = t->word, .events = POLLIN};

        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        assert_int_equal(read(t->word, &c, 1), 1);
        count -= c == '\n';
    }
}

static inline void wait_for_stop(const struct tree *t)
{
    int status;

    assert_int_equal(waitpid(t->top, &status, WUNTRACED), t->top);
    assert_true(WIFSTOPPED(status));
}

/* Until it counts further than `seen`. */
static inline void wait_for_count(const counter *c, unsigned long seen)
{
    int64_t end = clock_monotonic_ms() + PATIENCE_MS;

    while (*c == seen && clock_monotonic_ms() < end)
        sched_yield();
    assert_true(*c != seen);
}

/* A program is started and ends: whoever runs gets his turn meanwhile. */
static inline void let_others_run(void)
{
    struct tree t = plant("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done");

    assert_int_equal(waitpid(t.top, NULL, 0), t.top);
    close(t.alive);
    close(t.word);
}

static inline void reap_all(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

/* After a test, so that one which failed leaves nothing that the next would wait for. */
static inline int end_leftovers(void **state)
{
    struct error err = {0};
    int result = process_tree_kill(&(struct process_tree){.root = getpid()}, PATIENCE_MS, &err);

    (void)state;
    reap_all();
    return result;
}

#define TEST(name) cmocka_unit_test_teardown(name, end_leftovers)

static inline void assert_gone(const struct tree *t)
{
    struct pollfd p = {.fd = t->alive, .events = POLLIN};
    char c;

    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(t->alive, &c, 1), 0);
    close(t->alive);
    close(t->word);
}

static inline void assert_alive(const struct tree *t)
{
    struct pollfd p = {.fd = t->alive, .events = POLLIN};

    assert_int_equal(poll(&p, 1, 0), 0);
}

/* -- what they are -- */

static inline void grow_counting(void *arg)
{
    counter *c = arg;

    for (;;)
        ++*c;
}

/* One that forks all the time; each child counts once. */
static inline void grow_forking(void *arg)
{
    counter *c = arg;

    for (;;) {
        pid_t child = fork();

        if (child == 0) {
            ++*c;
            _exit(0);
        }
        if (child > 0)
            (void)waitpid(child, NULL, 0);
    }
}

/* The parent sleeps uninterruptibly, as long as the child neither ends nor starts a program. */
static inline void grow_in_vfork(void *arg)
{
    counter *c = arg;

    if (vfork() == 0) {
        for (;;)
            ++*c;
    }
}

#endif
