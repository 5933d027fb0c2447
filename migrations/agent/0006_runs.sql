-- Batches of the command line (closegate-agent run): what they work on, item by item, so that one
-- that was cut off goes on. What was said in them is in agent_traces.

-- common/base/workflow_run has the steps a state may take.
CREATE TABLE agent_runs (
    run_id TEXT NOT NULL PRIMARY KEY,       -- wfr_…
    workflow TEXT NOT NULL,                 -- triage, close-prep …
    principal_id TEXT NOT NULL,             -- on whose behalf
    actor TEXT NOT NULL,
    entity_id TEXT,                         -- NULL: all that the person sees
    period TEXT,                            -- 2026-03; NULL: of none
    state TEXT NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'WAITING_HUMAN', 'SUCCEEDED',
                                         'FAILED', 'CANCELLED')),
    why TEXT,                               -- of FAILED
    version INTEGER NOT NULL,               -- grows with every change, also of an item
    items_n INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL CHECK (updated_us >= created_us)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_runs_by_age ON agent_runs (created_us, run_id);

CREATE TRIGGER agent_runs_keep BEFORE UPDATE ON agent_runs
BEGIN
    SELECT RAISE(ABORT, 'agent_runs: what it is and whose never changes')
     WHERE NEW.run_id IS NOT OLD.run_id OR NEW.workflow IS NOT OLD.workflow
        OR NEW.principal_id IS NOT OLD.principal_id OR NEW.actor IS NOT OLD.actor
        OR NEW.items_n IS NOT OLD.items_n OR NEW.created_us IS NOT OLD.created_us;
    SELECT RAISE(ABORT, 'agent_runs: what has ended never goes on')
     WHERE OLD.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED');
    SELECT RAISE(ABORT, 'agent_runs: each change has its version')
     WHERE NEW.version IS NOT OLD.version + 1;
END;

-- From OPEN to STARTED (its conversation has begun) to DONE, and never back.
CREATE TABLE agent_run_items (
    run_id TEXT NOT NULL REFERENCES agent_runs (run_id),
    n INTEGER NOT NULL,                     -- from 0
    object TEXT NOT NULL,                   -- exception:exc_…, entity:acme-us
    title TEXT NOT NULL,                    -- a line for people
    prompt TEXT NOT NULL,                   -- what is asked
    state TEXT NOT NULL CHECK (state IN ('OPEN', 'STARTED', 'DONE')),
    session_id TEXT,                        -- of agent_sessions; it may be forgotten before this
    outcome TEXT,                           -- proposed, waiting, denied …
    pending INTEGER NOT NULL DEFAULT 0,     -- approvals that it opened
    PRIMARY KEY (run_id, n),
    CHECK ((state = 'OPEN') = (session_id IS NULL)),
    CHECK ((state = 'DONE') = (outcome IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER agent_run_items_forward BEFORE UPDATE ON agent_run_items
BEGIN
    SELECT RAISE(ABORT, 'agent_run_items: what is done is not done again')
     WHERE OLD.state = 'DONE' OR (OLD.state = 'STARTED' AND NEW.state = 'OPEN');
END;
