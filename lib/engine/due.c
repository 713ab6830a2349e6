/* Jobs that wait for a time: those to be run at it, and those to be tried again. One indexed look tells the next. */
#include "engine/due.h"

#include <poll.h>

#include "base/clock.h"
#include "engine/start.h"

enum { TURN_TIMEOUT_MS = 2000 };

/* 0: it was started. 1: somebody else is at it. */
static int start_one(struct engine *e, const char *id, struct error *err)
{
    struct error problem = {0};

    if (start_in_turn(e, id, &problem) == 0)
        return 0;
    store_rollback(e->store);
    if (problem.status == 404 || problem.status == 409)
        return 1;
    *err = problem;
    return -1;
}

int engine_due(struct engine *e, int most, int64_t *next_ms, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + TURN_TIMEOUT_MS;
    int taken = 0, result;
    char id[ULID_SIZE];

    for (;;) {
        store_refresh(e->store);
        e->now_ms = clock_now_ms();
        if (store_due_first(e->store, id, next_ms, err) < 0)
            return -1;
        if (!id[0] || *next_ms > e->now_ms || taken == most || clock_monotonic_ms() >= deadline)
            return taken;
        result = start_one(e, id, err);
        if (result < 0)
            return -1;
        if (result == 0) {
            taken++;
            deadline = clock_monotonic_ms() + TURN_TIMEOUT_MS;
        } else {
            poll(NULL, 0, 1); /* it is claimed in a moment; then another is the first */
        }
    }
}
