/* Starting programs: what a child gets, and what is told when it cannot be started. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"

static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};

/* execve(2) takes strings that are not const, and leaves them as they are. */
static char *const *words(const char *const *list)
{
    return (char *const *)(uintptr_t)list;
}

/* Runs a line of shell, and gives what it said. */
static struct spawn_result run(struct spawn s, const char *line, const char *input, int timeout_ms, size_t max,
                               struct buf *out)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct spawn_result result;
    struct error err = {0};

    s.path = "/bin/sh";
    s.argv = words(argv);
    s.envp = words(environment);
    assert_int_equal(spawn_run(&s, input, input ? strlen(input) : 0, timeout_ms, max, out, &result, &err), 0);
    return result;
}

static void assert_said(struct buf *out, const char *text)
{
    assert_string_equal(buf_text(out), text);
    buf_clear(out);
}

static void a_program_gets_its_input_and_both_outputs_are_gathered(void **state)
{
    struct buf out = {0};
    struct spawn_result r = run((struct spawn){0}, "cat; echo err >&2; exit 3", "in\n", 10000, 100, &out);

    (void)state;
    assert_true(WIFEXITED(r.status) && WEXITSTATUS(r.status) == 3);
    assert_false(r.timed_out || r.cut);
    assert_said(&out, "in\nerr\n");
    run((struct spawn){.quiet = true}, "cat; echo err >&2", NULL, 10000, 100, &out);
    assert_said(&out, "");
}

static void output_is_cut_where_it_is_too_long(void **state)
{
    struct buf out = {0};
    struct spawn_result r = run((struct spawn){0}, "yes | head -c 300000; exit 4", NULL, 10000, 5, &out);

    (void)state;
    assert_true(r.cut && !r.timed_out && WEXITSTATUS(r.status) == 4);
    assert_said(&out, "y\ny\ny");
}

static void what_does_not_end_is_killed_in_time(void **state)
{
    static const char *const lines[] = {"echo x; sleep 600", "echo x; exec >&- 2>&-; exec sleep 600",
                                        "echo x; trap '' TERM; while :; do :; done"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct buf out = {0};
        struct spawn_result r = run((struct spawn){0}, lines[i], NULL, 200, 100, &out);

        assert_true(r.timed_out && WIFSIGNALED(r.status) && WTERMSIG(r.status) == SIGKILL);
        assert_said(&out, "x\n");
    }
}

static void what_a_program_leaves_running_is_not_waited_for(void **state)
{
    static const char *const lines[] = {"sleep 600 & echo x", "setsid sleep 3 & echo x"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct buf out = {0};
        int64_t start = clock_monotonic_ms();
        struct spawn_result r = run((struct spawn){0}, lines[i], NULL, 20000, 100, &out);

        assert_true(!r.timed_out && WIFEXITED(r.status));
        assert_true(clock_monotonic_ms() - start < 2900);
        assert_said(&out, "x\n");
    }
}

static void what_floods_the_output_when_the_program_has_ended_is_not_waited_for(void **state)
{
    struct buf out = {0};
    struct spawn_result r = run((struct spawn){0}, "yes & exit 0", NULL, 20000, 100, &out);

    (void)state;
    assert_true(!r.timed_out && WIFEXITED(r.status));
    buf_clear(&out);
}

/* The children's descriptors are files whose name says which was meant for it. */
static int named_file(int number, int at)
{
    char name[32];
    int fd, placed;

    snprintf(name, sizeof name, "file%d", number);
    fd = memfd_create(name, MFD_CLOEXEC);
    assert_true(fd >= 0);
    if (fd == at)
        return fd;
    placed = dup3(fd, at, O_CLOEXEC);
    assert_int_equal(placed, at);
    close(fd);
    return placed;
}

static void descriptors_land_where_they_are_wanted_in_any_order(void **state)
{
    static const char list[] = "for fd in /proc/$$/fd/*; do echo ${fd##*/} $(readlink $fd); done | grep -v 'pipe:' >&3";
    static const int orders[][4] = {{10, 11, 12, 13}, {13, 12, 11, 10}, {11, 10, 13, 12}, {12, 10, 10, 11}};

    (void)state;
    for (size_t order = 0; order < sizeof orders / sizeof *orders; order++) {
        const char *const argv[] = {"sh", "-c", list, NULL};
        struct spawn s = {.path = "/bin/sh", .argv = words(argv), .envp = words(environment), .fd_count = 4};
        int pipes[2], status;
        char said[512], want[64];
        ssize_t n;
        pid_t pid;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        for (int i = 10; i < 14; i++)
            named_file(i, i);
        for (int i = 0; i < 4; i++)
            s.fds[i] = orders[order][i];
        s.fds[3] = pipes[1];
        s.fds[1] = -1;
        assert_int_equal(spawn_start(&s, &pid, NULL), 0);
        close(pipes[1]);
        n = read(pipes[0], said, sizeof said - 1);
        assert_true(n > 0);
        said[n] = '\0';
        assert_int_equal(waitpid(pid, &status, 0), pid);
        for (int i = 0; i < 3; i += 2) {
            snprintf(want, sizeof want, "%d /memfd:file%d ", i, orders[order][i]);
            assert_non_null(strstr(said, want));
        }
        assert_non_null(strstr(said, "1 /dev/null\n"));
        for (int i = 4; i < 20; i++) {
            snprintf(want, sizeof want, "%d /memfd", i);
            assert_null(strstr(said, want)); /* and nothing else is passed on */
        }
        close(pipes[0]);
        for (int i = 10; i < 14; i++)
            close(i);
    }
}

static void low_descriptors_may_change_places(void **state)
{
    int saved[4], pipes[2], status;
    static const char line[] = "readlink /proc/$$/fd/0 /proc/$$/fd/2 /proc/$$/fd/3 >&4";
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct spawn s = {
        .path = "/bin/sh", .argv = words(argv), .envp = words(environment), .fds = {3, 1, 0, 2}, .fd_count = 5};
    char said[256];
    ssize_t n;
    pid_t pid;

    (void)state;
    for (int i = 0; i < 4; i++)
        saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 30);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    for (int i = 0; i < 2; i++) { /* out of the way */
        int high = fcntl(pipes[i], F_DUPFD_CLOEXEC, 40);

        close(pipes[i]);
        pipes[i] = high;
    }
    s.fds[4] = pipes[1];
    for (int i = 0; i < 4; i++) {
        if (i != 1)
            named_file(i, i);
    }
    assert_int_equal(spawn_start(&s, &pid, NULL), 0);
    for (int i = 0; i < 4; i++) {
        if (saved[i] >= 0) {
            dup2(saved[i], i);
            close(saved[i]);
        } else {
            close(i);
        }
    }
    close(pipes[1]);
    n = read(pipes[0], said, sizeof said - 1);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(n > 0);
    said[n] = '\0';
    assert_string_equal(said, "/memfd:file3 (deleted)\n/memfd:file0 (deleted)\n/memfd:file2 (deleted)\n");
}

static void a_child_starts_with_a_clean_state(void **state)
{
    static const char line[] =
        "umask; pwd; ulimit -n; nice; grep -E 'Sig(Blk|Ign)' /proc/self/status; "
        "test $(ps -o sid= -p $$) = $$ && echo session; env | grep -v -E '^(PWD|_|SHLVL|OLDPWD)='";
    struct spawn s = {
        .directory = "/usr",
        .nice = 3,
        .limits = {{RLIMIT_NOFILE, {123, 123}}},
        .limit_count = 1,
    };
    struct buf out = {0};
    sigset_t usr1, before;

    (void)state;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &before);
    signal(SIGPIPE, SIG_IGN);
    umask(0);
    run(s, line, NULL, 10000, 1000, &out);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    umask(022);
    /* 32 and 33 are the C library's own. */
    for (char *p = out.data; (p = strstr(p, "SigIgn:\t")); p++) {
        unsigned long long ignored = strtoull(p + 8, NULL, 16);

        assert_int_equal(ignored & ~0x180000000ULL, 0);
        memset(p + 8, '0', 16);
    }
    assert_said(&out, "0077\n/usr\n123\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nsession\n"
                      "PATH=/usr/bin:/bin\n");
}

static void why_a_program_could_not_be_started_is_told(void **state)
{
    static const struct {
        const char *path, *directory, *cgroup_procs;
        int number;
        const char *step;
    } cases[] = {
        {"/no/program", NULL, NULL, ENOENT, NULL},
        {"/etc/passwd", NULL, NULL, EACCES, NULL},
        {"/usr", NULL, NULL, EACCES, NULL},
        {"/bin/sh", "/no/folder", NULL, ENOENT, "its working directory"},
        {"/bin/sh", NULL, "/no/cgroup.procs", ENOENT, "its cgroup"},
        {"/bin/sh", NULL, "/dev/full", ENOSPC, "its cgroup"},
    };
    int before = dup(0);

    (void)state;
    close(before);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const argv[] = {"x", NULL};
        struct spawn s = {
            .path = cases[i].path, .argv = words(argv), .envp = words(environment), .fds = {-1, -1, -1}, .fd_count = 3};
        const char *step = "none";
        struct error err = {0};
        pid_t pid = 0;

        s.directory = cases[i].directory;
        s.cgroup_procs = cases[i].cgroup_procs;
        s.failed_step = &step;
        errno = 0;
        assert_int_equal(spawn_start(&s, &pid, &err), -1);
        assert_int_equal(errno, cases[i].number);
        assert_int_equal(err.status, cases[i].number == ENOSPC ? 503 : 500);
        assert_true(step ? cases[i].step && strcmp(step, cases[i].step) == 0 : !cases[i].step);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to be reaped */
        assert_int_equal(errno, ECHILD);
    }
    assert_int_equal(dup(0), before); /* and no descriptor */
    close(before);
}

static void die_with_parent_as(const struct spawn_user *user)
{
    const char *const argv[] = {"sleep", "600", NULL};
    struct spawn s = {.path = "/bin/sleep",
                      .argv = words(argv),
                      .envp = words(environment),
                      .fds = {-1, -1, -1},
                      .fd_count = 3,
                      .die_with_parent = true,
                      .user = user};
    int alive[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        s.fds[2] = alive[1]; /* held as long as the grandchild lives */
        _exit(spawn_start(&s, &pid, NULL) < 0);
    }
    close(alive[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    alarm(20);
    assert_int_equal(read(alive[0], &byte, 1), 0);
    alarm(0);
    close(alive[0]);
}

static const struct spawn_user other = {.uid = 60001, .gid = 60002, .groups = {60003, 60004}, .group_count = 2};

static void a_child_can_die_with_its_parent(void **state)
{
    (void)state;
    die_with_parent_as(NULL);
    if (geteuid() == 0)
        die_with_parent_as(&other); /* the change of user clears what was asked for before it */
}

static void a_child_can_be_another_user(void **state)
{
    static const char line[] = "id -u; id -g; id -G; grep -E '^[UG]id:|^Cap(Inh|Prm|Eff|Amb)' /proc/self/status; "
                               "cat; echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin";
    struct buf out = {0};

    (void)state;
    if (geteuid() != 0)
        skip();
    prctl(PR_SET_DUMPABLE, 1);
    run((struct spawn){.user = &other}, line, "in\n", 10000, 1000, &out);
    assert_said(&out, "60001\n60002\n60002 60003 60004\n"
                      "Uid:\t60001\t60001\t60001\t60001\nGid:\t60002\t60002\t60002\t60002\n"
                      "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                      "CapAmb:\t0000000000000000\nin\nout\nerr\nin\n");
    assert_int_not_equal(prctl(PR_GET_DUMPABLE), 1); /* nor could that user look into us while the child was started */
}

/* Of a start that must fail. */
static int number_of_failure(struct spawn s)
{
    const char *const argv[] = {"true", NULL};
    pid_t pid;

    s.path = "/bin/true";
    s.argv = words(argv);
    s.envp = words(environment);
    memcpy(s.fds, (int[]){-1, -1, -1}, 3 * sizeof(int));
    s.fd_count = 3;
    return spawn_start(&s, &pid, NULL) == 0 ? 0 : errno;
}

static void another_user_has_no_rights_of_the_callers(void **state)
{
    char folder[] = "/tmp/jobjoker-test-XXXXXX";
    int status;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(folder));
    assert_int_equal(number_of_failure((struct spawn){.directory = folder}), 0);
    assert_int_equal(number_of_failure((struct spawn){.directory = folder, .user = &other}), EACCES);
    rmdir(folder);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    child = fork(); /* and who is not allowed to become another user is told so */
    if (child == 0)
        _exit(setresuid(65534, 65534, 65534) < 0 || number_of_failure((struct spawn){.user = &other}) != EPERM);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void each_limit_that_a_job_has_is_set(void **state)
{
    static const char line[] = "ulimit -t; ulimit -v; ulimit -n; ulimit -u; ulimit -f; ulimit -c";
    struct spawn s = {.limits = {{RLIMIT_CPU, {7, 8}},
                                 {RLIMIT_AS, {1 << 30, 1 << 30}},
                                 {RLIMIT_NOFILE, {5, 5}}, /* fewer than what is needed to set it up */
                                 {RLIMIT_NPROC, {5000, 5000}},
                                 {RLIMIT_FSIZE, {1 << 20, 1 << 20}},
                                 {RLIMIT_CORE, {0, 0}}},
                      .limit_count = 6};
    const char *const argv[] = {"bash", "-c", line, NULL};
    struct spawn_result result;
    struct buf out = {0};

    (void)state;
    if (access("/bin/bash", X_OK) < 0)
        skip();
    s.path = "/bin/bash"; /* not every sh knows -u */
    s.argv = words(argv);
    s.envp = words(environment);
    assert_int_equal(spawn_run(&s, NULL, 0, 10000, 1000, &out, &result, NULL), 0);
    assert_said(&out, "7\n1048576\n5\n5000\n1024\n0\n");
}

static void a_child_writes_itself_into_its_cgroup(void **state)
{
    char folder[] = "/tmp/jobjoker-test-XXXXXX", path[64], said[8] = "";
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(number_of_failure((struct spawn){.cgroup_procs = path}), 0);
    assert_int_equal(read(fd, said, sizeof said), 1);
    assert_string_equal(said, "0");
    close(fd);
    unlink(path);
    rmdir(folder);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

/* The first cgroup v2 of this machine in which we may make one. */
static bool make_cgroup(char path[256])
{
    FILE *mounts = fopen("/proc/mounts", "re");
    char line[1024], place[200], kind[32];
    bool made = false;

    while (mounts && !made && fgets(line, sizeof line, mounts)) {
        if (sscanf(line, "%*s %199s %31s", place, kind) != 2 || strcmp(kind, "cgroup2") != 0)
            continue;
        snprintf(path, 256, "%s/jobjoker-test-%d", place, (int)getpid());
        made = mkdir(path, 0755) == 0;
    }
    if (mounts)
        fclose(mounts);
    return made;
}

static void the_kernel_takes_the_child_into_the_cgroup(void **state)
{
    char folder[256], procs[300], want[64];
    struct buf out = {0};

    (void)state;
    if (!make_cgroup(folder))
        skip();
    snprintf(procs, sizeof procs, "%s/cgroup.procs", folder);
    snprintf(want, sizeof want, "/jobjoker-test-%d\n", (int)getpid());
    run((struct spawn){.cgroup_procs = procs, .user = geteuid() == 0 ? &other : NULL},
        "sed -n 's,^0::.*/,/,p' /proc/self/cgroup", NULL, 10000, 1000, &out);
    assert_int_equal(rmdir(folder), 0);
    assert_said(&out, want);
}

static void a_command_is_found_along_the_path(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(spawn_find("sh", "/no:/bin:/usr/bin", out, sizeof out), 0);
    assert_string_equal(out, "/bin/sh");
    assert_int_equal(spawn_find("/bin/sh", "", out, sizeof out), 0);
    assert_int_equal(spawn_find("no-such-command", "/bin::", out, sizeof out), -1);
    assert_int_equal(spawn_find("/etc/passwd", "/bin", out, sizeof out), -1);
    assert_int_equal(spawn_find("sh", "/bin", out, 5), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_gets_its_input_and_both_outputs_are_gathered),
        cmocka_unit_test(output_is_cut_where_it_is_too_long),
        cmocka_unit_test(what_does_not_end_is_killed_in_time),
        cmocka_unit_test(what_a_program_leaves_running_is_not_waited_for),
        cmocka_unit_test(what_floods_the_output_when_the_program_has_ended_is_not_waited_for),
        cmocka_unit_test(descriptors_land_where_they_are_wanted_in_any_order),
        cmocka_unit_test(low_descriptors_may_change_places),
        cmocka_unit_test(a_child_starts_with_a_clean_state),
        cmocka_unit_test(why_a_program_could_not_be_started_is_told),
        cmocka_unit_test(a_child_can_die_with_its_parent),
        cmocka_unit_test(a_child_can_be_another_user),
        cmocka_unit_test(another_user_has_no_rights_of_the_callers),
        cmocka_unit_test(each_limit_that_a_job_has_is_set),
        cmocka_unit_test(a_child_writes_itself_into_its_cgroup),
        cmocka_unit_test(the_kernel_takes_the_child_into_the_cgroup),
        cmocka_unit_test(a_command_is_found_along_the_path),
    };

    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
