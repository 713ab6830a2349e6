-- As sql/sqlite's of the same number.
ALTER TABLE account
    ADD COLUMN disabled TINYINT,
    ADD COLUMN workers VARCHAR(1023);

ALTER TABLE token
    ADD COLUMN parent VARBINARY(32),
    ADD COLUMN used BIGINT,
    ADD COLUMN name VARCHAR(100),
    ADD COLUMN workers VARCHAR(1023),
    ADD COLUMN addresses VARCHAR(511),
    ADD INDEX token_by_parent (parent);

CREATE TABLE failure (
    hash  VARBINARY(32) NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    last  BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
