/* Schedules, and which start of each machine has been seen. */
#include "store/schedules.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/query.h"

#define SCHEDULE_COLUMNS                                                                                       \
    "id, name, worker, cron, zone, enabled, overlap, catch_up, latest, jitter, next, due, turn, queued, ran, " \
    "job, skipped, created, creator, changed, changer, wish"

enum {
    SCHEDULE_INSERT,
    SCHEDULE_GET,
    SCHEDULE_UPDATE,
    SCHEDULE_DELETE,
    SCHEDULE_EACH,
    SCHEDULE_COUNT,
    SCHEDULE_DUE_FIRST,
    SCHEDULE_QUEUED_NEXT,
    SCHEDULE_RUNNING,
    SCHEDULE_REBOOTS,
    SCHEDULE_START_REBOOTS,
    MACHINE_GET,
    MACHINE_INSERT,
    MACHINE_UPDATE,
    STATEMENTS
};

static const struct statement sql[STATEMENTS] = {
    [SCHEDULE_INSERT] = {"INSERT INTO schedule (" SCHEDULE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                         "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"},
    [SCHEDULE_GET] = {"SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE id = ?1 AND " ALLOWED("?2", "worker")},
    [SCHEDULE_UPDATE] = {"UPDATE schedule SET name = ?2, worker = ?3, cron = ?4, zone = ?5, enabled = ?6, overlap = ?7,"
                         " catch_up = ?8, latest = ?9, jitter = ?10, next = ?11, due = ?12, turn = ?13 + 1,"
                         " queued = ?14, ran = ?15, job = ?16, skipped = ?17, changed = ?20, changer = ?21, wish = ?22"
                         " WHERE id = ?1 AND turn = ?13"},
    [SCHEDULE_DELETE] = {"DELETE FROM schedule WHERE id = ?1"},
    [SCHEDULE_EACH] = {"SELECT " SCHEDULE_COLUMNS
                       " FROM schedule WHERE id > ?1 AND " ALLOWED("?3", "worker") " ORDER BY id LIMIT ?2"},
    [SCHEDULE_COUNT] = {"SELECT count(*) FROM schedule WHERE " ALLOWED("?1", "worker")},
    [SCHEDULE_DUE_FIRST] = {"SELECT id, due FROM schedule WHERE due > 0 ORDER BY due LIMIT 1"},
    [SCHEDULE_QUEUED_NEXT] = {"SELECT id, 0 FROM schedule WHERE queued <> '' AND id > ?1 ORDER BY id LIMIT 1"},
    [SCHEDULE_RUNNING] =
        {"SELECT count(*) FROM (SELECT 1 FROM job WHERE schedule = ?1 AND state IN (?2, ?3) LIMIT 2) AS found"},
    [SCHEDULE_REBOOTS] = {"SELECT count(*) FROM schedule WHERE enabled = 1 AND cron = '@reboot'"},
    [SCHEDULE_START_REBOOTS] = {"UPDATE schedule SET next = ?1, due = ?1, turn = turn + 1"
                                " WHERE enabled = 1 AND cron = '@reboot'"},
    [MACHINE_GET] = {"SELECT boot FROM machine WHERE host = ?1"},
    [MACHINE_INSERT] = {"INSERT INTO machine (host, boot) VALUES (?1, ?2)"},
    [MACHINE_UPDATE] = {"UPDATE machine SET boot = ?2 WHERE host = ?1"},
};

static void bind_schedule(struct query *q, const struct schedule *s, const char *queued)
{
    int c = 1;

    query_set_text(q, c++, s->id);
    query_set_text(q, c++, s->name);
    query_set_text(q, c++, s->worker);
    query_set_text(q, c++, s->cron);
    query_set_text(q, c++, s->zone);
    query_set_number(q, c++, s->enabled);
    query_set_number(q, c++, s->overlap);
    query_set_number(q, c++, s->catch_up);
    query_set_number(q, c++, s->window_ms);
    query_set_number(q, c++, s->jitter_ms);
    query_set_number(q, c++, s->next_ms);
    query_set_number(q, c++, s->due_ms);
    query_set_number(q, c++, s->turn);
    query_set_text(q, c++, queued);
    query_set_number(q, c++, s->ran_ms);
    query_set_text(q, c++, s->job[0] ? s->job : NULL);
    query_set_number(q, c++, s->skipped_ms);
    query_set_number(q, c++, s->created_ms);
    query_set_text(q, c++, s->creator);
    query_set_number(q, c++, s->changed_ms);
    query_set_text(q, c++, s->changer);
    query_set_text(q, c++, s->wish);
}

static int read_schedule(struct query *q, struct schedule *s, struct error *err)
{
    char queued[SCHEDULE_QUEUE_MAX * 24];
    int c = 0;

    *s = (struct schedule){0};
    query_read_text(q, c++, s->id, sizeof s->id);
    s->name = query_copy_text(q, c++);
    query_read_text(q, c++, s->worker, sizeof s->worker);
    query_read_text(q, c++, s->cron, sizeof s->cron);
    query_read_text(q, c++, s->zone, sizeof s->zone);
    s->enabled = query_int(q, c++);
    s->overlap = (enum schedule_overlap)query_int(q, c++);
    s->catch_up = (enum schedule_catch_up)query_int(q, c++);
    s->window_ms = query_number(q, c++);
    s->jitter_ms = query_number(q, c++);
    s->next_ms = query_number(q, c++);
    s->due_ms = query_number(q, c++);
    s->turn = query_number(q, c++);
    query_read_text(q, c++, queued, sizeof queued);
    schedule_read_queued(s, queued);
    s->ran_ms = query_number(q, c++);
    query_read_text(q, c++, s->job, sizeof s->job);
    s->skipped_ms = query_number(q, c++);
    s->created_ms = query_number(q, c++);
    query_read_text(q, c++, s->creator, sizeof s->creator);
    s->changed_ms = query_number(q, c++);
    query_read_text(q, c++, s->changer, sizeof s->changer);
    s->wish = query_copy_text(q, c++);
    if (s->wish)
        return 0;
    schedule_clear(s);
    return error_set(err, 500, "internal", "the server ran out of memory");
}

static int write_schedule(struct store *s, int which, const struct schedule *schedule, struct error *err)
{
    AUTO(buf) struct buf queued = {0};
    struct query *q = query_prepare(s, &sql[which], err);

    schedule_put_queued(schedule, &queued);
    bind_schedule(q, schedule, buf_text(&queued));
    return query_run(q, err);
}

int store_schedule_insert(struct store *s, const struct schedule *schedule, struct error *err)
{
    return write_schedule(s, SCHEDULE_INSERT, schedule, err);
}

static int unknown(struct error *err)
{
    return error_set(err, 404, "schedule_unknown", "there is no such schedule");
}

int store_schedule_get(const struct store *s, const char *id, const struct grant *grant, struct schedule *out,
                       struct error *err)
{
    struct query *q = query_prepare(s, &sql[SCHEDULE_GET], err);
    bool found;
    int result;

    query_set_text(q, 1, id);
    query_set_grant(q, 2, grant);
    if (query_find(q, &found, "read a schedule", err) < 0)
        return -1;
    result = found ? read_schedule(q, out, err) : unknown(err);
    query_end(q);
    return result;
}

int store_schedule_update(struct store *s, struct schedule *schedule, struct error *err)
{
    if (write_schedule(s, SCHEDULE_UPDATE, schedule, err) < 0)
        return -1;
    if (query_changes(s) == 0)
        return error_set(err, 409, "schedule_moved", "this schedule has just been changed: look again");
    schedule->turn++;
    return 0;
}

int store_schedule_delete(struct store *s, const char *id, struct error *err)
{
    if (query_run_text(s, &sql[SCHEDULE_DELETE], id, err) < 0)
        return -1;
    return query_changes(s) ? 0 : unknown(err);
}

int store_schedule_each(const struct store *s, const struct grant *grant, const char *after, int limit,
                        int (*each)(const struct schedule *, void *), void *context, struct error *err)
{
    struct query *q = query_prepare(s, &sql[SCHEDULE_EACH], err);
    int result = 0, stop = 0;

    query_set_text(q, 1, after ? after : "");
    query_set_number(q, 2, limit);
    query_set_grant(q, 3, grant);
    while (!stop && query_next(q, "list schedules", &result, err)) {
        struct schedule schedule;

        if ((result = read_schedule(q, &schedule, err)) < 0)
            break;
        stop = each(&schedule, context);
        schedule_clear(&schedule);
    }
    query_end(q);
    return result;
}

int store_schedule_count(const struct store *s, const struct grant *grant, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[SCHEDULE_COUNT], err);

    query_set_grant(q, 1, grant);
    return query_count(q, count, err);
}

/* An id and a number; none: "" and 0. */
static int find_one(struct query *q, const char *after, char id[ULID_SIZE], int64_t *number, struct error *err)
{
    char from[ULID_SIZE];
    bool found;

    snprintf(from, sizeof from, "%s", after);
    query_set_text(q, 1, from);
    id[0] = '\0';
    *number = 0;
    if (query_find(q, &found, "look for a schedule", err) < 0)
        return -1;
    if (found) {
        query_read_text(q, 0, id, ULID_SIZE);
        *number = query_number(q, 1);
    }
    query_end(q);
    return 0;
}

int store_schedule_due_first(const struct store *s, char id[ULID_SIZE], int64_t *due_ms, struct error *err)
{
    return find_one(query_prepare(s, &sql[SCHEDULE_DUE_FIRST], err), "", id, due_ms, err);
}

int store_schedule_queued_next(const struct store *s, const char *after, char id[ULID_SIZE], struct error *err)
{
    int64_t ignored;

    return find_one(query_prepare(s, &sql[SCHEDULE_QUEUED_NEXT], err), after, id, &ignored, err);
}

int store_schedule_running(const struct store *s, const char *id, int64_t *count, struct error *err)
{
    struct query *q = query_prepare(s, &sql[SCHEDULE_RUNNING], err);

    query_set_text(q, 1, id);
    query_set_number(q, 2, JOB_IDLE);
    query_set_number(q, 3, JOB_ACTIVE);
    return query_count(q, count, err);
}

int store_schedule_reboots(const struct store *s, int64_t *count, struct error *err)
{
    return query_count(query_prepare(s, &sql[SCHEDULE_REBOOTS], err), count, err);
}

/* -- machines -- */

int store_machine_get(const struct store *s, const char *host, char boot[MACHINE_BOOT_SIZE], struct error *err)
{
    struct query *q = query_prepare(s, &sql[MACHINE_GET], err);
    bool found;

    boot[0] = '\0';
    query_set_text(q, 1, host);
    if (query_find(q, &found, "read which start of the machine was seen", err) < 0)
        return -1;
    if (found)
        query_read_text(q, 0, boot, MACHINE_BOOT_SIZE);
    query_end(q);
    return 0;
}

static int write_boot(struct store *s, int which, const char *host, const char *boot, struct error *err)
{
    struct query *q = query_prepare(s, &sql[which], err);

    query_set_text(q, 1, host);
    query_set_text(q, 2, boot);
    return query_run(q, err);
}

int store_machine_put(struct store *s, const char *host, const char *boot, struct error *err)
{
    if (write_boot(s, MACHINE_UPDATE, host, boot, err) < 0)
        return -1;
    return query_changes(s) ? 0 : write_boot(s, MACHINE_INSERT, host, boot, err);
}

int store_schedule_start_reboots(struct store *s, int64_t now_ms, struct error *err)
{
    return query_run_number(s, &sql[SCHEDULE_START_REBOOTS], now_ms, err);
}
