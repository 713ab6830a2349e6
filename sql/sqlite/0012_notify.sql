-- Who is told of jobs: their targets, as lib/job/notify.h writes them, and what is to be delivered. `due` is when a delivery is
-- tried next, 0: not any more. `turn` counts the claims, so that of two that claim one loses. `target` and `record` are texts of
-- lib/job/delivery.h: to whom, and how it went. A column costs each request, which reads the schema.
ALTER TABLE job   ADD COLUMN notify TEXT;
ALTER TABLE queue ADD COLUMN notify TEXT;

CREATE TABLE delivery (
    job    INTEGER NOT NULL,
    id     TEXT NOT NULL,
    due    INTEGER NOT NULL,
    turn   INTEGER NOT NULL,
    target TEXT NOT NULL,
    record TEXT NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (job, id)
) WITHOUT ROWID;
CREATE INDEX delivery_by_due ON delivery (due) WHERE due > 0;

-- How jobs of a worker, or of a schedule, ended the last time, as far as a target that is told of changes alone has heard: under a
-- hash of both.
CREATE TABLE outcome (
    series BLOB PRIMARY KEY NOT NULL,
    state  INTEGER NOT NULL,
    noted  INTEGER NOT NULL
) WITHOUT ROWID;
