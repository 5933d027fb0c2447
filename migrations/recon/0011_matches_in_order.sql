-- A page of an account's matches begins where the page before ended, without sorting the account.
DROP INDEX matches_of;
CREATE INDEX matches_of ON matches (entity_id, account_id, match_id);
