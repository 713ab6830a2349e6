#ifndef JOBJOKER_BASE_CLOCK_H
#define JOBJOKER_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);       /* milliseconds since 1970 UTC: for what people read; it may jump */
int64_t clock_monotonic_ms(void); /* for durations and deadlines: never jumps */

#endif
