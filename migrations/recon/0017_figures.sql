-- Figures of a workspace by day, counted from indexes: escalations as they came and as they ended, and
-- what people decided about matches. What the engine confirms by itself writes to none of these.
CREATE INDEX escalations_came ON escalations (escalation_id, entity_id);
CREATE INDEX escalations_ended ON escalations (seq, entity_id, state, escalation_id)
 WHERE state = 'APPROVED' OR state = 'REJECTED' OR state = 'WITHDRAWN' OR state = 'EXPIRED'
    OR state = 'STALE';
CREATE INDEX match_states_people ON match_states (seq, state, match_id)
 WHERE actor >= 'human:' AND actor < 'human;';
