/* The clock's pass over everything. Nothing below waits for it: whoever has time on his hands calls it. */
#include "engine/tick.h"

#include <limits.h>

#include "base/clock.h"
#include "engine/chain.h"
#include "engine/due.h"
#include "engine/line.h"
#include "engine/schedules.h"
#include "engine/sweep.h"
#include "engine/tell.h"
#include "store/schedules.h"

enum { SWEEP_PAUSE_MS = 50 };

/* Keeps the first of several errors, and lets go of what the part that failed had begun. */
static int note(struct engine *e, int result, const struct error *problem, int so_far, struct error *err)
{
    if (result >= 0)
        return so_far;
    store_rollback(e->store);
    if (so_far == 0)
        *err = *problem;
    return -1;
}

static bool earlier(int64_t a, int64_t b)
{
    return a && (!b || a < b);
}

/* Last, and nothing else waits for it: what cannot be swept is logged, and waits for another pass. Between two that come at once is
 * a pause, for those who have something better to write. */
static void sweep(struct engine *e, struct tick *out)
{
    struct error problem = {0};
    bool more;

    if (engine_sweep(e, out->next_ms, &more, &problem) < 0)
        log_line("what is not kept for ever waits for the next tick: %s", problem.message);
    else if (more && earlier(clock_now_ms() + SWEEP_PAUSE_MS, out->next_ms))
        out->next_ms = clock_now_ms() + SWEEP_PAUSE_MS;
}

int engine_tick(struct engine *e, struct tick *out, struct error *err)
{
    struct error problem = {0};
    int64_t next_time = 0, next_job = 0, next_word = 0, reboots = 0;
    int result;

    result = note(e, engine_reap(e, &problem), &problem, 0, err);
    result = note(e, engine_see_start(e, &problem), &problem, result, err);
    result = note(e, engine_schedules(e, &next_time, &problem), &problem, result, err);
    result = note(e, engine_due(e, INT_MAX, &next_job, &problem), &problem, result, err);
    result = note(e, chain_advance_all(e, &problem), &problem, result, err);
    result = note(e, line_advance_all(e, &problem), &problem, result, err);
    store_refresh(e->store);
    result = note(e, tell_due(e, &next_word, &problem), &problem, result, err);
    result = note(e, store_schedule_reboots(e->store, &reboots, &problem), &problem, result, err);
    out->next_ms = earlier(next_time, next_job) ? next_time : next_job;
    if (earlier(next_word, out->next_ms))
        out->next_ms = next_word;
    out->after_boot = reboots > 0;
    sweep(e, out);
    return result;
}
