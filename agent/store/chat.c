/* The tables of what chat apps sent us. */
#include "agent/store/chat.h"

#include <string.h>

#include "agent/store/agent_db_own.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"

enum {
    SEEN_ADD,
    CLICK_ADD,
    CLICK_DUE,
    CLICK_LATER,
    CLICK_DONE,
    CODE_ADD,
    CODE_FIND,
    CODE_USE,
    PERSON_SEEN,
    PERSON_IS,
    SEEN_FORGET,
    CODE_FORGET,
    CLICK_FORGET,
};

const struct db_sql chat_sql[] = {
    [SEEN_ADD] = {"slack_seen_add", "INSERT INTO slack_seen (signature_sha256, expires_us) VALUES "
                                    "(?1, ?2) ON CONFLICT (signature_sha256) DO NOTHING"},
    [CLICK_ADD] = {"click_add",
                   "INSERT INTO clicks (click_id, subject, decision, escalation_id, digest, "
                   "reason, response_url, state, next_us, created_us, updated_us) VALUES (?1, ?2, "
                   "?3, ?4, ?5, ?6, ?7, 'QUEUED', ?8, ?8, ?8)"},
    [CLICK_DUE] = {"click_due",
                   "SELECT click_id, subject, decision, escalation_id, digest, reason, "
                   "response_url, created_us FROM clicks WHERE state = 'QUEUED' AND next_us <= ?1 "
                   "ORDER BY next_us LIMIT 1"},
    [CLICK_LATER] = {"click_later",
                     "UPDATE clicks SET next_us = ?2, updated_us = ?3 WHERE click_id = ?1"},
    [CLICK_DONE] = {"click_done",
                    "UPDATE clicks SET state = 'DONE', outcome = ?2, reason = NULL, response_url "
                    "= NULL, updated_us = ?3 WHERE click_id = ?1"},
    [CODE_ADD] = {"link_code_add", "INSERT INTO link_codes (code_sha256, subject, shown_name, "
                                   "expires_us) VALUES (?1, ?2, ?3, ?4)"},
    [CODE_FIND] = {"link_code_find", "SELECT subject, shown_name FROM link_codes WHERE "
                                     "code_sha256 = ?1 AND used_us IS NULL AND expires_us > ?2"},
    [CODE_USE] = {"link_code_use", "UPDATE link_codes SET used_us = ?2 WHERE code_sha256 = ?1 AND "
                                   "used_us IS NULL AND expires_us > ?2"},
    [PERSON_SEEN] = {"chat_person_seen",
                     "INSERT INTO chat_people (principal_id, subject, seen_us) VALUES (?1, ?2, "
                     "?3) ON CONFLICT (principal_id) DO UPDATE SET subject = ?2, seen_us = ?3"},
    [PERSON_IS] = {"chat_person_find", "SELECT 1 FROM chat_people WHERE principal_id = ?1"},
    [SEEN_FORGET] = {"slack_seen_forget", "DELETE FROM slack_seen WHERE expires_us < ?1"},
    [CODE_FORGET] = {"link_code_forget", "DELETE FROM link_codes WHERE expires_us < ?1"},
    [CLICK_FORGET] = {"click_forget",
                      "DELETE FROM clicks WHERE state = 'DONE' AND updated_us < ?1"},
};
const size_t chat_sql_n = sizeof chat_sql / sizeof chat_sql[0];

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_CHAT, number);
}

struct err slack_seen_add(struct agent_db *db, struct str signature, int64_t now_us,
                          int64_t expires_us, bool *again)
{
    CLEANUP(stmt_reset) struct stmt *old = statement(db, SEEN_FORGET);
    CLEANUP(stmt_reset) struct stmt *q = statement(db, SEEN_ADD);
    uint8_t hash[SHA256_LEN];
    stmt_bind_int(old, 1, now_us);
    TRY(stmt_run(old));
    sha256(signature.at, signature.len, hash);
    stmt_bind_blob(q, 1, hash, sizeof hash);
    stmt_bind_int(q, 2, expires_us);
    TRY(stmt_run(q));
    *again = db_changes(db->db) == 0;
    return OK;
}

/* ---- clicks ---- */

struct err click_add(struct agent_db *db, struct arena *arena, struct click *c, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CLICK_ADD);
    unsigned char random[ID_RANDOM_LEN];
    char id[ID_TEXT_MAX];
    crypt_random(random, sizeof random);
    id_print("clk", now_us / 1000, random, id);
    c->click_id = arena_strdup(arena, id);
    TRY(arena_check(arena));
    stmt_bind_text(q, 1, c->click_id);
    stmt_bind_text(q, 2, c->subject);
    stmt_bind_text(q, 3, c->decision);
    stmt_bind_text(q, 4, c->escalation_id);
    stmt_bind_text(q, 5, c->digest);
    stmt_bind_text(q, 6, c->reason);
    stmt_bind_text(q, 7, c->response_url);
    stmt_bind_int(q, 8, now_us);
    return stmt_run(q);
}

struct err click_due(struct agent_db *db, struct arena *arena, int64_t now_us, bool *found,
                     struct click *c)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CLICK_DUE);
    stmt_bind_int(q, 1, now_us);
    TRY(stmt_step(q, found));
    if (!*found)
        return OK;
    *c = (struct click){
        .click_id = stmt_text(q, 0, arena),
        .subject = stmt_text(q, 1, arena),
        .decision = stmt_text(q, 2, arena),
        .escalation_id = stmt_text(q, 3, arena),
        .digest = stmt_text(q, 4, arena),
        .reason = stmt_text(q, 5, arena),
        .response_url = stmt_text(q, 6, arena),
        .created_us = stmt_int(q, 7),
    };
    return arena_check(arena);
}

struct err click_later(struct agent_db *db, const struct click *c, int64_t next_us, int64_t now_us)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, CLICK_LATER);
    stmt_bind_text(q, 1, c->click_id);
    stmt_bind_int(q, 2, next_us);
    stmt_bind_int(q, 3, now_us);
    return agent_db_end(db, stmt_run(q));
}

struct err click_done(struct agent_db *db, const struct click *c, const char *outcome,
                      int64_t now_us)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, CLICK_DONE);
    stmt_bind_text(q, 1, c->click_id);
    stmt_bind_text(q, 2, outcome);
    stmt_bind_int(q, 3, now_us);
    return agent_db_end(db, stmt_run(q));
}

/* ---- codes ---- */

struct err link_code_add(struct agent_db *db, const char *code, const char *subject,
                         const char *shown_name, int64_t expires_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CODE_ADD);
    uint8_t hash[SHA256_LEN];
    sha256(code, strlen(code), hash);
    stmt_bind_blob(q, 1, hash, sizeof hash);
    stmt_bind_text(q, 2, subject);
    stmt_bind_text(q, 3, shown_name);
    stmt_bind_int(q, 4, expires_us);
    return stmt_run(q);
}

struct err link_code_find(struct agent_db *db, struct arena *arena, const char *code,
                          int64_t now_us, bool *found, struct link_code *out)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CODE_FIND);
    uint8_t hash[SHA256_LEN];
    sha256(code, strlen(code), hash);
    stmt_bind_blob(q, 1, hash, sizeof hash);
    stmt_bind_int(q, 2, now_us);
    TRY(stmt_step(q, found));
    if (*found)
        *out = (struct link_code){stmt_text(q, 0, arena), stmt_text(q, 1, arena)};
    return arena_check(arena);
}

struct err link_code_use(struct agent_db *db, const char *code, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CODE_USE);
    uint8_t hash[SHA256_LEN];
    sha256(code, strlen(code), hash);
    stmt_bind_blob(q, 1, hash, sizeof hash);
    stmt_bind_int(q, 2, now_us);
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_CONFLICT, "the code was used already");
    return OK;
}

/* ---- people ---- */

struct err chat_person_seen(struct agent_db *db, const char *principal_id, const char *subject,
                            int64_t now_us)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, PERSON_SEEN);
    stmt_bind_text(q, 1, principal_id);
    stmt_bind_text(q, 2, subject);
    stmt_bind_int(q, 3, now_us);
    return agent_db_end(db, stmt_run(q));
}

struct err chat_person_find(struct agent_db *db, const char *principal_id, bool *found)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PERSON_IS);
    stmt_bind_text(q, 1, principal_id);
    return stmt_step(q, found);
}

static struct err forget(struct agent_db *db, int64_t now_us, int64_t before_us)
{
    static const int numbers[] = {SEEN_FORGET, CODE_FORGET, CLICK_FORGET};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CLEANUP(stmt_reset) struct stmt *q = statement(db, (size_t)numbers[i]);
        stmt_bind_int(q, 1, numbers[i] == CLICK_FORGET ? before_us : now_us);
        TRY(stmt_run(q));
    }
    return OK;
}

struct err chat_forget(struct agent_db *db, int64_t now_us, int64_t before_us)
{
    TRY(agent_db_begin(db));
    return agent_db_end(db, forget(db, now_us, before_us));
}
