/* Kept answers. */
#include "engine/store/idempotency.h"

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/sql.h"

#define KEEP_US (INT64_C(30) * 86400 * 1000000)

enum { IDEMPOTENCY_FIND, IDEMPOTENCY_KEEP, IDEMPOTENCY_FORGET };

const struct db_sql idempotency_sql[] = {
    [IDEMPOTENCY_FIND] = {"idempotency_find",
                          "SELECT args_sha256, outcome, result, escalation_id, seq FROM idempotency"
                          " WHERE scope_sha256 = ?1 AND created_us > ?2"},
    [IDEMPOTENCY_KEEP] = {"idempotency_keep",
                          "INSERT INTO idempotency (scope_sha256, args_sha256, outcome, result,"
                          " escalation_id, created_us, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    [IDEMPOTENCY_FORGET] = {"idempotency_forget", "DELETE FROM idempotency WHERE created_us <= ?1"},
};
const size_t idempotency_sql_n = sizeof idempotency_sql / sizeof idempotency_sql[0];

struct err idempotency_scope(struct arena *arena, const char *actor, const char *client,
                             const char *tool, const char *key, const char **scope)
{
    struct json *array = json_array_new(arena);
    struct str text;
    char hex[SHA256_HEX_SIZE];
    json_push(arena, array, json_text_new(arena, actor));
    json_push(arena, array, json_text_new(arena, client));
    json_push(arena, array, json_text_new(arena, tool));
    json_push(arena, array, json_text_new(arena, key));
    TRY(arena_check(arena));
    TRY(jcs_text(arena, array, &text));
    sha256_hex(text.at, text.len, hex);
    *scope = arena_strdup(arena, hex);
    return arena_check(arena);
}

struct err idempotency_find(struct tx *tx, struct arena *arena, const char *scope, bool *found,
                            struct kept_answer *answer)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_IDEMPOTENCY, IDEMPOTENCY_FIND);
    stmt_bind_text(q, 1, scope);
    stmt_bind_int(q, 2, tx->now_us - KEEP_US);
    TRY(stmt_step(q, found));
    if (*found)
        *answer = (struct kept_answer){.args_sha256 = stmt_text(q, 0, arena),
                                       .outcome = stmt_text(q, 1, arena),
                                       .result = stmt_text(q, 2, arena),
                                       .escalation_id = stmt_text(q, 3, arena),
                                       .seq = stmt_int(q, 4)};
    return arena_check(arena);
}

struct err idempotency_keep(struct tx *tx, const char *scope, const struct kept_answer *answer)
{
    CLEANUP(stmt_reset) struct stmt *old = db_stmt(tx->db, SQL_IDEMPOTENCY, IDEMPOTENCY_FORGET);
    stmt_bind_int(old, 1, tx->now_us - KEEP_US);
    TRY(stmt_run(old));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_IDEMPOTENCY, IDEMPOTENCY_KEEP);
    stmt_bind_text(q, 1, scope);
    stmt_bind_text(q, 2, answer->args_sha256);
    stmt_bind_text(q, 3, answer->outcome);
    stmt_bind_text(q, 4, answer->result);
    stmt_bind_text(q, 5, answer->escalation_id);
    stmt_bind_int(q, 6, tx->now_us);
    stmt_bind_int(q, 7, answer->seq);
    return stmt_run(q);
}
