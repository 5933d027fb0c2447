/* The push_subscriptions table. */
#include "agent/store/push_subs.h"

#include <string.h>

#include "agent/store/agent_db_own.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"

enum { SUB_PUT, SUB_LIST, SUB_REMOVE, SUB_TRIM };

const struct db_sql push_sql[] = {
    [SUB_PUT] = {"push_sub_put",
                 "INSERT INTO push_subscriptions (subscription_id, principal_id, endpoint, "
                 "p256dh, auth, created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT "
                 "(endpoint) DO UPDATE SET principal_id = ?2, p256dh = ?4, auth = ?5, created_us "
                 "= ?6"},
    [SUB_LIST] = {"push_subs_of", "SELECT subscription_id, principal_id, endpoint, p256dh, auth, "
                                  "created_us FROM push_subscriptions WHERE principal_id = ?1 "
                                  "ORDER BY created_us DESC LIMIT ?2"},
    [SUB_REMOVE] = {"push_sub_remove", "DELETE FROM push_subscriptions WHERE endpoint = ?1 AND "
                                       "principal_id = coalesce(?2, principal_id)"},
    [SUB_TRIM] = {"push_sub_trim",
                  "DELETE FROM push_subscriptions WHERE principal_id = ?1 AND subscription_id NOT "
                  "IN (SELECT subscription_id FROM push_subscriptions WHERE principal_id = ?1 "
                  "ORDER BY created_us DESC LIMIT ?2)"},
};
const size_t push_sql_n = sizeof push_sql / sizeof push_sql[0];

static struct err put(struct agent_db *db, struct push_sub *s, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_PUSH, SUB_PUT);
    CLEANUP(stmt_reset) struct stmt *trim = agent_stmt(db, SET_PUSH, SUB_TRIM);
    stmt_bind_text(q, 1, s->subscription_id);
    stmt_bind_text(q, 2, s->principal_id);
    stmt_bind_text(q, 3, s->endpoint);
    stmt_bind_blob(q, 4, s->p256dh, sizeof s->p256dh);
    stmt_bind_blob(q, 5, s->auth, sizeof s->auth);
    stmt_bind_int(q, 6, now_us);
    TRY(stmt_run(q));
    stmt_bind_text(trim, 1, s->principal_id);
    stmt_bind_int(trim, 2, PUSH_SUBS_MAX);
    return stmt_run(trim);
}

struct err push_sub_put(struct agent_db *db, struct arena *arena, struct push_sub *s,
                        int64_t now_us)
{
    unsigned char random[ID_RANDOM_LEN];
    char id[ID_TEXT_MAX];
    crypt_random(random, sizeof random);
    id_print("psh", now_us / 1000, random, id);
    s->subscription_id = arena_strdup(arena, id);
    TRY(arena_check(arena));
    TRY(agent_db_begin(db));
    return agent_db_end(db, put(db, s, now_us));
}

static void bytes_read(struct stmt *q, int col, uint8_t *out, size_t len)
{
    const struct str bytes = stmt_peek(q, col);
    if (bytes.len == len)
        memcpy(out, bytes.at, len);
}

struct err push_subs_of(struct agent_db *db, struct arena *arena, const char *principal_id,
                        struct push_sub **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_PUSH, SUB_LIST);
    bool row;
    *out = ARENA_ARRAY(arena, PUSH_SUBS_MAX, struct push_sub);
    TRY(arena_check(arena));
    stmt_bind_text(q, 1, principal_id);
    stmt_bind_int(q, 2, PUSH_SUBS_MAX);
    for (*n = 0; *n < PUSH_SUBS_MAX; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        struct push_sub *s = &(*out)[*n];
        s->subscription_id = stmt_text(q, 0, arena);
        s->principal_id = stmt_text(q, 1, arena);
        s->endpoint = stmt_text(q, 2, arena);
        bytes_read(q, 3, s->p256dh, sizeof s->p256dh);
        bytes_read(q, 4, s->auth, sizeof s->auth);
        s->created_us = stmt_int(q, 5);
    }
    return arena_check(arena);
}

struct err push_sub_remove(struct agent_db *db, const char *endpoint, const char *principal_id)
{
    TRY(agent_db_begin(db));
    struct stmt *q = agent_stmt(db, SET_PUSH, SUB_REMOVE);
    stmt_bind_text(q, 1, endpoint);
    stmt_bind_text(q, 2, principal_id);
    return agent_db_end(db, stmt_run(q));
}
