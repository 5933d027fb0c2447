/* The tool_pins table. */
#include "agent/store/tool_pins.h"

#include "agent/store/agent_db_own.h"

#define PINS_MAX 1000

enum {
    PIN_SEE,
    PIN_ACCEPT,
    PIN_KNOWN,
    PIN_LIST,
};

const struct db_sql pins_sql[] = {
    [PIN_SEE] = {"pin_see",
                 "INSERT INTO tool_pins (name, seen_sha256, seen_definition, seen_us) VALUES (?1, "
                 "?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET seen_sha256 = ?2, seen_definition = "
                 "?3, seen_us = ?4"},
    [PIN_ACCEPT] = {"pin_accept",
                    "UPDATE tool_pins SET sha256 = seen_sha256, definition = seen_definition, "
                    "accepted_by = ?3, accepted_us = ?4 WHERE name = ?1 AND seen_sha256 = ?2"},
    [PIN_KNOWN] = {"pin_known", "SELECT 1 FROM tool_pins WHERE name = ?1"},
    [PIN_LIST] = {"pin_list",
                  "SELECT name, sha256, definition, accepted_by, accepted_us, seen_sha256, "
                  "seen_definition, seen_us FROM tool_pins ORDER BY name LIMIT ?1"},
};
const size_t pins_sql_n = sizeof pins_sql / sizeof pins_sql[0];

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_PINS, number);
}

struct err pin_see(struct agent_db *db, const char *name, const char *sha256,
                   const char *definition, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PIN_SEE);
    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, sha256);
    stmt_bind_text(q, 3, definition);
    stmt_bind_int(q, 4, now_us);
    return stmt_run(q);
}

static struct err known(struct agent_db *db, const char *name, bool *found)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PIN_KNOWN);
    stmt_bind_text(q, 1, name);
    return stmt_step(q, found);
}

struct err pin_accept(struct agent_db *db, const char *name, const char *sha256, const char *who,
                      int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PIN_ACCEPT);
    bool found;
    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, sha256);
    stmt_bind_text(q, 3, who);
    stmt_bind_int(q, 4, now_us);
    TRY(known(db, name, &found));
    ENSURE(found, ERR_MISSING, "no tool of that name was offered");
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_CONFLICT, "the tool's definition is another by now");
    return OK;
}

struct err pin_list(struct agent_db *db, struct arena *arena, struct tool_pin **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PIN_LIST);
    struct tool_pin *pins = ARENA_ARRAY(arena, PINS_MAX, struct tool_pin);
    bool row = true;
    TRY(arena_check(arena));
    stmt_bind_int(q, 1, PINS_MAX);
    for (*n = 0; *n < PINS_MAX; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        pins[*n] = (struct tool_pin){
            .name = stmt_text(q, 0, arena),
            .sha256 = stmt_text(q, 1, arena),
            .definition = stmt_text(q, 2, arena),
            .accepted_by = stmt_text(q, 3, arena),
            .accepted_us = stmt_int(q, 4),
            .seen_sha256 = stmt_text(q, 5, arena),
            .seen_definition = stmt_text(q, 6, arena),
            .seen_us = stmt_int(q, 7),
        };
    }
    *out = pins;
    return arena_check(arena);
}
