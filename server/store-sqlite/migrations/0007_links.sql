-- Links that let somebody choose a password once: of each purpose a person has at most one. No part of a directory.
CREATE TABLE links (
    user       BLOB    NOT NULL REFERENCES users (id),
    -- `invitation` or `password`
    purpose    TEXT    NOT NULL,
    -- Of 32 random bytes, which are in the link and nowhere else.
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    expires    INTEGER NOT NULL,
    PRIMARY KEY (user, purpose)
) STRICT, WITHOUT ROWID;

-- People who have asked for a new password and could not be mailed a link: an administrator hands them one.
CREATE TABLE password_wishes (
    user     BLOB    NOT NULL PRIMARY KEY REFERENCES users (id),
    asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
