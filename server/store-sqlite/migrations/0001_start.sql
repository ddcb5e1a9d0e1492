-- Ids, keys and hashes are raw bytes; moments are milliseconds since 1970; codes are those of the wire.

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email         TEXT    NOT NULL,
    -- The address in lower case, since SQLite's own comparing without case knows only ASCII.
    email_key     TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    unit          TEXT    NOT NULL,
    password_hash TEXT,
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1))
) STRICT;

CREATE TABLE user_roles (
    user BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE devices (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user       BLOB    NOT NULL REFERENCES users (id),
    public_key BLOB    NOT NULL UNIQUE CHECK (length(public_key) = 32),
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    revoked    INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT;

CREATE INDEX devices_by_user ON devices (user);

CREATE TABLE sessions (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    user       BLOB    NOT NULL REFERENCES users (id),
    device     BLOB    NOT NULL REFERENCES devices (id),
    created_at INTEGER NOT NULL,
    last_used  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);

CREATE TABLE challenges (
    challenge BLOB    NOT NULL PRIMARY KEY CHECK (length(challenge) = 32),
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX challenges_by_expiry ON challenges (expires);

CREATE TABLE trajectories (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    employee      BLOB    NOT NULL REFERENCES users (id),
    state         TEXT    NOT NULL,
    registered_at INTEGER NOT NULL,
    intake_at     INTEGER,
    closed_at     INTEGER
) STRICT;

CREATE INDEX trajectories_by_employee ON trajectories (employee, registered_at);

CREATE TABLE referrals (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    trajectory  BLOB    NOT NULL REFERENCES trajectories (id),
    coach       BLOB    NOT NULL REFERENCES users (id),
    state       TEXT    NOT NULL,
    offered_at  INTEGER NOT NULL,
    answered_at INTEGER
) STRICT;

CREATE INDEX referrals_by_trajectory ON referrals (trajectory, offered_at);
CREATE INDEX referrals_by_coach ON referrals (coach);

CREATE TABLE documents (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind         TEXT    NOT NULL,
    owner        BLOB    REFERENCES users (id),
    trajectory   BLOB    REFERENCES trajectories (id),
    -- The place of the newest item of the log, and the chain after it.
    head         INTEGER NOT NULL CHECK (head >= 0),
    chain        BLOB    NOT NULL CHECK (length(chain) = 32),
    -- The highest operation counter of all changes in the log.
    max_op       INTEGER NOT NULL CHECK (max_op >= 0),
    -- Set: a tombstone, whose items are gone.
    destroyed_at INTEGER
) STRICT;

CREATE INDEX documents_by_trajectory ON documents (trajectory);
CREATE INDEX documents_by_owner ON documents (owner);

-- The logs. A row is never changed, except that `void` can be set.
CREATE TABLE items (
    doc       BLOB    NOT NULL REFERENCES documents (id),
    seq       INTEGER NOT NULL CHECK (seq >= 1),
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    -- The chain after this item, so that a device's place is checked without reading what is before it.
    chain     BLOB    NOT NULL CHECK (length(chain) = 32),
    by        BLOB    NOT NULL CHECK (length(by) = 16),
    sig       BLOB    NOT NULL,
    actor     BLOB    NOT NULL CHECK (length(actor) = 16),
    actor_seq INTEGER NOT NULL CHECK (actor_seq >= 1),
    max_op    INTEGER NOT NULL,
    -- The hashes of the changes that it depends on, one after the other.
    deps      BLOB    NOT NULL CHECK (length(deps) % 32 = 0),
    void      INTEGER NOT NULL DEFAULT 0 CHECK (void IN (0, 1)),
    data      BLOB    NOT NULL,
    UNIQUE (doc, seq),
    UNIQUE (doc, hash),
    UNIQUE (doc, actor, actor_seq)
) STRICT;

-- What each person may do with each document: worked out from `shared::access` by whoever changes what it
-- depends on, in the same transaction. What she could ever do is kept.
CREATE TABLE grants (
    doc        BLOB    NOT NULL REFERENCES documents (id),
    user       BLOB    NOT NULL REFERENCES users (id),
    -- 0 none, 1 read, 2 write
    access     INTEGER NOT NULL CHECK (access BETWEEN 0 AND 2),
    ever_read  INTEGER NOT NULL CHECK (ever_read IN (0, 1)),
    ever_write INTEGER NOT NULL CHECK (ever_write IN (0, 1)),
    PRIMARY KEY (doc, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_user ON grants (user, access);

CREATE TABLE commands (
    user         BLOB    NOT NULL REFERENCES users (id),
    id           BLOB    NOT NULL CHECK (length(id) = 16),
    command_hash BLOB    NOT NULL CHECK (length(command_hash) = 32),
    status       INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;

-- Append-only; each row hashes the one before. No references: it outlives what it tells of.
CREATE TABLE audit (
    seq    INTEGER NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    user   BLOB,
    device BLOB,
    action TEXT    NOT NULL,
    object TEXT    NOT NULL,
    hash   BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- The deletion list: what a restored backup must not bring back.
CREATE TABLE tombstones (
    doc BLOB    NOT NULL PRIMARY KEY CHECK (length(doc) = 16),
    at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
