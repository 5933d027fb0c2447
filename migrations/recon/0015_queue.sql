-- The queue of what waits, filtered, counted and ordered from an index alone: the rows themselves are
-- long, because they hold what was bound. It answers what escalations_listed answered, too.
CREATE INDEX escalations_queue ON escalations
    (escalation_id, entity_id, tool, reason, currency, amount_minor, created_at, code, state)
 WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED');
DROP INDEX escalations_listed;

-- What somebody asked for, and what they decided, however it ended.
CREATE INDEX escalation_parties_who ON escalation_parties (principal_id, escalation_id)
 WHERE principal_id IS NOT NULL;
CREATE INDEX escalations_decided ON escalations (decided_by, escalation_id)
 WHERE decided_by IS NOT NULL;
