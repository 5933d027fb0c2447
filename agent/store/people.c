/* The people table. */
#include "agent/store/people.h"

#include "agent/store/agent_db_own.h"

enum { PERSON_PUT, PERSON_FIND, PERSON_LIST };

#define COLUMNS "principal_id, actor, name, email, zone, updated_us"

const struct db_sql people_sql[] = {
    [PERSON_PUT] = {"person_put",
                    "INSERT INTO people (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT "
                    "(principal_id) DO UPDATE SET actor = ?2, name = ?3, email = coalesce(?4, "
                    "email), zone = coalesce(?5, zone), updated_us = ?6"},
    [PERSON_FIND] = {"person_find", "SELECT " COLUMNS " FROM people WHERE principal_id = ?1"},
    [PERSON_LIST] = {"person_list", "SELECT " COLUMNS " FROM people ORDER BY principal_id LIMIT "
                                    "?1"},
};
const size_t people_sql_n = sizeof people_sql / sizeof people_sql[0];

static void row_read(struct stmt *q, struct arena *arena, struct contact *c)
{
    *c = (struct contact){
        .principal_id = stmt_text(q, 0, arena),
        .actor = stmt_text(q, 1, arena),
        .name = stmt_text(q, 2, arena),
        .email = stmt_text(q, 3, arena),
        .zone = stmt_text(q, 4, arena),
        .updated_us = stmt_int(q, 5),
    };
}

struct err contact_put(struct agent_db *db, const struct contact *c)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_PEOPLE, PERSON_PUT);
    stmt_bind_text(q, 1, c->principal_id);
    stmt_bind_text(q, 2, c->actor);
    stmt_bind_text(q, 3, c->name);
    stmt_bind_text(q, 4, c->email);
    stmt_bind_text(q, 5, c->zone);
    stmt_bind_int(q, 6, c->updated_us);
    return stmt_run(q);
}

struct err contact_find(struct agent_db *db, struct arena *arena, const char *principal_id,
                        bool *found, struct contact *c)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_PEOPLE, PERSON_FIND);
    stmt_bind_text(q, 1, principal_id);
    TRY(stmt_step(q, found));
    if (*found)
        row_read(q, arena, c);
    return arena_check(arena);
}

struct err contacts_list(struct agent_db *db, struct arena *arena, size_t max, struct contact **out,
                         size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = agent_stmt(db, SET_PEOPLE, PERSON_LIST);
    struct contact *rows = ARENA_ARRAY(arena, max, struct contact);
    bool row = true;
    TRY(arena_check(arena));
    stmt_bind_int(q, 1, (int64_t)max);
    for (*n = 0; *n < max; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        row_read(q, arena, &rows[*n]);
    }
    *out = rows;
    return arena_check(arena);
}
