-- Jobs that are tried again, and their attempts that are over. Log and response go on from one to the next: an attempt's are what
-- lies between the counts of the one before and its own.
ALTER TABLE job ADD COLUMN retries         TEXT; -- numbers, as lib/job/retries.h has them; NULL: none
ALTER TABLE job ADD COLUMN attempt_started INTEGER NOT NULL DEFAULT 0;

CREATE TABLE attempt (
    job            INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    host           TEXT NOT NULL,
    started        INTEGER NOT NULL,
    stopped        INTEGER NOT NULL,
    exit_code      INTEGER NOT NULL,
    signal         INTEGER NOT NULL,
    log_count      INTEGER NOT NULL,
    log_size       INTEGER NOT NULL,
    response_count INTEGER NOT NULL,
    response_size  INTEGER NOT NULL,
    reason         TEXT,
    PRIMARY KEY (job, attempt)
) WITHOUT ROWID;
