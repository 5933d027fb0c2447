-- Workflow runs and advisory locks.

-- One piece of long work: a pass over an entity's accounts, the loading of a file. The row is written
-- in the transactions of the events that tell of it; a run that has ended is never touched again.
CREATE TABLE workflow_runs (
    run_id       TEXT PRIMARY KEY,
    kind         TEXT NOT NULL, -- the tool: run_recon_pass, ingest_file
    entity_id    TEXT,
    lock_key     TEXT NOT NULL, -- the instance it works on; held in advisory_locks while it is live
    state        TEXT NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'WAITING_HUMAN', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    started_by   TEXT NOT NULL, -- actor id
    principal_id TEXT,
    on_behalf_of TEXT,
    request_id   TEXT,
    started_at   TEXT NOT NULL,
    moved_at     TEXT NOT NULL, -- of the last state or chunk
    chunks       INTEGER NOT NULL, -- committed so far
    rows         INTEGER NOT NULL, -- written by them
    result       TEXT,          -- JSON: the figures of a run that succeeded
    error        TEXT,          -- why it failed or who cancelled it
    version      INTEGER NOT NULL,
    seq          INTEGER NOT NULL
) STRICT;
CREATE INDEX workflow_runs_live ON workflow_runs (state, run_id)
    WHERE state IN ('QUEUED', 'RUNNING', 'WAITING_HUMAN');
CREATE INDEX workflow_runs_failed ON workflow_runs (moved_at) WHERE state = 'FAILED';

-- Who works on what right now; bookkeeping. A lock goes in the transaction that ends its run. `owner`
-- is the process: a lock of another process than the one that serves the book is a dead one's.
CREATE TABLE advisory_locks (
    lock_key    TEXT PRIMARY KEY, -- recon:US, recon:US/1010, ingest:bank-us
    run_id      TEXT NOT NULL,
    owner       TEXT NOT NULL,
    acquired_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX advisory_locks_of ON advisory_locks (run_id);
