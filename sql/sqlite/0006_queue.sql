-- Queues, and what a job waits for. A job whose queue is '' stands in no line. `due` is when a job that waits for a time is
-- to go on; 0 in this and the rest: not.
CREATE TABLE queue (
    name    TEXT PRIMARY KEY NOT NULL,
    slots   INTEGER NOT NULL, -- 0: no limit
    used    INTEGER NOT NULL, -- by the jobs that are active
    paused  INTEGER NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;

ALTER TABLE job ADD COLUMN queue         TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN slots         INTEGER NOT NULL DEFAULT 1;
ALTER TABLE job ADD COLUMN priority      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN max_active    INTEGER NOT NULL DEFAULT 0; -- jobs of its worker
ALTER TABLE job ADD COLUMN waiting       INTEGER NOT NULL DEFAULT 0; -- enum job_waiting
ALTER TABLE job ADD COLUMN waiting_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN due           INTEGER NOT NULL DEFAULT 0;

-- The first in line is found in one step, however many wait. Jobs that do not wait are in none of these.
CREATE INDEX job_by_queue ON job (queue, priority DESC, waiting_since, number) WHERE waiting = 1;
CREATE INDEX job_by_gate  ON job (worker, waiting, priority DESC, waiting_since, number) WHERE waiting > 0;
CREATE INDEX job_by_due   ON job (due) WHERE due > 0;
