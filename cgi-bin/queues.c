/* One queue, as JSON and CSV. */
#include "queues.h"

#include <stdlib.h>

#include "base/csv.h"
#include "base/text.h"
#include "job/notify.h"

int queue_view_fill(const struct store *db, const struct queue *queue, bool counted, struct queue_view *out,
                    struct error *err)
{
    *out = (struct queue_view){.queue = *queue, .counted = counted};
    if (store_queue_notify_get(db, queue->name, &out->notify, err) < 0)
        return -1;
    return counted ? store_queue_length(db, queue->name, &out->waiting, err) : 0;
}

void queue_view_clear(struct queue_view *view)
{
    free(view->notify);
    view->notify = NULL;
}

static void put_count(struct json_writer *w, const char *name, int64_t count, bool there)
{
    json_name(w, name);
    if (there)
        json_put_int(w, count);
    else
        json_put_null(w);
}

void queue_put_json(const struct queue_view *view, struct json_writer *w)
{
    char created[TEXT_TIME_SIZE];

    text_from_time(view->queue.created_ms, created);
    json_begin(w, '{');
    json_name(w, "name");
    json_put_string(w, view->queue.name);
    put_count(w, "slots", view->queue.slots, view->queue.slots > 0);
    json_name(w, "paused");
    json_put_bool(w, view->queue.paused);
    put_count(w, "used", view->queue.used, view->counted);
    put_count(w, "waiting", view->waiting, view->counted);
    json_name(w, "notify");
    notify_put_json(view->notify, w);
    json_name(w, "created");
    json_put_string(w, created);
    json_end(w, '}');
}

const char *const queue_columns[] = {"name", "slots", "paused", "used", "waiting", "created", NULL};

static void csv_count(struct csv_writer *w, int64_t count, bool there)
{
    if (there)
        csv_int(w, count);
    else
        csv_text(w, NULL);
}

void queue_put_csv(const struct queue_view *view, struct buf *out)
{
    struct csv_writer w = {.out = out};
    char created[TEXT_TIME_SIZE];

    text_from_time(view->queue.created_ms, created);
    csv_text(&w, view->queue.name);
    csv_count(&w, view->queue.slots, view->queue.slots > 0);
    csv_text(&w, view->queue.paused ? "true" : "false");
    csv_count(&w, view->queue.used, view->counted);
    csv_count(&w, view->waiting, view->counted);
    csv_text(&w, created);
    csv_end_row(&w);
}
