#ifndef JOBJOKER_BASE_CLOCK_H
#define JOBJOKER_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970 UTC: for what people read; it may jump. For tests: where the variable JOBJOKER_CLOCK_FILE names a file,
 * the number in it is added, so that a clock can jump while programs run. */
int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void); /* for durations and deadlines: never jumps */

/* Names the start of the machine that clock_monotonic_ms() counts from: random_id(4), "" where it cannot be read. */
enum { CLOCK_BOOT_ID_SIZE = 40 };
void clock_boot_id(char out[CLOCK_BOOT_ID_SIZE]);

#endif
