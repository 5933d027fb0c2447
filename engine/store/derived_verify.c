/* What must be there and is not, and what is there and must not be: two questions a table, each
 * answered by the first row that is wrong. */
#include "engine/store/derived_verify.h"

#include "engine/store/sql.h"

/* Neither ended nor escalated. */
#define WAITS                                                                                      \
    " NOT EXISTS (SELECT 1 FROM exception_states s WHERE s.exception_id = x.exception_id"          \
    " AND s.state NOT IN ('OPEN', 'INVESTIGATING'))"

static const struct derived {
    const char *table, *problem;
    enum table of;
    struct db_sql missing, surplus;
} tables[] = {
    {"rejected_compositions",
     "rejected_compositions does not agree with the matches that were turned down",
     TABLE_MATCHES,
     {"verify_rejected",
      "SELECT m.match_id FROM match_states s JOIN matches m ON m.match_id = s.match_id"
      " WHERE s.state IN ('REJECTED', 'REVERSED') AND NOT EXISTS (SELECT 1 FROM"
      " rejected_compositions r WHERE r.composition_sha256 = m.composition_sha256"
      " AND r.match_id = m.match_id) LIMIT 1"},
     {"verify_not_rejected",
      "SELECT r.match_id FROM rejected_compositions r WHERE NOT EXISTS (SELECT 1 FROM match_states"
      " s JOIN matches m ON m.match_id = s.match_id WHERE s.match_id = r.match_id"
      " AND s.state IN ('REJECTED', 'REVERSED')"
      " AND m.composition_sha256 = r.composition_sha256) LIMIT 1"}},
    {"exception_due",
     "exception_due does not agree with the exceptions that may grow too old",
     TABLE_EXCEPTIONS,
     {"verify_due",
      "SELECT x.exception_id FROM exceptions x WHERE" WAITS " AND NOT EXISTS (SELECT 1 FROM"
      " exceptions o WHERE o.entry_id = x.entry_id AND o.seq >= x.seq"
      " AND o.exception_id <> x.exception_id) AND NOT EXISTS (SELECT 1 FROM exception_due d"
      " WHERE d.exception_id = x.exception_id AND d.entry_id = x.entry_id) LIMIT 1"},
     {"verify_not_due",
      "SELECT d.exception_id FROM exception_due d WHERE NOT EXISTS (SELECT 1 FROM exceptions x"
      " WHERE x.exception_id = d.exception_id AND x.entry_id = d.entry_id AND" WAITS
      " AND NOT EXISTS (SELECT 1 FROM exceptions o WHERE o.entry_id = x.entry_id"
      " AND o.seq > x.seq)) LIMIT 1"}},
};

static struct err ask(struct tx *tx, struct arena *arena, const struct derived *d,
                      const struct db_sql *sql, struct derived_finding *finding)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row;
    TRY(stmt_new(tx->db, sql, &q));
    TRY(stmt_step(q, &row));
    if (row)
        *finding = (struct derived_finding){
            .table = d->table, .row = stmt_text(q, 0, arena), .problem = d->problem, .of = d->of};
    return OK;
}

struct err derived_verify(struct tx *tx, struct arena *arena, struct derived_finding *finding)
{
    *finding = (struct derived_finding){.table = NULL};
    for (size_t i = 0; finding->table == NULL && i < sizeof tables / sizeof tables[0]; i++) {
        TRY(ask(tx, arena, &tables[i], &tables[i].missing, finding));
        if (finding->table == NULL)
            TRY(ask(tx, arena, &tables[i], &tables[i].surplus, finding));
    }
    return arena_check(arena);
}
