-- As sql/sqlite's of the same number.
CREATE TABLE schedule (
    id       VARCHAR(26) NOT NULL PRIMARY KEY,
    name     VARCHAR(200),
    worker   VARCHAR(64) NOT NULL,
    cron     VARCHAR(200) NOT NULL,
    zone     VARCHAR(64) NOT NULL,
    enabled  TINYINT NOT NULL,
    overlap  TINYINT NOT NULL,
    catch_up TINYINT NOT NULL,
    latest   BIGINT NOT NULL,
    jitter   BIGINT NOT NULL,
    next     BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    turn     BIGINT NOT NULL,
    queued   VARCHAR(400) NOT NULL,
    ran      BIGINT NOT NULL,
    job      VARCHAR(26),
    skipped  BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    creator  VARCHAR(64) NOT NULL,
    changed  BIGINT NOT NULL,
    changer  VARCHAR(64) NOT NULL,
    wish     LONGTEXT NOT NULL,
    INDEX schedule_by_due (due),
    INDEX schedule_by_queued (queued(1), id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE machine (
    host VARCHAR(64) NOT NULL PRIMARY KEY,
    boot VARCHAR(40) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

ALTER TABLE job
    ADD COLUMN schedule VARCHAR(26),
    ADD COLUMN scheduled BIGINT NOT NULL DEFAULT 0,
    ADD INDEX job_by_schedule (schedule, id);
