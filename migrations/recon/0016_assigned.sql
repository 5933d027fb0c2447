-- What somebody has to look at is found by who that is.

CREATE INDEX assignments_of ON assignments (assignee, object) WHERE assignee IS NOT NULL;
