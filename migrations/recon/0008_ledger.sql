-- Statements of accounts.

-- The ledger's balance of an account at the end of a day, as a trial balance shows it: master data.
-- The books' balance at any other day is this one and the entries between. balance_key =
-- entity_id/account_id/currency/date.
CREATE TABLE ledger_balances (
    balance_key   TEXT PRIMARY KEY,
    entity_id     TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    currency      TEXT NOT NULL,
    date          TEXT NOT NULL,
    balance_minor INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    seq           INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_balances_of ON ledger_balances (entity_id, account_id, currency, date);
