-- As sql/sqlite's of the same number.
CREATE TABLE once (
    hash    VARBINARY(32) NOT NULL PRIMARY KEY,
    body    VARBINARY(32) NOT NULL,
    job     VARCHAR(26) NOT NULL,
    created BIGINT NOT NULL,
    INDEX once_by_time (created)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
