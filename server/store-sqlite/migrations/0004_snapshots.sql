-- Of each document at most one: an automerge document in place of the first items of its log.
CREATE TABLE snapshots (
    doc     BLOB    NOT NULL PRIMARY KEY REFERENCES documents (id),
    -- The place up to which it goes, and the chain there.
    seq     INTEGER NOT NULL CHECK (seq >= 1),
    chain   BLOB    NOT NULL CHECK (length(chain) = 32),
    -- The heads of its document, ascending, one after the other.
    heads   BLOB    NOT NULL CHECK (length(heads) % 32 = 0),
    -- Bytes of its document chunk.
    size    INTEGER NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- What goes into one message, as one row. Those with another `seq` than the document's snapshot are of one that is
-- being made, or that was replaced.
CREATE TABLE snapshot_pieces (
    doc   BLOB    NOT NULL REFERENCES documents (id),
    seq   INTEGER NOT NULL,
    -- Where its bytes begin in the chunk.
    start INTEGER NOT NULL CHECK (start >= 0),
    -- The place of the first of its items.
    first INTEGER NOT NULL CHECK (first >= 1),
    -- Hash, author, signature and voidness of each item, one after the other.
    items BLOB    NOT NULL,
    data  BLOB    NOT NULL,
    UNIQUE (doc, seq, start)
) STRICT;

-- The place up to which there is a snapshot; nearly always none, and then nobody looks for it.
ALTER TABLE documents ADD COLUMN snapshot INTEGER NOT NULL DEFAULT 0 CHECK (snapshot >= 0);
-- The place up to which the changes are in the snapshot alone: `items.data` is empty, but of void items.
ALTER TABLE documents ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped >= 0);
