#ifndef JOBJOKER_CGI_QUEUES_H
#define JOBJOKER_CGI_QUEUES_H

#include "base/json.h"
#include "store/store.h"

/* How queues are shown. Who is limited to some workers is not told how many jobs there are: `counted` false. */

struct queue_view {
    struct queue queue;
    bool counted;
    int64_t waiting; /* jobs in line */
    char *notify;    /* who is told of its jobs; NULL: nobody */
};

void queue_view_clear(struct queue_view *view);

/* Counts who waits in it. *out is the caller's: queue_view_clear(). */
int queue_view_fill(const struct store *db, const struct queue *queue, bool counted, struct queue_view *out,
                    struct error *err);
void queue_put_json(const struct queue_view *view, struct json_writer *w);
extern const char *const queue_columns[]; /* ends in NULL */
void queue_put_csv(const struct queue_view *view, struct buf *out);

#endif
