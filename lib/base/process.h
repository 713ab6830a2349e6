#ifndef JOBJOKER_BASE_PROCESS_H
#define JOBJOKER_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One process, as /proc tells of it (proc(5)), and signals that reach it or nobody. */

struct process {
    pid_t pid, parent;
    pid_t session;                /* its own pid: it leads it, and all in it descend from it */
    unsigned long long start;     /* clock ticks since boot: with the pid it names a process for good */
    unsigned long long cpu_ticks; /* user and system, of all its threads and of the children that it has waited for */
    long threads;
    char state; /* of its first thread; a process whose first thread has ended is a 'Z' while others run on */
};

/* 0: *p has it. -1: there is none, or it cannot be read. */
int process_read(pid_t pid, struct process *p);

/* A corpse that nobody has reaped yet. */
bool process_is_dead(const struct process *p);

/* Does a thread of it run a program now? One that sleeps uninterruptibly does not, and is in the kernel, where it may be
 * about to start a process before it sees a signal to stop. STILL is what is stopped, dead, or held by a tracer. */
enum process_motion { PROCESS_STILL, PROCESS_SLEEPS, PROCESS_RUNS };
enum process_motion process_motion(const struct process *p);

/* Do both use one memory? Then one that sleeps uninterruptibly is the parent in vfork(2), which wakes when its child ends
 * or starts a program. False also where that cannot be found out. */
bool process_shares_memory(pid_t one, pid_t other);

/* Sends a signal to the process that was seen, not to one that has got its number since. 0; -1: errno; ESRCH: it is
 * gone. */
int process_send(const struct process *seen, int number);

/* The same to the process group of one that leads it, also when it is dead: in one step, so that none of the group can
 * fork away from it. -1: errno; EINVAL: this kernel cannot (it can since 6.9). */
int process_send_group(const struct process *leader, int number);

/* Has it a variable in its environment that begins with `mark` ("NAME=value", at most PROCESS_MARK_MAX bytes)? The
 * environment is what it got when its program was started. False where it must not be read: it is another user's. */
enum { PROCESS_MARK_MAX = 255 };
bool process_has_mark(pid_t pid, const char *mark);

/* How many threads, and so processes, a user has now: what RLIMIT_NPROC counts. Those in a pid namespace that is not ours
 * are not seen. */
long process_count_threads(uid_t user);

#endif
