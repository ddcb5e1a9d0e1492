-- People who sign in at a provider (OpenID Connect).

-- Whose a subject of an issuer is. An address says nothing of who somebody is: it changes, and is given to others.
CREATE TABLE identities (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    user    BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_user ON identities (user);

-- Sign-ins under way: from leaving for the provider until coming back.
CREATE TABLE provider_attempts (
    -- In the order in which they began.
    number       INTEGER NOT NULL PRIMARY KEY,
    state_hash   BLOB    NOT NULL UNIQUE CHECK (length(state_hash) = 32),
    browser_hash BLOB    NOT NULL CHECK (length(browser_hash) = 32),
    nonce        TEXT    NOT NULL,
    verifier     TEXT    NOT NULL,
    redirect     TEXT    NOT NULL,
    expires      INTEGER NOT NULL
) STRICT;

CREATE INDEX provider_attempts_by_expiry ON provider_attempts (expires);

-- From coming back until the device has shown its key.
CREATE TABLE provider_tickets (
    ticket_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(ticket_hash) = 32),
    user        BLOB    NOT NULL REFERENCES users (id),
    issuer      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    -- The provider's own name for its session, where it gives one.
    sid         TEXT,
    -- The ID token, sealed: it is shown to the provider when the session ends.
    id_token    BLOB    NOT NULL,
    expires     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which session of the provider a session goes with.
CREATE TABLE provider_sessions (
    token_hash BLOB NOT NULL PRIMARY KEY REFERENCES sessions (token_hash) ON DELETE CASCADE,
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    sid        TEXT,
    id_token   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX provider_sessions_by_subject ON provider_sessions (issuer, subject);

-- Logout tokens that were taken, so that none is taken twice.
CREATE TABLE logout_tokens (
    hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
