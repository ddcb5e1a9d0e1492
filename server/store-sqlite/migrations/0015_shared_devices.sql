-- Devices that keep nothing, as on a computer that several people use: each ends by itself, so that nobody has a heap of
-- them. A row goes once its device has been revoked. No part of a directory.
CREATE TABLE shared_devices (
    device  BLOB    NOT NULL PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    -- Ms since 1970.
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX shared_devices_by_end ON shared_devices (ends_at);
