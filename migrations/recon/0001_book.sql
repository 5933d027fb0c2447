-- The book of record. Three kinds of table stand here:
--   * audit_events: the chain. Append-only, refused by triggers to everyone.
--   * rows that decisions made: each carries `seq`, the event that last wrote it, and that event holds
--     the row's hash. Rows written in bulk (entries, quarantine, matches, exceptions) never change:
--     their state lives in a row of its own, or follows from one.
--   * bookkeeping of the engine itself (idempotency, jtis, live_legs): not hashed; `audit verify --book`
--     derives live_legs again.
-- Money is integer minor units plus an ISO 4217 code. Dates are YYYY-MM-DD, instants UTC microseconds.

-- ---- the audit log -------------------------------------------------------------------------------

-- `event` is the RFC 8785 text exactly as hashed; every other column is generated from it, so that a
-- column cannot say something else than what was hashed. hash_self = SHA-256(hash_prev || event).
CREATE TABLE audit_events (
    seq            INTEGER PRIMARY KEY,
    event          TEXT NOT NULL,
    hash_prev      BLOB NOT NULL CHECK (length(hash_prev) = 32),
    hash_self      BLOB NOT NULL CHECK (length(hash_self) = 32),
    book_id        TEXT GENERATED ALWAYS AS (json_extract(event, '$.book_id')) VIRTUAL,
    event_type     TEXT GENERATED ALWAYS AS (json_extract(event, '$.event_type')) VIRTUAL,
    timestamp_utc  TEXT GENERATED ALWAYS AS (json_extract(event, '$.timestamp_utc')) VIRTUAL,
    actor_id       TEXT GENERATED ALWAYS AS (json_extract(event, '$.actor_id')) VIRTUAL,
    principal_id   TEXT GENERATED ALWAYS AS (json_extract(event, '$.principal_id')) VIRTUAL,
    on_behalf_of   TEXT GENERATED ALWAYS AS (json_extract(event, '$.on_behalf_of')) VIRTUAL,
    tool           TEXT GENERATED ALWAYS AS (json_extract(event, '$.tool')) VIRTUAL,
    action         TEXT GENERATED ALWAYS AS (json_extract(event, '$.action')) VIRTUAL,
    decision       TEXT GENERATED ALWAYS AS (json_extract(event, '$.decision')) VIRTUAL,
    reason         TEXT GENERATED ALWAYS AS (json_extract(event, '$.reason')) VIRTUAL,
    policy_version TEXT GENERATED ALWAYS AS (json_extract(event, '$.policy_version')) VIRTUAL,
    match_id       TEXT GENERATED ALWAYS AS (json_extract(event, '$.match_id')) VIRTUAL,
    escalation_id  TEXT GENERATED ALWAYS AS (json_extract(event, '$.escalation_id')) VIRTUAL,
    entity_id      TEXT GENERATED ALWAYS AS (json_extract(event, '$.entity_id')) VIRTUAL,
    amount_minor   TEXT GENERATED ALWAYS AS (json_extract(event, '$.amount_minor')) VIRTUAL,
    currency       TEXT GENERATED ALWAYS AS (json_extract(event, '$.currency')) VIRTUAL
) STRICT;

CREATE INDEX audit_by_type ON audit_events (event_type, seq);
CREATE INDEX audit_by_actor ON audit_events (actor_id, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_by_match ON audit_events (match_id, seq) WHERE match_id IS NOT NULL;
CREATE INDEX audit_by_escalation ON audit_events (escalation_id, seq) WHERE escalation_id IS NOT NULL;
CREATE INDEX audit_by_entity ON audit_events (entity_id, seq) WHERE entity_id IS NOT NULL;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events is append-only');
END;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events is append-only');
END;

-- The next number, on top of the last hash, of this very book. A REPLACE never reaches an old row,
-- because its seq is not the next one.
CREATE TRIGGER audit_append BEFORE INSERT ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events is append-only: seq is not the next one')
     WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_events);
    SELECT RAISE(ABORT, 'audit_events is append-only: hash_prev is not the last hash_self')
     WHERE NEW.hash_prev IS NOT coalesce(
               (SELECT hash_self FROM audit_events ORDER BY seq DESC LIMIT 1), zeroblob(32));
    SELECT RAISE(ABORT, 'audit_events is append-only: the event carries another seq')
     WHERE json_extract(NEW.event, '$.seq') IS NOT NEW.seq;
    SELECT RAISE(ABORT, 'audit_events is append-only: the event is of another book')
     WHERE json_extract(NEW.event, '$.book_id') IS NOT coalesce(
               (SELECT book_id FROM audit_events WHERE seq = 1), json_extract(NEW.event, '$.book_id'));
    SELECT RAISE(ABORT, 'audit_events is append-only: event 1 is BOOK_CREATED, and only event 1')
     WHERE (json_extract(NEW.event, '$.event_type') = 'BOOK_CREATED') IS NOT (NEW.seq = 1);
END;

-- ---- policy and registry -------------------------------------------------------------------------

-- Every policy text that was ever in force, whole.
CREATE TABLE policies (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
    text   TEXT NOT NULL,
    seq    INTEGER NOT NULL
) STRICT;

-- A person. Everything that compares people compares principal_id.
CREATE TABLE principals (
    principal_id TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    version      INTEGER NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;

-- A way a person shows up: kind oidc (issuer + sub), header (value), slack (id), os (host:uid),
-- actor (the id in human:<id> that a workspace's assertion names).
CREATE TABLE identities (
    identity_id  TEXT PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES principals (principal_id),
    kind         TEXT NOT NULL CHECK (kind IN ('oidc', 'header', 'slack', 'os', 'actor')),
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('active', 'unlinked')),
    version      INTEGER NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX identities_linked ON identities (kind, issuer, subject) WHERE status = 'active';
CREATE INDEX identities_of ON identities (principal_id);

CREATE TABLE clients (
    client_id  TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('workspace', 'mcp_client', 'service')),
    public_key TEXT,            -- Ed25519, base64url; NULL: may not sign assertions
    channels   TEXT NOT NULL,   -- JSON array: web, slack, chat, api
    tools      TEXT,            -- JSON array, for a service; NULL: all
    status     TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    version    INTEGER NOT NULL,
    seq        INTEGER NOT NULL
) STRICT;

-- A role of a principal, in one entity or (entity_id '') in all of them.
CREATE TABLE roles (
    grant_id     TEXT PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES principals (principal_id),
    role         TEXT NOT NULL,
    entity_id    TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('granted', 'revoked')),
    version      INTEGER NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_granted ON roles (principal_id, role, entity_id) WHERE status = 'granted';

-- The kill switch: an actor, a tool, a kind of actor, or everything.
CREATE TABLE freezes (
    freeze_id TEXT PRIMARY KEY,
    scope     TEXT NOT NULL CHECK (scope IN ('actor', 'tool', 'kind', 'all')),
    value     TEXT NOT NULL,
    status    TEXT NOT NULL CHECK (status IN ('frozen', 'thawed')),
    reason    TEXT NOT NULL,
    version   INTEGER NOT NULL,
    seq       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX freezes_standing ON freezes (scope, value) WHERE status = 'frozen';

-- ---- master data ---------------------------------------------------------------------------------

CREATE TABLE entities (
    entity_id           TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    functional_currency TEXT NOT NULL CHECK (length(functional_currency) = 3),
    zone                TEXT NOT NULL, -- IANA
    calendar            TEXT NOT NULL, -- common/base/calendar.h
    parent              TEXT,
    version             INTEGER NOT NULL,
    seq                 INTEGER NOT NULL
) STRICT;

-- The chart of accounts, per entity. account_key = entity_id/account_id.
CREATE TABLE accounts (
    account_key TEXT PRIMARY KEY,
    entity_id   TEXT NOT NULL REFERENCES entities (entity_id),
    account_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    class       TEXT NOT NULL,
    currency    TEXT, -- when the account is kept in one
    reconciled  INTEGER NOT NULL CHECK (reconciled IN (0, 1)),
    version     INTEGER NOT NULL,
    seq         INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_of ON accounts (entity_id, account_id);

CREATE TABLE counterparties (
    counterparty_id TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('customer', 'vendor', 'bank', 'processor', 'intercompany', 'other')),
    version         INTEGER NOT NULL,
    seq             INTEGER NOT NULL
) STRICT;

-- A source of files: which account of which entity, which side, and how its columns are read.
CREATE TABLE sources (
    source_id  TEXT PRIMARY KEY,
    entity_id  TEXT NOT NULL REFERENCES entities (entity_id),
    account_id TEXT,          -- NULL: the file names the account of each line
    side       TEXT NOT NULL CHECK (side IN ('bank', 'gl', 'subledger')),
    mapping    TEXT NOT NULL, -- RFC 8785 JSON, docs/INGEST.md
    version    INTEGER NOT NULL,
    seq        INTEGER NOT NULL
) STRICT;

-- ---- what was loaded -----------------------------------------------------------------------------

CREATE TABLE files (
    file_id       TEXT PRIMARY KEY,
    source_id     TEXT NOT NULL REFERENCES sources (source_id),
    name          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    bytes_n       INTEGER NOT NULL,
    rows_n        INTEGER NOT NULL,
    loaded_n      INTEGER NOT NULL,
    duplicate_n   INTEGER NOT NULL,
    quarantined_n INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX files_once ON files (source_id, sha256);

-- A ledger line as its source wrote it; positive raises the account from the company's view, so both
-- sides of a cash event carry the same sign. Never changed: a later reading is a new version.
CREATE TABLE entries (
    entry_id       TEXT NOT NULL,
    version        INTEGER NOT NULL,
    side           TEXT NOT NULL CHECK (side IN ('bank', 'gl', 'subledger')),
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
    contra         TEXT NOT NULL CHECK (contra IN ('journal', 'account', 'none')),
    event_kind     TEXT, -- such as vendor_bank_change
    reverses       TEXT, -- the entry this one takes back
    raw_sha256     TEXT NOT NULL,
    seq            INTEGER NOT NULL,
    PRIMARY KEY (entry_id, version)
) STRICT;
CREATE INDEX entries_of ON entries (entity_id, account_id, side);
CREATE INDEX entries_journal ON entries (entity_id, journal_id) WHERE journal_id IS NOT NULL;

CREATE TABLE quarantine (
    quarantine_id TEXT PRIMARY KEY,
    file_id       TEXT NOT NULL,
    row_no        INTEGER NOT NULL, -- of the data rows, from 1
    line_no       INTEGER NOT NULL, -- of the file, from 1
    reason        TEXT NOT NULL,
    raw           BLOB NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX quarantine_of ON quarantine (file_id, row_no);

CREATE TABLE statements (
    statement_id  TEXT PRIMARY KEY,
    file_id       TEXT NOT NULL,
    source_id     TEXT NOT NULL,
    entity_id     TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    from_date     TEXT NOT NULL,
    to_date       TEXT NOT NULL,
    currency      TEXT NOT NULL,
    opening_minor INTEGER NOT NULL,
    closing_minor INTEGER NOT NULL,
    entries_minor INTEGER NOT NULL, -- the sum of the statement's lines
    status        TEXT NOT NULL CHECK (status IN ('BALANCED', 'BROKEN')),
    version       INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX statements_of ON statements (entity_id, account_id, to_date);

-- ---- reconciliation ------------------------------------------------------------------------------

-- A match as it was proposed: composition, evidence, proposer. Its state is in match_states; no row
-- there means PROPOSED_MATCH, version 1.
CREATE TABLE matches (
    match_id           TEXT PRIMARY KEY,
    entity_id          TEXT NOT NULL,
    account_id         TEXT NOT NULL,
    class              TEXT NOT NULL CHECK (class IN ('exact_match', 'fuzzy_match', 'multi_to_one', 'offset')),
    match_type         TEXT NOT NULL,
    rule               TEXT NOT NULL,
    rule_version       INTEGER NOT NULL,
    source             TEXT NOT NULL CHECK (source IN ('matcher', 'llm', 'human')),
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
CREATE INDEX matches_composition ON matches (composition_sha256);
CREATE INDEX matches_of ON matches (entity_id, account_id);

CREATE TABLE match_states (
    match_id TEXT PRIMARY KEY REFERENCES matches (match_id),
    state    TEXT NOT NULL CHECK (state IN ('CONFIRMED', 'REJECTED', 'REVERSED')),
    actor    TEXT NOT NULL,
    version  INTEGER NOT NULL,
    seq      INTEGER NOT NULL
) STRICT;

-- An entry stands in at most one live match (proposed or confirmed). Derived, and a guard.
CREATE TABLE live_legs (
    entry_id TEXT PRIMARY KEY,
    match_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX live_legs_of ON live_legs (match_id);

-- What the matcher could not place, and why. The latest row of an entry that is in no live match counts.
CREATE TABLE exceptions (
    exception_id TEXT PRIMARY KEY,
    entry_id     TEXT NOT NULL,
    entity_id    TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    class        TEXT NOT NULL,
    detail       TEXT NOT NULL, -- JSON: near misses and what differed
    seq          INTEGER NOT NULL
) STRICT;
CREATE INDEX exceptions_of ON exceptions (entry_id, seq);

-- What was confirmed without a human, per day and scope: what cumulative limits and caps look at.
CREATE TABLE auto_confirmed (
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
CREATE INDEX auto_confirmed_window ON auto_confirmed (scope, key, day);

-- ---- escalations ---------------------------------------------------------------------------------

-- A call that policy reserves for a human, bound to exactly what it would do.
CREATE TABLE escalations (
    escalation_id       TEXT PRIMARY KEY,
    code                TEXT NOT NULL,  -- 7QK4-M2XD
    key_sha256          TEXT NOT NULL,  -- tool, target id and version, effect arguments
    digest              TEXT NOT NULL,  -- SHA-256 of `bound`
    bound               TEXT NOT NULL,  -- RFC 8785 JSON: every fact a human approves
    tool                TEXT NOT NULL,
    args                TEXT NOT NULL,  -- RFC 8785 JSON
    object_type         TEXT NOT NULL,
    object_id           TEXT NOT NULL,
    object_version      INTEGER NOT NULL,
    entity_id           TEXT,
    amount_minor        INTEGER,
    currency            TEXT,
    policy_version      TEXT NOT NULL,
    reason              TEXT NOT NULL,
    clause              TEXT NOT NULL,
    pointer             TEXT NOT NULL,
    requester           TEXT NOT NULL,  -- actor id
    requester_principal TEXT,
    requester_obo       TEXT,
    created_at          TEXT NOT NULL,
    expires_at          TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED', 'STALE')),
    decided_by          TEXT,
    decided_rationale   TEXT,
    result              TEXT,           -- JSON, once settled
    version             INTEGER NOT NULL,
    seq                 INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX escalations_open ON escalations (key_sha256)
    WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED');
CREATE INDEX escalations_asked ON escalations (key_sha256, policy_version);
CREATE INDEX escalations_waiting ON escalations (state, entity_id, escalation_id);
CREATE INDEX escalations_object ON escalations (object_id);

-- Who asked and who approved. role requester: asked as a human, barred from confirming; agent: asked
-- through an llm; approver: approved a stage.
CREATE TABLE escalation_parties (
    party_id      TEXT PRIMARY KEY, -- escalation_id|role|principal or actor
    escalation_id TEXT NOT NULL REFERENCES escalations (escalation_id),
    role          TEXT NOT NULL CHECK (role IN ('requester', 'agent', 'approver')),
    actor         TEXT NOT NULL,
    principal_id  TEXT, -- the human, or the human the agent acts for
    version       INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_parties_of ON escalation_parties (escalation_id);

-- ---- the engine's own bookkeeping ----------------------------------------------------------------

-- The answer given for a key, kept 30 days. A key with other arguments is a conflict.
CREATE TABLE idempotency (
    scope_sha256  TEXT PRIMARY KEY, -- actor, client, tool, key
    args_sha256   TEXT NOT NULL,
    outcome       TEXT NOT NULL CHECK (outcome IN ('ok', 'pending', 'denied')),
    result        TEXT NOT NULL,    -- JSON as answered
    escalation_id TEXT,
    created_us    INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_us);

-- Assertions spent on a change: a jti counts once, also after a restart.
CREATE TABLE jtis (
    jti        TEXT PRIMARY KEY,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jtis_age ON jtis (expires_us);
