/* Folders of runs that are over. A runner removes its own, under its lock and as its last deed; these are of those that did
 * not get there. */
#include "engine/tidy.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "engine/lease.h"

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

void engine_tidy(struct engine *e)
{
    char path[PATH_MAX + 8];
    struct dirent *entry;
    DIR *runs;

    snprintf(path, sizeof path, "%s/run", e->settings->data);
    runs = opendir(path);
    while (runs && (entry = readdir(runs))) {
        struct error ignored = {0};
        struct job_peek job;

        /* That of a job which is not in the store may be about to be: it is left alone. */
        if (ulid_is(entry->d_name) && store_job_peek(e->store, entry->d_name, &job, &ignored) == 0 &&
            job_state_is_over(job.state))
            tidy_run(e, entry->d_name);
    }
    if (runs)
        closedir(runs);
}
