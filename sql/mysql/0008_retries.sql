-- As sql/sqlite's of the same number.
ALTER TABLE job
    ADD COLUMN retries TEXT,
    ADD COLUMN attempt_started BIGINT NOT NULL DEFAULT 0;

CREATE TABLE attempt (
    job            BIGINT NOT NULL,
    attempt        BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    state          TINYINT NOT NULL,
    host           VARCHAR(64) NOT NULL,
    started        BIGINT NOT NULL,
    stopped        BIGINT NOT NULL,
    exit_code      INT NOT NULL,
    "signal"       INT NOT NULL,
    log_count      BIGINT NOT NULL,
    log_size       BIGINT NOT NULL,
    response_count BIGINT NOT NULL,
    response_size  BIGINT NOT NULL,
    reason         VARCHAR(500),
    PRIMARY KEY (job, attempt)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
