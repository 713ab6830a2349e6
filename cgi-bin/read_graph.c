/* GET /jobs/ID/graph: all jobs that come before or after a job, and before or after those. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "handlers.h"

enum { NODES_MAX = 500 };

/* Found so far; those before `done` have been looked at. */
struct graph {
    char (*ids)[ULID_SIZE];
    size_t count, done;
    bool complete;
};

static void graph_clear(struct graph *g)
{
    free(g->ids);
}

static int add(struct graph *g, const char *id)
{
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->ids[i], id) == 0)
            return 0;
    }
    if (g->count == NODES_MAX) {
        g->complete = false;
        return 1;
    }
    snprintf(g->ids[g->count++], ULID_SIZE, "%s", id);
    return 0;
}

static int add_follower(int64_t number, const char *id, void *context)
{
    (void)number;
    return add(context, id);
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_node(const struct job *job, struct json_writer *w)
{
    json_begin(w, '{');
    put_text(w, "id", job->id);
    put_text(w, "worker", job->worker);
    put_text(w, "name", job->name);
    put_text(w, "status", job_state_name(job->state));
    put_text(w, "waiting", waiting_name(job->waiting));
    put_text(w, "reason", job->reason);
    json_name(w, "after");
    job_put_after(job->after, job->after_count, w);
    json_end(w, '}');
}

/* One that was deleted, or is not for this caller, is no node; that something comes after it is told there. But the first is
 * the one that was asked for. */
static int visit(const struct context *ctx, const struct store *db, struct graph *g, struct response *res,
                 struct error *err)
{
    AUTO(job) struct job job = {0};
    struct error problem = {0};

    if (store_job_get(db, g->ids[g->done++], &job, &problem) < 0) {
        *err = problem;
        return problem.status == 404 && g->done > 1 ? 0 : -1;
    }
    if (!grant_allows(&ctx->who->grant, job.worker))
        return 0;
    if (store_after_get(db, &job, err) < 0)
        return -1;
    for (size_t i = 0; i < job.after_count; i++)
        (void)add(g, job.after[i].name);
    if (store_follower_each(db, job.number, 0, NODES_MAX + 1, add_follower, g, err) < 0)
        return -1;
    put_node(&job, &res->json);
    res->total++;
    return 0;
}

/* GET /jobs/ID/graph. 200; 404 job_unknown. */
int read_graph(const struct request *req, const struct context *ctx, const struct store *db, struct response *res,
               struct error *err)
{
    struct json_writer extra = {.out = &res->extra, .comma = true};
    AUTO(graph) struct graph g = {.complete = true};

    g.ids = calloc(NODES_MAX, sizeof *g.ids);
    if (!g.ids)
        return error_set(err, 500, "internal", "the server ran out of memory");
    (void)add(&g, request_path(req, "id"));
    res->total = 0;
    while (g.done < g.count) {
        if (visit(ctx, db, &g, res, err) < 0)
            return -1;
    }
    json_name(&extra, "complete");
    json_put_bool(&extra, g.complete);
    return 0;
}
