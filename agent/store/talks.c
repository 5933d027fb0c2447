/* The agent_sessions table, but for its forgetting (traces_forget.c). */
#include "agent/store/talks.h"

#include <string.h>

#include "agent/store/traces_own.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "common/sys/crypt.h"

enum {
    TALK_ADD,
    TALK_LOAD,
    TALKS_OF,
    TALKS_ALL,
    TALKS_OPEN,
    TALK_MOVE,
    TALK_TITLE,
};

#define SELECT "SELECT " TALK_COLUMNS " FROM agent_sessions s WHERE forgotten = 0 AND "

const struct db_sql talks_sql[] = {
    [TALK_ADD] = {"talk_add",
                  "INSERT INTO agent_sessions (session_id, principal_id, actor, entity_id, origin, "
                  "title, api, model, state, turn_open, version, created_us, used_us, nonce) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?11, ?12)"},
    [TALK_LOAD] = {"talk_load", SELECT "session_id = ?1 AND principal_id = coalesce(?2, "
                                       "principal_id)"},
    [TALKS_OF] = {"talks_of", SELECT "principal_id = ?1 AND (used_us, session_id) < (?2, ?3) ORDER "
                                     "BY used_us DESC, session_id DESC LIMIT ?4"},
    [TALKS_ALL] = {"talks_all", SELECT "?1 IS NULL AND (used_us, session_id) < (?2, ?3) ORDER BY "
                                       "used_us DESC, session_id DESC LIMIT ?4"},
    [TALKS_OPEN] = {"talks_open", SELECT "turn_open = 1 AND origin = coalesce(?1, origin) ORDER BY "
                                         "used_us LIMIT ?2"},
    [TALK_MOVE] = {"talk_move",
                   "UPDATE agent_sessions SET state = ?4, turn_open = ?5, version = version + 1, "
                   "used_us = max(used_us, ?6), ended_us = CASE ?4 WHEN 'ENDED' THEN "
                   "coalesce(ended_us, max(used_us, ?6)) END WHERE session_id = ?1 AND version = "
                   "?2 AND state = ?3 AND forgotten = 0"},
    [TALK_TITLE] = {"talk_title", "UPDATE agent_sessions SET title = ?3 WHERE session_id = ?1 AND "
                                  "principal_id = ?2 AND forgotten = 0"},
};
const size_t talks_sql_n = sizeof talks_sql / sizeof talks_sql[0];

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_TALKS, number);
}

int64_t trace_use_tokens(const struct trace_use *use)
{
    return use->input_tokens + use->output_tokens + use->cache_read_tokens +
           use->cache_write_tokens;
}

void trace_use_read(struct stmt *q, int col, struct trace_use *use)
{
    *use = (struct trace_use){.input_tokens = stmt_int(q, col),
                              .output_tokens = stmt_int(q, col + 1),
                              .cache_read_tokens = stmt_int(q, col + 2),
                              .cache_write_tokens = stmt_int(q, col + 3),
                              .cost_micros = stmt_int(q, col + 4)};
}

void trace_use_bind(struct stmt *q, int i, const struct trace_use *use)
{
    stmt_bind_int(q, i, use->input_tokens);
    stmt_bind_int(q, i + 1, use->output_tokens);
    stmt_bind_int(q, i + 2, use->cache_read_tokens);
    stmt_bind_int(q, i + 3, use->cache_write_tokens);
    stmt_bind_int(q, i + 4, use->cost_micros);
}

struct err talk_read(struct stmt *q, int col, struct arena *arena, struct talk *t)
{
    int state;
    *t = (struct talk){
        .session_id = stmt_text(q, col, arena),
        .principal_id = stmt_text(q, col + 1, arena),
        .actor = stmt_text(q, col + 2, arena),
        .entity_id = stmt_text(q, col + 3, arena),
        .origin = stmt_text(q, col + 4, arena),
        .title = stmt_text(q, col + 5, arena),
        .api = stmt_text(q, col + 6, arena),
        .model = stmt_text(q, col + 7, arena),
        .turn_open = stmt_bool(q, col + 9),
        .version = stmt_int(q, col + 10),
        .created_us = stmt_int(q, col + 11),
        .used_us = stmt_int(q, col + 12),
        .ended_us = stmt_int(q, col + 13),
        .rows_n = stmt_int(q, col + 14),
        .nonce = stmt_text(q, col + 15, arena),
    };
    trace_use_read(q, col + 16, &t->use);
    const char *name = stmt_text(q, col + 8, arena);
    TRY(arena_check(arena));
    TRY(fsm_state_parse(&fsm_agent_session, name, arena, &state));
    t->state = (enum agent_session_state)state;
    return OK;
}

static const char *new_id(struct arena *arena, int64_t now_us)
{
    unsigned char random[ID_RANDOM_LEN];
    char id[ID_TEXT_MAX];
    crypt_random(random, sizeof random);
    id_print("ses", now_us / 1000, random, id);
    return arena_strdup(arena, id);
}

static const char *new_nonce(struct arena *arena)
{
    uint8_t random[16];
    char *text = arena_alloc(arena, BASE64_SIZE(sizeof random));
    crypt_random(random, sizeof random);
    if (text != NULL)
        base64url_print(random, sizeof random, text);
    return text;
}

struct err talk_add(struct agent_db *db, struct arena *arena, struct talk *t, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TALK_ADD);
    const struct talk given = *t;
    ENSURE(t->title == NULL || strlen(t->title) <= TALK_TITLE_MAX, ERR_INPUT,
           "the title is too long");
    *t = (struct talk){
        .session_id = new_id(arena, now_us),
        .principal_id = given.principal_id,
        .actor = given.actor,
        .entity_id = given.entity_id,
        .origin = given.origin,
        .title = given.title == NULL ? "" : given.title,
        .api = given.api,
        .model = given.model,
        .state = (enum agent_session_state)fsm_agent_session.initial,
        .turn_open = given.turn_open,
        .created_us = now_us,
        .used_us = now_us,
        .nonce = new_nonce(arena),
    };
    TRY(arena_check(arena));
    stmt_bind_text(q, 1, t->session_id);
    stmt_bind_text(q, 2, t->principal_id);
    stmt_bind_text(q, 3, t->actor);
    stmt_bind_text(q, 4, t->entity_id);
    stmt_bind_text(q, 5, t->origin);
    stmt_bind_text(q, 6, t->title);
    stmt_bind_text(q, 7, t->api);
    stmt_bind_text(q, 8, t->model);
    stmt_bind_text(q, 9, fsm_state_name(&fsm_agent_session, (int)t->state));
    stmt_bind_bool(q, 10, t->turn_open);
    stmt_bind_int(q, 11, now_us);
    stmt_bind_text(q, 12, t->nonce);
    return stmt_run(q);
}

static struct err load(struct agent_db *db, struct arena *arena, const char *session_id,
                       const char *principal_id, struct talk *t)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TALK_LOAD);
    bool row;
    stmt_bind_text(q, 1, session_id);
    stmt_bind_text(q, 2, principal_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such session");
    return talk_read(q, 0, arena, t);
}

struct err talk_load(struct agent_db *db, struct arena *arena, const char *session_id,
                     const char *principal_id, struct talk *t)
{
    ENSURE(principal_id != NULL, ERR_BUG, "whose session?");
    return load(db, arena, session_id, principal_id, t);
}

struct err talk_load_any(struct agent_db *db, struct arena *arena, const char *session_id,
                         struct talk *t)
{
    return load(db, arena, session_id, NULL, t);
}

/* At most `max` rows of a statement that is bound. */
static struct err rows_read(struct stmt *q, struct arena *arena, size_t max, struct talk **out,
                            size_t *n)
{
    bool row = true;
    *out = ARENA_ARRAY(arena, max, struct talk);
    TRY(arena_check(arena));
    for (*n = 0; *n < max; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(talk_read(q, 0, arena, &(*out)[*n]));
    }
    return arena_check(arena);
}

struct err talks_list(struct agent_db *db, struct arena *arena, const char *principal_id,
                      const struct talk_place *behind, size_t max, struct talk **out, size_t *n)
{
    CLEANUP(stmt_reset)
    struct stmt *q = statement(db, principal_id == NULL ? TALKS_ALL : TALKS_OF);
    stmt_bind_text(q, 1, principal_id);
    stmt_bind_int(q, 2, behind == NULL ? INT64_MAX : behind->used_us);
    stmt_bind_text(q, 3, behind == NULL ? "" : behind->session_id);
    stmt_bind_int(q, 4, (int64_t)max);
    return rows_read(q, arena, max, out, n);
}

struct err talks_to_resume(struct agent_db *db, struct arena *arena, const char *origin, size_t max,
                           struct talk **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TALKS_OPEN);
    stmt_bind_text(q, 1, origin);
    stmt_bind_int(q, 2, (int64_t)max);
    return rows_read(q, arena, max, out, n);
}

/* The row becomes `next`, if it still is what *t says. */
static struct err move(struct agent_db *db, struct talk *t, enum agent_session_state next,
                       bool turn_open, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TALK_MOVE);
    const int64_t used_us = now_us > t->used_us ? now_us : t->used_us;
    stmt_bind_text(q, 1, t->session_id);
    stmt_bind_int(q, 2, t->version);
    stmt_bind_text(q, 3, fsm_state_name(&fsm_agent_session, (int)t->state));
    stmt_bind_text(q, 4, fsm_state_name(&fsm_agent_session, (int)next));
    stmt_bind_bool(q, 5, turn_open);
    stmt_bind_int(q, 6, used_us);
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_CONFLICT, "the session moved on");
    t->state = next;
    t->turn_open = turn_open;
    t->version++;
    t->used_us = used_us;
    if (next == AGENT_SESSION_ENDED && t->ended_us == 0)
        t->ended_us = used_us;
    return OK;
}

struct err talk_move(struct agent_db *db, struct arena *arena, struct talk *t,
                     enum agent_session_event event, bool turn_open, int64_t now_us)
{
    int next;
    TRY(fsm_step(&fsm_agent_session, (int)t->state, (int)event, arena, &next));
    return move(db, t, (enum agent_session_state)next, turn_open, now_us);
}

struct err talk_hold(struct agent_db *db, struct talk *t, bool turn_open, int64_t now_us)
{
    return move(db, t, t->state, turn_open, now_us);
}

struct err talk_title(struct agent_db *db, const char *session_id, const char *principal_id,
                      const char *title)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TALK_TITLE);
    ENSURE(strlen(title) <= TALK_TITLE_MAX, ERR_INPUT, "the title is too long");
    stmt_bind_text(q, 1, session_id);
    stmt_bind_text(q, 2, principal_id);
    stmt_bind_text(q, 3, title);
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_MISSING, "there is no such session");
    return OK;
}
