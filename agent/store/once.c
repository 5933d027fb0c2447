/* The tables used_once and fresh_logins. */
#include "agent/store/once.h"

#include "agent/store/agent_db_own.h"
#include "common/sys/crypt.h"

enum { ONCE_FORGET, ONCE_ADD, FRESH_FORGET, FRESH_PUT, FRESH_FIND, FRESH_DROP };

const struct db_sql once_sql[] = {
    [ONCE_FORGET] = {"once_forget", "DELETE FROM used_once WHERE until_us < ?1"},
    [ONCE_ADD] = {"once_add", "INSERT INTO used_once (kind, digest, until_us) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (kind, digest) DO NOTHING"},
    [FRESH_FORGET] = {"fresh_forget", "DELETE FROM fresh_logins WHERE until_us < ?1"},
    [FRESH_PUT] = {"fresh_put",
                   "INSERT INTO fresh_logins (session_sha256, escalation_id, decision, digest, "
                   "id_token, until_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT "
                   "(session_sha256, escalation_id, decision) DO UPDATE SET digest = ?4, id_token "
                   "= ?5, until_us = ?6"},
    [FRESH_FIND] = {"fresh_find",
                    "SELECT id_token FROM fresh_logins WHERE session_sha256 = ?1 AND escalation_id "
                    "= ?2 AND decision = ?3 AND digest = ?4 AND until_us >= ?5"},
    [FRESH_DROP] = {"fresh_drop", "DELETE FROM fresh_logins WHERE session_sha256 = ?1 AND "
                                  "escalation_id = ?2 AND decision = ?3"},
};
const size_t once_sql_n = sizeof once_sql / sizeof once_sql[0];

static struct err forget(struct agent_db *db, size_t number, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_ONCE, number);
    stmt_bind_int(q, 1, now_us);
    return stmt_run(q);
}

struct err once_use(struct agent_db *db, const char *kind, struct str what, int64_t until_us,
                    int64_t now_us, bool *first)
{
    uint8_t digest[SHA256_LEN];
    TRY(forget(db, ONCE_FORGET, now_us));
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_ONCE, ONCE_ADD);
    sha256(what.at, what.len, digest);
    stmt_bind_text(q, 1, kind);
    stmt_bind_blob(q, 2, digest, sizeof digest);
    stmt_bind_int(q, 3, until_us);
    TRY(stmt_run(q));
    *first = db_changes(db->db) == 1;
    return OK;
}

/* A statement whose first three parameters name the decision. */
static struct stmt *about(struct agent_db *db, size_t number, uint8_t digest[SHA256_LEN],
                          const uint8_t session[SESSION_ID_LEN], const char *escalation_id,
                          const char *decision)
{
    struct stmt *q = agent_stmt(db, SET_ONCE, number);
    sha256(session, SESSION_ID_LEN, digest);
    stmt_bind_blob(q, 1, digest, SHA256_LEN);
    stmt_bind_text(q, 2, escalation_id);
    stmt_bind_text(q, 3, decision);
    return q;
}

struct err fresh_put(struct agent_db *db, const uint8_t session[SESSION_ID_LEN],
                     const struct fresh_login *f, int64_t now_us)
{
    uint8_t digest[SHA256_LEN];
    TRY(forget(db, FRESH_FORGET, now_us));
    CLEANUP(stmt_reset)
    struct stmt *q = about(db, FRESH_PUT, digest, session, f->escalation_id, f->decision);
    stmt_bind_text(q, 4, f->digest);
    stmt_bind_blob(q, 5, f->id_token.at, f->id_token.len);
    stmt_bind_int(q, 6, f->until_us);
    return stmt_run(q);
}

struct err fresh_find(struct agent_db *db, struct arena *arena,
                      const uint8_t session[SESSION_ID_LEN], struct fresh_login *f, int64_t now_us)
{
    uint8_t key[SHA256_LEN];
    bool found = false;
    CLEANUP(stmt_reset)
    struct stmt *q = about(db, FRESH_FIND, key, session, f->escalation_id, f->decision);
    stmt_bind_text(q, 4, f->digest);
    stmt_bind_int(q, 5, now_us);
    f->id_token = STR("");
    TRY(stmt_step(q, &found));
    if (found)
        f->id_token = stmt_str(q, 0, arena);
    return arena_check(arena);
}

static struct err drop(struct agent_db *db, const uint8_t session[SESSION_ID_LEN],
                       const char *escalation_id, const char *decision)
{
    uint8_t key[SHA256_LEN];
    CLEANUP(stmt_reset)
    struct stmt *q = about(db, FRESH_DROP, key, session, escalation_id, decision);
    return stmt_run(q);
}

struct err fresh_drop(struct agent_db *db, const uint8_t session[SESSION_ID_LEN],
                      const char *escalation_id, const char *decision)
{
    TRY(agent_db_begin(db));
    return agent_db_end(db, drop(db, session, escalation_id, decision));
}
