-- A list of three values or more in a CHECK is a table that SQLite makes, fills and drops for every
-- row written: more than half of what writing an entry or a match cost. The tables that every load,
-- pass and decision writes say the same with OR. Their rows, and the order they were written in,
-- which `audit verify --book` walks them in, stay as they were.
--
-- A book of a million entries takes about a minute and twice its size on the disk.

-- It speaks of entries, and would be in the way.
DROP TRIGGER live_parts_within;

CREATE TABLE entries_rebuilt (
    entry_id       TEXT NOT NULL,
    version        INTEGER NOT NULL,
    side           TEXT NOT NULL CHECK (side = 'bank' OR side = 'gl' OR side = 'subledger'),
    source_id      TEXT NOT NULL,
    file_id        TEXT NOT NULL,
    row_no         INTEGER NOT NULL,
    entity_id      TEXT NOT NULL,
    account_id     TEXT NOT NULL,
    date           TEXT NOT NULL,
    value_date     TEXT,
    amount_minor   INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    counterparty   TEXT,
    memo           TEXT,
    reference      TEXT,
    group_key      TEXT, -- payout, batch or remittance id that several lines share
    journal_id     TEXT, -- lines of one journal share it
    contra_account TEXT, -- the other side, when the source names it
    contra         TEXT NOT NULL CHECK (contra = 'journal' OR contra = 'account' OR contra = 'none'),
    event_kind     TEXT, -- such as vendor_bank_change
    reverses       TEXT, -- the entry this one takes back
    raw_sha256     TEXT NOT NULL,
    seq            INTEGER NOT NULL,
    PRIMARY KEY (entry_id, version)
) STRICT;
INSERT INTO entries_rebuilt (rowid, entry_id, version, side, source_id, file_id, row_no, entity_id,
    account_id, date, value_date, amount_minor, currency, counterparty, memo, reference, group_key,
    journal_id, contra_account, contra, event_kind, reverses, raw_sha256, seq)
SELECT rowid, entry_id, version, side, source_id, file_id, row_no, entity_id, account_id, date,
    value_date, amount_minor, currency, counterparty, memo, reference, group_key, journal_id,
    contra_account, contra, event_kind, reverses, raw_sha256, seq
  FROM entries ORDER BY rowid;
DROP TABLE entries;
ALTER TABLE entries_rebuilt RENAME TO entries;
CREATE INDEX entries_of ON entries (entity_id, account_id, side);
CREATE INDEX entries_journal ON entries (entity_id, journal_id) WHERE journal_id IS NOT NULL;

-- As in 0005.
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

CREATE TABLE matches_rebuilt (
    match_id           TEXT PRIMARY KEY,
    entity_id          TEXT NOT NULL,
    account_id         TEXT NOT NULL,
    class              TEXT NOT NULL
        CHECK (class = 'exact_match' OR class = 'fuzzy_match' OR class = 'multi_to_one'
               OR class = 'offset'),
    match_type         TEXT NOT NULL,
    rule               TEXT NOT NULL,
    rule_version       INTEGER NOT NULL,
    source             TEXT NOT NULL CHECK (source = 'matcher' OR source = 'llm' OR source = 'human'),
    proposer           TEXT NOT NULL, -- actor id
    proposer_principal TEXT,
    proposer_obo       TEXT,
    composition_sha256 TEXT NOT NULL, -- over rule and sorted (entry id, version)
    currency           TEXT NOT NULL,
    amount_minor       INTEGER NOT NULL, -- the larger side's sum of absolute legs
    difference_minor   INTEGER NOT NULL, -- bank side less book side
    score_bp           INTEGER NOT NULL,
    ambiguous          INTEGER NOT NULL CHECK (ambiguous IN (0, 1)),
    sure               INTEGER NOT NULL CHECK (sure IN (0, 1)), -- the matcher stands by it: unique, high, nothing left over
    legs               TEXT NOT NULL, -- JSON array of {entry_id, version, side, amount_minor}
    evidence           TEXT NOT NULL, -- JSON: fields compared, score parts, runner-up, search, parameters
    rationale          TEXT,
    seq                INTEGER NOT NULL
) STRICT;
INSERT INTO matches_rebuilt (rowid, match_id, entity_id, account_id, class, match_type, rule,
    rule_version, source, proposer, proposer_principal, proposer_obo, composition_sha256, currency,
    amount_minor, difference_minor, score_bp, ambiguous, sure, legs, evidence, rationale, seq)
SELECT rowid, match_id, entity_id, account_id, class, match_type, rule, rule_version, source,
    proposer, proposer_principal, proposer_obo, composition_sha256, currency, amount_minor,
    difference_minor, score_bp, ambiguous, sure, legs, evidence, rationale, seq
  FROM matches ORDER BY rowid;

CREATE TABLE match_states_rebuilt (
    match_id TEXT PRIMARY KEY REFERENCES matches_rebuilt (match_id),
    state    TEXT NOT NULL CHECK (state = 'CONFIRMED' OR state = 'REJECTED' OR state = 'REVERSED'),
    actor    TEXT NOT NULL,
    version  INTEGER NOT NULL,
    seq      INTEGER NOT NULL
) STRICT;
INSERT INTO match_states_rebuilt (rowid, match_id, state, actor, version, seq)
SELECT rowid, match_id, state, actor, version, seq FROM match_states ORDER BY rowid;

CREATE TABLE match_differences_rebuilt (
    match_id     TEXT PRIMARY KEY REFERENCES matches_rebuilt (match_id),
    account_id   TEXT NOT NULL, -- of the match's entity
    currency     TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0), -- bank side less book side
    seq          INTEGER NOT NULL
) STRICT;
INSERT INTO match_differences_rebuilt (rowid, match_id, account_id, currency, amount_minor, seq)
SELECT rowid, match_id, account_id, currency, amount_minor, seq
  FROM match_differences ORDER BY rowid;

-- Those that refer to matches first; their references follow the new table's name.
DROP TABLE match_states;
DROP TABLE match_differences;
DROP TABLE matches;
ALTER TABLE matches_rebuilt RENAME TO matches;
ALTER TABLE match_states_rebuilt RENAME TO match_states;
ALTER TABLE match_differences_rebuilt RENAME TO match_differences;
CREATE INDEX matches_of ON matches (entity_id, account_id, match_id);
CREATE INDEX matches_unequal ON matches (entity_id, match_id) WHERE difference_minor <> 0;
CREATE INDEX match_states_reversed ON match_states (state, match_id) WHERE state = 'REVERSED';

CREATE TABLE auto_confirmed_rebuilt (
    day_key   TEXT PRIMARY KEY, -- scope|key|day|currency
    scope     TEXT NOT NULL
        CHECK (scope = 'entity' OR scope = 'account' OR scope = 'counterparty' OR scope = 'book'),
    key       TEXT NOT NULL,
    day       TEXT NOT NULL,    -- of the decision, UTC
    currency  TEXT NOT NULL,
    sum_minor INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    seq       INTEGER NOT NULL
) STRICT;
INSERT INTO auto_confirmed_rebuilt (rowid, day_key, scope, key, day, currency, sum_minor, count,
    version, seq)
SELECT rowid, day_key, scope, key, day, currency, sum_minor, count, version, seq
  FROM auto_confirmed ORDER BY rowid;
DROP TABLE auto_confirmed;
ALTER TABLE auto_confirmed_rebuilt RENAME TO auto_confirmed;
CREATE INDEX auto_confirmed_window ON auto_confirmed (scope, key, day);

CREATE TABLE idempotency_rebuilt (
    scope_sha256  TEXT PRIMARY KEY, -- actor, client, tool, key
    args_sha256   TEXT NOT NULL,
    outcome       TEXT NOT NULL CHECK (outcome = 'ok' OR outcome = 'pending' OR outcome = 'denied'),
    result        TEXT NOT NULL,    -- JSON as answered
    escalation_id TEXT,
    created_us    INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
INSERT INTO idempotency_rebuilt (rowid, scope_sha256, args_sha256, outcome, result, escalation_id,
    created_us, seq)
SELECT rowid, scope_sha256, args_sha256, outcome, result, escalation_id, created_us, seq
  FROM idempotency ORDER BY rowid;
DROP TABLE idempotency;
ALTER TABLE idempotency_rebuilt RENAME TO idempotency;
CREATE INDEX idempotency_age ON idempotency (created_us);
