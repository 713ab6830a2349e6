#ifndef JOBJOKER_CGI_SECRETS_H
#define JOBJOKER_CGI_SECRETS_H

#include "base/json.h"
#include "store/store.h"

/* How secrets are shown: everything but the value. */

const char *secret_way_name(bool as_file); /* "environment" or "file" */
void secret_put_json(const struct secret *secret, struct json_writer *w);
extern const char *const secret_columns[]; /* ends in NULL */
void secret_put_csv(const struct secret *secret, struct buf *out);

#endif
