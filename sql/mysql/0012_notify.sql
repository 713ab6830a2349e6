-- As sql/sqlite's of the same number.
ALTER TABLE job ADD COLUMN notify TEXT;
ALTER TABLE queue ADD COLUMN notify TEXT;

CREATE TABLE delivery (
    job    BIGINT NOT NULL,
    id     VARCHAR(26) NOT NULL,
    due    BIGINT NOT NULL,
    turn   BIGINT NOT NULL,
    target TEXT NOT NULL,
    record TEXT NOT NULL,
    body   LONGBLOB NOT NULL,
    PRIMARY KEY (job, id),
    INDEX delivery_by_due (due)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE outcome (
    series VARBINARY(32) NOT NULL PRIMARY KEY,
    state  TINYINT NOT NULL,
    noted  BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
