#ifndef JOBJOKER_BASE_OOM_H
#define JOBJOKER_BASE_OOM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whom the kernel ended for want of memory, as its own log tells (kmsg, Linux ABI dev-kmsg). Where that may not be read
 * (sysctl kernel.dmesg_restrict), nobody is known. */

/* Was this process killed since the machine started? A number that was given away again may mislead. */
bool oom_was_killed(pid_t pid);

/* Does a record of the log say so of this process? "...;Out of memory: Killed process 123 (name) ..." */
bool oom_record_names(const char *record, pid_t pid);

#endif
