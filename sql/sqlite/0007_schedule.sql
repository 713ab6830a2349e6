-- What makes jobs by itself. `next` is the time of the clock that is to be acted on, `due` when that is done; 0: never. `turn`
-- counts the changes, so that of two that act on one time one loses.
CREATE TABLE schedule (
    id       TEXT PRIMARY KEY NOT NULL,
    name     TEXT,
    worker   TEXT NOT NULL,
    cron     TEXT NOT NULL,
    zone     TEXT NOT NULL,
    enabled  INTEGER NOT NULL,
    overlap  INTEGER NOT NULL,
    catch_up INTEGER NOT NULL,
    latest   INTEGER NOT NULL, -- ms after which a missed time is not caught up with
    jitter   INTEGER NOT NULL, -- ms
    next     INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    turn     INTEGER NOT NULL,
    queued   TEXT NOT NULL,    -- times that wait for the end of a job, separated by spaces
    ran      INTEGER NOT NULL, -- the last time that became a job, and that job
    job      TEXT,
    skipped  INTEGER NOT NULL, -- the last time that did not
    created  INTEGER NOT NULL,
    creator  TEXT NOT NULL,
    changed  INTEGER NOT NULL,
    changer  TEXT NOT NULL,
    wish     TEXT NOT NULL     -- the job, as it would be posted
) WITHOUT ROWID;
CREATE INDEX schedule_by_due    ON schedule (due) WHERE due > 0;
CREATE INDEX schedule_by_queued ON schedule (id) WHERE queued <> '';

-- Which start of a machine has been seen, for what runs after each.
CREATE TABLE machine (
    host TEXT PRIMARY KEY NOT NULL,
    boot TEXT NOT NULL
) WITHOUT ROWID;

-- The schedule that made a job, and the time that it was meant for.
ALTER TABLE job ADD COLUMN schedule  TEXT;
ALTER TABLE job ADD COLUMN scheduled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX job_by_schedule ON job (schedule, id) WHERE schedule IS NOT NULL;
