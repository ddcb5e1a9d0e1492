-- When drafts were last seen to have grown. The log has no moments of its own: what a device says of time is not believed.
CREATE TABLE edits (
    doc  BLOB    NOT NULL PRIMARY KEY REFERENCES documents (id),
    -- The place of the newest item then.
    head INTEGER NOT NULL CHECK (head >= 1),
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was destroyed, when, why and by which rule: a record without content, and of nobody.
CREATE TABLE destructions (
    doc    BLOB    NOT NULL PRIMARY KEY CHECK (length(doc) = 16),
    kind   TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    rule   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX destructions_by_moment ON destructions (at);

INSERT INTO destructions (doc, kind, at, reason, rule)
SELECT id, kind, destroyed_at, 'decision', '' FROM documents WHERE destroyed_at IS NOT NULL;

-- A directory tells when a document is to be destroyed.
CREATE TRIGGER directory_edits_insert AFTER INSERT ON edits BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_edits_delete AFTER DELETE ON edits BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_edits_update AFTER UPDATE OF doc, at ON edits
    WHEN (old.doc, old.at) IS NOT (new.doc, new.at)
BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_settings_insert AFTER INSERT ON settings WHEN new.name = 'retention'
BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_settings_update AFTER UPDATE OF value ON settings
    WHEN new.name = 'retention' AND old.value IS NOT new.value
BEGIN UPDATE directory_changes SET count = count + 1; END;
