/* Workers as another user: who may be named, and what becomes of the runner's capabilities. For the latter this program is
 * copied, given the capabilities that a runner has, and started as an ordinary user: it is the runner then. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sandbox.h"
#include "base/spawn.h"
#include "worker_user.h"

static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};

/* The runner's user and the worker's. */
static const struct spawn_user web = {.uid = 65534, .gid = 65534};
static const struct spawn_user worker = {.uid = 60001, .gid = 60001, .groups = {60001, 60002}, .group_count = 2};

struct place {
    char folder[32], list[48], passwd[48], group[48];
    struct worker_user_files files;
};

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0644), 0);
    assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    strcpy(p->folder, "/tmp/jobjoker-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    assert_int_equal(chmod(p->folder, 0711), 0);
    snprintf(p->list, sizeof p->list, "%s/worker-users", p->folder);
    snprintf(p->passwd, sizeof p->passwd, "%s/passwd", p->folder);
    snprintf(p->group, sizeof p->group, "%s/group", p->folder);
    p->files = (struct worker_user_files){p->list, p->passwd, p->group};
    write_file(p->list, "# who may run workers\nann\n  bob # and why\nroot\ntoor\nwheel\nmany\nghost\ncarl dora");
    write_file(p->passwd,
               "root:x:0:0::/root:/bin/sh\nann:x:1001:2001::/home/ann:/bin/sh\nbob:x:1002:2002::/:/bin/false\n"
               "toor:x:0:2003::/:/bin/sh\nwheel:x:1004:2004::/:/bin/sh\ncarl:x:1005:2005::/:/bin/sh\n"
               "many:x:1006:2006::/:/bin/sh\nann:x:1:1::/:/bin/sh\n");
    write_file(p->group,
               "root:x:0:wheel\nann:x:2001:\nprint:x:3001:ann,bob\ntape:x:3002:joann,annette\naudio:x:3003:ann\n"
               "annalone:x:2001:ann\n");
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    int result = io_remove_tree(p->folder);

    free(p);
    return result;
}

static void assert_refused(const struct place *p, const char *name, const char *why)
{
    struct spawn_user user;
    char reason[WORKER_REASON_SIZE] = "";

    assert_int_equal(worker_user_find_in(name, &p->files, &user, reason), -1);
    if (!strstr(reason, why))
        fail_msg("\"%s\" does not say \"%s\"", reason, why);
}

/* -- who may be named -- */

static void a_listed_user_is_found_with_all_groups(void **state)
{
    const struct place *p = *state;
    struct spawn_user user;
    char reason[WORKER_REASON_SIZE] = "";

    if (geteuid() != 0)
        skip();
    assert_int_equal(worker_user_find_in("ann", &p->files, &user, reason), 0);
    assert_int_equal(user.uid, 1001);
    assert_int_equal(user.gid, 2001);
    assert_int_equal(user.group_count, 3);
    assert_memory_equal(user.groups, ((gid_t[]){2001, 3001, 3003}), 3 * sizeof(gid_t));
    assert_int_equal(worker_user_find_in("bob", &p->files, &user, reason), 0);
    assert_int_equal(user.group_count, 2);
}

static void a_user_of_this_machine_has_the_groups_that_id_says(void **state)
{
    const struct place *p = *state;
    const char *const argv[] = {"id", "-G", "daemon", NULL};
    struct spawn s = {.path = "/usr/bin/id",
                      .argv = (char *const *)(uintptr_t)argv,
                      .envp = (char *const *)(uintptr_t)environment};
    struct buf said = {0}, found = {0};
    struct spawn_result result;
    struct spawn_user user;
    char reason[WORKER_REASON_SIZE] = "";

    if (geteuid() != 0)
        skip();
    write_file(p->list, "daemon\n");
    assert_int_equal(worker_user_find("daemon", p->list, &user, reason), 0);
    for (size_t i = 0; i < user.group_count; i++)
        buf_printf(&found, "%s%d", i ? " " : "", (int)user.groups[i]);
    assert_int_equal(spawn_run(&s, NULL, 0, 60000, 1000, &said, &result, NULL), 0);
    buf_printf(&found, "\n");
    assert_string_equal(buf_text(&found), buf_text(&said));
    buf_clear(&found);
    buf_clear(&said);
}

static void nobody_else_is(void **state)
{
    const struct place *p = *state;
    static const struct {
        const char *name, *why;
    } cases[] = {
        {"root", "no worker runs as root"},
        {"toor", "no worker runs as root"},
        {"wheel", "no worker runs as root"},
        {"ghost", "no such local user"},
        {"daemon", "not on the list"},
        {"an", "not on the list"},
        {"annn", "not on the list"},
        {"carl", "not on the list"},
        {"dora", "not on the list"},
        {"who", "not on the list"},
        {"why", "not on the list"},
        {"", "no name"},
        {"ann\n", "no name"},
        {"ann:x", "no name"},
        {"#", "no name"},
        {"+", "no name"},
        {"a23456789012345678901234567890123", "no name"},
    };

    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(p, cases[i].name, cases[i].why);
}

static void a_list_that_others_could_have_written_is_not_believed(void **state)
{
    struct place *p = *state;
    char link[64];

    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(p->list, 0664), 0);
    assert_refused(p, "ann", "others may write");
    assert_int_equal(chmod(p->list, 0646), 0);
    assert_refused(p, "ann", "others may write");
    assert_int_equal(chmod(p->list, 0644), 0);
    assert_int_equal(chown(p->list, 1001, 0), 0);
    assert_refused(p, "ann", "not owned by root");
    assert_int_equal(chown(p->list, 0, 0), 0);
    snprintf(link, sizeof link, "%s/link", p->folder);
    assert_int_equal(symlink(p->list, link), 0);
    p->files.list = link;
    assert_refused(p, "ann", "cannot be read");
    p->files.list = p->folder;
    assert_refused(p, "ann", "others may write");
    p->files.list = "/no/list";
    assert_refused(p, "ann", "has listed no users");
}

static void the_own_list_of_an_ordinary_user_is_not_believed(void **state)
{
    if (geteuid() == 0)
        skip();
    assert_refused(*state, "ann", "not owned by root");
}

static void what_is_too_much_is_refused_and_not_cut(void **state)
{
    const struct place *p = *state;
    struct buf text = {0};

    if (geteuid() != 0)
        skip();
    for (int i = 0; i < SPAWN_GROUPS_MAX; i++)
        buf_printf(&text, "group%d:x:%d:many\n", i, 4000 + i);
    write_file(p->group, buf_text(&text));
    assert_refused(p, "many", "too many groups");
    buf_clear(&text);
    buf_printf(&text, "crowd:x:5000:ann");
    for (int i = 0; i < 40000; i++)
        buf_printf(&text, ",user%d", i);
    write_file(p->group, buf_text(&text));
    assert_refused(p, "ann", "Numerical result out of range");
    buf_clear(&text);
    buf_printf(&text, "ann\n");
    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "# x\n");
    write_file(p->list, buf_text(&text));
    assert_refused(p, "ann", "too large");
    buf_clear(&text);
}

/* Runs a check in a child that is the runner, and gives what it said. */
static void in_child_as_web(const struct place *p, void (*check)(const struct place *p, struct buf *out),
                            struct buf *out)
{
    int pipes[2], status;
    char said[1024];
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct buf text = {0};

        if (setresgid(web.gid, web.gid, web.gid) < 0 || setresuid(web.uid, web.uid, web.uid) < 0)
            _exit(2);
        check(p, &text);
        _exit(io_write_all(pipes[1], buf_text(&text), text.size) < 0);
    }
    close(pipes[1]);
    n = io_read_all(pipes[0], said, sizeof said);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    buf_put(out, said, (size_t)n);
}

static void find_ann(const struct place *p, struct buf *out)
{
    struct spawn_user user;
    char reason[WORKER_REASON_SIZE] = "";

    worker_user_find_in("ann", &p->files, &user, reason);
    buf_printf(out, "%s", reason);
}

static void find_ann_without_new_privileges(const struct place *p, struct buf *out)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    find_ann(p, out);
}

static void a_runner_without_capabilities_says_so(void **state)
{
    struct buf out = {0};

    if (geteuid() != 0)
        skip();
    in_child_as_web(*state, find_ann, &out);
    assert_non_null(strstr(buf_text(&out), "(setcap)"));
    buf_clear(&out);
    in_child_as_web(*state, find_ann_without_new_privileges, &out);
    assert_non_null(strstr(buf_text(&out), "NoNewPrivileges"));
    buf_clear(&out);
}

/* -- the folder -- */

static void only_an_own_folder_is_given_away(void **state)
{
    const struct place *p = *state;
    char folder[64], link[64], reason[WORKER_REASON_SIZE];
    struct stat s;

    if (geteuid() != 0)
        skip();
    snprintf(folder, sizeof folder, "%s/work", p->folder);
    snprintf(link, sizeof link, "%s/link", p->folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(symlink(folder, link), 0);
    assert_int_equal(worker_user_give(&worker, link, reason), -1);
    assert_int_equal(worker_user_give(&worker, p->list, reason), -1);
    assert_int_equal(worker_user_give(&worker, folder, reason), 0);
    assert_int_equal(stat(folder, &s), 0);
    assert_int_equal(s.st_uid, worker.uid);
    assert_int_equal(s.st_gid, worker.gid);
    assert_int_equal(worker_user_give(&worker, folder, reason), -1);
    assert_non_null(strstr(reason, "not the runner's own"));
}

/* -- the capabilities -- */

static const char *line_of(const char *status, const char *key, char line[128])
{
    const char *start = strstr(status, key);

    snprintf(line, 128, "%.*s", start ? (int)strcspn(start, "\n") : 0, start ? start : "");
    return line;
}

/* Runs a line of shell, and says on standard output what came of it. */
static void say(const char *title, struct spawn s, const char *line)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct spawn_result result = {0};
    struct buf out = {0};

    s.path = "/bin/sh";
    s.argv = (char *const *)(uintptr_t)argv;
    s.envp = (char *const *)(uintptr_t)environment;
    if (spawn_run(&s, NULL, 0, 60000, 4000, &out, &result, NULL) < 0)
        printf("%s: errno %d\n", title, errno);
    else
        printf("%s: %s\n", title, buf_text(&out));
    buf_clear(&out);
}

static const char rights[] = "grep -E '^(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Amb)):' /proc/self/status | tr -s '\\t\\n' ' '";

/* Both ends of a worker's life need a right over it: SIGKILL by us, and by the kernel when we end. */
static void kill_worker(void)
{
    const char *const argv[] = {"sleep", "600", NULL};
    struct spawn s = {.path = "/bin/sleep",
                      .argv = (char *const *)(uintptr_t)argv,
                      .envp = (char *const *)(uintptr_t)environment,
                      .fds = {-1, -1, -1},
                      .fd_count = 3,
                      .user = &worker};
    int status = 0;
    pid_t pid;

    if (spawn_start(&s, &pid, NULL) == 0 && kill(pid, SIGKILL) == 0)
        waitpid(pid, &status, 0);
    printf("killed by signal %d\n", WTERMSIG(status));
    s.fds[2] = 2; /* a pipe, which is held as long as the worker lives */
    s.die_with_parent = true;
    if (spawn_start(&s, &pid, NULL) < 0)
        printf("not started\n");
}

/* In a child: who has renounced could not end its worker either. */
static void renounce(void)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        printf("renounced: %d\n", worker_user_renounce());
        say("then", (struct spawn){.user = &worker}, "echo never");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static int be_the_runner(const char *folder)
{
    const char *const write[] = {folder, NULL};
    char reason[WORKER_REASON_SIZE] = "";
    struct sandbox sandbox;

    say("the worker", (struct spawn){.user = &worker}, rights);
    say("the program", (struct spawn){0}, rights);
    say("its streams", (struct spawn){.user = &worker}, "echo out >/dev/stdout && echo err >/dev/stderr");
    if (worker_user_give(&worker, folder, reason) < 0 ||
        sandbox_open(&sandbox, "/bin /usr /lib /lib64 /etc /proc", NULL, NULL, write, NULL) < 0)
        printf("%s\n", reason);
    say("its folder", (struct spawn){.user = &worker, .directory = folder, .sandbox = &sandbox},
        "mkdir -p a/b && touch a/b/c && chmod 0 a/b && chmod 0 a . && echo its own");
    sandbox_close(&sandbox);
    printf("removed: %d\n", worker_user_remove_tree(&worker, folder));
    renounce();
    kill_worker();
    fflush(stdout);
    _exit(0); /* the sanitizers' look at the end is not allowed for such a process */
}

/* vfs_cap_data, revision 2, of setcap cap_setuid,cap_setgid,cap_kill,cap_chown+ep. */
static int set_capabilities(const char *path)
{
    const struct vfs_cap_data data = {
        .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
        .data = {{.permitted = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL | 1U << CAP_CHOWN}},
    };

    return setxattr(path, "security.capability", &data, sizeof data, 0);
}

static void copy_program(const char *path)
{
    struct buf program = {0};
    struct error err = {0};

    assert_int_equal(io_read_file("/proc/self/exe", 64 << 20, &program), 0);
    assert_int_equal(io_publish(path, program.data, program.size, 0755, &err), 0);
    assert_int_equal(chmod(path, 0755), 0);
    buf_clear(&program);
}

static void the_worker_has_its_user_and_nobody_keeps_a_capability(void **state)
{
    const struct place *p = *state;
    static const char nothing[] = "CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 "
                                  "CapAmb: 0000000000000000 \n";
    char path[64], run[64], folder[80], line[128], want[512];
    const char *const argv[] = {path, folder, NULL};
    struct spawn s = {.path = path,
                      .argv = (char *const *)(uintptr_t)argv,
                      .envp = (char *const *)(uintptr_t)environment,
                      .fds = {-1},
                      .fd_count = 3,
                      .user = &web};
    struct buf said = {0};
    char bytes[4096];
    int pipes[2], status;
    ssize_t n;
    pid_t pid;

    if (geteuid() != 0)
        skip();
    snprintf(path, sizeof path, "%s/runner", p->folder);
    copy_program(path);
    if (set_capabilities(path) < 0)
        skip(); /* this file system knows none */
    snprintf(run, sizeof run, "%s/run", p->folder);
    snprintf(folder, sizeof folder, "%s/work", run);
    assert_int_equal(mkdir(run, 0711), 0);
    assert_int_equal(chmod(run, 0711), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chown(folder, web.uid, web.gid), 0);
    assert_int_equal(chown(run, web.uid, web.gid), 0);
    assert_int_equal(spawn_pipe(pipes, &web), 0);
    s.fds[1] = s.fds[2] = pipes[1];
    assert_int_equal(spawn_start(&s, &pid, NULL), 0);
    close(pipes[1]);
    alarm(60); /* the end of the pipe is the end of the last worker */
    while ((n = read(pipes[0], bytes, sizeof bytes)) > 0)
        buf_put(&said, bytes, (size_t)n);
    alarm(0);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    snprintf(want, sizeof want,
             "the worker: Uid: 60001 60001 60001 60001 Gid: 60001 60001 60001 60001 Groups: 60001 60002 %s", nothing);
    assert_non_null(strstr(buf_text(&said), want));
    snprintf(want, sizeof want, "the program: Uid: 65534 65534 65534 65534 Gid: 65534 65534 65534 65534 Groups: %s",
             nothing);
    assert_non_null(strstr(buf_text(&said), want));
    assert_string_equal(line_of(buf_text(&said), "its streams", line), "its streams: out");
    assert_string_equal(line_of(buf_text(&said), "err", line), "err");
    assert_string_equal(line_of(buf_text(&said), "its folder", line), "its folder: its own");
    assert_string_equal(line_of(buf_text(&said), "removed", line), "removed: 0");
    assert_string_equal(line_of(buf_text(&said), "killed", line), "killed by signal 9");
    assert_string_equal(line_of(buf_text(&said), "renounced", line), "renounced: 0");
    assert_string_equal(line_of(buf_text(&said), "then", line), "then: errno 1");
    assert_int_equal(access(folder, F_OK), -1);
    buf_clear(&said);
}

#define in_a_place(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        in_a_place(a_listed_user_is_found_with_all_groups),
        in_a_place(a_user_of_this_machine_has_the_groups_that_id_says),
        in_a_place(nobody_else_is),
        in_a_place(a_list_that_others_could_have_written_is_not_believed),
        in_a_place(the_own_list_of_an_ordinary_user_is_not_believed),
        in_a_place(what_is_too_much_is_refused_and_not_cut),
        in_a_place(a_runner_without_capabilities_says_so),
        in_a_place(only_an_own_folder_is_given_away),
        in_a_place(the_worker_has_its_user_and_nobody_keeps_a_capability),
    };

    if (argc > 1)
        return be_the_runner(argv[1]);
    return cmocka_run_group_tests_name("worker_user", tests, NULL, NULL);
}
