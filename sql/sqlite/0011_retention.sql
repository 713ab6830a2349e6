-- What is not kept for ever. Only jobs that are over have ended, so the indexes hold those alone, the oldest first. `leftover` are jobs that
-- were deleted and whose entries are not: those of a long log go in several transactions.
CREATE TABLE leftover (
    job INTEGER PRIMARY KEY
);
CREATE INDEX job_by_end        ON job (stopped) WHERE stopped > 0;
CREATE INDEX job_by_worker_end ON job (worker, stopped) WHERE stopped > 0;
