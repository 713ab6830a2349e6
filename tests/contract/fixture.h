#ifndef JOBJOKER_TESTS_CONTRACT_FIXTURE_H
#define JOBJOKER_TESTS_CONTRACT_FIXTURE_H

/* A store of its own for each test, in a folder that goes with it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/io.h"
#include "store/store.h"

struct fixture {
    char folder[64];
    char path[96]; /* of the database */
    char uri[128];
    struct store *db;
};

static int set_up_sqlite(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    snprintf(f->folder, sizeof f->folder, "/tmp/jobjoker-contract-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/jobs.db", f->folder);
    snprintf(f->uri, sizeof f->uri, "sqlite:%s", f->path);
    f->db = store_open(f->uri, &err);
    assert_non_null(f->db);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    store_close(f->db);
    io_remove_tree(f->folder);
    free(f);
    return 0;
}

static struct store *db_of(void **state)
{
    return ((struct fixture *)*state)->db;
}

#endif
