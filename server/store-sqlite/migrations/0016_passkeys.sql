-- Passkeys: what somebody shows besides her password, from her phone, computer or key. Nothing of it is part of a
-- directory, and nothing of it is secret: the private half never leaves where it was made.

CREATE TABLE passkeys (
    -- The credential's id, chosen by where it was made.
    credential BLOB    NOT NULL PRIMARY KEY CHECK (length(credential) BETWEEN 1 AND 1023),
    user       BLOB    NOT NULL REFERENCES users (id),
    name       TEXT    NOT NULL,
    -- How it may be reached, as a hint to browsers.
    transports INTEGER NOT NULL CHECK (transports BETWEEN 0 AND 255),
    -- The public key and what was agreed when it was made.
    fixed      BLOB    NOT NULL,
    -- What changes with use: how often it signed, whether it is kept in more than one place.
    changing   BLOB    NOT NULL CHECK (length(changing) = 7),
    made_at    INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

CREATE INDEX passkeys_of_user ON passkeys (user, made_at);
