#ifndef JOBJOKER_WORKER_WORKER_H
#define JOBJOKER_WORKER_WORKER_H

#include "base/json.h"
#include "base/settings.h"
#include "store/store.h"

/* The catalogue of workers: what a source is, whether it is sound, what it says of itself, and its files. */

const char *worker_kind_name(enum worker_kind kind); /* "c", "php", "script" */

/* Tells the kind from a type of content (RFC 9110 section 8.3; "" when none was sent) and the source itself. */
enum worker_kind worker_kind_of(const char *content_type, const char *code, size_t size);

/* Where things lie. */
struct worker_place {
    const struct settings *settings;
    const char *app_folder;
};

/* Makes the files of a version in data/code/SHA256/, if they are not there: the source, and of a C worker the
 * library. `path` gets the file that the runner loads (NAME.so, NAME.php or NAME). Safe when many do so at once.
 * -1: 422 worker_broken, when the source is not sound; then `diagnostics` (may be NULL) has one JSON object
 * {line,column,severity,message} per complaint. 500 internal, 503 storage_full. */
int worker_make_files(const struct worker_place *place, const struct worker *w, char *path, size_t path_size,
                      struct json_writer *diagnostics, struct error *err);

/* Sets description, parameters and options of w from its code, whose files are at `path`.
 * -1: 422 worker_description, worker_options, schema_invalid. */
int worker_describe(const struct worker_place *place, struct worker *w, const char *path, struct error *err);

/* The worker as a JSON object, without its code. */
void worker_put_json(const struct worker *w, struct json_writer *out);
extern const char *const worker_columns[]; /* of CSV; ends in NULL */
void worker_put_csv(const struct worker *w, struct buf *out);

#endif
