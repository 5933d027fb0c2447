-- Notices about escalations: what is to be sent where, and what chat apps sent us. Nothing here is
-- evidence; what could not be delivered is told to the engine, whose book keeps it.

-- How far the engine's feed of escalations was followed. Moves in the transaction that writes the
-- deliveries of the events it passes.
CREATE TABLE feed_cursor (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    next_seq INTEGER NOT NULL CHECK (next_seq >= 0),
    moved_us INTEGER NOT NULL
) STRICT;

-- A row is one delivery: what one event means to one recipient on one channel.
CREATE TABLE outbox (
    delivery_id TEXT NOT NULL PRIMARY KEY, -- dlv_…; sent along, the same with every attempt
    channel TEXT NOT NULL CHECK (channel IN ('slack', 'teams', 'email', 'push')),
    recipient TEXT NOT NULL,               -- '' the channel's own place; else a principal_id
    escalation_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('notice', 'reminder', 'update')),
    seq INTEGER NOT NULL,                  -- the event, in the engine's log
    event_type TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'DEAD_LETTER', 'CANCELLED')),
    attempts INTEGER NOT NULL DEFAULT 0,   -- begun; counted before the wire is touched
    tries_left INTEGER NOT NULL,           -- until it is a dead letter
    unsure INTEGER NOT NULL DEFAULT 0,     -- attempts of which nobody knows how they ended
    next_us INTEGER NOT NULL,              -- not before
    last_error TEXT,
    external_id TEXT,                      -- the other side's name for it, once sent
    report_no INTEGER NOT NULL DEFAULT 0,  -- the `attempts` it is reported to the engine under
    report TEXT NOT NULL DEFAULT '' CHECK (report IN ('', 'due', 'done')),
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    UNIQUE (escalation_id, channel, recipient, kind, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (channel, next_us) WHERE state = 'QUEUED';
CREATE INDEX outbox_by_state ON outbox (state, updated_us);
CREATE INDEX outbox_newest ON outbox (created_us);
CREATE INDEX outbox_to_report ON outbox (updated_us) WHERE report = 'due';

-- Signatures of requests that were taken: none is taken twice while it would still be valid.
CREATE TABLE slack_seen (
    signature_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(signature_sha256) = 32),
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX slack_seen_by_age ON slack_seen (expires_us);

-- A press of a button that was acknowledged and is still to be carried out.
CREATE TABLE clicks (
    click_id TEXT NOT NULL PRIMARY KEY, -- the engine's idempotency key
    subject TEXT NOT NULL,              -- T0TEAM:U0USER
    decision TEXT NOT NULL CHECK (decision IN ('confirm', 'reject')),
    escalation_id TEXT NOT NULL,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    reason TEXT,
    response_url TEXT,
    state TEXT NOT NULL CHECK (state IN ('QUEUED', 'DONE')),
    next_us INTEGER NOT NULL,
    outcome TEXT,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clicks_due ON clicks (next_us) WHERE state = 'QUEUED';
CREATE INDEX clicks_by_age ON clicks (updated_us);

-- Codes that /closegate link gave out: who asks to be linked. Used once.
CREATE TABLE link_codes (
    code_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(code_sha256) = 32),
    subject TEXT NOT NULL,
    shown_name TEXT NOT NULL,
    expires_us INTEGER NOT NULL,
    used_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX link_codes_by_age ON link_codes (expires_us);

-- Who was seen acting from Slack: reminders reach them there. The registry alone says who is
-- linked; this only saves them the mail.
CREATE TABLE chat_people (
    principal_id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    seen_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Browsers that asked for push messages (RFC 8030).
CREATE TABLE push_subscriptions (
    subscription_id TEXT NOT NULL PRIMARY KEY, -- psh_…
    principal_id TEXT NOT NULL,
    endpoint TEXT NOT NULL UNIQUE,
    p256dh BLOB NOT NULL CHECK (length(p256dh) = 65),
    auth BLOB NOT NULL CHECK (length(auth) = 16),
    created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX push_of_person ON push_subscriptions (principal_id);
