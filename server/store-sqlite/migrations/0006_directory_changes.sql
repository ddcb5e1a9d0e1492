-- Counts the changes of who and what there is, as far as a directory tells of it, so that nobody has to work a directory out
-- anew to see that it is what it was. The log and when somebody was last seen are no part of it.
CREATE TABLE directory_changes (
    count INTEGER NOT NULL
) STRICT;

INSERT INTO directory_changes (count) VALUES (0);

CREATE TRIGGER directory_users_insert AFTER INSERT ON users BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_users_delete AFTER DELETE ON users BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_users_update AFTER UPDATE OF id, name, unit, disabled ON users
    WHEN (old.id, old.name, old.unit, old.disabled)
        IS NOT (new.id, new.name, new.unit, new.disabled)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_user_roles_insert AFTER INSERT ON user_roles BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_user_roles_delete AFTER DELETE ON user_roles BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_user_roles_update AFTER UPDATE OF user, role ON user_roles
    WHEN (old.user, old.role)
        IS NOT (new.user, new.role)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_devices_insert AFTER INSERT ON devices BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_devices_delete AFTER DELETE ON devices BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_devices_update AFTER UPDATE OF id, user, public_key, name, revoked, suspended ON devices
    WHEN (old.id, old.user, old.public_key, old.name, old.revoked, old.suspended)
        IS NOT (new.id, new.user, new.public_key, new.name, new.revoked, new.suspended)
BEGIN UPDATE directory_changes SET count = count + 1; END;

-- A new document is nobody's before it has grants.
CREATE TRIGGER directory_documents_delete AFTER DELETE ON documents BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_documents_update AFTER UPDATE OF id, kind, owner, trajectory, destroyed_at ON documents
    WHEN (old.id, old.kind, old.owner, old.trajectory, old.destroyed_at)
        IS NOT (new.id, new.kind, new.owner, new.trajectory, new.destroyed_at)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_grants_insert AFTER INSERT ON grants BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_grants_delete AFTER DELETE ON grants BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_grants_update AFTER UPDATE OF doc, user, access, ever_write ON grants
    WHEN (old.doc, old.user, old.access, old.ever_write)
        IS NOT (new.doc, new.user, new.access, new.ever_write)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_trajectories_insert AFTER INSERT ON trajectories BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_trajectories_delete AFTER DELETE ON trajectories BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_trajectories_update AFTER UPDATE OF id, employee, state, registered_at, intake_at, closed_at ON trajectories
    WHEN (old.id, old.employee, old.state, old.registered_at, old.intake_at, old.closed_at)
        IS NOT (new.id, new.employee, new.state, new.registered_at, new.intake_at, new.closed_at)
BEGIN UPDATE directory_changes SET count = count + 1; END;

CREATE TRIGGER directory_referrals_insert AFTER INSERT ON referrals BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_referrals_delete AFTER DELETE ON referrals BEGIN UPDATE directory_changes SET count = count + 1; END;
CREATE TRIGGER directory_referrals_update AFTER UPDATE OF id, trajectory, coach, state, offered_at, answered_at ON referrals
    WHEN (old.id, old.trajectory, old.coach, old.state, old.offered_at, old.answered_at)
        IS NOT (new.id, new.trajectory, new.coach, new.state, new.offered_at, new.answered_at)
BEGIN UPDATE directory_changes SET count = count + 1; END;
