-- Jobs that come after others. `earlier` is the number of the one that goes before, `outcome` the state that it ended in, 0 until
-- then: so it may be deleted. In job, `chain` tells who has a row here (lib/job/chain.h).
ALTER TABLE job ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;

CREATE TABLE job_after (
    job        INTEGER NOT NULL,
    earlier    INTEGER NOT NULL,
    earlier_id TEXT NOT NULL,
    awaits     INTEGER NOT NULL, -- enum chain_condition
    outcome    INTEGER NOT NULL,
    PRIMARY KEY (job, earlier)
) WITHOUT ROWID;
CREATE INDEX job_after_earlier ON job_after (earlier);
