-- The life of a match beyond its proposal: parts of entries, where a difference goes, and what a
-- confirmed match taught the matcher.

-- What live matches hold of an entry that none of them holds whole. Derived, and a guard: the parts of
-- an entry never exceed its amount, and a part is never taken of an entry that is taken. An entry that
-- its parts use up has a row in live_legs, under the match that took the last of it; so live_legs says
-- which entries have nothing left to match (docs/adr/0006).
CREATE TABLE live_parts (
    entry_id  TEXT NOT NULL,
    match_id  TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    minor     INTEGER NOT NULL CHECK (minor <> 0),
    PRIMARY KEY (entry_id, match_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX live_parts_of ON live_parts (match_id);
CREATE INDEX live_parts_in ON live_parts (entity_id, entry_id);

CREATE TRIGGER live_parts_within BEFORE INSERT ON live_parts
BEGIN
    SELECT RAISE(ABORT, 'live_parts: the entry is taken')
     WHERE EXISTS (SELECT 1 FROM live_legs l WHERE l.entry_id = NEW.entry_id);
    SELECT RAISE(ABORT, 'live_parts: more than is open of the entry')
     WHERE NOT EXISTS (
               SELECT 1 FROM entries e
                WHERE e.entry_id = NEW.entry_id
                  AND NOT EXISTS (SELECT 1 FROM entries n
                                   WHERE n.entry_id = e.entry_id AND n.version > e.version)
                  AND (e.amount_minor > 0) = (NEW.minor > 0)
                  AND abs(NEW.minor + coalesce((SELECT sum(p.minor) FROM live_parts p
                                                 WHERE p.entry_id = NEW.entry_id), 0))
                      <= abs(e.amount_minor));
END;

CREATE TRIGGER live_parts_no_update BEFORE UPDATE ON live_parts
BEGIN
    SELECT RAISE(ABORT, 'live_parts: a part is taken and let go, never changed');
END;

-- Where the difference of a match goes whose sides do not agree. Written once, with its match.
CREATE TABLE match_differences (
    match_id     TEXT PRIMARY KEY REFERENCES matches (match_id),
    account_id   TEXT NOT NULL, -- of the match's entity
    currency     TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0), -- bank side less book side
    seq          INTEGER NOT NULL
) STRICT;

-- The matches that leave something to be booked, and those that were taken back, without reading every
-- match ever made.
CREATE INDEX matches_unequal ON matches (entity_id, match_id) WHERE difference_minor <> 0;
CREATE INDEX match_states_reversed ON match_states (state, match_id) WHERE state = 'REVERSED';

-- What a confirmed match taught the matcher, in force once policy let it through.
CREATE TABLE matching_rules (
    rule_id            TEXT PRIMARY KEY,
    entity_id          TEXT NOT NULL,
    account_id         TEXT NOT NULL,
    currency           TEXT NOT NULL,
    bank_name          TEXT NOT NULL,    -- as the matcher reads names: upper case, no channel words
    book_name          TEXT NOT NULL,
    lag_days           INTEGER NOT NULL, -- business days from book to bank
    fee_kind           TEXT NOT NULL CHECK (fee_kind IN ('none', 'fixed', 'percentage')),
    fee_minor          INTEGER NOT NULL, -- fixed: bank side less book side
    fee_ppm            INTEGER NOT NULL, -- percentage: millionths of the book's amount
    difference_account TEXT,             -- where the fee goes
    state              TEXT NOT NULL CHECK (state IN ('ACTIVE', 'RETIRED')),
    source_match       TEXT NOT NULL,
    author             TEXT NOT NULL,    -- actor who proposed it
    approver           TEXT NOT NULL,    -- actor whose act put it in force, or out of it
    rationale          TEXT,
    version            INTEGER NOT NULL,
    seq                INTEGER NOT NULL
) STRICT;
CREATE INDEX matching_rules_of ON matching_rules (entity_id, account_id, rule_id);
CREATE UNIQUE INDEX matching_rules_once ON matching_rules
    (entity_id, account_id, currency, bank_name, book_name, fee_kind, fee_minor, fee_ppm)
    WHERE state = 'ACTIVE';
