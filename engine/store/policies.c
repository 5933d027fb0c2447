/* Policy texts by digest. */
#include "engine/store/policies.h"

#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum { POLICY_PUT, POLICY_LOAD, POLICY_FIND, POLICY_FORCE, POLICY_PROVED, POLICY_OF_EVENT };

const struct db_sql policies_sql[] = {
    [POLICY_PUT] = {"policy_put", "INSERT INTO policies (digest, text, seq) VALUES (?1, ?2, ?3)"
                                  " ON CONFLICT (digest) DO NOTHING"},
    [POLICY_LOAD] = {"policy_load", "SELECT text FROM policies WHERE digest = ?1"},
    [POLICY_FIND] = {"policy_find", "SELECT digest FROM policies"
                                    " WHERE digest >= ?1 AND digest < ?1 || 'g'"
                                    " ORDER BY digest LIMIT 2"},
    [POLICY_FORCE] = {"policy_force",
                      "SELECT policy_version FROM audit_events WHERE event_type = 'POLICY_LOADED'"
                      " ORDER BY seq DESC LIMIT 1"},
    [POLICY_PROVED] = {"policy_proved",
                       "SELECT 1 FROM (SELECT json_extract(event, '$.detail.proof') AS proof"
                       " FROM audit_events WHERE event_type = ?1 ORDER BY seq DESC LIMIT 16)"
                       " WHERE json_extract(proof, '$.policy') = ?2"
                       " AND json_extract(proof, '$.binding') = ?3"
                       " AND json_extract(proof, '$.gate_version') = ?4"
                       " AND json_extract(proof, '$.ask_schema') = ?5"
                       " AND json_extract(proof, '$.proof_version') = ?6 LIMIT 1"},
    [POLICY_OF_EVENT] = {"policy_of_event",
                         "SELECT policy_version FROM audit_events WHERE seq = ?1"},
};
const size_t policies_sql_n = sizeof policies_sql / sizeof policies_sql[0];

struct err policy_keep(struct tx *tx, const char *digest, struct str text, bool *is_new)
{
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_POLICIES, POLICY_PUT);
        stmt_bind_text(q, 1, digest);
        stmt_bind_str(q, 2, text);
        stmt_bind_int(q, 3, tx_seq(tx));
        TRY(stmt_run(q));
    }
    *is_new = db_changes(tx->db) == 1;
    return *is_new ? effect_row(tx, TABLE_POLICIES, digest) : OK;
}

struct err policy_text_load(struct tx *tx, struct arena *arena, const char *digest,
                            const char **text)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_POLICIES, POLICY_LOAD);
    stmt_bind_text(q, 1, digest);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "the book has no policy of this version");
    *text = stmt_text(q, 0, arena);
    return arena_check(arena);
}

struct err policy_digest_find(struct tx *tx, struct arena *arena, const char *begin,
                              const char **digest)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_POLICIES, POLICY_FIND);
    stmt_bind_text(q, 1, begin);
    TRY(stmt_step(q, &row));
    if (!row)
        return err_at(ERR_MISSING, begin, "the book has no policy of this version");
    *digest = stmt_text(q, 0, arena);
    TRY(stmt_step(q, &row));
    if (row)
        return err_at(ERR_INPUT, begin, "several policies of the book begin so; say more digits");
    return arena_check(arena);
}

struct err policy_in_force(struct tx *tx, struct arena *arena, const char **digest)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_POLICIES, POLICY_FORCE);
    TRY(stmt_step(q, &row));
    *digest = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

static struct err proved_in(struct tx *tx, const char *event_type, const struct policy_proof *proof,
                            bool *yes)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_POLICIES, POLICY_PROVED);
    stmt_bind_text(q, 1, event_type);
    stmt_bind_text(q, 2, proof->digest);
    stmt_bind_text(q, 3, proof->binding);
    stmt_bind_int(q, 4, proof->gate_version);
    stmt_bind_int(q, 5, proof->ask_schema);
    stmt_bind_int(q, 6, proof->proof_version);
    return stmt_step(q, yes);
}

struct err policy_was_proved(struct tx *tx, const struct policy_proof *proof, bool *yes)
{
    static const char *const types[] = {"ENGINE_STARTED", "POLICY_LOADED", "POLICY_PROPOSED"};
    *yes = false;
    for (size_t i = 0; i < sizeof types / sizeof types[0] && !*yes; i++)
        TRY(proved_in(tx, types[i], proof, yes));
    return OK;
}

struct err policy_of_event(struct tx *tx, struct arena *arena, int64_t seq, const char **digest)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_POLICIES, POLICY_OF_EVENT);
    stmt_bind_int(q, 1, seq);
    TRY(stmt_step(q, &row));
    *digest = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}
