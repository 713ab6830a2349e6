-- As sql/sqlite's of the same number.
CREATE TABLE audit (
    seq     BIGINT NOT NULL PRIMARY KEY,
    time    BIGINT,
    request VARCHAR(16),
    who     VARCHAR(64),
    via     VARCHAR(15),
    address VARCHAR(63),
    action  VARCHAR(63),
    object  VARCHAR(64),
    status  INT,
    code    VARCHAR(31),
    times   BIGINT,
    hash    VARBINARY(32)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE audit_chain (
    one      TINYINT NOT NULL PRIMARY KEY,
    first    BIGINT,
    "before" VARBINARY(32),
    last     BIGINT,
    hash     VARBINARY(32),
    seal     VARBINARY(32)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;

CREATE TABLE audit_refused (
    sender  VARCHAR(63) NOT NULL,
    code    VARCHAR(31) NOT NULL,
    status  INT,
    minute  BIGINT,
    written BIGINT,
    missed  BIGINT,
    PRIMARY KEY (sender, code)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */;
