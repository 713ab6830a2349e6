/* jobjoker-keeper FILE PROGRAM: sleeps until the next thing is due, has `PROGRAM tick --keeper` make a pass, which says when the next
 * one is, and so on, until nothing lies ahead. FILE is what it is found and woken by (base/keeper_file.h), locked, as descriptor 3; 1 and
 * 2 are runner.log.
 *
 * It ends without leaving a gap: first the file goes, then one more pass is made. What was scheduled before the file went is seen by
 * that pass, and what is scheduled later finds no file, and so starts another keeper.
 *
 * It knows nothing of jobs and keeps nothing: whenever it dies, the next request starts it again. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/keeper_file.h"
#include "base/spawn.h"

enum {
    LOCK = 3,
    PASS_TIMEOUT_MS = 30 * 60 * 1000,
    SAID_MAX = 4096,
    LONGEST_SLEEP_MS = 10 * 60 * 1000, /* then it looks whether another host has scheduled something */
    FIRST_PAUSE_MS = 100,              /* after a pass that failed; the next are twice as long each */
    LONGEST_PAUSE_MS = 60 * 1000,
    FAILURES_MAX = 20,
    BEHIND_MAX = 2, /* passes in a row that leave something due, without a pause */
};

struct keeper {
    const char *path;    /* of its file */
    const char *program; /* that makes the passes */
    int lock;
    int watch; /* inotify(7): the file was touched, or the clock of a test moved */
    int timer;
};

/* What a pass has said. */
struct answer {
    int64_t next_ms; /* 0: nothing is due at a time */
    bool after_boot; /* but something after the next start of the machine */
};

/* -- a pass -- */

/* A number, and "boot" where something waits for a start of the machine. */
static int read_answer(const char *text, struct answer *out)
{
    char *end;

    out->next_ms = strtoll(text, &end, 10);
    out->after_boot = strcmp(end, " boot\n") == 0;
    return end > text && out->next_ms >= 0 && (out->after_boot || strcmp(end, "\n") == 0) ? 0 : -1;
}

/* The answer is the last line; what stands before it is for the log. */
static int take_answer(const char *text, bool well, struct answer *out)
{
    size_t size = strlen(text), last = size ? size - 1 : 0;

    while (last > 0 && text[last - 1] != '\n')
        last--;
    if (well && read_answer(text + last, out) == 0)
        size = last;
    else
        well = false;
    (void)!write(STDERR_FILENO, text, size);
    return well ? 0 : -1;
}

static int make_pass(const struct keeper *k, struct answer *out)
{
    char tick[] = "tick", mode[] = "--keeper";
    char *const argv[] = {(char *)(uintptr_t)k->program, tick, mode, NULL};
    struct spawn spawn = {.path = k->program, .argv = argv, .envp = environ, .directory = "/"};
    AUTO(buf) struct buf said = {0};
    struct spawn_result result;
    struct error err = {0};

    if (spawn_run(&spawn, NULL, 0, PASS_TIMEOUT_MS, SAID_MAX, &said, &result, &err) < 0)
        return -1;
    return take_answer(buf_text(&said), result.status == 0, out);
}

/* -- sleeping -- */

/* After the clock was set this end of the sleep is another one, so a timer that notices is used. */
static int set_timer(const struct keeper *k, int64_t until_ms)
{
    int64_t left_ms = until_ms - clock_now_ms(), longest_ms = left_ms < LONGEST_SLEEP_MS ? left_ms : LONGEST_SLEEP_MS;
    struct itimerspec at = {0};
    int64_t ns;

    clock_gettime(CLOCK_REALTIME, &at.it_value);
    ns = at.it_value.tv_nsec + (longest_ms > 0 ? longest_ms : 0) * 1000000 + 1; /* 0 would turn it off */
    at.it_value.tv_sec += ns / 1000000000;
    at.it_value.tv_nsec = ns % 1000000000;
    return timerfd_settime(k->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

/* What was noted until now has been seen. */
static void drain(int fd)
{
    char bytes[4096];

    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}

/* Until that time, or until something happens. */
static void sleep_until(const struct keeper *k, int64_t until_ms)
{
    struct pollfd p[] = {{.fd = k->watch, .events = POLLIN}, {.fd = k->timer, .events = POLLIN}};

    if (set_timer(k, until_ms) < 0) {
        log_line("keeper: timer: %s", strerror(errno));
        _exit(1);
    }
    while (poll(p, 2, -1) < 0 && errno == EINTR)
        ;
    drain(k->watch); /* before the pass, so that what comes during it is not lost */
    drain(k->timer);
}

/* -- its file -- */

static bool is_removed(const struct keeper *k)
{
    struct stat st;

    return fstat(k->lock, &st) < 0 || st.st_nlink == 0;
}

/* Of the clock of a test, which is written anew or replaced. */
static void watch_folder_of(const struct keeper *k, const char *file)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(file, '/') ? strrchr(file, '/') - file : 0), file);
    (void)inotify_add_watch(k->watch, folder, IN_CLOSE_WRITE | IN_MOVED_TO);
}

/* Through /proc, since another file may have its name by now. */
static int watch_file(struct keeper *k)
{
    const char *clock_file = getenv("JOBJOKER_CLOCK_FILE"); /* of tests: base/clock.h */
    char path[64];

    k->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (k->watch < 0)
        return -1;
    if (clock_file)
        watch_folder_of(k, clock_file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", k->lock);
    return inotify_add_watch(k->watch, path, IN_ATTRIB | IN_MODIFY) < 0 ? -1 : 0;
}

static void let_go(struct keeper *k)
{
    close(k->watch);
    close(k->lock);
}

/* Takes the file again, for what came up while it went. False: another keeper has it. */
static bool take_again(struct keeper *k)
{
    int lock;

    let_go(k);
    switch (keeper_file_take(k->path, true, &lock)) {
    case KEEPER_FILE_TAKEN:
        k->lock = lock;
        return watch_file(k) == 0;
    case KEEPER_FILE_HELD:
    case KEEPER_FILE_NONE:
        break;
    }
    return false;
}

/* -- its life -- */

static void pause_after_failure(const struct keeper *k, int failures)
{
    int64_t pause_ms = FIRST_PAUSE_MS;

    for (int i = 1; i < failures && pause_ms < LONGEST_PAUSE_MS; i++)
        pause_ms *= 2;
    sleep_until(k, clock_now_ms() + (pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS));
}

/* Until nothing lies ahead. -1: somebody removed its file, or no pass could be made for long: the next request may try again. */
static int serve(const struct keeper *k, struct answer *answer)
{
    int failures = 0, behind = 0;

    while (!is_removed(k)) {
        if (make_pass(k, answer) < 0) {
            if (++failures == FAILURES_MAX)
                return -1;
            pause_after_failure(k, failures);
            continue;
        }
        failures = 0;
        if (!answer->next_ms)
            return 0;
        behind = answer->next_ms <= clock_now_ms() ? behind + 1 : 0;
        if (behind > BEHIND_MAX) /* what is due cannot be done just now: not in circles */
            pause_after_failure(k, behind - BEHIND_MAX);
        else
            sleep_until(k, answer->next_ms);
    }
    return -1;
}

static int give_file_away(const struct keeper *k, const struct answer *answer)
{
    char boot[CLOCK_BOOT_ID_SIZE];

    if (!answer->after_boot)
        return keeper_file_remove(k->path);
    clock_boot_id(boot);
    return keeper_file_rest(k->path, boot);
}

int main(int argc, char **argv)
{
    struct keeper k = {.lock = LOCK};
    struct answer answer;

    if (argc != 3)
        return 2;
    k.path = argv[1];
    k.program = argv[2];
    k.timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (k.timer < 0 || watch_file(&k) < 0) {
        log_line("keeper: %s", strerror(errno));
        return 1;
    }
    do {
        if (serve(&k, &answer) < 0)
            return 1;
        if (give_file_away(&k, &answer) < 0)
            return 1;
        if (make_pass(&k, &answer) < 0) /* what lies ahead is not known, and nobody else may come for it */
            answer.next_ms = clock_now_ms();
    } while (answer.next_ms && take_again(&k));
    return 0;
}
