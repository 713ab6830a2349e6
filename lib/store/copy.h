#ifndef JOBJOKER_STORE_COPY_H
#define JOBJOKER_STORE_COPY_H

#include "store/store.h"
#include "store/tables.h"

/* A table that is in a store while all is copied into it, and after a copy that was not finished. */
#define COPY_MARK "copy_under_way"

struct copy_options {
    bool replace; /* what is in the other store, if anything is */
    /* Told of each table when it is found to be the same in both. May be NULL. */
    void (*each)(const struct table *table, const struct table_sum *sum, void *context);
    void *context;
};

/* Copies all that is in a store, as it is at this moment, into another one with the same schema, of whatever database, and then
 * reads it there and compares. What a copy has left that was not finished is replaced. *changed: somebody wrote to the first
 * meanwhile, and that is not in the second.
 * -1: 409 copy_unfinished (the first is what such a copy has left), store_same (both are the same store: nothing was done),
 * store_not_empty (nothing was done), schema_differs (nothing was done); 500 copy_differs. After those, and after any other,
 * the same can be done again. */
int store_copy(struct store *from, struct store *to, const struct copy_options *options, bool *changed,
               struct error *err);

/* Is this store what such a copy is making, or has left unfinished? */
int store_copy_is_unfinished(const struct store *s, bool *unfinished, struct error *err);

#endif
