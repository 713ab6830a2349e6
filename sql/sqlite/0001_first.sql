-- The first schema. Times are milliseconds since 1970 UTC. Booleans are 0 and 1.

-- Workers in the list; a deleted worker has no row here, and keeps its versions for the jobs that ran them.
CREATE TABLE worker (
    name     TEXT PRIMARY KEY NOT NULL,
    version  INTEGER NOT NULL,
    created  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE worker_version (
    number      INTEGER PRIMARY KEY,
    worker      TEXT NOT NULL,
    version     INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    author      TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    description TEXT NOT NULL,
    parameters  TEXT,            -- their JSON Schema
    code        BLOB NOT NULL,
    UNIQUE (worker, version)
);

-- What is large comes last, so that a status is read from a row's first page.
CREATE TABLE job (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    worker         TEXT NOT NULL,
    version        INTEGER NOT NULL DEFAULT 0,
    state          INTEGER NOT NULL,
    wanted         INTEGER NOT NULL DEFAULT 0,
    held           INTEGER NOT NULL DEFAULT 0,
    host           TEXT NOT NULL DEFAULT '',
    pid            INTEGER NOT NULL DEFAULT 0,
    created        INTEGER NOT NULL,
    started        INTEGER NOT NULL DEFAULT 0,
    stopped        INTEGER NOT NULL DEFAULT 0,
    attempt        INTEGER NOT NULL DEFAULT 0,
    timeout        INTEGER NOT NULL DEFAULT 0,
    percent        INTEGER NOT NULL DEFAULT -1,
    exit_code      INTEGER NOT NULL DEFAULT -1,
    signal         INTEGER NOT NULL DEFAULT 0,
    report         INTEGER NOT NULL DEFAULT 0,
    log_count      INTEGER NOT NULL DEFAULT 0,
    log_size       INTEGER NOT NULL DEFAULT 0,
    response_count INTEGER NOT NULL DEFAULT 0,
    response_size  INTEGER NOT NULL DEFAULT 0,
    cpu_user       INTEGER NOT NULL DEFAULT -1,
    cpu_system     INTEGER NOT NULL DEFAULT -1,
    max_rss        INTEGER NOT NULL DEFAULT -1, -- KiB
    lease_hash     BLOB,
    token_hash     BLOB,
    name           TEXT,
    reason         TEXT,
    progress       TEXT,
    parameters     TEXT NOT NULL
);
CREATE INDEX job_by_state  ON job (state, id);
CREATE INDEX job_by_worker ON job (worker, id);
CREATE INDEX job_by_name   ON job (name, id) WHERE name IS NOT NULL;

-- How many jobs there are, so that no list has to count them.
CREATE TABLE job_count (
    worker TEXT NOT NULL,
    state  INTEGER NOT NULL,
    jobs   INTEGER NOT NULL,
    PRIMARY KEY (worker, state)
) WITHOUT ROWID;
CREATE TRIGGER job_count_insert AFTER INSERT ON job BEGIN
    INSERT INTO job_count VALUES (new.worker, new.state, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_count_update AFTER UPDATE OF state ON job WHEN old.state <> new.state BEGIN
    UPDATE job_count SET jobs = jobs - 1 WHERE worker = old.worker AND state = old.state;
    INSERT INTO job_count VALUES (new.worker, new.state, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_count_delete AFTER DELETE ON job BEGIN
    UPDATE job_count SET jobs = jobs - 1 WHERE worker = old.worker AND state = old.state;
END;

-- Log and response. `start` is where an entry's bytes begin in the whole text.
CREATE TABLE entry (
    job    INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    start  INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    open   INTEGER NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (job, kind, seq)
) WITHOUT ROWID;

CREATE TABLE account (
    name     TEXT PRIMARY KEY NOT NULL,
    role     INTEGER NOT NULL,
    password TEXT NOT NULL, -- Argon2id
    created  INTEGER NOT NULL
) WITHOUT ROWID;

-- API tokens and sessions of the admin page. Only a hash is kept.
CREATE TABLE token (
    hash    BLOB PRIMARY KEY NOT NULL,
    account TEXT NOT NULL,
    role    INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL -- 0: never
) WITHOUT ROWID;

-- Passwords that were found right a moment ago, as a hash under a key that is not in the database.
CREATE TABLE password_seen (
    hash    BLOB PRIMARY KEY NOT NULL,
    account TEXT NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
