-- As sql/sqlite's of the same number.
CREATE TABLE secret (
    name    VARCHAR(64) NOT NULL PRIMARY KEY,
    workers VARCHAR(1023),
    file    TINYINT NOT NULL,
    created BIGINT NOT NULL,
    creator VARCHAR(64) NOT NULL,
    changed BIGINT NOT NULL,
    changer VARCHAR(64) NOT NULL,
    "key"   VARBINARY(16) NOT NULL,
    sealed  LONGBLOB NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
