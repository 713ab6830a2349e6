#ifndef JOBJOKER_WORKER_CHECK_H
#define JOBJOKER_WORKER_CHECK_H

#include "base/spawn.h"
#include "worker/worker.h"

/* Is a source sound? `folder` holds it as `file` and is the caller's own; of a C worker the library NAME.so is made
 * there. Of a script only where its interpreter is known to have a check that runs nothing. 0: it is.
 * -1: 422 worker_broken, with one JSON object {line,column,severity,message} per complaint in `diagnostics` (may be
 * NULL); 500 internal. */
int worker_check(const struct worker_place *place, const struct worker *w, const char *folder, const char *file,
                 struct json_writer *diagnostics, struct error *err);

/* Runs a program with the environment that compilers and workers' hosts get, for settings->check_timeout_ms at most,
 * and gathers what it prints. It runs in `folder`; where workers are kept in a sandbox, so is it, and writes there only when it
 * `writes`. It makes no core file, no file of more than 256 MiB, and a compiler or checker, which `writes`, has 2 GiB of
 * memory. 0: it ended, *result says how. -1: 422 worker_broken when there is no such program, 500 no_sandbox. */
int worker_run_tool(const struct worker_place *place, const char *folder, bool writes, const char *const *argv,
                    bool quiet, struct buf *output, struct spawn_result *result, struct error *err);

/* Takes our own folders out of what a tool said, before a client reads it. */
void worker_leave_out_paths(const struct worker_place *place, const char *folder, struct buf *output);

#endif
