#ifndef JOBJOKER_TESTS_FUZZ_H
#define JOBJOKER_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the fuzz targets share. Each target is one file, fuzz_NAME.c, whose LLVMFuzzerTestOneInput() takes any bytes and
 * says with MUST() what holds for all of them. See README.md. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv); /* once, before the first input; few targets have it */

/* As assert(), but it is always on, and speaks where it is heard although the target's standard error is closed: the code
 * under test writes a line to its log for each wrong input. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *what, const char *file, int line);

/* The input, taken part by part. The parts are copies that end in a NUL, each in memory of its own, so that the
 * AddressSanitizer sees who reads beyond. */
struct fuzz_input {
    const uint8_t *at, *end;
};
uint8_t fuzz_byte(struct fuzz_input *in); /* 0 at the end */
/* Up to the next `separator` or the end, free() it; *size may be NULL. NULL: nothing is left. */
char *fuzz_part(struct fuzz_input *in, char separator, size_t *size);
char *fuzz_copy(const void *bytes, size_t size); /* the same of any bytes */

/* A file in memory. fuzz_fill() makes it hold just these bytes, to be read from its start. */
int fuzz_file(void);
void fuzz_fill(int fd, const void *bytes, size_t size);

#endif
