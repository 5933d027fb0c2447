/* The filters table. */
#include "agent/store/filters.h"

#include "agent/store/agent_db_own.h"

enum { FILTER_PUT, FILTER_COUNT, FILTER_FIND, FILTER_DROP, FILTER_LIST };

#define COLUMNS "filter_id, principal_id, screen, name, query, created_us"

const struct db_sql filters_sql[] = {
    [FILTER_PUT] = {"filter_put", "INSERT INTO filters (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, "
                                  "?6) ON CONFLICT (principal_id, screen, name) DO UPDATE SET "
                                  "query = ?5"},
    [FILTER_COUNT] = {"filter_count", "SELECT count(*) FROM filters WHERE principal_id = ?1"},
    [FILTER_FIND] = {"filter_find", "SELECT filter_id FROM filters WHERE principal_id = ?1 AND "
                                    "screen = ?2 AND name = ?3"},
    [FILTER_DROP] = {"filter_drop",
                     "DELETE FROM filters WHERE filter_id = ?1 AND principal_id = ?2"},
    [FILTER_LIST] = {"filter_list", "SELECT " COLUMNS " FROM filters WHERE principal_id = ?1 ORDER "
                                    "BY screen, name LIMIT ?2"},
};
const size_t filters_sql_n = sizeof filters_sql / sizeof filters_sql[0];

static struct err count(struct agent_db *db, const char *principal_id, int64_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_FILTERS, FILTER_COUNT);
    bool row;
    stmt_bind_text(q, 1, principal_id);
    TRY(stmt_step(q, &row));
    *n = row ? stmt_int(q, 0) : 0;
    return OK;
}

static struct err put(struct agent_db *db, const struct filter *f)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_FILTERS, FILTER_PUT);
    stmt_bind_text(q, 1, f->filter_id);
    stmt_bind_text(q, 2, f->principal_id);
    stmt_bind_text(q, 3, f->screen);
    stmt_bind_text(q, 4, f->name);
    stmt_bind_text(q, 5, f->query);
    stmt_bind_int(q, 6, f->created_us);
    return stmt_run(q);
}

struct err filter_put(struct agent_db *db, struct arena *arena, struct filter *f)
{
    int64_t have;
    bool row;
    TRY(count(db, f->principal_id, &have));
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_FILTERS, FILTER_FIND);
    stmt_bind_text(q, 1, f->principal_id);
    stmt_bind_text(q, 2, f->screen);
    stmt_bind_text(q, 3, f->name);
    TRY(stmt_step(q, &row));
    ENSURE(row || have < FILTERS_MAX, ERR_LIMIT, "no more filters can be kept; drop one");
    if (row)
        f->filter_id = stmt_text(q, 0, arena);
    TRY(arena_check(arena));
    return put(db, f);
}

struct err filter_drop(struct agent_db *db, const char *principal_id, const char *filter_id,
                       bool *found)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_FILTERS, FILTER_DROP);
    stmt_bind_text(q, 1, filter_id);
    stmt_bind_text(q, 2, principal_id);
    TRY(stmt_run(q));
    *found = db_changes(db->db) > 0;
    return OK;
}

struct err filters_list(struct agent_db *db, struct arena *arena, const char *principal_id,
                        struct filter **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_FILTERS, FILTER_LIST);
    struct filter *rows = ARENA_ARRAY(arena, FILTERS_MAX, struct filter);
    bool row = true;
    TRY(arena_check(arena));
    stmt_bind_text(q, 1, principal_id);
    stmt_bind_int(q, 2, FILTERS_MAX);
    for (*n = 0; *n < FILTERS_MAX; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        rows[*n] = (struct filter){.filter_id = stmt_text(q, 0, arena),
                                   .principal_id = stmt_text(q, 1, arena),
                                   .screen = stmt_text(q, 2, arena),
                                   .name = stmt_text(q, 3, arena),
                                   .query = stmt_text(q, 4, arena),
                                   .created_us = stmt_int(q, 5)};
    }
    *out = rows;
    return arena_check(arena);
}
