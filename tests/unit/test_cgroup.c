/* Control groups of version 2, with real ones: below one of a mounted hierarchy where this user may make them, or in
 * a hierarchy that is mounted for the test. The tests are skipped where the machine has neither. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/process_tree.h"
#include "plant.h"

static char parent[PATH_MAX]; /* where the tests make theirs; "": nowhere */
static char mounted[64];      /* the hierarchy that is mounted for the test; "": none */

static void path_below(const char *folder, const char *name, char *out)
{
    assert_true(snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
}

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX];

    path_below(folder, name, path);
    return access(path, W_OK) == 0;
}

/* -- finding a place -- */

static bool can_make_in(const char *folder)
{
    struct error err = {0};
    char name[64];

    snprintf(name, sizeof name, "jobjoker-test-%ld", (long)getpid());
    if (access(folder, W_OK) < 0 || cgroup_make(folder, name, 0, 0, parent, sizeof parent, &err) < 0)
        parent[0] = '\0';
    return parent[0] != '\0';
}

/* /proc/self/mountinfo (proc(5)): field 5 is the mount point, and after " - " comes the type. */
static bool find_mounted(void)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *line = NULL, point[PATH_MAX];
    size_t room = 0;
    bool found = false;

    while (mounts && !found && getline(&line, &room, mounts) > 0) {
        if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1)
            found = can_make_in(point);
    }
    free(line);
    if (mounts)
        fclose(mounts);
    return found;
}

/* The cgroup of this process, where a session of a user may make its own. */
static bool find_own(void)
{
    FILE *own = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX], path[PATH_MAX + 32];
    bool found = false;

    while (own && !found && fgets(line, sizeof line, own)) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s", line + (strncmp(line, "0::", 3) == 0 ? 3 : 0));
        found = strncmp(line, "0::", 3) == 0 && can_make_in(path);
    }
    if (own)
        fclose(own);
    return found;
}

static bool mount_one(void)
{
    snprintf(mounted, sizeof mounted, "/tmp/jobjoker-cgroup-XXXXXX");
    if (!mkdtemp(mounted)) {
        mounted[0] = '\0';
        return false;
    }
    if (mount("none", mounted, "cgroup2", 0, NULL) == 0 && can_make_in(mounted))
        return true;
    (void)umount(mounted);
    rmdir(mounted);
    mounted[0] = '\0';
    return false;
}

static int find_place(void **state)
{
    (void)state;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return -1;
    if (!find_mounted() && !find_own() && !mount_one())
        print_message("no cgroup of version 2 in which this user can make one: its tests are skipped\n");
    return 0;
}

static int leave_place(void **state)
{
    int left = *parent ? cgroup_remove(parent) : 0;

    (void)state;
    if (*mounted && umount(mounted) == 0)
        rmdir(mounted);
    return left;
}

/* -- those who live in it -- */

struct settler {
    const char *path; /* the cgroup that it enters */
    void (*grow)(void *arg);
    void *arg;
};

static void grow_in_cgroup(void *arg)
{
    const struct settler *s = arg;

    if (cgroup_add(s->path, 0) == 0)
        s->grow(s->arg);
}

static struct tree plant_in(const char *path, void (*grow)(void *arg), void *arg)
{
    struct settler s = {path, grow, arg};

    return plant_process(grow_in_cgroup, &s);
}

static struct tree plant_script_in(const char *path, const char *script)
{
    const char *program[] = {"/bin/sh", "-c", script, NULL, "PATH=/usr/bin:/bin", NULL};

    return plant_in(path, grow_program, program);
}

static void make(const char *name, char *path)
{
    struct error err = {0};

    if (*parent == '\0')
        skip();
    assert_int_equal(cgroup_make(parent, name, 0, 0, path, PATH_MAX, &err), 0);
}

static void skip_without(const char *path, const char *file)
{
    if (has_file(path, file))
        return;
    assert_int_equal(cgroup_remove(path), 0);
    print_message("this kernel has no %s\n", file);
    skip();
}

static void remove_empty(const char *path)
{
    assert_int_equal(cgroup_wait_empty(path, PATIENCE_MS), 0);
    assert_true(cgroup_is_empty(path));
    assert_int_equal(cgroup_remove(path), 0);
    assert_int_equal(access(path, F_OK), -1);
}

/* -- the cgroup alone -- */

static void one_is_made_and_removed_with_those_below(void **state)
{
    char path[PATH_MAX], below[PATH_MAX], deeper[PATH_MAX];

    (void)state;
    make("made", path);
    path_below(path, "below", below);
    path_below(below, "deeper", deeper);
    assert_int_equal(mkdir(below, 0755), 0);
    assert_int_equal(mkdir(deeper, 0755), 0);
    assert_true(cgroup_is_empty(path));
    remove_empty(path);
    assert_true(cgroup_is_empty(path)); /* nobody lives in one that is gone */
    assert_int_equal(cgroup_remove(path), 0);
}

static void a_name_that_leads_elsewhere_is_refused(void **state)
{
    static const char *const names[] = {"", ".", "..", "a/b", "../a"};
    char path[PATH_MAX], small[8];
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(cgroup_make("/nowhere", names[i], 0, 0, path, sizeof path, &err), -1);
    assert_int_equal(cgroup_make("/nowhere", "name", 0, 0, small, sizeof small, &err), -1);
    assert_int_equal(cgroup_make("/nowhere", "name", 0, 0, path, sizeof path, &err), -1);
    assert_int_equal(err.status, 500);
}

static void one_that_is_left_is_made_anew_unless_somebody_lives_in_it(void **state)
{
    char path[PATH_MAX], again[PATH_MAX];
    struct error err = {0};
    struct tree t;

    (void)state;
    make("left", path);
    make("left", again);
    assert_string_equal(path, again);
    t = plant_script_in(path, "echo x; exec sleep 600");
    wait_for_lines(&t, 1);
    assert_int_equal(cgroup_remove(path), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(cgroup_make(parent, "left", 0, 0, again, sizeof again, &err), -1);
    assert_int_equal(err.status, 503);
    assert_string_equal(err.code, "still_alive");
    assert_int_equal(cgroup_wait_empty(path, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(kill(t.top, SIGKILL), 0);
    assert_gone(&t);
    reap_all();
    remove_empty(path);
}

static void it_lists_all_in_it_and_below(void **state)
{
    struct buf pids = {0};
    char path[PATH_MAX], below[PATH_MAX];
    struct tree one, two;
    pid_t found[2];

    (void)state;
    make("list", path);
    path_below(path, "below", below);
    assert_int_equal(mkdir(below, 0755), 0);
    assert_int_equal(cgroup_list(path, &pids), 0);
    assert_int_equal(pids.size, 0);
    one = plant_script_in(path, "echo x; exec sleep 600");
    two = plant_script_in(below, "echo x; exec sleep 600");
    wait_for_lines(&one, 1);
    wait_for_lines(&two, 1);
    assert_int_equal(cgroup_list(path, &pids), 0);
    assert_int_equal(pids.size, sizeof found);
    memcpy(found, pids.data, sizeof found);
    assert_true((found[0] == one.top && found[1] == two.top) || (found[0] == two.top && found[1] == one.top));
    buf_clear(&pids);
    kill(one.top, SIGKILL);
    kill(two.top, SIGKILL);
    assert_gone(&one);
    assert_gone(&two);
    reap_all();
    remove_empty(path);
    assert_int_equal(cgroup_list(path, &pids), -1);
    assert_int_equal(errno, ENOENT);
}

static void a_limit_is_kept_or_said_to_be_lacking(void **state)
{
    enum { MEMORY = 64 * 1024 * 1024, PROCESSES = 50 };
    struct error err = {0};
    char path[PATH_MAX];
    int lack;

    (void)state;
    if (*parent == '\0')
        skip();
    lack = cgroup_make(parent, "limit", MEMORY, PROCESSES, path, sizeof path, &err);
    assert_true(lack >= 0);
    assert_int_equal(has_file(path, "memory.max"), !(lack & CGROUP_NO_MEMORY_MAX));
    assert_int_equal(has_file(path, "pids.max"), !(lack & CGROUP_NO_PROCESSES_MAX));
    if (lack & CGROUP_NO_MEMORY_MAX)
        assert_int_equal(cgroup_oom_kills(path), -1);
    else
        assert_int_equal(cgroup_oom_kills(path), 0);
    assert_int_equal(cgroup_peak_memory(path) >= 0, has_file(path, "memory.peak"));
    remove_empty(path);
    assert_int_equal(cgroup_oom_kills(path), -1);
}

/* The files of a controller as the kernel writes them, for machines whose hierarchy has none. */
static void put_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *f;

    path_below(folder, name, path);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void the_account_of_memory_is_read(void **state)
{
    char folder[] = "/tmp/jobjoker-cgroup-XXXXXX", path[PATH_MAX];

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(cgroup_oom_kills(folder), -1);
    put_file(folder, "memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 9\n");
    put_file(folder, "memory.peak", "123456789012\n");
    assert_int_equal(cgroup_oom_kills(folder), 3);
    assert_true(cgroup_peak_memory(folder) == 123456789012);
    path_below(folder, "memory.events", path);
    unlink(path);
    path_below(folder, "memory.peak", path);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void it_freezes_thaws_and_kills_as_one(void **state)
{
    static void (*const kinds[])(void *) = {grow_counting, grow_forking, grow_in_vfork};
    char path[PATH_MAX];

    (void)state;
    make("freeze", path);
    skip_without(path, "cgroup.freeze");
    skip_without(path, "cgroup.kill");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        counter *c = new_counter();
        struct tree t = plant_in(path, kinds[i], (void *)c);
        unsigned long seen;

        wait_for_count(c, 0);
        assert_false(cgroup_is_empty(path));
        for (int again = 0; again < 3; again++) {
            assert_int_equal(cgroup_freeze(path, PATIENCE_MS), 0);
            seen = *c;
            let_others_run();
            assert_int_equal(*c, seen);
            assert_int_equal(cgroup_thaw(path), 0);
            wait_for_count(c, seen);
        }
        assert_int_equal(cgroup_freeze(path, PATIENCE_MS), 0);
        assert_int_equal(cgroup_kill(path), 0);
        assert_int_equal(cgroup_wait_empty(path, PATIENCE_MS), 0);
        assert_gone(&t);
        reap_all();
        assert_int_equal(cgroup_thaw(path), 0);
        munmap((void *)c, 4096);
    }
    remove_empty(path);
}

/* -- a tree that has one -- */

static void a_tree_with_a_cgroup_stands_still_goes_on_and_is_killed(void **state)
{
    static void (*const kinds[])(void *) = {grow_counting, grow_forking, grow_in_vfork};
    struct error err = {0};
    char path[PATH_MAX];

    (void)state;
    make("tree", path);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        counter *in = new_counter(), *out = new_counter();
        struct tree inside = plant_in(path, kinds[i], (void *)in), outside = plant_process(kinds[i], (void *)out);
        struct process_tree t = {.root = getpid(), .cgroup = path};
        unsigned long seen_in, seen_out;

        wait_for_count(in, 0);
        wait_for_count(out, 0);
        assert_int_equal(process_tree_freeze(&t, PATIENCE_MS, &err), 0);
        seen_in = *in;
        seen_out = *out;
        let_others_run();
        assert_int_equal(*in, seen_in);
        assert_int_equal(*out, seen_out);
        assert_int_equal(process_tree_thaw(&t, &err), 0);
        wait_for_count(in, seen_in);
        wait_for_count(out, seen_out);
        assert_int_equal(process_tree_freeze(&t, PATIENCE_MS, &err), 0);
        assert_int_equal(process_tree_kill(&t, PATIENCE_MS, &err), 0);
        assert_true(process_tree_is_empty(&t));
        assert_gone(&inside);
        assert_gone(&outside);
        reap_all();
        assert_int_equal(process_tree_thaw(&t, &err), 0);
        munmap((void *)in, 4096);
        munmap((void *)out, 4096);
    }
    remove_empty(path);
}

static void the_cgroup_alone_makes_a_tree(void **state)
{
    struct tree inside, outside;
    struct process_tree t = {0};
    struct error err = {0};
    char path[PATH_MAX];

    (void)state;
    make("alone", path);
    t.cgroup = path;
    assert_true(process_tree_is_empty(&t));
    inside = plant_script_in(path, "trap '' TERM; setsid sleep 600 & echo x; wait");
    outside = plant("echo x; exec sleep 600");
    wait_for_lines(&inside, 1);
    wait_for_lines(&outside, 1);
    assert_false(process_tree_is_empty(&t));
    assert_int_equal(process_tree_kill(&t, PATIENCE_MS, &err), 0);
    assert_true(process_tree_is_empty(&t));
    assert_gone(&inside);
    assert_alive(&outside);
    kill(outside.top, SIGKILL);
    assert_gone(&outside);
    reap_all();
    remove_empty(path);
    assert_true(process_tree_is_empty(&t));
    assert_int_equal(process_tree_kill(&t, PATIENCE_MS, &err), 0);
}

static void who_had_stopped_before_stays_so_in_a_cgroup(void **state)
{
    struct error err = {0};
    struct process_tree t = {0};
    char path[PATH_MAX];
    struct tree stopped;
    siginfo_t info;

    (void)state;
    make("stopped", path);
    skip_without(path, "cgroup.freeze");
    t.cgroup = path;
    stopped = plant_script_in(path, "kill -STOP $$; exec sleep 600");
    wait_for_stop(&stopped);
    assert_int_equal(process_tree_freeze(&t, PATIENCE_MS, &err), 0);
    assert_int_equal(process_tree_thaw(&t, &err), 0);
    info.si_pid = 0;
    assert_int_equal(waitid(P_PID, (id_t)stopped.top, &info, WCONTINUED | WNOHANG), 0);
    assert_int_equal(info.si_pid, 0);
    assert_int_equal(process_tree_kill(&t, PATIENCE_MS, &err), 0);
    assert_gone(&stopped);
    reap_all();
    remove_empty(path);
}

static void who_is_frozen_in_a_cgroup_takes_a_sigterm(void **state)
{
    struct error err = {0};
    struct process_tree t = {0};
    char path[PATH_MAX];
    struct tree polite;

    (void)state;
    make("term", path);
    t.cgroup = path;
    polite = plant_script_in(path, "trap 'echo term; exit' TERM; echo x; while :; do sleep 600 & wait; done");
    wait_for_lines(&polite, 1);
    assert_int_equal(process_tree_freeze(&t, PATIENCE_MS, &err), 0);
    assert_int_equal(process_tree_signal(&t, SIGTERM, &err), 0);
    wait_for_lines(&polite, 1);
    assert_int_equal(process_tree_kill(&t, PATIENCE_MS, &err), 0);
    assert_gone(&polite);
    reap_all();
    remove_empty(path);
}

/* A folder with nothing in it is a cgroup whose files are not there: the sweep does it all. */
static void a_tree_whose_cgroup_can_do_nothing_is_swept(void **state)
{
    char folder[] = "/tmp/jobjoker-cgroup-XXXXXX";
    struct process_tree t = {.root = getpid(), .cgroup = folder};
    struct error err = {0};
    counter *c = new_counter();
    unsigned long seen;
    struct tree tree;

    (void)state;
    assert_non_null(mkdtemp(folder));
    tree = plant_process(grow_forking, (void *)c);
    wait_for_count(c, 0);
    assert_int_equal(process_tree_freeze(&t, PATIENCE_MS, &err), 0);
    seen = *c;
    let_others_run();
    assert_int_equal(*c, seen);
    assert_int_equal(process_tree_thaw(&t, &err), 0);
    wait_for_count(c, seen);
    assert_int_equal(process_tree_kill(&t, PATIENCE_MS, &err), 0);
    assert_gone(&tree);
    reap_all();
    munmap((void *)c, 4096);
    assert_int_equal(rmdir(folder), 0);
}

/* The kernel would kill the caller too, so the sweep does it. */
static void end_all_but_itself(void *arg)
{
    struct process_tree t = {.cgroup = arg};
    struct error err = {0};

    if (fork() == 0) {
        for (;;)
            pause();
    }
    if (process_tree_kill(&t, PATIENCE_MS, &err) == 0 && process_tree_is_empty(&t))
        _exit(0);
    _exit(1);
}

static void a_caller_in_the_cgroup_outlives_it(void **state)
{
    char path[PATH_MAX];
    struct tree other, caller;
    int status;

    (void)state;
    make("caller", path);
    other = plant_script_in(path, "echo x; exec sleep 600");
    wait_for_lines(&other, 1);
    caller = plant_in(path, end_all_but_itself, path);
    assert_int_equal(waitpid(caller.top, &status, WUNTRACED), caller.top); /* a stop is a failure, not a wait */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_gone(&other);
    assert_gone(&caller);
    reap_all();
    remove_empty(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_is_made_and_removed_with_those_below),
        TEST(a_name_that_leads_elsewhere_is_refused),
        TEST(one_that_is_left_is_made_anew_unless_somebody_lives_in_it),
        TEST(it_lists_all_in_it_and_below),
        TEST(a_limit_is_kept_or_said_to_be_lacking),
        TEST(the_account_of_memory_is_read),
        TEST(it_freezes_thaws_and_kills_as_one),
        TEST(a_tree_with_a_cgroup_stands_still_goes_on_and_is_killed),
        TEST(the_cgroup_alone_makes_a_tree),
        TEST(who_had_stopped_before_stays_so_in_a_cgroup),
        TEST(who_is_frozen_in_a_cgroup_takes_a_sigterm),
        TEST(a_tree_whose_cgroup_can_do_nothing_is_swept),
        TEST(a_caller_in_the_cgroup_outlives_it),
    };

    return cmocka_run_group_tests_name("cgroup", tests, find_place, leave_place);
}
