#ifndef JOBJOKER_ENGINE_TICK_H
#define JOBJOKER_ENGINE_TICK_H

#include "engine/engine.h"

/* What a pass has left to be done. */
struct tick {
    int64_t next_ms; /* when the next thing is due; 0: nothing lies ahead */
    bool after_boot; /* something runs after the next start of the machine */
};

/* One pass of everything that is due: lost jobs, schedules, jobs whose time has come, lines that stand still; and of what is not kept
 * for ever (sweep.h), where an error is only logged. Several may do so at once. What cannot be done does not keep the rest from being done. -1: 500, 503: *err tells of the first; *out is what is
 * known all the same. */
int engine_tick(struct engine *e, struct tick *out, struct error *err);

#endif
