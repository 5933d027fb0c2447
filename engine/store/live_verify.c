/* Every live match (proposed or confirmed) has its entries, whole or in part, and nobody else has
 * any. An entry that its parts use up is taken by one of their matches, and only such a one. What
 * no confirmed match holds whole is among what readers take for open (`unsettled`).
 * (json_each would say it in one query; the authorizer allows no virtual tables.) */
#include "engine/store/live_verify.h"

#include <inttypes.h>

#include "common/base/str.h"
#include "common/sys/json_read.h"
#include "engine/store/sql.h"

static const struct db_sql live_matches = {
    "verify_live_matches",
    "SELECT m.match_id, m.legs FROM matches m"
    " LEFT JOIN match_states s ON s.match_id = m.match_id"
    " WHERE coalesce(s.state, 'PROPOSED_MATCH') IN ('PROPOSED_MATCH', 'CONFIRMED')"
    " ORDER BY m.rowid"};
static const struct db_sql leg_of = {"verify_leg",
                                     "SELECT match_id FROM live_legs WHERE entry_id = ?1"};
/* The part; whether the parts fit the entry; whether they use it up; who took it. */
static const struct db_sql part_of = {
    "verify_part",
    "SELECT p.minor,"
    " (t.minor > 0) = (e.amount_minor > 0) AND abs(t.minor) <= abs(e.amount_minor),"
    " t.minor = e.amount_minor, (SELECT match_id FROM live_legs WHERE entry_id = ?1)"
    " FROM live_parts p, (SELECT sum(minor) AS minor FROM live_parts WHERE entry_id = ?1) t,"
    " (SELECT amount_minor FROM entries WHERE entry_id = ?1 ORDER BY version DESC LIMIT 1) e"
    " WHERE p.entry_id = ?1 AND p.match_id = ?2"};
static const struct db_sql held_count = {
    "verify_held", "SELECT (SELECT count(*) FROM live_legs), (SELECT count(*) FROM live_parts)"};

/* An entry that no confirmed match holds whole, and that readers of what is open do not know. */
static const struct db_sql open_unknown = {
    "verify_unsettled",
    "SELECT e.entry_id FROM entries e WHERE NOT EXISTS (SELECT 1 FROM unsettled u"
    " WHERE u.entity_id = e.entity_id AND u.account_id = e.account_id AND u.entry_id = e.entry_id)"
    " AND NOT EXISTS (SELECT 1 FROM live_legs l JOIN match_states s ON s.match_id = l.match_id"
    " WHERE l.entry_id = e.entry_id AND s.state = 'CONFIRMED'"
    " AND NOT EXISTS (SELECT 1 FROM live_parts p WHERE p.entry_id = e.entry_id)) LIMIT 1"};

static const struct json_limits legs_limits = {
    .depth_max = 8, .bytes_max = 8u << 20, .nodes_max = 1000000};

struct live_check {
    struct live_finding *finding;
    struct arena *arena; /* of the finding */
    struct stmt *match, *leg, *part;
    int64_t legs, parts; /* rows that the matches account for */
};

static void find(struct live_check *c, const char *table, const char *entry_id)
{
    *c->finding = (struct live_finding){
        .table = table,
        .entry_id = entry_id == NULL ? NULL : arena_strdup(c->arena, entry_id),
        .problem =
            arena_fmt(c->arena, "%s does not agree with the matches about this entry", table)};
}

static struct err whole_check(struct live_check *c, const char *entry_id, struct str match_id)
{
    bool row;
    stmt_bind_text(c->leg, 1, entry_id);
    TRY(stmt_step(c->leg, &row));
    if (!row || !str_eq(stmt_peek(c->leg, 0), match_id))
        find(c, "live_legs", entry_id);
    stmt_reset(c->leg);
    c->legs++;
    return OK;
}

static struct err part_check(struct live_check *c, const char *entry_id, struct str match_id,
                             const char *minor)
{
    bool row;
    stmt_bind_text(c->part, 1, entry_id);
    stmt_bind_str(c->part, 2, match_id);
    TRY(stmt_step(c->part, &row));
    if (!row || !str_is(stmt_peek(c->part, 0), minor) || !stmt_bool(c->part, 1))
        find(c, "live_parts", entry_id);
    else if (stmt_bool(c->part, 2) == stmt_is_null(c->part, 3))
        find(c, "live_legs", entry_id);
    else if (!stmt_is_null(c->part, 3)) /* taken: counted where the taker's own part is */
        c->legs += str_eq(stmt_peek(c->part, 3), match_id);
    stmt_reset(c->part);
    c->parts++;
    return OK;
}

static struct err match_check(struct live_check *c, struct arena *scratch)
{
    struct json *legs;
    struct str id = stmt_peek(c->match, 0);
    TRY(json_read(scratch, stmt_peek(c->match, 1), &legs_limits, &legs));
    for (size_t i = 0; json_is(legs, JSON_TYPE_ARRAY) && i < legs->count; i++) {
        const struct json *leg = legs->items[i];
        const char *entry_id = json_get_text(leg, "entry_id");
        const char *minor = json_get_text(leg, "amount_minor");
        if (entry_id == NULL || minor == NULL)
            find(c, "live_legs", "");
        else if (json_get(leg, "part") != NULL)
            TRY(part_check(c, entry_id, id, minor));
        else
            TRY(whole_check(c, entry_id, id));
    }
    return OK;
}

static struct err matches_check(struct live_check *c)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(8u << 20);
    ENSURE(scratch != NULL, ERR_LIMIT, "out of memory");
    while (c->finding->table == NULL) {
        bool row;
        TRY(stmt_step(c->match, &row));
        if (!row)
            return OK;
        arena_reset(scratch);
        TRY(match_check(c, scratch));
    }
    return OK;
}

static struct err nothing_else(struct tx *tx, struct live_check *c)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row;
    TRY(stmt_new(tx->db, &held_count, &q));
    TRY(stmt_step(q, &row));
    if (stmt_int(q, 0) != c->legs)
        find(c, "live_legs", NULL);
    else if (stmt_int(q, 1) != c->parts)
        find(c, "live_parts", NULL);
    return OK;
}

static struct err open_known(struct tx *tx, struct live_check *c)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row;
    TRY(stmt_new(tx->db, &open_unknown, &q));
    TRY(stmt_step(q, &row));
    if (row)
        find(c, "unsettled", stmt_text(q, 0, c->arena));
    return OK;
}

struct err live_verify(struct tx *tx, struct arena *arena, struct live_finding *finding)
{
    CLEANUP(stmt_free) struct stmt *match = NULL;
    CLEANUP(stmt_free) struct stmt *leg = NULL;
    CLEANUP(stmt_free) struct stmt *part = NULL;
    *finding = (struct live_finding){.table = NULL};
    TRY(stmt_new(tx->db, &live_matches, &match));
    TRY(stmt_new(tx->db, &leg_of, &leg));
    TRY(stmt_new(tx->db, &part_of, &part));
    struct live_check c = {
        .finding = finding, .arena = arena, .match = match, .leg = leg, .part = part};
    TRY(matches_check(&c));
    if (finding->table == NULL)
        TRY(nothing_else(tx, &c));
    if (finding->table == NULL)
        TRY(open_known(tx, &c));
    return arena_check(arena);
}
