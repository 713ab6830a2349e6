/* Secrets, as they are shown. */
#include "secrets.h"

#include "base/csv.h"
#include "base/text.h"

const char *secret_way_name(bool as_file)
{
    return as_file ? "file" : "environment";
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    json_put_string(w, text);
}

static void put_time(struct json_writer *w, const char *name, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    text_from_time(time_ms, text);
    put_text(w, name, text);
}

void secret_put_json(const struct secret *secret, struct json_writer *w)
{
    json_begin(w, '{');
    put_text(w, "name", secret->name);
    put_text(w, "as", secret_way_name(secret->as_file));
    json_name(w, "workers");
    json_put_words(w, secret->grant.limited ? secret->grant.workers : NULL);
    put_time(w, "created", secret->created_ms);
    put_text(w, "created_by", secret->creator);
    put_time(w, "changed", secret->changed_ms);
    put_text(w, "changed_by", secret->changer);
    json_end(w, '}');
}

const char *const secret_columns[] = {"name", "as", "workers", "created", "created_by", "changed", "changed_by", NULL};

static void csv_time(struct csv_writer *w, int64_t time_ms)
{
    char text[TEXT_TIME_SIZE];

    text_from_time(time_ms, text);
    csv_text(w, text);
}

void secret_put_csv(const struct secret *secret, struct buf *out)
{
    struct csv_writer w = {.out = out};

    csv_text(&w, secret->name);
    csv_text(&w, secret_way_name(secret->as_file));
    csv_text(&w, secret->grant.limited ? secret->grant.workers : "*");
    csv_time(&w, secret->created_ms);
    csv_text(&w, secret->creator);
    csv_time(&w, secret->changed_ms);
    csv_text(&w, secret->changer);
    csv_end_row(&w);
}
