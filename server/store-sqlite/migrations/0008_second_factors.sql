-- What somebody shows besides her password. Nothing of it is part of a directory.

CREATE TABLE totp (
    user         BLOB    NOT NULL PRIMARY KEY REFERENCES users (id),
    -- The secret, sealed with the server's key, which is not in here.
    sealed       BLOB    NOT NULL,
    -- Not set: being set up, and asked for by nobody yet.
    confirmed_at INTEGER,
    -- The newest step of which a code was used: neither it nor an earlier one is taken again.
    last_step    INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user BLOB NOT NULL REFERENCES users (id),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

-- Whose second factor somebody else took away, and when: she is told until she says that she has read it.
CREATE TABLE factor_removals (
    user BLOB    NOT NULL PRIMARY KEY REFERENCES users (id),
    at   INTEGER NOT NULL
) STRICT;
