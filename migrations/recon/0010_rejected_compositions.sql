-- What was rejected or reversed, by composition: a pass asks for each of its proposals whether it was
-- turned down before. The index over all matches that answered this was a write to a random page for
-- every match of a large pass; this table grows with what people reject.
-- Bookkeeping like live_legs: derived from matches and match_states, not hashed, derived again by
-- `audit verify --book`.
CREATE TABLE rejected_compositions (
    composition_sha256 TEXT NOT NULL,
    match_id           TEXT NOT NULL,
    PRIMARY KEY (composition_sha256, match_id)
) STRICT, WITHOUT ROWID;

INSERT INTO rejected_compositions (composition_sha256, match_id)
SELECT m.composition_sha256, m.match_id
  FROM match_states s JOIN matches m ON m.match_id = s.match_id
 WHERE s.state IN ('REJECTED', 'REVERSED');

DROP INDEX matches_composition;
