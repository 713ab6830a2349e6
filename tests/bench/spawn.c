/* What a start costs: plain, in the sandbox, as another user (only as root). The kinds take turns, so that a slow moment of the
 * machine meets all. Prints medians of the time from before the start until the child is reaped:
 *   make tests/bench/spawn && tests/bench/spawn [ROUNDS] [PROGRAM] */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/spawn.h"

static const char SYSTEM[] =
    "/bin /etc /lib /lib32 /lib64 /libx32 /opt /proc /sbin /sys /usr /dev /run/systemd/resolve";
static const struct spawn_user user = {.uid = 65534, .gid = 65534};

static const struct {
    const char *name;
    bool sandbox, user, only_rules;
} kinds[] = {
    {.name = "plain"},
    {.name = "in the sandbox", .sandbox = true},
    {.name = "as another user", .user = true},
    {.name = "both", .sandbox = true, .user = true},
    {.name = "the sandbox's rules alone", .sandbox = true, .only_rules = true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double measure(size_t kind, const char *program)
{
    const char *const argv[] = {program, NULL};
    const char *const read[] = {program, NULL}, *const write[] = {"/tmp", NULL};
    struct sandbox sandbox = {.ruleset = -1};
    struct spawn s = {.path = program,
                      .argv = (char *const *)(uintptr_t)argv,
                      .envp = (char *const[]){NULL},
                      .fds = {-1, -1, -1},
                      .fd_count = 3,
                      .user = kinds[kind].user ? &user : NULL,
                      .sandbox = kinds[kind].sandbox ? &sandbox : NULL};
    double start = now_us();
    pid_t pid;

    if (kinds[kind].sandbox && sandbox_open(&sandbox, SYSTEM, read, NULL, write, NULL) < 0)
        exit(1);
    if (!kinds[kind].only_rules && (spawn_start(&s, &pid, NULL) < 0 || waitpid(pid, NULL, 0) < 0))
        exit(1);
    sandbox_close(&sandbox);
    return now_us() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    const char *program = argc > 2 ? argv[2] : "/bin/true";
    double *took = calloc(rounds ? rounds * KINDS : 1, sizeof *took);

    if (!took || rounds == 0)
        return 1;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t kind = 0; kind < KINDS; kind++) {
            if (!kinds[kind].user || geteuid() == 0)
                took[kind * rounds + round] = measure(kind, program);
        }
    }
    for (size_t kind = 0; kind < KINDS; kind++) {
        qsort(took + kind * rounds, rounds, sizeof *took, compare);
        printf("%-26s %6.0f us (p10 %.0f)\n", kinds[kind].name, took[kind * rounds + rounds / 2],
               took[kind * rounds + rounds / 10]);
    }
    free(took);
    return 0;
}
