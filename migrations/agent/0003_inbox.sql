-- Filters of the inbox and other lists that a person kept: their name and the query of the page.
CREATE TABLE filters (
    filter_id TEXT NOT NULL PRIMARY KEY,
    principal_id TEXT NOT NULL,
    screen TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,            -- as in the address, without its '?'
    created_us INTEGER NOT NULL,
    UNIQUE (principal_id, screen, name)
) STRICT, WITHOUT ROWID;
