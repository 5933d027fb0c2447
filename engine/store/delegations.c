/* Seats lent for a while. */
#include "engine/store/delegations.h"

#include "common/base/civil.h"
#include "common/base/str.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum { DELEGATION_LOAD, DELEGATION_PUT, LENT_ROLES, LENT_NOW, BORROWED_NOW };

#define IN_FORCE                                                                                   \
    "SELECT lender, borrower, from_utc, until_utc, rationale, version FROM delegations"            \
    " WHERE until_utc > ?2 AND from_utc <= ?2"

/* A freeze may name the lender as a principal or as the actor they are known as. */
const struct db_sql delegations_sql[] = {
    [DELEGATION_LOAD] = {"delegation_load", "SELECT from_utc, until_utc, rationale, version"
                                            " FROM delegations WHERE delegation_id = ?1"},
    [DELEGATION_PUT] = {"delegation_put",
                        "INSERT INTO delegations (delegation_id, lender, borrower, from_utc,"
                        " until_utc, rationale, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1,"
                        " ?7) ON CONFLICT (delegation_id) DO UPDATE SET from_utc = ?4,"
                        " until_utc = ?5, rationale = ?6, version = version + 1, seq = ?7"},
    [LENT_ROLES] = {"lent_roles",
                    "SELECT r.role, r.entity_id, d.lender FROM delegations d"
                    " JOIN principals p ON p.principal_id = d.lender AND p.status = 'active'"
                    " JOIN roles r ON r.principal_id = d.lender AND r.status = 'granted'"
                    " WHERE d.borrower = ?1 AND d.until_utc > ?2 AND d.from_utc <= ?2"
                    " AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.status = 'frozen'"
                    "   AND f.scope = 'actor' AND (f.value = d.lender OR f.value IN"
                    "   (SELECT 'human:' || i.subject FROM identities i"
                    "     WHERE i.principal_id = d.lender AND i.status = 'active')))"
                    " ORDER BY d.lender, r.role, r.entity_id LIMIT 1000"},
    [LENT_NOW] = {"delegations_lent", IN_FORCE " AND lender = ?1 ORDER BY borrower LIMIT 1000"},
    [BORROWED_NOW] = {"delegations_borrowed",
                      IN_FORCE " AND borrower = ?1 ORDER BY lender LIMIT 1000"},
};
const size_t delegations_sql_n = sizeof delegations_sql / sizeof delegations_sql[0];

static const char *id_of(struct arena *arena, const char *lender, const char *borrower)
{
    return arena_fmt(arena, "%s|%s", lender, borrower);
}

struct err delegation_load(struct tx *tx, struct arena *arena, const char *lender,
                           const char *borrower, struct delegation *d)
{
    bool row;
    const char *id = id_of(arena, lender, borrower);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    *d = (struct delegation){.lender = lender, .borrower = borrower};
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_DELEGATIONS, DELEGATION_LOAD);
    stmt_bind_text(q, 1, id);
    TRY(stmt_step(q, &row));
    if (!row)
        return OK;
    d->from = stmt_text(q, 0, arena);
    d->until = stmt_text(q, 1, arena);
    d->rationale = stmt_text(q, 2, arena);
    d->version = stmt_int(q, 3);
    return arena_check(arena);
}

struct err delegation_put(struct tx *tx, const struct delegation *d)
{
    const char *id = id_of(tx->arena, d->lender, d->borrower);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_DELEGATIONS, DELEGATION_PUT);
        const char *const texts[] = {id, d->lender, d->borrower, d->from, d->until, d->rationale};
        for (int i = 0; i < 6; i++)
            stmt_bind_text(q, i + 1, texts[i]);
        stmt_bind_int(q, 7, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_DELEGATIONS, id);
}

static void loan_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct delegation *)row = (struct delegation){.lender = stmt_text(q, 0, arena),
                                                    .borrower = stmt_text(q, 1, arena),
                                                    .from = stmt_text(q, 2, arena),
                                                    .until = stmt_text(q, 3, arena),
                                                    .rationale = stmt_text(q, 4, arena),
                                                    .version = stmt_int(q, 5)};
}

struct err delegations_now(struct tx *tx, struct arena *arena, const char *principal, bool lent,
                           struct delegation **loans, size_t *n)
{
    char now[INSTANT_TEXT_MAX];
    void *rows;
    instant_print(tx->now_us, now);
    CLEANUP(stmt_reset)
    struct stmt *q = db_stmt(tx->db, SQL_DELEGATIONS, lent ? LENT_NOW : BORROWED_NOW);
    stmt_bind_text(q, 1, principal);
    stmt_bind_text(q, 2, now);
    TRY(rows_read(q, arena, sizeof **loans, loan_read, &rows, n));
    *loans = rows;
    return OK;
}

static void role_read(struct stmt *q, struct arena *arena, void *row)
{
    const char *entity = stmt_text(q, 1, arena);
    *(struct ask_role *)row = (struct ask_role){.role = stmt_text(q, 0, arena),
                                                .entity = text_empty(entity) ? NULL : entity,
                                                .lender = stmt_text(q, 2, arena)};
}

struct err lent_roles(struct tx *tx, struct arena *arena, const char *borrower,
                      struct ask_role **roles, size_t *n)
{
    char now[INSTANT_TEXT_MAX];
    void *rows;
    instant_print(tx->now_us, now);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_DELEGATIONS, LENT_ROLES);
    stmt_bind_text(q, 1, borrower);
    stmt_bind_text(q, 2, now);
    TRY(rows_read(q, arena, sizeof **roles, role_read, &rows, n));
    *roles = rows;
    return OK;
}
