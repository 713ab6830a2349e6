-- Users that may be turned off, and users and tokens that are limited: to workers (names separated by spaces; NULL: all)
-- and to addresses. `parent` is the token that a session was begun with, `used` when a token was last used.
ALTER TABLE account ADD COLUMN disabled INTEGER;
ALTER TABLE account ADD COLUMN workers TEXT;
ALTER TABLE token ADD COLUMN parent BLOB;
ALTER TABLE token ADD COLUMN used INTEGER;
ALTER TABLE token ADD COLUMN name TEXT;
ALTER TABLE token ADD COLUMN workers TEXT;
ALTER TABLE token ADD COLUMN addresses TEXT;

-- Failed log-ins, by a hash of who tried from where.
CREATE TABLE failure (
    hash  BLOB PRIMARY KEY NOT NULL,
    count INTEGER NOT NULL,
    last  INTEGER NOT NULL
) WITHOUT ROWID;
