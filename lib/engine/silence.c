/* Silence of runners on other hosts. */
#include "engine/silence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { MISSED_MAX = 3 };

/* A suspicion as it is stored: "BOOT-ID TIME REPORT", the last report that had come by then. It says nothing once another
 * report has come, or to a machine whose clock is another one. -1: it says nothing. */
static int64_t suspected_since(const struct job *job, const char *boot_id)
{
    char boot[CLOCK_BOOT_ID_SIZE];
    int64_t since, report;

    if (!job->suspicion || sscanf(job->suspicion, "%39s %" SCNd64 " %" SCNd64, boot, &since, &report) != 3)
        return -1;
    return strcmp(boot, boot_id) == 0 && report == job->report ? since : -1;
}

static enum silence suspect(struct job *job, int64_t monotonic_ms, const char *boot_id)
{
    char text[128];

    snprintf(text, sizeof text, "%s %" PRId64 " %" PRId64, boot_id, monotonic_ms, job->report);
    free(job->suspicion);
    job->suspicion = strdup(text);
    return job->suspicion ? SILENCE_SUSPECTED : SILENCE_NONE;
}

enum silence silence_judge(struct job *job, int64_t heartbeat_ms, int64_t now_ms, int64_t monotonic_ms,
                           const char *boot_id)
{
    int64_t wait_ms = MISSED_MAX * heartbeat_ms, silent_ms = now_ms - job->seen_ms, since;

    if (heartbeat_ms == 0 || (silent_ms < wait_ms && silent_ms > -wait_ms)) /* a clock may have jumped back too */
        return SILENCE_NONE;
    since = suspected_since(job, boot_id);
    if (since < 0)
        return suspect(job, monotonic_ms, boot_id);
    return monotonic_ms - since >= wait_ms ? SILENCE_LOST : SILENCE_NONE;
}
