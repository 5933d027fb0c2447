/* The sessions table. */
#include "agent/store/sessions.h"

#include <string.h>

#include "agent/store/agent_db_own.h"
#include "common/sys/crypt.h"

#define TOUCH_US INT64_C(60000000)

enum {
    SESSION_ADD,
    SESSION_FIND,
    SESSION_TOUCH,
    SESSION_REFRESH,
    SESSION_END,
    SESSION_END_OF,
    SESSION_END_PERSON,
    SESSION_FORGET,
    SESSION_LIST,
};

#define COLUMNS                                                                                    \
    "backend, issuer, subject, idp_session, actor, principal_id, name, csrf, auth_time, acr, "     \
    "id_token, created_us, seen_us"
#define HOLDS " ended_us IS NULL AND seen_us > ?2 AND created_us > ?3 AND created_us < ?4 "

const struct db_sql sessions_sql[] = {
    [SESSION_ADD] = {"session_add", "INSERT INTO sessions (id_sha256, " COLUMNS ") VALUES (?1, ?2, "
                                    "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"},
    [SESSION_FIND] = {"session_find",
                      "SELECT " COLUMNS " FROM sessions WHERE id_sha256 = ?1 AND" HOLDS},
    [SESSION_TOUCH] = {"session_touch", "UPDATE sessions SET seen_us = max(seen_us, ?2) WHERE "
                                        "id_sha256 = ?1 AND ended_us IS NULL"},
    [SESSION_REFRESH] = {"session_refresh",
                         "UPDATE sessions SET auth_time = ?2, acr = ?3, id_token = ?4 WHERE "
                         "id_sha256 = ?1 AND ended_us IS NULL"},
    [SESSION_END] = {"session_end", "UPDATE sessions SET ended_us = ?2, ended_why = ?3, id_token = "
                                    "NULL WHERE id_sha256 = ?1 AND ended_us IS NULL"},
    [SESSION_END_OF] = {"session_end_of",
                        "UPDATE sessions SET ended_us = ?4, ended_why = ?5, id_token = NULL WHERE "
                        "issuer = ?1 AND ended_us IS NULL AND (?2 IS NULL OR subject = ?2) AND (?3 "
                        "IS NULL OR idp_session = ?3 OR (idp_session IS NULL AND ?2 IS NOT NULL))"},
    [SESSION_END_PERSON] = {"session_end_person",
                            "UPDATE sessions SET ended_us = ?2, ended_why = ?3, id_token = NULL "
                            "WHERE principal_id = ?1 AND ended_us IS NULL"},
    [SESSION_FORGET] = {"session_forget", "DELETE FROM sessions WHERE seen_us < ?1"},
    [SESSION_LIST] = {"session_list", "SELECT " COLUMNS " FROM sessions WHERE" HOLDS
                                      "ORDER BY seen_us DESC LIMIT ?1"},
};
const size_t sessions_sql_n = sizeof sessions_sql / sizeof sessions_sql[0];

static void row_read(struct stmt *q, struct arena *arena, struct session *s)
{
    *s = (struct session){
        .backend = stmt_text(q, 0, arena),
        .issuer = stmt_text(q, 1, arena),
        .subject = stmt_text(q, 2, arena),
        .idp_session = stmt_text(q, 3, arena),
        .actor = stmt_text(q, 4, arena),
        .principal_id = stmt_text(q, 5, arena),
        .name = stmt_text(q, 6, arena),
        .csrf = stmt_text(q, 7, arena),
        .auth_time = stmt_int(q, 8),
        .acr = stmt_text(q, 9, arena),
        .id_token = stmt_str(q, 10, arena),
        .created_us = stmt_int(q, 11),
        .seen_us = stmt_int(q, 12),
    };
}

static void life_bind(struct stmt *q, const struct session_life *life)
{
    stmt_bind_int(q, 2, life->now_us - life->idle_us);
    stmt_bind_int(q, 3, life->now_us - life->whole_us);
    /* made while the clock was far ahead: it would last as much longer */
    stmt_bind_int(q, 4, life->now_us + life->idle_us);
}

struct err session_add(struct agent_db *db, struct arena *arena, struct session *s)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_SESSIONS, SESSION_ADD);
    uint8_t token[32], digest[SHA256_LEN];
    char *csrf = arena_alloc(arena, BASE64_SIZE(sizeof token));
    TRY(arena_check(arena));
    crypt_random(s->id, sizeof s->id);
    crypt_random(token, sizeof token);
    base64url_print(token, sizeof token, csrf);
    s->csrf = csrf;
    sha256(s->id, sizeof s->id, digest);
    stmt_bind_blob(q, 1, digest, sizeof digest);
    stmt_bind_text(q, 2, s->backend);
    stmt_bind_text(q, 3, s->issuer);
    stmt_bind_text(q, 4, s->subject);
    stmt_bind_text(q, 5, s->idp_session);
    stmt_bind_text(q, 6, s->actor);
    stmt_bind_text(q, 7, s->principal_id);
    stmt_bind_text(q, 8, s->name);
    stmt_bind_text(q, 9, s->csrf);
    stmt_bind_int(q, 10, s->auth_time);
    stmt_bind_text(q, 11, s->acr);
    stmt_bind_blob(q, 12, s->id_token.len == 0 ? NULL : s->id_token.at, s->id_token.len);
    stmt_bind_int(q, 13, s->created_us);
    stmt_bind_int(q, 14, s->seen_us);
    return stmt_run(q);
}

struct err session_find(struct agent_db *db, struct arena *arena, const uint8_t id[SESSION_ID_LEN],
                        const struct session_life *life, bool *found, struct session *s)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_SESSIONS, SESSION_FIND);
    uint8_t digest[SHA256_LEN];
    sha256(id, SESSION_ID_LEN, digest);
    stmt_bind_blob(q, 1, digest, sizeof digest);
    life_bind(q, life);
    TRY(stmt_step(q, found));
    if (!*found)
        return OK;
    row_read(q, arena, s);
    memcpy(s->id, id, SESSION_ID_LEN);
    return arena_check(arena);
}

/* One statement about one session, whose first parameter is the id's digest. */
static struct stmt *about(struct agent_db *db, size_t number, const uint8_t id[SESSION_ID_LEN],
                          uint8_t digest[SHA256_LEN])
{
    struct stmt *q = agent_stmt(db, SET_SESSIONS, number);
    sha256(id, SESSION_ID_LEN, digest);
    stmt_bind_blob(q, 1, digest, SHA256_LEN);
    return q;
}

static struct err touch(struct agent_db *db, const struct session *s, int64_t now_us)
{
    uint8_t digest[SHA256_LEN];
    CLEANUP(stmt_reset) struct stmt *q = about(db, SESSION_TOUCH, s->id, digest);
    stmt_bind_int(q, 2, now_us);
    return stmt_run(q);
}

struct err session_touch(struct agent_db *db, struct session *s, int64_t now_us)
{
    if (now_us - s->seen_us < TOUCH_US)
        return OK;
    TRY(agent_db_begin(db));
    TRY(agent_db_end(db, touch(db, s, now_us)));
    s->seen_us = now_us;
    return OK;
}

struct err session_refresh(struct agent_db *db, const struct session *s)
{
    uint8_t digest[SHA256_LEN];
    CLEANUP(stmt_reset) struct stmt *q = about(db, SESSION_REFRESH, s->id, digest);
    stmt_bind_int(q, 2, s->auth_time);
    stmt_bind_text(q, 3, s->acr);
    stmt_bind_blob(q, 4, s->id_token.len == 0 ? NULL : s->id_token.at, s->id_token.len);
    return stmt_run(q);
}

struct err session_end(struct agent_db *db, const uint8_t id[SESSION_ID_LEN], const char *why,
                       int64_t now_us)
{
    uint8_t digest[SHA256_LEN];
    CLEANUP(stmt_reset) struct stmt *q = about(db, SESSION_END, id, digest);
    stmt_bind_int(q, 2, now_us);
    stmt_bind_text(q, 3, why);
    return stmt_run(q);
}

/* A statement's run, and how many rows it changed. */
static struct err run_counted(struct agent_db *db, struct stmt *q, int64_t *n)
{
    TRY(stmt_run(q));
    if (n != NULL)
        *n = db_changes(db->db);
    return OK;
}

struct err sessions_end_of(struct agent_db *db, const char *issuer, const char *subject,
                           const char *idp_session, const char *why, int64_t now_us, int64_t *n)
{
    ENSURE(subject != NULL || idp_session != NULL, ERR_BUG, "whose sessions?");
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_SESSIONS, SESSION_END_OF);
    stmt_bind_text(q, 1, issuer);
    stmt_bind_text(q, 2, subject);
    stmt_bind_text(q, 3, idp_session);
    stmt_bind_int(q, 4, now_us);
    stmt_bind_text(q, 5, why);
    return run_counted(db, q, n);
}

struct err sessions_end_person(struct agent_db *db, const char *principal_id, const char *why,
                               int64_t now_us, int64_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_SESSIONS, SESSION_END_PERSON);
    stmt_bind_text(q, 1, principal_id);
    stmt_bind_int(q, 2, now_us);
    stmt_bind_text(q, 3, why);
    return run_counted(db, q, n);
}

struct err sessions_forget(struct agent_db *db, int64_t before_us, int64_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_SESSIONS, SESSION_FORGET);
    stmt_bind_int(q, 1, before_us);
    return run_counted(db, q, n);
}

struct err sessions_list(struct agent_db *db, struct arena *arena, const struct session_life *life,
                         size_t max, struct session **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_SESSIONS, SESSION_LIST);
    struct session *rows = ARENA_ARRAY(arena, max, struct session);
    bool row = true;
    TRY(arena_check(arena));
    stmt_bind_int(q, 1, (int64_t)max);
    life_bind(q, life);
    for (*n = 0; *n < max; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        row_read(q, arena, &rows[*n]);
    }
    *out = rows;
    return arena_check(arena);
}
