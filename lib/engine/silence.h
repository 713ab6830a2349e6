#ifndef JOBJOKER_ENGINE_SILENCE_H
#define JOBJOKER_ENGINE_SILENCE_H

#include "engine/engine.h"

/* Is the runner of an active job on another host lost? Its lock cannot be seen from here, so silence decides: it reports
 * at least every `heartbeat` seconds. Whoever finds that three are missed by the clock notes that as a suspicion; only when
 * three more are missed since, on this machine's own clock that nobody sets, it is lost. So a clock that jumps, here or
 * there, ends no job. */

enum silence { SILENCE_NONE, SILENCE_SUSPECTED /* job->suspicion was set: to be stored */, SILENCE_LOST };

/* Looks at seen_ms, report and suspicion of a job. The other times are those of base/clock.h; a heartbeat of 0 is none,
 * and then nobody is ever lost by silence. */
enum silence silence_judge(struct job *job, int64_t heartbeat_ms, int64_t now_ms, int64_t monotonic_ms,
                           const char *boot_id);

#endif
