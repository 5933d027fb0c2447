-- The Merkle tree over the audit events (RFC 6962) and what was signed of it. Leaf seq - 1 is the hash of
-- that event's hash_self. Both tables follow from audit_events and are no part of the chain: `audit verify`
-- computes them again. They are append-only like the events.

-- Complete tiles of 256 hashes, as C2SP tlog-tiles lays them out: level 0 holds leaf hashes, level L + 1
-- the roots of level L's tiles. `root` stands before the hashes, so that it is read without them. The
-- tile that is not full yet is not here: it is the last events, and the roots of the last tiles.
CREATE TABLE audit_tiles (
    level  INTEGER NOT NULL CHECK (level BETWEEN 0 AND 6),
    n      INTEGER NOT NULL,
    root   BLOB NOT NULL CHECK (length(root) = 32),
    hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

-- One signed head of each group of calls that was committed with events: a C2SP checkpoint of the first
-- `size` events.
CREATE TABLE audit_heads (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_tiles_no_update BEFORE UPDATE ON audit_tiles
BEGIN
    SELECT RAISE(ABORT, 'audit_tiles is append-only');
END;

CREATE TRIGGER audit_tiles_no_delete BEFORE DELETE ON audit_tiles
BEGIN
    SELECT RAISE(ABORT, 'audit_tiles is append-only');
END;

-- The next of its level, over events that are there: a REPLACE never reaches an old tile.
CREATE TRIGGER audit_tiles_append BEFORE INSERT ON audit_tiles
BEGIN
    SELECT RAISE(ABORT, 'audit_tiles is append-only: the tile is not the next one')
     WHERE NEW.n IS NOT (SELECT coalesce(max(n), -1) + 1 FROM audit_tiles WHERE level = NEW.level);
    SELECT RAISE(ABORT, 'audit_tiles is append-only: the tile is not full')
     WHERE ((NEW.n + 1) << (8 * (NEW.level + 1))) > (SELECT coalesce(max(seq), 0) FROM audit_events);
END;

CREATE TRIGGER audit_heads_no_update BEFORE UPDATE ON audit_heads
BEGIN
    SELECT RAISE(ABORT, 'audit_heads is append-only');
END;

CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads
BEGIN
    SELECT RAISE(ABORT, 'audit_heads is append-only');
END;

CREATE TRIGGER audit_heads_append BEFORE INSERT ON audit_heads
BEGIN
    SELECT RAISE(ABORT, 'audit_heads is append-only: the size is not larger than the last one')
     WHERE NEW.size <= (SELECT coalesce(max(size), 0) FROM audit_heads);
    SELECT RAISE(ABORT, 'audit_heads is append-only: there are not so many events')
     WHERE NEW.size > (SELECT coalesce(max(seq), 0) FROM audit_events);
END;
