-- Appending costs what the generated columns cost: SQLite computes each of them twice for an insert
-- behind a BEFORE trigger. Left are those that a statement or an index looks at; what else an event
-- says is a json_extract away.
ALTER TABLE audit_events DROP COLUMN principal_id;
ALTER TABLE audit_events DROP COLUMN on_behalf_of;
ALTER TABLE audit_events DROP COLUMN tool;
ALTER TABLE audit_events DROP COLUMN action;
ALTER TABLE audit_events DROP COLUMN decision;
ALTER TABLE audit_events DROP COLUMN reason;
ALTER TABLE audit_events DROP COLUMN amount_minor;
ALTER TABLE audit_events DROP COLUMN currency;
ALTER TABLE audit_events ADD COLUMN
    event_seq ANY GENERATED ALWAYS AS (json_extract(event, '$.seq')) VIRTUAL;

-- As in 0001, asked of the generated columns: in a trigger json_extract would read the event's text
-- once more.
DROP TRIGGER audit_append;
CREATE TRIGGER audit_append BEFORE INSERT ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events is append-only: seq is not the next one')
     WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_events);
    SELECT RAISE(ABORT, 'audit_events is append-only: hash_prev is not the last hash_self')
     WHERE NEW.hash_prev IS NOT coalesce(
               (SELECT hash_self FROM audit_events ORDER BY seq DESC LIMIT 1), zeroblob(32));
    SELECT RAISE(ABORT, 'audit_events is append-only: the event carries another seq')
     WHERE NEW.event_seq IS NOT NEW.seq;
    SELECT RAISE(ABORT, 'audit_events is append-only: the event is of another book')
     WHERE NEW.book_id IS NOT coalesce(
               (SELECT book_id FROM audit_events WHERE seq = 1), NEW.book_id);
    SELECT RAISE(ABORT, 'audit_events is append-only: event 1 is BOOK_CREATED, and only event 1')
     WHERE (NEW.event_type = 'BOOK_CREATED') IS NOT (NEW.seq = 1);
END;
