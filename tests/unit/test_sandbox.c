/* The sandbox, seen from inside: what real programs can and cannot do there. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sandbox.h"
#include "base/spawn.h"

static const char SYSTEM[] =
    "/bin /etc /lib /lib32 /lib64 /libx32 /opt /proc /sbin /sys /usr /dev /run/systemd/resolve";
static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=.", "TMPDIR=.", "LANG=C.UTF-8",
                                          "PYTHONDONTWRITEBYTECODE=1",         NULL};

enum { KERNEL_CALL = 444, VERSION_OF_SCOPES = 6, OUTPUT_MAX = 4000, TIMEOUT_MS = 60000 };

/* Root may do much that a sandbox cannot forbid, and is not whom it is for. */
static const struct spawn_user nobody = {.uid = 65534, .gid = 65534};

/* A place outside with a secret, and in it the only folder in which something may be written; all of it belongs to the
 * user of the programs, so that nothing but the sandbox forbids anything. */
struct place {
    const struct spawn_user *user; /* NULL: we are not root */
    char outside[32];
    char secret[48], code[48], inside[48];
};

static int version_of_kernel(void)
{
    return (int)syscall(KERNEL_CALL, NULL, 0, 1);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static void give_to_user(struct place *p)
{
    const char *const paths[] = {p->secret, p->code, p->inside, p->outside};

    p->user = &nobody;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(chown(paths[i], nobody.uid, nobody.gid), 0);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    strcpy(p->outside, "/tmp/jobjoker-test-XXXXXX");
    assert_non_null(mkdtemp(p->outside));
    snprintf(p->secret, sizeof p->secret, "%s/jobs.db", p->outside);
    snprintf(p->code, sizeof p->code, "%s/code", p->outside);
    snprintf(p->inside, sizeof p->inside, "%s/work", p->outside);
    write_file(p->secret, "a secret\n", 0600);
    write_file(p->code, "#!/bin/sh\necho \"$(cat)\" from the code\n", 0700);
    assert_int_equal(mkdir(p->inside, 0700), 0);
    if (geteuid() == 0)
        give_to_user(p);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    int result = io_remove_tree(p->outside);

    free(p);
    return result;
}

static void open_sandbox(const struct place *p, struct sandbox *s)
{
    const char *const read[] = {p->code, "/no/such/path", NULL};
    const char *const write[] = {p->inside, NULL};
    struct error err = {0};

    assert_int_equal(sandbox_open(s, SYSTEM, read, NULL, write, &err), 0);
}

/* Runs a program with its working directory in the place, and gives what it said. */
static int run_in(const struct place *p, const struct sandbox *sandbox, const char *const *argv, const char *input,
                  struct buf *out)
{
    struct spawn s = {
        .argv = (char *const *)(uintptr_t)argv,
        .envp = (char *const *)(uintptr_t)environment,
        .directory = p->inside,
        .user = p->user,
        .sandbox = sandbox,
    };
    struct spawn_result result;
    struct error err = {0};
    char path[128];

    assert_int_equal(spawn_find(argv[0], "/usr/bin:/bin", path, sizeof path), 0);
    s.path = path;
    assert_int_equal(spawn_run(&s, input, input ? strlen(input) : 0, TIMEOUT_MS, OUTPUT_MAX, out, &result, &err), 0);
    assert_true(WIFEXITED(result.status));
    return WEXITSTATUS(result.status);
}

static int run(const struct place *p, const char *const *argv, const char *input, struct buf *out)
{
    struct sandbox sandbox;
    int status;

    open_sandbox(p, &sandbox);
    status = run_in(p, &sandbox, argv, input, out);
    sandbox_close(&sandbox);
    assert_int_equal(sandbox.ruleset, -1);
    return status;
}

static int run_with_sockets(const struct place *p, const char *const *argv, struct buf *out)
{
    struct sandbox sandbox;
    int status;

    open_sandbox(p, &sandbox);
    sandbox.local_sockets = true;
    status = run_in(p, &sandbox, argv, NULL, out);
    sandbox_close(&sandbox);
    return status;
}

static void assert_says(const struct place *p, const char *const *argv, int status, const char *text)
{
    struct buf out = {0};
    int ended = run(p, argv, "in", &out);

    assert_string_equal(buf_text(&out), text);
    assert_int_equal(ended, status);
    buf_clear(&out);
}

/* -- files -- */

static void what_is_not_on_the_list_cannot_be_read(void **state)
{
    const struct place *p = *state;
    static const char *const ways[] = {"cat ../jobs.db",
                                       "cat /proc/self/cwd/../jobs.db",
                                       "ln -s ../jobs.db link; cat link",
                                       "exec 3<../jobs.db; cat <&3",
                                       "sh -c 'setsid -w cat ../jobs.db'",
                                       "cd ..; cat $(ls)",
                                       "ln ../jobs.db hard; cat hard",
                                       "mv ../jobs.db .; cat jobs.db"};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *const argv[] = {"sh", "-c", ways[i], NULL};
        struct buf inside = {0}, outside = {0};

        (void)run(p, argv, NULL, &inside);
        assert_null(strstr(buf_text(&inside), "a secret"));
        (void)run_in(p, NULL, argv, NULL, &outside);
        assert_non_null(strstr(buf_text(&outside), "a secret")); /* nothing else is in the way */
        buf_clear(&inside);
        buf_clear(&outside);
    }
}

static void nothing_can_be_changed_outside(void **state)
{
    const struct place *p = *state;
    static const char *const ways[] = {"echo x >../new",
                                       "echo x >>../jobs.db",
                                       "truncate -s 0 ../jobs.db",
                                       "rm -f ../jobs.db",
                                       "mkdir ../folder",
                                       "mkfifo ../fifo",
                                       "mv ../jobs.db ../new",
                                       "ln -s x ../link",
                                       "touch own; mv own ../new",
                                       "touch own; ln own ../new",
                                       "echo x >/tmp/jobjoker-test-new",
                                       "python3 -c 'import os; os.truncate(\"../jobs.db\", 0)'" /* opens nothing */};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *const argv[] = {"sh", "-c", ways[i], NULL};
        struct buf out = {0}, secret = {0};

        assert_int_not_equal(run(p, argv, NULL, &out), 0);
        assert_int_equal(io_read_file(p->secret, 100, &secret), 0);
        assert_string_equal(buf_text(&secret), "a secret\n");
        buf_clear(&secret);
        buf_clear(&out);
    }
    assert_int_not_equal(access("/tmp/jobjoker-test-new", F_OK), 0);
}

static void in_its_own_folder_it_does_as_it_likes(void **state)
{
    static const char line[] = "set -e; mkdir -p a b; echo one >a/f; echo two >>a/f; mv a/f b/g; ln b/g a/h; ln -s "
                               "../b/g a/s; cat a/s; mkfifo p; "
                               "truncate -s 4 b/g; cat a/h; printf '#!/bin/sh\\necho own program\\n' >run; chmod 700 "
                               "run; ./run; rm -r a b p run; ls";
    const char *const argv[] = {"sh", "-c", line, NULL};

    assert_says(*state, argv, 0, "one\ntwo\none\nown program\n");
}

static void a_path_on_the_list_can_be_read_and_started(void **state)
{
    const char *const argv[] = {"sh", "-c", "head -n 1 ../code; ../code; echo x >../code", NULL};
    struct buf out = {0};

    assert_int_not_equal(run(*state, argv, "in", &out), 0);
    assert_int_equal(strncmp(buf_text(&out), "#!/bin/sh\nin from the code\n", 27), 0);
    buf_clear(&out);
}

/* -- programs -- */

static void the_shell_and_its_devices_work(void **state)
{
    static const char line[] =
        "set -e; cat /dev/stdin; echo; echo out >/dev/stdout; echo err >/dev/stderr; echo x >/dev/null; echo x | cat; "
        "head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; ls /proc/self/fd >/dev/null; f=$(mktemp); test "
        "-f \"$f\"; "
        "cat <<END\nhere\nEND\n(echo full >/dev/full) 2>/dev/null || echo full";
    const char *const argv[] = {"sh", "-c", line, NULL};

    assert_says(*state, argv, 0, "in\nout\nerr\nx\n3\n3\nhere\nfull\n");
}

static void python_works(void **state)
{
    static const char code[] =
        "import json, os, random, socket, sqlite3, ssl, subprocess, sys, tempfile, threading, time\n"
        "with tempfile.NamedTemporaryFile() as f: f.write(sys.stdin.buffer.read())\n"
        "db = sqlite3.connect('own.db'); db.execute('pragma journal_mode=wal')\n"
        "db.execute('create table t(x)'); db.commit(); db.close()\n"
        "t = threading.Thread(target=time.localtime); t.start(); t.join()\n"
        "print(subprocess.check_output(['echo', 'child'], text=True), end='')\n"
        "print(socket.gethostbyname('localhost'), len(ssl.create_default_context().get_ca_certs()) >= 0)\n"
        "try: open('../jobs.db')\nexcept PermissionError as e: print(e.errno)\n";
    const char *const argv[] = {"python3", "-c", code, NULL};

    if (access("/usr/bin/python3", X_OK) < 0)
        skip();
    assert_says(*state, argv, 0, "child\n127.0.0.1 True\n13\n");
}

static void php_works(void **state)
{
    static const char code[] =
        "$f = tempnam(sys_get_temp_dir(), 'x'); file_put_contents($f, 'y'); echo file_get_contents($f);"
        "echo stream_get_contents(STDIN), date('Y', 0), shell_exec('echo child');"
        "echo @file_get_contents('../jobs.db') === false ? 'refused' : 'read';";
    const char *const argv[] = {"php", "-r", code, NULL};

    if (access("/usr/bin/php", X_OK) < 0)
        skip();
    assert_says(*state, argv, 0, "yin1970child\nrefused");
}

static void a_compiler_works(void **state)
{
    static const char line[] =
        "set -e; echo '#include <stdio.h>\nint main(void) { return puts(\"compiled\") < 0; }' >a.c; "
        "cc -o a a.c; ./a";
    const char *const argv[] = {"sh", "-c", line, NULL};

    if (access("/usr/bin/cc", X_OK) < 0)
        skip();
    assert_says(*state, argv, 0, "compiled\n");
}

/* -- beyond files -- */

/* A process of the same user that is not in the sandbox. */
static pid_t start_outside(const struct place *p)
{
    const char *const argv[] = {"sleep", "600", NULL};
    struct spawn s = {.path = "/bin/sleep",
                      .argv = (char *const *)(uintptr_t)argv,
                      .envp = (char *const *)(uintptr_t)environment,
                      .fds = {-1, -1, -1},
                      .fd_count = 3,
                      .die_with_parent = true,
                      .user = p->user};
    pid_t pid;

    assert_int_equal(spawn_start(&s, &pid, NULL), 0);
    return pid;
}

/* It lived until now, and ends by our signal. */
static void end_outside(pid_t pid)
{
    int status;

    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void no_signal_leaves_the_sandbox(void **state)
{
    pid_t outside;
    char line[160];
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct buf out = {0};

    if (version_of_kernel() < VERSION_OF_SCOPES)
        skip();
    outside = start_outside(*state);
    snprintf(line, sizeof line,
             "kill -9 %d 2>/dev/null || echo refused; setsid -w sh -c 'kill -0 %d 2>/dev/null || echo refused'; "
             "sleep 600 & kill -9 $! && echo own",
             (int)outside, (int)outside);
    assert_says(*state, argv, 0, "refused\nrefused\nown\n");
    snprintf(line, sizeof line, "kill -0 %d && echo reached", (int)outside);
    assert_int_equal(run_in(*state, NULL, argv, NULL, &out), 0); /* nothing else is in the way */
    buf_clear(&out);
    end_outside(outside);
}

static void no_process_outside_can_be_looked_into(void **state)
{
    pid_t outside = start_outside(*state);
    char line[160];
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct buf out = {0};

    snprintf(line, sizeof line, "for f in environ maps auxv; do head -c 1 /proc/%d/$f >/dev/null 2>&1 || echo no; done",
             (int)outside);
    assert_says(*state, argv, 0, "no\nno\nno\n");
    (void)run_in(*state, NULL, argv, NULL, &out);
    assert_string_equal(buf_text(&out), ""); /* nothing else is in the way */
    buf_clear(&out);
    end_outside(outside);
}

static void no_abstract_socket_outside_can_be_reached(void **state)
{
    static const char code[] = "import socket, sys\n"
                               "s = socket.socket(socket.AF_UNIX)\n"
                               "try: s.connect('\\0' + sys.argv[1])\nexcept PermissionError: print('refused')\n";
    const struct place *p = *state;
    const char *const argv[] = {"python3", "-c", code, p->outside, NULL};
    struct buf out = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t length = strlen(p->outside);

    assert_true(fd >= 0);
    memcpy(address.sun_path + 1, p->outside, length);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)),
                     0);
    assert_int_equal(listen(fd, 1), 0);
    if (version_of_kernel() >= VERSION_OF_SCOPES && access("/usr/bin/python3", X_OK) == 0) {
        assert_int_equal(run_with_sockets(p, argv, &out), 0);
        assert_string_equal(buf_text(&out), "refused\n");
    }
    buf_clear(&out);
    close(fd);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(chmod(path, 0666), 0);
    return fd;
}

/* Such as mod_cgid's, which would start a program outside. */
static void no_socket_that_has_a_path_can_be_reached(void **state)
{
    static const char code[] = "import ctypes, socket, sys\n"
                               "a, b = socket.socketpair(); a.send(b'pair'); print(b.recv(9).decode())\n"
                               "socket.socket(socket.AF_INET).close()\n"
                               "libc = ctypes.CDLL(None, use_errno=True)\n"
                               "ring = libc.syscall(425, 4, ctypes.create_string_buffer(256))\n"
                               "print('no ring' if ring < 0 and ctypes.get_errno() in (1, 38) else 'ring')\n"
                               "try: s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print('reached')\n"
                               "except PermissionError: print('refused')\n";
    const struct place *p = *state;
    char path[64];
    const char *const argv[] = {"python3", "-c", code, path, NULL};
    struct buf out = {0};
    int fd;

    if (access("/usr/bin/python3", X_OK) < 0)
        skip();
    snprintf(path, sizeof path, "%s/socket", p->outside);
    fd = listen_at(path);
    assert_says(p, argv, 0, "pair\nno ring\nrefused\n");
    assert_int_equal(run_with_sockets(p, argv, &out), 0); /* nothing else is in the way */
    assert_non_null(strstr(buf_text(&out), "reached\n"));
    buf_clear(&out);
    close(fd);
}

/* Such as /dev/log, or systemd's. SOCK_RAW is the same by another name, unix(7). */
static void no_pair_of_sockets_can_be_sent_elsewhere(void **state)
{
    static const char code[] =
        "import socket, sys\n"
        "for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):\n"
        "    try: a, b = socket.socketpair(socket.AF_UNIX, kind); a.sendto(b'out', sys.argv[1]); print('sent')\n"
        "    except PermissionError: print('refused')\n"
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET); a.send(b'pair'); print(b.recv(9).decode())\n";
    const struct place *p = *state;
    char path[64];
    const char *const argv[] = {"python3", "-c", code, path, NULL};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct buf out = {0};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (access("/usr/bin/python3", X_OK) < 0)
        skip();
    snprintf(path, sizeof path, "%s/datagrams", p->outside);
    memcpy(address.sun_path, path, sizeof path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_says(p, argv, 0, "refused\nrefused\npair\n");
    assert_int_equal(run_with_sockets(p, argv, &out), 0); /* nothing else is in the way */
    assert_non_null(strstr(buf_text(&out), "sent\n"));
    buf_clear(&out);
    close(fd);
}

static void no_set_uid_program_gives_more(void **state)
{
    const char *const argv[] = {"grep", "NoNewPrivs", "/proc/self/status", NULL};

    assert_says(*state, argv, 0, "NoNewPrivs:\t1\n");
}

/* -- when there is none -- */

/* In a child, lets the kernel answer as one without Landlock; returns only there. */
static void forget_landlock(int number)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KERNEL_CALL, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)number),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(2);
}

static void a_kernel_without_it_is_an_error_that_says_so(void **state)
{
    static const struct {
        int number;
        const char *says;
    } kernels[] = {{ENOSYS, "CONFIG_SECURITY_LANDLOCK"}, {EOPNOTSUPP, "lsm="}};

    (void)state;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0) {
            struct sandbox s = {0};
            struct error err = {0};
            int result;

            forget_landlock(kernels[i].number);
            result = sandbox_open(&s, SYSTEM, NULL, NULL, NULL, &err);
            _exit(!(result < 0 && s.ruleset == -1 && err.status == 500 && !strcmp(err.code, "no_sandbox") &&
                    strstr(err.message, kernels[i].says)));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void without_its_rules_nothing_is_started(void **state)
{
    const char *const argv[] = {"true", NULL};
    struct sandbox wrong[] = {{.ruleset = -1}, {.ruleset = STDERR_FILENO}};
    static const int numbers[] = {EBADF, EBADFD};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct spawn s = {.path = "/bin/true",
                          .argv = (char *const *)(uintptr_t)argv,
                          .envp = (char *const *)(uintptr_t)environment,
                          .fds = {-1, -1, -1},
                          .fd_count = 3,
                          .sandbox = &wrong[i]};
        pid_t pid;

        assert_int_equal(spawn_start(&s, &pid, NULL), -1);
        assert_int_equal(errno, numbers[i]);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
}

static void paths_that_cannot_be_meant_are_refused(void **state)
{
    struct sandbox s;
    struct error err = {0};
    char *longest = malloc(10001);
    int before = dup(0);

    (void)state;
    close(before);
    assert_non_null(longest);
    memset(longest, '/', 10000);
    longest[10000] = '\0';
    assert_int_equal(sandbox_open(&s, "/usr etc", NULL, NULL, NULL, &err), -1);
    assert_string_equal(err.code, "sandbox_path");
    assert_int_equal(s.ruleset, -1);
    assert_int_equal(sandbox_open(&s, longest, NULL, NULL, NULL, &err), -1);
    assert_string_equal(err.code, "sandbox_path");
    free(longest);
    assert_int_equal(sandbox_open(&s, " \t/usr\n/no/such  ", NULL, NULL, NULL, &err), 0);
    sandbox_close(&s);
    sandbox_close(&s);
    assert_int_equal(dup(0), before); /* no descriptor is left */
    close(before);
}

/* The rules lie on a descriptor where one of the child's is to be. */
static void the_rules_may_lie_on_any_descriptor(void **state)
{
    const struct place *p = *state;
    const char *const argv[] = {"sh", "-c", "cat ../jobs.db 2>/dev/null || ls /proc/self/fd", NULL};
    int saved = fcntl(0, F_DUPFD_CLOEXEC, 10), pipes[2];
    struct sandbox sandbox;
    struct spawn s = {.path = "/bin/sh",
                      .argv = (char *const *)(uintptr_t)argv,
                      .envp = (char *const *)(uintptr_t)environment,
                      .directory = p->inside,
                      .user = p->user,
                      .fd_count = 3,
                      .sandbox = &sandbox};
    char said[64] = {0};
    pid_t pid;
    int status;

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    close(0);
    open_sandbox(p, &sandbox);
    assert_int_equal(sandbox.ruleset, 0);
    memcpy(s.fds, (int[]){-1, pipes[1], -1}, 3 * sizeof(int));
    assert_int_equal(spawn_start(&s, &pid, NULL), 0);
    sandbox_close(&sandbox);
    assert_int_equal(dup2(saved, 0), 0);
    close(saved);
    close(pipes[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(io_read_all(pipes[0], said, sizeof said - 1) > 0);
    assert_string_equal(said, "0\n1\n2\n3\n"); /* 3 is how ls reads the folder */
    close(pipes[0]);
}

/* Each test has a place of its own. */
#define in_a_place(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest always[] = {
        cmocka_unit_test(a_kernel_without_it_is_an_error_that_says_so),
    };
    const struct CMUnitTest tests[] = {
        in_a_place(what_is_not_on_the_list_cannot_be_read),
        in_a_place(nothing_can_be_changed_outside),
        in_a_place(in_its_own_folder_it_does_as_it_likes),
        in_a_place(a_path_on_the_list_can_be_read_and_started),
        in_a_place(the_shell_and_its_devices_work),
        in_a_place(python_works),
        in_a_place(php_works),
        in_a_place(a_compiler_works),
        in_a_place(no_signal_leaves_the_sandbox),
        in_a_place(no_process_outside_can_be_looked_into),
        in_a_place(no_abstract_socket_outside_can_be_reached),
        in_a_place(no_socket_that_has_a_path_can_be_reached),
        in_a_place(no_pair_of_sockets_can_be_sent_elsewhere),
        in_a_place(no_set_uid_program_gives_more),
        in_a_place(without_its_rules_nothing_is_started),
        in_a_place(paths_that_cannot_be_meant_are_refused),
        in_a_place(the_rules_may_lie_on_any_descriptor),
    };
    int failed = cmocka_run_group_tests_name("sandbox, kernel without", always, NULL, NULL);

    if (version_of_kernel() > 0)
        failed += cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
    return failed;
}
