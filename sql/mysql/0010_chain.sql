-- As sql/sqlite's of the same number.
ALTER TABLE job ADD COLUMN chain INT NOT NULL DEFAULT 0;

CREATE TABLE job_after (
    job        BIGINT NOT NULL,
    earlier    BIGINT NOT NULL,
    earlier_id VARCHAR(26) NOT NULL,
    awaits     TINYINT NOT NULL,
    outcome    TINYINT NOT NULL,
    PRIMARY KEY (job, earlier),
    INDEX job_after_earlier (earlier)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
