/* What supervision costs: a program that does nothing is started bare, and as the worker of a runner. They take turns, so
 * that a slow moment of the machine meets both. Prints medians of the time
 *   bare    from before the start until it is reaped
 *   said    from before the start of the runner until the end of its worker has arrived where reports are taken
 *   over    until the runner has cleaned up and is reaped
 *
 *   tests/bench/supervision makes what this needs, and calls it: supervise RUNNER STAND_IN FOLDER [ROUNDS] */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/spawn.h"

struct bench {
    const char *runner, *stand_in;
    char run[4096]; /* the folder of the run */
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static pid_t start(const char *path, const int *fds, size_t count)
{
    char *const argv[] = {(char *)(uintptr_t)path, NULL};
    struct spawn s = {.path = path,
                      .argv = argv,
                      .envp = (char *const[]){NULL},
                      .fds = {-1, -1, -1},
                      .fd_count = 3,
                      .new_session = true};
    pid_t pid;

    if (fds) {
        memcpy(s.fds, fds, count * sizeof *fds);
        s.fd_count = count;
    }
    if (spawn_start(&s, &pid, NULL) < 0)
        fail(path);
    return pid;
}

static double measure_bare(const struct bench *b)
{
    double begin = now_ms();

    if (waitpid(start(b->stand_in, NULL, 0), NULL, 0) < 0)
        fail("waitpid");
    return now_ms() - begin;
}

/* Strings "key=value", each ended by a NUL: DESIGN.md, section 5. */
static int open_ticket(const struct bench *b)
{
    int fd = memfd_create("ticket", MFD_CLOEXEC);

    if (fd < 0)
        fail("ticket");
    dprintf(fd, "id=01M86EA05QK06D5MRW8NYDB81Q%cworker=W%ckind=script%ccode=%s%cfolder=%s%clease=l%ctoken=t%c", 0, 0, 0,
            b->stand_in, 0, b->run, 0, 0, 0);
    dprintf(fd, "api=http://127.0.0.1:1%cprogram=%s%cattempt=1%ctimeout_ms=0%cgrace_ms=1000%c", 0, b->stand_in, 0, 0, 0,
            0);
    dprintf(fd, "php=php%cpath=/usr/bin:/bin%cparameters={}%c", 0, 0, 0);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int open_lock(const struct bench *b)
{
    char path[4200];
    int fd;

    mkdir(b->run, 0700);
    snprintf(path, sizeof path, "%s/lock", b->run);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        fail(path);
    return fd;
}

static void measure_supervised(const struct bench *b, double *said, double *over)
{
    int log[2], ready[2], ticket = open_ticket(b), lock = open_lock(b);
    double begin;
    char byte;
    pid_t pid;

    if (pipe2(log, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0)
        fail("pipe");
    begin = now_ms();
    pid = start(b->runner, (int[]){ticket, log[1], log[1], ready[1], lock}, 5);
    close(log[1]);
    if (read(log[0], &byte, 1) != 1 || byte != 'E')
        fail("the end of the worker was not said");
    *said = now_ms() - begin;
    if (waitpid(pid, NULL, 0) < 0)
        fail("waitpid");
    *over = now_ms() - begin;
    close(log[0]);
    close(ready[0]);
    close(ready[1]);
    close(ticket);
    close(lock);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print(const char *what, double *took, size_t rounds)
{
    qsort(took, rounds, sizeof *took, compare);
    printf("%s %.2f ms (p10 %.2f, p90 %.2f)\n", what, took[rounds / 2], took[rounds / 10], took[rounds * 9 / 10]);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 500;
    double *bare = calloc(rounds, sizeof *bare), *said = calloc(rounds, sizeof *said),
           *over = calloc(rounds, sizeof *over);
    struct bench b = {0};

    if (argc < 4 || rounds == 0 || !bare || !said || !over)
        return fputs("supervise RUNNER STAND_IN FOLDER [ROUNDS]\n", stderr), 2;
    b.runner = argv[1];
    b.stand_in = argv[2];
    snprintf(b.run, sizeof b.run, "%s/run", argv[3]);
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = measure_bare(&b);
        measure_supervised(&b, &said[i], &over[i]);
    }
    print("bare", bare, rounds);
    print("said", said, rounds);
    print("over", over, rounds);
    free(bare);
    free(said);
    free(over);
    return 0;
}
