-- What witnesses signed: a line beside the head it is of. No event is made of it, or every cosignature
-- would be one more event to be cosigned; the line proves itself to whoever has the witness's key.
CREATE TABLE audit_cosignatures (
    size       INTEGER NOT NULL REFERENCES audit_heads (size),
    witness    TEXT NOT NULL CHECK (witness <> ''), -- its verifier key
    line       TEXT NOT NULL CHECK (line <> ''),    -- the note's signature line, with its line end
    cosigned_s INTEGER NOT NULL CHECK (cosigned_s >= 0),
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_cosignatures_of ON audit_cosignatures (witness, size);

CREATE TRIGGER cosignatures_no_update BEFORE UPDATE ON audit_cosignatures
BEGIN
    SELECT RAISE(ABORT, 'audit_cosignatures is append-only');
END;

CREATE TRIGGER cosignatures_no_delete BEFORE DELETE ON audit_cosignatures
BEGIN
    SELECT RAISE(ABORT, 'audit_cosignatures is append-only');
END;

-- REPLACE would delete the row in its way without asking the trigger above.
CREATE TRIGGER cosignatures_append BEFORE INSERT ON audit_cosignatures
BEGIN
    SELECT RAISE(ABORT, 'audit_cosignatures is append-only: this one is kept already')
     WHERE EXISTS (SELECT 1 FROM audit_cosignatures
                    WHERE size = NEW.size AND witness = NEW.witness);
END;
