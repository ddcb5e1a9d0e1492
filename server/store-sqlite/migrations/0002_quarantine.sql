-- Changes that no device may have: those that brought down the worker at the gate, and those that were found
-- harmful after storing.
CREATE TABLE quarantine (
    doc    BLOB    NOT NULL REFERENCES documents (id),
    hash   BLOB    NOT NULL CHECK (length(hash) = 32),
    by     BLOB    NOT NULL CHECK (length(by) = 16),
    at     INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    -- The place of one that was stored; none for one that was refused.
    seq    INTEGER,
    -- The change; for one that was stored it is in `items`.
    data   BLOB,
    PRIMARY KEY (doc, hash),
    CHECK ((seq IS NULL) <> (data IS NULL))
) STRICT;

-- A suspended device is no author any more; set when an item of its own was made void.
ALTER TABLE devices ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1));

-- How many items of the log are void: nearly always none, and then nobody looks for them.
ALTER TABLE documents ADD COLUMN voids INTEGER NOT NULL DEFAULT 0 CHECK (voids >= 0);
-- The place up to which the log has been applied on trial.
ALTER TABLE documents ADD COLUMN tried INTEGER NOT NULL DEFAULT 0 CHECK (tried >= 0);

CREATE INDEX items_void ON items (doc, seq) WHERE void;
