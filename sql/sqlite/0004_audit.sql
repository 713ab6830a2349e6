-- Who did what, from where, and what came of it. Each row's hash is keyed and holds the one before it.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    request TEXT NOT NULL,
    who     TEXT NOT NULL,
    via     TEXT NOT NULL,
    address TEXT NOT NULL,
    action  TEXT NOT NULL,
    object  TEXT NOT NULL,
    status  INTEGER NOT NULL,
    code    TEXT NOT NULL,
    times   INTEGER NOT NULL,
    hash    BLOB NOT NULL
);
-- Both ends of that chain: one row.
CREATE TABLE audit_chain (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    first  INTEGER NOT NULL,
    before BLOB NOT NULL, -- hash of the row before the first
    last   INTEGER NOT NULL,
    hash   BLOB NOT NULL, -- of the last row
    seal   BLOB NOT NULL
);
-- Refused requests of one minute, by sender; '' is all of them together.
CREATE TABLE audit_refused (
    sender  TEXT NOT NULL,
    code    TEXT NOT NULL,
    status  INTEGER NOT NULL,
    minute  INTEGER NOT NULL,
    written INTEGER NOT NULL,
    missed  INTEGER NOT NULL,
    PRIMARY KEY (sender, code)
) WITHOUT ROWID;
