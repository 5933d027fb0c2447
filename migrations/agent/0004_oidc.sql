-- Sign-in with an identity provider.

-- What counts once: the state of a login, the jti of a logout token. Kept as long as it could come
-- again; after that its own age refuses it.
CREATE TABLE used_once (
    kind TEXT NOT NULL CHECK (kind IN ('login', 'logout')),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    until_us INTEGER NOT NULL,
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX used_once_by_age ON used_once (until_us);

-- A fresh login for one decision: the provider's ID token, whose nonce is of that digest and that
-- decision (proto/PROTOCOL.md), until the decision is made.
CREATE TABLE fresh_logins (
    session_sha256 BLOB NOT NULL CHECK (length(session_sha256) = 32),
    escalation_id TEXT NOT NULL,
    decision TEXT NOT NULL,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    id_token BLOB NOT NULL,         -- sealed
    until_us INTEGER NOT NULL,
    PRIMARY KEY (session_sha256, escalation_id, decision)
) STRICT, WITHOUT ROWID;

CREATE INDEX fresh_logins_by_age ON fresh_logins (until_us);
