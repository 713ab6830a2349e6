-- Who did what, from where, and what came of it. Each row's hash is keyed and holds the one before it, so what is no row of
-- ours is found by that, and needs no constraints: each request reads this schema.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    time    INTEGER,
    request TEXT,
    who     TEXT,
    via     TEXT,
    address TEXT,
    action  TEXT,
    object  TEXT,
    status  INTEGER,
    code    TEXT,
    times   INTEGER,
    hash    BLOB
);
-- Both ends of that chain, in one row: `before` is the hash of the row before the first, `hash` that of the last, `seal` one
-- of all this.
CREATE TABLE audit_chain (
    one    INTEGER PRIMARY KEY,
    first  INTEGER,
    before BLOB,
    last   INTEGER,
    hash   BLOB,
    seal   BLOB
);
-- Refused requests of one minute, by sender; '' is all of them together.
CREATE TABLE audit_refused (
    sender  TEXT,
    code    TEXT,
    status  INTEGER,
    minute  INTEGER,
    written INTEGER,
    missed  INTEGER,
    PRIMARY KEY (sender, code)
) WITHOUT ROWID;
