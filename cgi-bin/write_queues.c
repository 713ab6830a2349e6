/* PUT and DELETE /queues/NAME. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "body.h"
#include "engine/follow.h"
#include "handlers.h"
#include "queues.h"
#include "worker/targets.h"

enum { QUEUES_MAX = 1000 };

static int read_slots(const struct json *given, struct queue *queue, struct error *err)
{
    double slots = json_number(given);

    if (!given)
        return 0;
    if (json_type(given) == JSON_NULL) {
        queue->slots = 0;
        return 0;
    }
    if (json_type(given) != JSON_NUMBER || !(slots >= 1 && slots <= JOB_SLOTS_MAX) || slots != (double)(int64_t)slots)
        return error_set(err, 422, "queue_invalid", "`slots` must be a whole number from 1 to %d, or null for no limit",
                         JOB_SLOTS_MAX);
    queue->slots = (int64_t)slots;
    return 0;
}

static int read_change(const struct json *body, struct queue *queue, struct error *err)
{
    const struct json *paused = json_member(body, "paused");

    if (body_check_members(body, "slots paused notify", "queue_invalid", err) < 0 ||
        read_slots(json_member(body, "slots"), queue, err) < 0)
        return -1;
    if (paused && json_type(paused) != JSON_BOOL)
        return error_set(err, 422, "queue_invalid", "`paused` must be true or false");
    if (paused)
        queue->paused = json_is_true(paused);
    return 0;
}

static int check_room(const struct store *db, struct error *err)
{
    int64_t count;

    if (store_queue_count(db, &count, err) < 0)
        return -1;
    return count < QUEUES_MAX ? 0 : error_set(err, 409, "queues_full", "there are %d queues: delete some", QUEUES_MAX);
}

static int change_notify(struct store *db, const struct json *given, const char *name, const struct settings *settings,
                         struct error *err)
{
    char *text = NULL;
    int result;

    if (!given)
        return 0;
    result = targets_read(given, "queue_invalid", settings, &text, err);
    if (result == 0)
        result = store_queue_notify_put(db, name, text, err);
    free(text);
    return result;
}

/* Inside of a transaction: what is not named stays as it is. */
static int change(struct store *db, const struct json *body, const char *name, const struct engine *e,
                  struct queue *queue, bool *is_new, struct error *err)
{
    bool found;

    if (store_queue_get(db, name, queue, &found, err) < 0)
        return -1;
    *is_new = !found;
    if (!found) {
        snprintf(queue->name, sizeof queue->name, "%s", name);
        queue->created_ms = e->now_ms;
    }
    if (read_change(body, queue, err) < 0 || (!found && check_room(db, err) < 0))
        return -1;
    if (store_queue_put(db, queue, *is_new, err) < 0)
        return -1;
    return change_notify(db, json_member(body, "notify"), name, e->settings, err);
}

/* PUT /queues/NAME. 201, 200; 409 queues_full; 422 queue_invalid, queue_name. */
int write_queue(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                struct error *err)
{
    const char *name = request_path(req, "queue");
    AUTO(queue_view) struct queue_view view = {0};
    struct queue queue;
    struct json *body;
    bool is_new = false;
    int result;

    if (!text_is_name(name))
        return error_set(err, 422, "queue_name", "the name of a queue has 1 to 64 letters, digits, _ and -");
    body = json_parse(buf_text(&req->body), req->body.size, err);
    if (!body)
        return -1;
    result = store_begin(db, err);
    if (result == 0)
        result = change(db, body, name, ctx->engine, &queue, &is_new, err);
    json_free(body);
    if (result < 0 || queue_view_fill(db, &queue, true, &view, err) < 0)
        return -1;
    res->status = is_new ? 201 : 200; /* before the commit, which takes it along into the audit trail */
    if (store_commit(db, err) < 0)
        return -1;
    if (view.waiting > 0 && !queue.paused)
        engine_follow_queue(ctx->engine, queue.name); /* there may be room for more now */
    if (is_new)
        response_location(res, req, "/queues/%s", queue.name);
    queue_put_json(&view, &res->json);
    return 0;
}

/* DELETE /queues/NAME. 200; 404 queue_unknown; 409 queue_busy. */
int write_queue_delete(struct request *req, const struct context *ctx, struct store *db, struct response *res,
                       struct error *err)
{
    (void)ctx, (void)res;
    if (store_begin(db, err) < 0 || store_queue_delete(db, request_path(req, "queue"), err) < 0)
        return -1;
    return store_commit(db, err);
}
