-- The agent's own database: who is signed in. What waits, what was decided and why is the engine's;
-- nothing here is evidence, and all of it may be lost without losing a decision.

-- A browser's session. The id itself is only in the browser's sealed cookie.
CREATE TABLE sessions (
    id_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(id_sha256) = 32),
    backend TEXT NOT NULL CHECK (backend IN ('oidc', 'header-trust', 'dev')),
    issuer TEXT NOT NULL,           -- '' when the backend has none
    subject TEXT NOT NULL,          -- of the identity: sub, the header's value, the demo person
    idp_session TEXT,               -- the provider's sid, for its back-channel logout
    actor TEXT NOT NULL,            -- human:<id>, as the engine's registry said at sign-in
    principal_id TEXT NOT NULL,
    name TEXT NOT NULL,
    csrf TEXT NOT NULL CHECK (length(csrf) = 43),
    auth_time INTEGER NOT NULL,     -- when the person showed who they are; seconds since 1970
    acr TEXT,
    id_token BLOB,                  -- sealed; for the provider's logout
    created_us INTEGER NOT NULL,    -- microseconds since 1970, as all *_us
    seen_us INTEGER NOT NULL CHECK (seen_us >= created_us),
    ended_us INTEGER,
    ended_why TEXT CHECK ((ended_us IS NULL) = (ended_why IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_person ON sessions (principal_id, ended_us);
CREATE INDEX sessions_of_subject ON sessions (issuer, subject) WHERE ended_us IS NULL;
CREATE INDEX sessions_by_age ON sessions (seen_us);

-- People who have signed in, for notices: how to reach them, in which zone their day is.
CREATE TABLE people (
    principal_id TEXT NOT NULL PRIMARY KEY,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,                     -- as their provider says, verified; NULL: unknown
    zone TEXT,                      -- IANA, as their browser says
    updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
