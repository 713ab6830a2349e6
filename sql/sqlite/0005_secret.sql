-- Values for workers, encrypted under the key in secret.key that `key` tells; `workers` as in account.
CREATE TABLE secret (
    name    TEXT PRIMARY KEY NOT NULL,
    workers TEXT,
    file    INTEGER NOT NULL,
    created INTEGER NOT NULL,
    creator TEXT NOT NULL,
    changed INTEGER NOT NULL,
    changer TEXT NOT NULL,
    key     BLOB NOT NULL,
    sealed  BLOB NOT NULL
);
