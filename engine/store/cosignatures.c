/* Cosignatures beside the heads they are of. */
#include "engine/store/cosignatures.h"

#include "engine/store/sql.h"

enum {
    COSIGNATURE_THERE,
    COSIGNATURE_HEAD,
    COSIGNATURE_KEEP,
    COSIGNATURE_LINES,
    COSIGNATURE_COVERING,
    COSIGNATURE_LATEST,
};

const struct db_sql cosignatures_sql[] = {
    [COSIGNATURE_THERE] = {"cosignature_there", "SELECT 1 FROM audit_cosignatures"
                                                " WHERE size = ?1 AND witness = ?2"},
    [COSIGNATURE_HEAD] = {"cosignature_head", "SELECT 1 FROM audit_heads WHERE size = ?1"},
    [COSIGNATURE_KEEP] = {"cosignature_keep",
                          "INSERT INTO audit_cosignatures (size, witness, line, cosigned_s)"
                          " VALUES (?1, ?2, ?3, ?4)"},
    [COSIGNATURE_LINES] = {"cosignature_lines", "SELECT line FROM audit_cosignatures"
                                                " WHERE size = ?1 ORDER BY witness"},
    [COSIGNATURE_COVERING] = {"cosignature_covering", "SELECT size FROM audit_cosignatures"
                                                      " WHERE size >= ?1 ORDER BY size LIMIT 1"},
    [COSIGNATURE_LATEST] = {"cosignature_latest",
                            "SELECT size, witness, line, cosigned_s FROM audit_cosignatures"
                            " WHERE witness = ?1 ORDER BY size DESC LIMIT 1"},
};
const size_t cosignatures_sql_n = sizeof cosignatures_sql / sizeof cosignatures_sql[0];

static struct err is_there(struct tx *tx, size_t sql, const struct cosignature *c, bool *yes)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_COSIGNATURES, sql);
    stmt_bind_int(q, 1, c->size);
    if (sql == COSIGNATURE_THERE)
        stmt_bind_text(q, 2, c->witness);
    return stmt_step(q, yes);
}

struct err cosignature_keep(struct tx *tx, const struct cosignature *c)
{
    bool head, there;
    TRY(is_there(tx, COSIGNATURE_HEAD, c, &head));
    ENSURE(head, ERR_MISSING, "no head of this size was signed");
    TRY(is_there(tx, COSIGNATURE_THERE, c, &there));
    if (there)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_COSIGNATURES, COSIGNATURE_KEEP);
    stmt_bind_int(q, 1, c->size);
    stmt_bind_text(q, 2, c->witness);
    stmt_bind_text(q, 3, c->line);
    stmt_bind_int(q, 4, c->cosigned_s);
    return stmt_run(q);
}

struct err cosignature_lines(struct tx *tx, int64_t size, struct buf *out)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_COSIGNATURES, COSIGNATURE_LINES);
    bool row = true;
    stmt_bind_int(q, 1, size);
    for (;;) {
        TRY(stmt_step(q, &row));
        if (!row)
            return buf_check(out);
        struct str line = stmt_peek(q, 0);
        buf_put(out, line.at, line.len);
    }
}

struct err cosigned_covering(struct tx *tx, int64_t size, int64_t *covering)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_COSIGNATURES, COSIGNATURE_COVERING);
    bool row;
    stmt_bind_int(q, 1, size);
    TRY(stmt_step(q, &row));
    *covering = row ? stmt_int(q, 0) : 0;
    return OK;
}

static struct err row_read(struct stmt *q, struct arena *arena, struct cosignature *c)
{
    *c = (struct cosignature){.size = stmt_int(q, 0),
                              .witness = stmt_text(q, 1, arena),
                              .line = stmt_text(q, 2, arena),
                              .cosigned_s = stmt_int(q, 3)};
    return arena_check(arena);
}

struct err cosignature_latest(struct tx *tx, struct arena *arena, const char *witness, bool *found,
                              struct cosignature *latest)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_COSIGNATURES, COSIGNATURE_LATEST);
    stmt_bind_text(q, 1, witness);
    TRY(stmt_step(q, found));
    return *found ? row_read(q, arena, latest) : OK;
}
