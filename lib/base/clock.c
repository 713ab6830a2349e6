#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Tests cannot set the clock of the machine that they share: this one jumps when they write to a file. */
static int64_t jump_ms(void)
{
    const char *path = getenv("JOBJOKER_CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[32] = "";

    if (fd < 0)
        return 0;
    (void)!io_read_all(fd, text, sizeof text - 1);
    close(fd);
    return strtoll(text, NULL, 10);
}

int64_t clock_now_ms(void)
{
    return read_clock(CLOCK_REALTIME) + jump_ms();
}

int64_t clock_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_boot_id(char out[CLOCK_BOOT_ID_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : io_read_all(fd, out, CLOCK_BOOT_ID_SIZE - 1);

    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}
