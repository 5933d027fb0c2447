-- Conversations with the model, and everything that was said, asked, answered and called in them.
-- What the model did to the book is in the engine's audit log; this is why it asked for it.

-- Where a conversation stands. agent/fsm/agent_session has the steps a state may take.
CREATE TABLE agent_sessions (
    session_id TEXT NOT NULL PRIMARY KEY,   -- ses_…
    principal_id TEXT NOT NULL,             -- whose it is
    actor TEXT NOT NULL,                    -- human:<id>, on whose behalf its calls go out
    entity_id TEXT,                         -- NULL: of no entity in particular
    origin TEXT NOT NULL CHECK (origin IN ('chat', 'ask', 'run')),
    title TEXT NOT NULL,
    api TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('ACTIVE', 'WAITING_TOOL', 'WAITING_HUMAN', 'ENDED', 'FAILED')),
    turn_open INTEGER NOT NULL CHECK (turn_open IN (0, 1)),
    version INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL CHECK (used_us >= created_us),
    ended_us INTEGER,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    cost_micros INTEGER NOT NULL DEFAULT 0, -- millionths of a US dollar
    rows_n INTEGER NOT NULL DEFAULT 0,      -- how many traces it has
    nonce TEXT NOT NULL CHECK (length(nonce) = 22),
    forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten IN (0, 1)), -- its rows are being deleted
    CHECK ((state = 'ENDED') = (ended_us IS NOT NULL)),
    CHECK (state <> 'ENDED' OR turn_open = 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_sessions_of_person ON agent_sessions (principal_id, used_us, session_id);
CREATE INDEX agent_sessions_by_age ON agent_sessions (used_us, session_id);
CREATE INDEX agent_sessions_open ON agent_sessions (used_us) WHERE turn_open = 1;
CREATE INDEX agent_sessions_forgotten ON agent_sessions (session_id) WHERE forgotten = 1;

CREATE TRIGGER agent_sessions_keep BEFORE UPDATE ON agent_sessions
BEGIN
    SELECT RAISE(ABORT, 'agent_sessions: a forgotten one is only deleted') WHERE OLD.forgotten = 1;
    SELECT RAISE(ABORT, 'agent_sessions: what it is and whose never changes')
     WHERE NEW.session_id IS NOT OLD.session_id OR NEW.principal_id IS NOT OLD.principal_id
        OR NEW.actor IS NOT OLD.actor OR NEW.origin IS NOT OLD.origin OR NEW.nonce IS NOT OLD.nonce
        OR NEW.created_us IS NOT OLD.created_us;
    SELECT RAISE(ABORT, 'agent_sessions: a state moves with its version')
     WHERE (NEW.state IS NOT OLD.state OR NEW.turn_open IS NOT OLD.turn_open)
       AND NEW.version IS NOT OLD.version + 1;
    SELECT RAISE(ABORT, 'agent_sessions: counts only grow')
     WHERE NEW.version < OLD.version OR NEW.rows_n < OLD.rows_n OR NEW.used_us < OLD.used_us
        OR NEW.input_tokens < OLD.input_tokens OR NEW.output_tokens < OLD.output_tokens
        OR NEW.cache_read_tokens < OLD.cache_read_tokens
        OR NEW.cache_write_tokens < OLD.cache_write_tokens OR NEW.cost_micros < OLD.cost_micros;
END;

CREATE TRIGGER agent_sessions_no_delete BEFORE DELETE ON agent_sessions WHEN OLD.forgotten = 0
BEGIN
    SELECT RAISE(ABORT, 'agent_sessions: only a forgotten one is deleted');
END;

-- Append-only, but for sessions that are forgotten whole.
CREATE TABLE agent_traces (
    session_id TEXT NOT NULL REFERENCES agent_sessions (session_id),
    n INTEGER NOT NULL,                     -- from 0, without gaps
    turn INTEGER NOT NULL CHECK (turn >= 0),
    kind TEXT NOT NULL CHECK (
        kind IN ('said', 'asked', 'answered', 'calling', 'returned', 'noted', 'summed')),
    at_us INTEGER NOT NULL,
    body TEXT NOT NULL,                     -- a JSON object, by kind
    model TEXT,
    system_sha256 TEXT,                     -- of agent_prompts
    tools_sha256 TEXT,
    latency_us INTEGER,                     -- NULL: not measured
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
    cost_micros INTEGER NOT NULL CHECK (cost_micros >= 0),
    PRIMARY KEY (session_id, n)
) STRICT;

CREATE INDEX agent_traces_by_time ON agent_traces (at_us, session_id, n);

CREATE TRIGGER agent_traces_no_update BEFORE UPDATE ON agent_traces
BEGIN
    SELECT RAISE(ABORT, 'agent_traces is append-only');
END;

CREATE TRIGGER agent_traces_no_delete BEFORE DELETE ON agent_traces
BEGIN
    SELECT RAISE(ABORT, 'agent_traces is append-only')
     WHERE (SELECT forgotten FROM agent_sessions WHERE session_id = OLD.session_id) IS NOT 1;
END;

-- The next number of its session: a REPLACE never reaches an old row.
CREATE TRIGGER agent_traces_append BEFORE INSERT ON agent_traces
BEGIN
    SELECT RAISE(ABORT, 'agent_traces is append-only: n is not the next one')
     WHERE NEW.n IS NOT (SELECT rows_n FROM agent_sessions
                          WHERE session_id = NEW.session_id AND forgotten = 0);
END;

-- System prompts and tool sets that were sent, by the digest that traces name.
CREATE TABLE agent_prompts (
    sha256 TEXT NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    text TEXT NOT NULL
) STRICT;

CREATE TRIGGER agent_prompts_no_update BEFORE UPDATE ON agent_prompts
BEGIN
    SELECT RAISE(ABORT, 'agent_prompts is append-only');
END;

-- Which sessions used which: a prompt goes with the last of them.
CREATE TABLE agent_prompt_uses (
    session_id TEXT NOT NULL REFERENCES agent_sessions (session_id),
    sha256 TEXT NOT NULL REFERENCES agent_prompts (sha256),
    PRIMARY KEY (session_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_prompt_uses_of_prompt ON agent_prompt_uses (sha256);

-- What people spent, by UTC day: budgets read this, never the traces.
CREATE TABLE agent_spend (
    day INTEGER NOT NULL,                   -- days since 1970-01-01
    principal_id TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    PRIMARY KEY (day, principal_id)
) STRICT, WITHOUT ROWID;

-- Tools: the definition somebody accepted, and beside it the one the engine offered last.
CREATE TABLE tool_pins (
    name TEXT NOT NULL PRIMARY KEY,
    sha256 TEXT CHECK (length(sha256) = 64),
    definition TEXT,
    accepted_by TEXT,
    accepted_us INTEGER,
    seen_sha256 TEXT NOT NULL CHECK (length(seen_sha256) = 64),
    seen_definition TEXT NOT NULL,
    seen_us INTEGER NOT NULL,
    CHECK ((sha256 IS NULL) = (definition IS NULL) AND (sha256 IS NULL) = (accepted_by IS NULL)
           AND (sha256 IS NULL) = (accepted_us IS NULL))
) STRICT, WITHOUT ROWID;
