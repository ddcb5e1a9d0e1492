-- Whose manager somebody is: she cannot be her coach nor her adviser.
ALTER TABLE users ADD COLUMN manager BLOB REFERENCES users (id);

-- Since when somebody can read a document; null while she cannot, or where that was not noted.
ALTER TABLE grants ADD COLUMN since INTEGER;

-- Coaches whom an employee would rather not have. Why is not asked.
CREATE TABLE avoided (
    trajectory BLOB NOT NULL REFERENCES trajectories (id),
    coach      BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (trajectory, coach)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER avoided_until_destroyed AFTER UPDATE OF state ON trajectories WHEN new.state = 'destroyed'
BEGIN DELETE FROM avoided WHERE trajectory = new.id; END;

-- With which coach shared notes are, or were, kept.
CREATE TABLE kept_with (
    doc   BLOB NOT NULL PRIMARY KEY REFERENCES documents (id),
    coach BLOB NOT NULL REFERENCES users (id)
) STRICT, WITHOUT ROWID;

INSERT INTO kept_with (doc, coach)
SELECT documents.id, min(referrals.coach) FROM documents
JOIN referrals ON referrals.trajectory = documents.trajectory AND referrals.state = 'accepted'
WHERE documents.kind = 'shared_notes' AND documents.destroyed_at IS NULL
GROUP BY documents.id;

-- To which successors an employee handed over the notes that she kept with an earlier coach.
CREATE TABLE handed_over (
    doc   BLOB    NOT NULL REFERENCES documents (id),
    coach BLOB    NOT NULL REFERENCES users (id),
    at    INTEGER NOT NULL,
    PRIMARY KEY (doc, coach)
) STRICT, WITHOUT ROWID;

-- When each person was first sent what is in a document that is somebody else's. A row is never changed.
CREATE TABLE openings (
    doc  BLOB    NOT NULL REFERENCES documents (id),
    user BLOB    NOT NULL REFERENCES users (id),
    at   INTEGER NOT NULL,
    PRIMARY KEY (doc, user)
) STRICT, WITHOUT ROWID;

-- What of this a directory tells; what was handed over shows in the grants as well.
CREATE TRIGGER directory_users_manager AFTER UPDATE OF manager ON users WHEN old.manager IS NOT new.manager
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_avoided_insert AFTER INSERT ON avoided BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_avoided_delete AFTER DELETE ON avoided BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_kept_with_insert AFTER INSERT ON kept_with BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_kept_with_delete AFTER DELETE ON kept_with BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_kept_with_update AFTER UPDATE OF doc, coach ON kept_with
    WHEN (old.doc, old.coach) IS NOT (new.doc, new.coach)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_handed_over_insert AFTER INSERT ON handed_over BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_handed_over_delete AFTER DELETE ON handed_over BEGIN UPDATE directory_changes SET count = count + 1; END;
