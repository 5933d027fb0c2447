-- What stands open in an entity, listed and counted by class, without reading every exception ever
-- written.
CREATE INDEX exceptions_in ON exceptions (entity_id, entry_id);
