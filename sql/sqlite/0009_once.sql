-- Keys under which jobs were made within the last day (Idempotency-Key), as hashes, and of the body that went with each.
CREATE TABLE once (
    hash    BLOB PRIMARY KEY NOT NULL,
    body    BLOB NOT NULL,
    job     TEXT NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX once_by_time ON once (created);
