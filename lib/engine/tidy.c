/* Folders of runs that are over. A runner removes its own, under its lock and as its last deed; these are of those that did
 * not get there. */
#include "engine/tidy.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "engine/lease.h"

enum { FORGOTTEN_MS = 24 * 60 * 60 * 1000 };

void tidy_locked_run(const struct engine *e, const char *id)
{
    char cgroup[PATH_MAX + 48];

    if (e->settings->cgroup[0]) {
        snprintf(cgroup, sizeof cgroup, "%s/%s", e->settings->cgroup, id);
        (void)cgroup_remove(cgroup); /* what the worker detached may sit in it still */
    }
    lease_remove_folder(e->settings->data, id);
}

void tidy_run(const struct engine *e, const char *id)
{
    const char *data = e->settings->data;
    struct error busy = {0};
    int lock;

    if (!lease_has_folder(data, id) || lease_is_held(data, id) || lease_take(data, id, &lock, &busy) < 0)
        return;
    tidy_locked_run(e, id);
    close(lock);
}

/* Is it certain that the job was deleted? What has no row may be about to get one, under an id that is made for it just now. Reports that
 * nobody took may belong to another store than the one that is looked into, by a mistake: they are left alone. */
static bool is_forgotten(const struct engine *e, const char *id)
{
    char folder[LEASE_PATH_SIZE], spool[LEASE_PATH_SIZE + 8], day_ago[ULID_SIZE];
    struct stat st;

    ulid_floor(e->now_ms - FORGOTTEN_MS, day_ago);
    lease_folder(e->settings->data, id, folder);
    snprintf(spool, sizeof spool, "%s/spool", folder);
    return strcmp(id, day_ago) < 0 && (stat(spool, &st) < 0 || st.st_size == 0);
}

static bool is_to_go(const struct engine *e, const char *id)
{
    struct error problem = {0};
    struct job_peek job;

    if (store_job_peek(e->store, id, &job, &problem) == 0)
        return job_state_is_over(job.state);
    return problem.status == 404 && is_forgotten(e, id);
}

void engine_tidy(struct engine *e)
{
    char path[PATH_MAX + 8];
    struct dirent *entry;
    DIR *runs;

    snprintf(path, sizeof path, "%s/run", e->settings->data);
    runs = opendir(path);
    while (runs && (entry = readdir(runs))) {
        if (ulid_is(entry->d_name) && is_to_go(e, entry->d_name))
            tidy_run(e, entry->d_name);
    }
    if (runs)
        closedir(runs);
}
