/* Jobs whose runner is gone. A held lock is the only proof of life (lease.h); when it is free, what the runner left in
 * its spool is taken in, and if the end is not in there, the job ends as error. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "engine/engine.h"
#include "engine/lease.h"
#include "job/report_format.h"

enum { SPOOL_MAX = 1 << 30 };

/* Jobs to look after: their ids, since nothing is written while the list is read. */
struct suspects {
    struct engine *e;
    char host[65];
    char (*ids)[ULID_SIZE];
    size_t count, room;
    bool failed;
};

static int suspect(const struct job *job, void *context)
{
    struct suspects *s = context;

    if (!job->held || strcmp(job->host, s->host) != 0 || lease_is_held(s->e->settings->data, job->id))
        return 0;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        char(*ids)[ULID_SIZE] = realloc(s->ids, room * sizeof *ids);

        s->failed = !ids;
        if (!ids)
            return 1;
        s->ids = ids;
        s->room = room;
    }
    memcpy(s->ids[s->count++], job->id, ULID_SIZE);
    return 0;
}

/* The spool is reports one after another. Each is applied by its number, so what was delivered after all is not
 * applied twice; a last one that is cut short (the disk was full) is left out. */
static int take_spool(struct engine *e, const char *id, struct error *err)
{
    char path[LEASE_PATH_SIZE + 8], folder[LEASE_PATH_SIZE];
    AUTO(buf) struct buf spool = {0};
    struct report_reader reader;
    struct report_record r;
    const char *begin;
    enum job_wanted wanted;
    int got;

    lease_folder(e->settings->data, id, folder);
    snprintf(path, sizeof path, "%s/spool", folder);
    if (io_read_file(path, SPOOL_MAX, &spool) < 0)
        return 0; /* it left none */
    reader = (struct report_reader){buf_text(&spool), buf_text(&spool) + spool.size};
    begin = reader.at;
    do {
        const char *at = reader.at;
        struct error cut = {0};

        got = report_read_next(&reader, &r, &cut);
        if ((got <= 0 || r.verb == REPORT_NUMBER) && at > begin) {
            if (engine_report(e, id, begin, (size_t)(at - begin), &wanted, err) < 0) {
                store_rollback(e->store);
                return err->status >= 500 ? -1 : 0;
            }
            begin = at;
        }
    } while (got > 0);
    return 0;
}

static int end_lost_job(struct engine *e, const char *id, struct error *err)
{
    bool restarted = lease_is_from_before_boot(e->settings->data, id);
    AUTO(job) struct job job = {0};

    if (store_begin(e->store, err) < 0 || store_job_get(e->store, id, &job, err) < 0)
        return -1;
    if (job.state != JOB_ACTIVE || !job.held) { /* the spool had its end, or somebody else was here */
        store_rollback(e->store);
        return 0;
    }
    free(job.reason);
    job.reason = strdup(restarted ? "machine restarted" : "runner lost");
    if (!job.reason)
        return error_set(err, 500, "internal", "the server ran out of memory");
    job.state = job_state_next(job.state, job.wanted != WANT_RUN ? EVENT_KILLED : EVENT_FAILURE);
    job.stopped_ms = e->now_ms;
    job.held = false;
    if (store_job_update(e->store, &job, JOB_ACTIVE, err) < 0)
        return -1;
    return store_commit(e->store, err);
}

static int reap_one(struct engine *e, const char *id, struct error *err)
{
    char folder[LEASE_PATH_SIZE];

    if (take_spool(e, id, err) < 0 || end_lost_job(e, id, err) < 0) {
        store_rollback(e->store);
        return err->status == 404 ? 0 : -1; /* it was deleted meanwhile */
    }
    lease_folder(e->settings->data, id, folder);
    (void)io_remove_tree(folder);
    return 0;
}

int engine_reap_job(struct engine *e, const char *id, struct error *err)
{
    struct error problem = {0};
    struct job_peek peek;
    struct utsname host;

    if (store_job_peek(e->store, id, &peek, &problem) < 0) {
        if (problem.status == 404)
            return 0;
        *err = problem;
        return -1;
    }
    if (peek.state != JOB_ACTIVE || !peek.held)
        return 0;
    uname(&host);
    if (strcmp(peek.host, host.nodename) != 0 || lease_is_held(e->settings->data, id))
        return 0;
    return reap_one(e, id, err);
}

int engine_reap(struct engine *e, struct error *err)
{
    struct job_filter active = {.state = JOB_ACTIVE, .limit = INT_MAX};
    struct suspects s = {.e = e};
    struct utsname host;
    int result;

    uname(&host);
    snprintf(s.host, sizeof s.host, "%.64s", host.nodename);
    result = store_job_each(e->store, &active, suspect, &s, err);
    if (result == 0 && s.failed)
        result = error_set(err, 500, "internal", "the server ran out of memory");
    for (size_t i = 0; result == 0 && i < s.count; i++)
        result = reap_one(e, s.ids[i], err);
    free(s.ids);
    return result;
}
