-- The life of an escalation beside its own row: who ever asked, on whose seat, to whom, what was
-- asked back and answered, which reminders went out, what became of the notices. And seats lent.
-- Every row here is the effect of an event; all but delegations never change.

-- Who asked for what to be done with an object in this version, in whatever escalation and however
-- that ended. Withdrawing does not make somebody a stranger to what they asked for.
CREATE TABLE askers (
    asker_id       TEXT PRIMARY KEY, -- object_id|version|tool|role|principal
    object_id      TEXT NOT NULL,
    object_version INTEGER NOT NULL,
    tool           TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('requester', 'agent')),
    principal_id   TEXT NOT NULL, -- the human, or the human the agent acts for
    actor          TEXT NOT NULL, -- who asked, as an actor id
    seq            INTEGER NOT NULL
) STRICT;
CREATE INDEX askers_of ON askers (object_id, object_version, tool);

-- On whose lent seat a party spoke. Two words on one seat are one.
CREATE TABLE escalation_seats (
    seat_id       TEXT PRIMARY KEY, -- escalation_id|role|principal|lender
    escalation_id TEXT NOT NULL REFERENCES escalations (escalation_id),
    role          TEXT NOT NULL CHECK (role IN ('requester', 'approver')),
    principal_id  TEXT NOT NULL,
    lender        TEXT NOT NULL, -- principal
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_seats_of ON escalation_seats (escalation_id);

-- Whose attention is asked for: a person or a role. Never an authority.
CREATE TABLE escalation_addressees (
    addressee_id  TEXT PRIMARY KEY, -- escalation_id|kind|who
    escalation_id TEXT NOT NULL REFERENCES escalations (escalation_id),
    kind          TEXT NOT NULL CHECK (kind IN ('principal', 'role')),
    who           TEXT NOT NULL,
    actor         TEXT NOT NULL, -- who asked for their attention
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_addressees_of ON escalation_addressees (escalation_id);
CREATE INDEX escalation_addressees_who ON escalation_addressees (who, escalation_id);

CREATE TABLE escalation_notes (
    note_id       TEXT PRIMARY KEY,
    escalation_id TEXT NOT NULL REFERENCES escalations (escalation_id),
    kind          TEXT NOT NULL CHECK (kind IN ('question', 'answer')),
    actor         TEXT NOT NULL,
    principal_id  TEXT,
    body          TEXT NOT NULL,
    at            TEXT NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_notes_of ON escalation_notes (escalation_id, note_id);

-- A reminder that went out, or that the promised time to answer has passed: once each. `made_at` is
-- the escalation's created_at, so that the next sweep goes on behind the last one marked.
CREATE TABLE escalation_marks (
    mark_id       TEXT PRIMARY KEY, -- escalation_id|kind|number
    escalation_id TEXT NOT NULL REFERENCES escalations (escalation_id),
    kind          TEXT NOT NULL CHECK (kind IN ('reminder', 'sla')),
    number        INTEGER NOT NULL, -- of the policy's reminders, from 1; 0 for the sla
    made_at       TEXT NOT NULL,
    waiting_hours INTEGER NOT NULL,
    at            TEXT NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_marks_of ON escalation_marks (escalation_id);
CREATE INDEX escalation_marks_last ON escalation_marks (kind, number, made_at);

-- What became of a notice about an escalation, as the workspace's service reports it.
CREATE TABLE deliveries (
    delivery_id   TEXT PRIMARY KEY, -- escalation_id|channel|attempts
    escalation_id TEXT NOT NULL REFERENCES escalations (escalation_id),
    channel       TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('delivered', 'failed', 'dead_letter')),
    attempts      INTEGER NOT NULL,
    detail        TEXT,
    at            TEXT NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_of ON deliveries (escalation_id, delivery_id);

-- A seat lent to somebody for a while. A new loan to the same person takes the place of the old one.
CREATE TABLE delegations (
    delegation_id TEXT PRIMARY KEY, -- lender|borrower
    lender        TEXT NOT NULL REFERENCES principals (principal_id),
    borrower      TEXT NOT NULL REFERENCES principals (principal_id),
    from_utc      TEXT NOT NULL, -- inclusive
    until_utc     TEXT NOT NULL, -- exclusive
    rationale     TEXT NOT NULL,
    version       INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX delegations_to ON delegations (borrower, until_utc);

-- Open escalations by what the sweep and the list ask of them.
CREATE INDEX escalations_expiry ON escalations (expires_at)
    WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED');
CREATE INDEX escalations_made ON escalations (created_at)
    WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED');
CREATE INDEX escalations_listed ON escalations (escalation_id)
    WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED');
CREATE INDEX escalations_listed_of ON escalations (entity_id, escalation_id)
    WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED');
