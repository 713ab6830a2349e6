-- As sql/sqlite's of the same number.
CREATE TABLE queue (
    name    VARCHAR(64) NOT NULL PRIMARY KEY,
    slots   BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    paused  TINYINT NOT NULL,
    created BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

ALTER TABLE job
    ADD COLUMN queue VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN slots BIGINT NOT NULL DEFAULT 1,
    ADD COLUMN priority BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN max_active BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN waiting TINYINT NOT NULL DEFAULT 0,
    ADD COLUMN waiting_since BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN due BIGINT NOT NULL DEFAULT 0,
    ADD INDEX job_by_queue (waiting, queue, priority DESC, waiting_since, number),
    ADD INDEX job_by_gate (waiting, worker, priority DESC, waiting_since, number),
    ADD INDEX job_by_due (due);
