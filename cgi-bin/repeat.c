/* Doing what a request asks once more. SQLite has one writer at a time, so there nothing is ever undone by others; servers of
 * databases take several, and end the one that two would wait for in a circle, or that another node was faster than. */
#include "repeat.h"

#include <string.h>

#include "base/cleanup.h"

enum { REPEATS_MAX = 4 };

/* What must be as before when the writer is called again. */
struct before {
    unsigned commits;
    size_t answered;
    struct buf body; /* writers cut words out of it */
};

static size_t answered(const struct response *res)
{
    return res->data.size + res->headers.size + res->text.size + res->sent;
}

static bool can_repeat(const struct before *before, const struct store *db, const struct response *res)
{
    return store_was_beaten(db) && store_commits(db) == before->commits && answered(res) == before->answered &&
           !before->body.failed;
}

static void put_back(const struct before *before, struct request *req)
{
    if (before->body.size)
        memcpy(req->body.data, before->body.data, before->body.size);
}

static int write_until_done(const struct route *route, struct request *req, const struct context *ctx, struct store *db,
                            struct response *res, const struct before *before, struct error *err)
{
    int result = route->write(req, ctx, db, res, err);

    for (int i = 0; result < 0 && i < REPEATS_MAX; i++) {
        store_rollback(db);
        if (!can_repeat(before, db, res))
            break;
        put_back(before, req);
        *err = (struct error){0};
        result = route->write(req, ctx, db, res, err);
    }
    return result;
}

int repeat_write(const struct route *route, struct request *req, const struct context *ctx, struct store *db,
                 struct response *res, struct error *err)
{
    struct before before = {.commits = store_commits(db), .answered = answered(res)};
    int result;

    if (store_is_built_in(ctx->settings->database))
        return route->write(req, ctx, db, res, err);
    if (req->body.size)
        buf_put(&before.body, req->body.data, req->body.size);
    result = write_until_done(route, req, ctx, db, res, &before, err);
    buf_clear(&before.body);
    return result;
}
