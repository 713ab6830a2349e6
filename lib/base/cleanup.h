#ifndef JOBJOKER_BASE_CLEANUP_H
#define JOBJOKER_BASE_CLEANUP_H

/* AUTO(buf) struct buf b = {0};   runs buf_clear(&b) on every way out of the block. */
#define AUTO(type) __attribute__((cleanup(type##_clear)))

#endif
