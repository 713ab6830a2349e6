/* What the fuzz targets share. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"

static int loud; /* standard error, before libFuzzer closes it */

__attribute__((constructor)) static void keep_standard_error(void)
{
    loud = dup(STDERR_FILENO);
}

void fuzz_fail(const char *what, const char *file, int line)
{
    dprintf(loud, "%s:%d: this must hold: %s\n", file, line, what);
    abort();
}

uint8_t fuzz_byte(struct fuzz_input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

char *fuzz_copy(const void *bytes, size_t size)
{
    char *copy = malloc(size + 1);

    MUST(copy);
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *fuzz_part(struct fuzz_input *in, char separator, size_t *size)
{
    size_t left = (size_t)(in->end - in->at), length;
    const uint8_t *found = left ? memchr(in->at, separator, left) : NULL;
    char *part;

    if (left == 0)
        return NULL;
    length = found ? (size_t)(found - in->at) : left;
    part = fuzz_copy(in->at, length);
    in->at += length + (found != NULL);
    if (size)
        *size = length;
    return part;
}

int fuzz_file(void)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    MUST(fd >= 0);
    return fd;
}

void fuzz_fill(int fd, const void *bytes, size_t size)
{
    MUST(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    MUST(io_write_all(fd, bytes, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
}
