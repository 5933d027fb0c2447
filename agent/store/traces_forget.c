/* Retention: the only way that rows of conversations leave agent.db. A session is marked first,
 * which hides it from every reader and stops every writer; then its rows go, a few at a time. */
#include "agent/store/traces_own.h"
#include "common/base/civil.h"

/* Of one transaction: others wait for their turn at writing meanwhile. */
#define ROWS_AT_ONCE     200
#define SESSIONS_AT_ONCE 50

enum {
    FORGET_DUE,
    FORGET_NEXT,
    FORGET_MARK,
    FORGET_TRACES,
    FORGET_USES,
    FORGET_UNUSED,
    FORGET_SESSION,
    FORGET_SPEND,
    FORGET_PROMPTS_OF,
};

const struct db_sql forget_sql[] = {
    [FORGET_DUE] = {"forget_due", "SELECT session_id FROM agent_sessions WHERE used_us < ?1 AND "
                                  "(turn_open = 0 OR used_us < ?2) AND forgotten = 0 ORDER BY "
                                  "used_us LIMIT 1"},
    [FORGET_NEXT] = {"forget_next",
                     "SELECT session_id FROM agent_sessions WHERE forgotten = 1 LIMIT 1"},
    [FORGET_MARK] = {"forget_mark",
                     "UPDATE agent_sessions SET forgotten = 1 WHERE session_id = ?1"},
    [FORGET_TRACES] = {"forget_traces",
                       "DELETE FROM agent_traces WHERE session_id = ?1 AND n < ?2 + (SELECT min(n) "
                       "FROM agent_traces WHERE session_id = ?1)"},
    [FORGET_PROMPTS_OF] = {"forget_prompts_of",
                           "SELECT sha256 FROM agent_prompt_uses WHERE session_id = ?1 LIMIT 1"},
    [FORGET_USES] = {"forget_uses",
                     "DELETE FROM agent_prompt_uses WHERE session_id = ?1 AND sha256 = ?2"},
    [FORGET_UNUSED] = {"forget_unused",
                       "DELETE FROM agent_prompts WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM "
                       "agent_prompt_uses u WHERE u.sha256 = ?1)"},
    [FORGET_SESSION] = {"forget_session",
                        "DELETE FROM agent_sessions WHERE session_id = ?1 AND forgotten = 1"},
    [FORGET_SPEND] = {"forget_spend", "DELETE FROM agent_spend WHERE day < ?1"},
};
const size_t forget_sql_n = sizeof forget_sql / sizeof forget_sql[0];

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_FORGET, number);
}

/* A statement about one session (or digest), and how many rows it changed. */
static struct err run_on(struct agent_db *db, size_t number, const char *id, int64_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, number);
    stmt_bind_text(q, 1, id);
    TRY(stmt_run(q));
    if (n != NULL)
        *n = db_changes(db->db);
    return OK;
}

/* The session to go on with: one that is marked, else one that is due and is marked now. NULL: none
 * is left. */
static struct err session_due(struct agent_db *db, struct arena *arena, int64_t before_us,
                              int64_t now_us, const char **session_id)
{
    CLEANUP(stmt_reset) struct stmt *marked = statement(db, FORGET_NEXT);
    CLEANUP(stmt_reset) struct stmt *due = statement(db, FORGET_DUE);
    bool row;
    TRY(stmt_step(marked, &row));
    if (row) {
        *session_id = stmt_text(marked, 0, arena);
        return arena_check(arena);
    }
    stmt_bind_int(due, 1, before_us);
    stmt_bind_int(due, 2, now_us - US_PER_DAY);
    TRY(stmt_step(due, &row));
    *session_id = row ? stmt_text(due, 0, arena) : NULL;
    TRY(arena_check(arena));
    return row ? run_on(db, FORGET_MARK, *session_id, NULL) : OK;
}

static struct err rows_forget(struct agent_db *db, const char *session_id, int64_t max, int64_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, FORGET_TRACES);
    stmt_bind_text(q, 1, session_id);
    stmt_bind_int(q, 2, max);
    TRY(stmt_run(q));
    *n = db_changes(db->db);
    return OK;
}

/* One of the prompts that the session used; *sha256 NULL: it uses none any more. */
static struct err prompt_of(struct agent_db *db, struct arena *arena, const char *session_id,
                            const char **sha256)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, FORGET_PROMPTS_OF);
    bool row;
    stmt_bind_text(q, 1, session_id);
    TRY(stmt_step(q, &row));
    *sha256 = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

static struct err prompts_forget(struct agent_db *db, struct arena *arena, const char *session_id)
{
    const char *sha256;
    TRY(prompt_of(db, arena, session_id, &sha256));
    while (sha256 != NULL) {
        CLEANUP(stmt_reset) struct stmt *q = statement(db, FORGET_USES);
        stmt_bind_text(q, 1, session_id);
        stmt_bind_text(q, 2, sha256);
        TRY(stmt_run(q));
        TRY(run_on(db, FORGET_UNUSED, sha256, NULL));
        TRY(prompt_of(db, arena, session_id, &sha256));
    }
    return OK;
}

static struct err forget(struct agent_db *db, struct arena *arena, int64_t before_us,
                         int64_t now_us, struct traces_forgotten *f)
{
    const char *session_id;
    while (f->rows < ROWS_AT_ONCE && f->sessions < SESSIONS_AT_ONCE) {
        int64_t gone = 0;
        const int64_t max = ROWS_AT_ONCE - f->rows;
        TRY(session_due(db, arena, before_us, now_us, &session_id));
        if (session_id == NULL) {
            CLEANUP(stmt_reset) struct stmt *q = statement(db, FORGET_SPEND);
            stmt_bind_int(q, 1, instant_date_utc(before_us).days);
            return stmt_run(q);
        }
        TRY(rows_forget(db, session_id, max, &gone));
        f->rows += gone;
        if (gone == max)
            continue; /* there may be more of it */
        TRY(prompts_forget(db, arena, session_id));
        TRY(run_on(db, FORGET_SESSION, session_id, NULL));
        f->sessions++;
    }
    f->more = true;
    return OK;
}

struct err traces_forget(struct agent_db *db, int64_t before_us, int64_t now_us,
                         struct traces_forgotten *f)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)256 * 1024);
    ENSURE(arena != NULL, ERR_LIMIT, "no memory");
    ENSURE(before_us <= now_us, ERR_INPUT, "what is yet to come cannot be forgotten");
    *f = (struct traces_forgotten){0};
    TRY(agent_db_begin(db));
    struct err e = agent_db_end(db, forget(db, arena, before_us, now_us, f));
    if (e.kind != ERR_NONE)
        *f = (struct traces_forgotten){0};
    return e;
}
