/* A worker as JSON and CSV. */
#include "worker/worker.h"

#include "base/csv.h"
#include "base/text.h"

static void put_text(struct json_writer *out, const char *name, const char *text)
{
    json_name(out, name);
    json_put_string(out, text);
}

void worker_put_json(const struct worker *w, struct json_writer *out)
{
    char created[TEXT_TIME_SIZE], modified[TEXT_TIME_SIZE];

    text_from_time(w->created_ms, created);
    text_from_time(w->modified_ms, modified);
    json_begin(out, '{');
    put_text(out, "name", w->name);
    put_text(out, "kind", worker_kind_name(w->kind));
    put_text(out, "description", w->description);
    json_name(out, "parameters");
    json_put_raw(out, w->parameters);
    json_name(out, "options");
    json_put_raw(out, w->options);
    json_name(out, "size");
    json_put_int(out, w->size);
    put_text(out, "sha256", w->sha256);
    json_name(out, "version");
    json_put_int(out, w->version);
    put_text(out, "author", w->author);
    put_text(out, "created", created);
    put_text(out, "modified", modified);
    json_end(out, '}');
}

const char *const worker_columns[] = {
    "name", "kind", "description", "parameters", "size", "sha256", "version", "author", "created", "modified", NULL,
};

void worker_put_csv(const struct worker *w, struct buf *out)
{
    struct csv_writer row = {.out = out};
    char created[TEXT_TIME_SIZE], modified[TEXT_TIME_SIZE];

    text_from_time(w->created_ms, created);
    text_from_time(w->modified_ms, modified);
    csv_text(&row, w->name);
    csv_text(&row, worker_kind_name(w->kind));
    csv_text(&row, w->description);
    csv_text(&row, w->parameters);
    csv_int(&row, w->size);
    csv_text(&row, w->sha256);
    csv_int(&row, w->version);
    csv_text(&row, w->author);
    csv_text(&row, created);
    csv_text(&row, modified);
    csv_end_row(&row);
}
