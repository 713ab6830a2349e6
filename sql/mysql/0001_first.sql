-- The first schema, as sql/sqlite's of the same number. Names compare byte by byte, and a space at the end counts: so
-- MariaDB and MySQL are told the collation that each of them has for that. Statements end at a semicolon at the end of a
-- line; each is a step that is noted when it is done (lib/store/mysql_migrate.c).

CREATE TABLE worker (
    name     VARCHAR(64) NOT NULL PRIMARY KEY,
    version  BIGINT NOT NULL,
    created  BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE worker_version (
    number      BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    worker      VARCHAR(64) NOT NULL,
    version     BIGINT NOT NULL,
    kind        TINYINT NOT NULL,
    created     BIGINT NOT NULL,
    author      VARCHAR(64) NOT NULL,
    sha256      VARCHAR(64) NOT NULL,
    size        BIGINT NOT NULL,
    description MEDIUMTEXT NOT NULL,
    parameters  LONGTEXT,
    code        LONGBLOB NOT NULL,
    UNIQUE (worker, version)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE job (
    number         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id             VARCHAR(26) NOT NULL UNIQUE,
    worker         VARCHAR(64) NOT NULL,
    version        BIGINT NOT NULL,
    state          TINYINT NOT NULL,
    wanted         TINYINT NOT NULL,
    held           TINYINT NOT NULL,
    host           VARCHAR(64) NOT NULL,
    pid            BIGINT NOT NULL,
    created        BIGINT NOT NULL,
    started        BIGINT NOT NULL,
    stopped        BIGINT NOT NULL,
    attempt        BIGINT NOT NULL,
    timeout        BIGINT NOT NULL,
    percent        INT NOT NULL,
    exit_code      INT NOT NULL,
    "signal"       INT NOT NULL,
    report         BIGINT NOT NULL,
    log_count      BIGINT NOT NULL,
    log_size       BIGINT NOT NULL,
    response_count BIGINT NOT NULL,
    response_size  BIGINT NOT NULL,
    cpu_user       BIGINT NOT NULL,
    cpu_system     BIGINT NOT NULL,
    max_rss        BIGINT NOT NULL,
    lease_hash     VARBINARY(32),
    token_hash     VARBINARY(32),
    name           VARCHAR(200),
    reason         VARCHAR(500),
    progress       MEDIUMTEXT,
    parameters     LONGTEXT NOT NULL,
    INDEX job_by_state (state, id),
    INDEX job_by_worker (worker, id),
    INDEX job_by_name (name, id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE job_count (
    worker VARCHAR(64) NOT NULL,
    state  TINYINT NOT NULL,
    jobs   BIGINT NOT NULL,
    PRIMARY KEY (worker, state)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE entry (
    job    BIGINT NOT NULL,
    kind   TINYINT NOT NULL,
    seq    BIGINT NOT NULL,
    start  BIGINT NOT NULL,
    time   BIGINT NOT NULL,
    stream TINYINT NOT NULL,
    open   TINYINT NOT NULL,
    bytes  LONGBLOB NOT NULL,
    PRIMARY KEY (job, kind, seq)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE account (
    name     VARCHAR(64) NOT NULL PRIMARY KEY,
    role     TINYINT NOT NULL,
    password VARCHAR(127) NOT NULL,
    created  BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE token (
    hash    VARBINARY(32) NOT NULL PRIMARY KEY,
    account VARCHAR(64) NOT NULL,
    role    TINYINT NOT NULL,
    kind    TINYINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    INDEX token_by_account (account)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE password_seen (
    hash    VARBINARY(32) NOT NULL PRIMARY KEY,
    account VARCHAR(64) NOT NULL,
    expires BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
