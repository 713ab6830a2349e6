-- As sql/sqlite's of the same number.
ALTER TABLE job
    ADD INDEX job_by_end (stopped),
    ADD INDEX job_by_worker_end (worker, stopped);

CREATE TABLE leftover (
    job BIGINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
