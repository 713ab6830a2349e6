#ifndef JOBJOKER_BASE_CLOCK_H
#define JOBJOKER_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);       /* milliseconds since 1970 UTC: for what people read; it may jump */
int64_t clock_monotonic_ms(void); /* for durations and deadlines: never jumps */

/* Names the start of the machine that clock_monotonic_ms() counts from: random_id(4), "" where it cannot be read. */
enum { CLOCK_BOOT_ID_SIZE = 40 };
void clock_boot_id(char out[CLOCK_BOOT_ID_SIZE]);

#endif
