-- Nobody misses those that were under way: they last two minutes, and a device asks for another.
DROP TABLE challenges;

CREATE TABLE challenges (
    -- In the order in which they were given out.
    number    INTEGER NOT NULL PRIMARY KEY,
    challenge BLOB    NOT NULL UNIQUE CHECK (length(challenge) = 32),
    -- To whom: an address, or the network that it is in.
    address   TEXT    NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;

CREATE INDEX challenges_by_address ON challenges (address, number);
CREATE INDEX challenges_by_expiry ON challenges (expires);
