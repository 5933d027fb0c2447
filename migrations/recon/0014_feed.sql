-- What a follower of escalations reads: their events in order, without those between. Most events of a
-- book are of matches that nobody was asked about.
CREATE INDEX audit_feed ON audit_events (seq) WHERE escalation_id IS NOT NULL;
