-- The first schema. Times are milliseconds since 1970 UTC. Booleans are 0 and 1. Each request parses all of this when
-- it opens the file, so there are no defaults and no triggers: the program gives every value.

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
    version        INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    wanted         INTEGER NOT NULL,
    held           INTEGER NOT NULL,
    host           TEXT NOT NULL,
    pid            INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    started        INTEGER NOT NULL,
    stopped        INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    timeout        INTEGER NOT NULL,
    percent        INTEGER NOT NULL,
    exit_code      INTEGER NOT NULL,
    signal         INTEGER NOT NULL,
    report         INTEGER NOT NULL,
    log_count      INTEGER NOT NULL,
    log_size       INTEGER NOT NULL,
    response_count INTEGER NOT NULL,
    response_size  INTEGER NOT NULL,
    cpu_user       INTEGER NOT NULL,
    cpu_system     INTEGER NOT NULL,
    max_rss        INTEGER NOT NULL, -- KiB
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
