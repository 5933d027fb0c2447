-- Exceptions are worked: their states, who flagged, who has them, what was said and shown.

-- What became of an exception. No row means OPEN, version 1. `settled`: its entry is out of matching
-- until it is flagged again.
CREATE TABLE exception_states (
    exception_id TEXT PRIMARY KEY REFERENCES exceptions (exception_id),
    entry_id     TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('OPEN', 'INVESTIGATING', 'ESCALATED', 'RESOLVED', 'WRITTEN_OFF')),
    outcome      TEXT,          -- of RESOLVED and WRITTEN_OFF
    settled      INTEGER NOT NULL CHECK (settled IN (0, 1)),
    actor        TEXT NOT NULL,
    version      INTEGER NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;
CREATE INDEX exception_states_settled ON exception_states (entry_id) WHERE settled = 1;

-- An exception that somebody raised, and not the matcher.
CREATE TABLE exception_flags (
    exception_id     TEXT PRIMARY KEY REFERENCES exceptions (exception_id),
    actor            TEXT NOT NULL,
    principal_id     TEXT,
    on_behalf_of     TEXT,
    rationale        TEXT NOT NULL,
    rationale_author TEXT NOT NULL CHECK (rationale_author IN ('human', 'model', 'template')),
    seq              INTEGER NOT NULL
) STRICT;

-- Who has what to do. `object` is kind:id (match, exception, escalation, entry).
CREATE TABLE assignments (
    object      TEXT PRIMARY KEY,
    assignee    TEXT,           -- a principal_id, or role:NAME; NULL: nobody any more
    assigned_by TEXT NOT NULL,
    version     INTEGER NOT NULL,
    seq         INTEGER NOT NULL
) STRICT;

CREATE TABLE comments (
    comment_id   TEXT PRIMARY KEY,
    object       TEXT NOT NULL,
    author       TEXT NOT NULL, -- actor id
    principal_id TEXT,          -- the human, or the human the agent acts for
    author_kind  TEXT NOT NULL CHECK (author_kind IN ('human', 'model', 'template')),
    text         TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;
CREATE INDEX comments_of ON comments (object, comment_id);

-- A document that is kept elsewhere, by its digest.
CREATE TABLE evidence (
    evidence_id  TEXT PRIMARY KEY,
    object       TEXT NOT NULL,
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64),
    name         TEXT NOT NULL,
    media_type   TEXT,
    bytes_n      INTEGER,
    added_by     TEXT NOT NULL,
    principal_id TEXT,
    created_at   TEXT NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_of ON evidence (object, evidence_id);

-- What was given up, per day and scope, beside auto_confirmed: cumulative limits look at both.
CREATE TABLE written_off (
    day_key   TEXT PRIMARY KEY, -- scope|key|day|currency
    scope     TEXT NOT NULL CHECK (scope IN ('entity', 'account', 'counterparty', 'book')),
    key       TEXT NOT NULL,
    day       TEXT NOT NULL,    -- of the decision, UTC
    currency  TEXT NOT NULL,
    sum_minor INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    seq       INTEGER NOT NULL
) STRICT;
CREATE INDEX written_off_window ON written_off (scope, key, day);

-- ---- the engine's own bookkeeping ----------------------------------------------------------------

-- Exceptions that may still grow too old: the latest of their entry, neither ended nor escalated. An
-- exception's id sorts by the time it was made.
CREATE TABLE exception_due (
    exception_id TEXT PRIMARY KEY,
    entry_id     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO exception_due
SELECT x.exception_id, x.entry_id FROM exceptions x
 WHERE NOT EXISTS (SELECT 1 FROM exceptions later WHERE later.entry_id = x.entry_id AND later.seq > x.seq);

-- Which events concern an object: its history is read from them.
CREATE TABLE object_events (
    object TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (object, seq)
) STRICT, WITHOUT ROWID;
