-- Requests of people about what is kept of them: to erase it, or to see it. Never content; a request that was carried out
-- stays as the record of it.
CREATE TABLE requests (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind       TEXT    NOT NULL,
    person     BLOB    NOT NULL REFERENCES users (id),
    -- Of an erasure: what is to go, and the trajectory where it is one.
    scope      TEXT,
    trajectory BLOB    REFERENCES trajectories (id),
    state      TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    reason     TEXT,
    decided_by BLOB    REFERENCES users (id),
    decided_at INTEGER,
    done_by    BLOB    REFERENCES users (id),
    done_at    INTEGER,
    -- What was erased: how many documents of which kind, as JSON.
    erased     TEXT    NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX requests_by_person ON requests (person, made_at);

-- Who was asked to look at what she keeps.
CREATE TABLE request_steps (
    request     BLOB    NOT NULL REFERENCES requests (id),
    role        TEXT    NOT NULL,
    -- Empty: all who have the role, together.
    user        BLOB    NOT NULL CHECK (length(user) IN (0, 16)),
    -- 1 yes, 0 no
    answer      INTEGER CHECK (answer IN (0, 1)),
    reason      TEXT,
    answered_by BLOB    REFERENCES users (id),
    answered_at INTEGER,
    UNIQUE (request, role, user)
) STRICT;

CREATE INDEX request_steps_by_user ON request_steps (user);

-- Both are part of directories.
CREATE TRIGGER directory_requests_insert AFTER INSERT ON requests BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_requests_delete AFTER DELETE ON requests BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_requests_update AFTER UPDATE ON requests
    WHEN (old.id, old.kind, old.person, old.scope, old.trajectory, old.state, old.made_at, old.due_at, old.reason, old.decided_at, old.done_at, old.erased)
        IS NOT (new.id, new.kind, new.person, new.scope, new.trajectory, new.state, new.made_at, new.due_at, new.reason, new.decided_at, new.done_at, new.erased)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_request_steps_insert AFTER INSERT ON request_steps BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_request_steps_delete AFTER DELETE ON request_steps BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_request_steps_update AFTER UPDATE ON request_steps
    WHEN (old.request, old.role, old.user, old.answer, old.reason, old.answered_at)
        IS NOT (new.request, new.role, new.user, new.answer, new.reason, new.answered_at)
BEGIN UPDATE directory_changes SET count = count + 1; END;
