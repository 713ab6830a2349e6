-- Limits and pause of a job, what becomes of it when its runner is lost, and what it has used. What a worker says of
-- itself besides its parameters.
ALTER TABLE worker_version ADD COLUMN options TEXT; -- a JSON object

ALTER TABLE job ADD COLUMN pause_wanted     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN paused           INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN on_lost          INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN seen             INTEGER NOT NULL DEFAULT 0; -- the runner's last report
ALTER TABLE job ADD COLUMN suspicion        TEXT; -- of a host that looks after a silent runner of another one
ALTER TABLE job ADD COLUMN limit_cpu        INTEGER NOT NULL DEFAULT 0; -- ms; 0: none, here and below
ALTER TABLE job ADD COLUMN limit_memory     INTEGER NOT NULL DEFAULT 0; -- bytes
ALTER TABLE job ADD COLUMN limit_files      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN limit_processes  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN limit_file_size  INTEGER NOT NULL DEFAULT 0; -- bytes
ALTER TABLE job ADD COLUMN limit_log        INTEGER NOT NULL DEFAULT 0; -- bytes
ALTER TABLE job ADD COLUMN wall             INTEGER NOT NULL DEFAULT -1; -- ms; -1: not known, here and below
ALTER TABLE job ADD COLUMN blocks_in        INTEGER NOT NULL DEFAULT -1; -- of 512 bytes
ALTER TABLE job ADD COLUMN blocks_out       INTEGER NOT NULL DEFAULT -1;
ALTER TABLE job ADD COLUMN switches         INTEGER NOT NULL DEFAULT -1;
ALTER TABLE job ADD COLUMN switches_forced  INTEGER NOT NULL DEFAULT -1;
