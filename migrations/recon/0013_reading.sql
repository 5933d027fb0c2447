-- What is read of a large book without reading all of it.

-- An account's history, summed and searched by day from the index alone. `side` stands before the
-- date, so that one side's days lie together.
CREATE INDEX entries_dated ON entries
    (entity_id, account_id, currency, side, date, amount_minor, entry_id, version);

-- Entries that were read again: few, or none. Whether a version is the latest is asked of these.
CREATE INDEX entries_again ON entries (entry_id, version) WHERE version > 1;

-- The entries that may be open: all but those that a confirmed match holds whole. Bookkeeping, like
-- live_legs: not hashed, and a superset of what is open, so that a reader asks of each row how it
-- stands; `audit verify --book` looks for an open entry that has none. Whoever loads an entry, confirms
-- a match or lets one go writes it (a trigger would keep a copy of every page that each row touches).
CREATE TABLE unsettled (
    entity_id  TEXT NOT NULL,
    account_id TEXT NOT NULL,
    entry_id   TEXT NOT NULL,
    PRIMARY KEY (entity_id, account_id, entry_id)
) STRICT, WITHOUT ROWID;

INSERT INTO unsettled (entity_id, account_id, entry_id)
SELECT e.entity_id, e.account_id, e.entry_id FROM entries e
 WHERE NOT EXISTS (SELECT 1 FROM live_legs l JOIN match_states s ON s.match_id = l.match_id
                    WHERE l.entry_id = e.entry_id AND s.state = 'CONFIRMED'
                      AND NOT EXISTS (SELECT 1 FROM live_parts p WHERE p.entry_id = e.entry_id))
ON CONFLICT DO NOTHING;
