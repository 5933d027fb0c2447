/* Assignments, comments, evidence, and which events concern an object. */
#include "engine/store/work.h"

#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    EVENT_ADD,
    EVENTS_OF,
    ASSIGNMENT_LOAD,
    ASSIGNMENT_PUT,
    COMMENT_ADD,
    COMMENTS_OF,
    EVIDENCE_ADD,
    EVIDENCE_OF
};

#define COMMENT_COLUMNS "comment_id, object, author, principal_id, author_kind, text, created_at"
#define EVIDENCE_COLUMNS                                                                           \
    "evidence_id, object, sha256, name, media_type, bytes_n, added_by, principal_id, created_at"

const struct db_sql work_sql[] = {
    [EVENT_ADD] = {"object_event_add", "INSERT INTO object_events (object, seq) VALUES (?1, ?2)"
                                       " ON CONFLICT (object, seq) DO NOTHING"},
    [EVENTS_OF] = {"object_events", "SELECT o.seq, a.event FROM object_events o"
                                    " JOIN audit_events a ON a.seq = o.seq WHERE o.object = ?1"
                                    " ORDER BY o.seq DESC LIMIT ?2"},
    [ASSIGNMENT_LOAD] = {"assignment_load", "SELECT assignee, assigned_by, version FROM assignments"
                                            " WHERE object = ?1"},
    [ASSIGNMENT_PUT] =
        {"assignment_put",
         "INSERT INTO assignments (object, assignee, assigned_by, version, seq)"
         " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (object) DO UPDATE SET assignee = ?2,"
         " assigned_by = ?3, version = ?4, seq = ?5 WHERE version = ?4 - 1"},
    [COMMENT_ADD] = {"comment_add", "INSERT INTO comments (" COMMENT_COLUMNS ", seq)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [COMMENTS_OF] = {"comments_of", "SELECT * FROM (SELECT " COMMENT_COLUMNS " FROM comments"
                                    " WHERE object = ?1 ORDER BY comment_id DESC LIMIT ?2)"
                                    " ORDER BY comment_id"},
    [EVIDENCE_ADD] = {"evidence_add", "INSERT INTO evidence (" EVIDENCE_COLUMNS ", seq)"
                                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
    [EVIDENCE_OF] = {"evidence_of", "SELECT * FROM (SELECT " EVIDENCE_COLUMNS " FROM evidence"
                                    " WHERE object = ?1 ORDER BY evidence_id DESC LIMIT ?2)"
                                    " ORDER BY evidence_id"},
};
const size_t work_sql_n = sizeof work_sql / sizeof work_sql[0];

/* ---- objects ---- */

const char *object_kind_name(enum object_kind kind)
{
    static const char *const names[] = {"match", "exception", "escalation", "entry"};
    return names[kind];
}

const char *object_key(struct arena *arena, enum object_kind kind, const char *id)
{
    return arena_fmt(arena, "%s:%s", object_kind_name(kind), id);
}

struct err object_event_add(struct tx *tx, const char *object)
{
    ENSURE(object != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, EVENT_ADD);
    stmt_bind_text(q, 1, object);
    stmt_bind_int(q, 2, tx_seq(tx));
    return stmt_run(q);
}

static void event_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct object_event *)row =
        (struct object_event){.seq = stmt_int(q, 0), .event = stmt_text(q, 1, arena)};
}

struct err object_events(struct tx *tx, struct arena *arena, const char *object, int64_t limit,
                         struct object_event **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, EVENTS_OF);
    stmt_bind_text(q, 1, object);
    stmt_bind_int(q, 2, limit);
    TRY(rows_read(q, arena, sizeof **rows, event_read, &all, n));
    *rows = all;
    return OK;
}

/* ---- assignments ---- */

struct err assignment_load(struct tx *tx, struct arena *arena, const char *object,
                           struct assignment *a)
{
    bool row;
    *a = (struct assignment){.version = 0};
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, ASSIGNMENT_LOAD);
    stmt_bind_text(q, 1, object);
    TRY(stmt_step(q, &row));
    if (row)
        *a = (struct assignment){.assignee = stmt_text(q, 0, arena),
                                 .assigned_by = stmt_text(q, 1, arena),
                                 .version = stmt_int(q, 2)};
    return arena_check(arena);
}

static struct err put(struct tx *tx, const char *object, const struct assignment *a)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, ASSIGNMENT_PUT);
    stmt_bind_text(q, 1, object);
    stmt_bind_text(q, 2, a->assignee);
    stmt_bind_text(q, 3, a->assigned_by);
    stmt_bind_int(q, 4, a->version);
    stmt_bind_int(q, 5, tx_seq(tx));
    TRY(stmt_run(q));
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "somebody assigned it in the meantime");
    return OK;
}

struct err assignment_put(struct tx *tx, const char *object, const char *assignee,
                          const char *assigned_by, struct assignment *a)
{
    const struct assignment next = {
        .assignee = assignee, .assigned_by = assigned_by, .version = a->version + 1};
    TRY(put(tx, object, &next));
    *a = next;
    TRY(object_event_add(tx, object));
    return effect_row(tx, TABLE_ASSIGNMENTS, object);
}

/* ---- comments ---- */

static struct err comment_insert(struct tx *tx, const struct comment *comment)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, COMMENT_ADD);
    stmt_bind_text(q, 1, comment->comment_id);
    stmt_bind_text(q, 2, comment->object);
    stmt_bind_text(q, 3, comment->author);
    stmt_bind_text(q, 4, comment->principal);
    stmt_bind_text(q, 5, comment->author_kind);
    stmt_bind_text(q, 6, comment->text);
    stmt_bind_text(q, 7, comment->created_at);
    stmt_bind_int(q, 8, tx_seq(tx));
    return stmt_run(q);
}

struct err comment_add(struct tx *tx, struct comment *comment)
{
    comment->comment_id = tx_new_id(tx, "com");
    comment->created_at = tx_now_text(tx);
    ENSURE(comment->comment_id != NULL && comment->created_at != NULL, ERR_LIMIT, "out of memory");
    TRY(comment_insert(tx, comment));
    TRY(object_event_add(tx, comment->object));
    return effect_row(tx, TABLE_COMMENTS, comment->comment_id);
}

static void comment_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct comment *)row = (struct comment){.comment_id = stmt_text(q, 0, arena),
                                              .object = stmt_text(q, 1, arena),
                                              .author = stmt_text(q, 2, arena),
                                              .principal = stmt_text(q, 3, arena),
                                              .author_kind = stmt_text(q, 4, arena),
                                              .text = stmt_text(q, 5, arena),
                                              .created_at = stmt_text(q, 6, arena)};
}

struct err comments_of(struct tx *tx, struct arena *arena, const char *object, int64_t limit,
                       struct comment **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, COMMENTS_OF);
    stmt_bind_text(q, 1, object);
    stmt_bind_int(q, 2, limit);
    TRY(rows_read(q, arena, sizeof **rows, comment_read, &all, n));
    *rows = all;
    return OK;
}

/* ---- evidence ---- */

static struct err evidence_insert(struct tx *tx, const struct evidence *evidence)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, EVIDENCE_ADD);
    stmt_bind_text(q, 1, evidence->evidence_id);
    stmt_bind_text(q, 2, evidence->object);
    stmt_bind_text(q, 3, evidence->sha256);
    stmt_bind_text(q, 4, evidence->name);
    stmt_bind_text(q, 5, evidence->media_type);
    if (evidence->bytes_n > 0)
        stmt_bind_int(q, 6, evidence->bytes_n);
    stmt_bind_text(q, 7, evidence->added_by);
    stmt_bind_text(q, 8, evidence->principal);
    stmt_bind_text(q, 9, evidence->created_at);
    stmt_bind_int(q, 10, tx_seq(tx));
    return stmt_run(q);
}

struct err evidence_add(struct tx *tx, struct evidence *evidence)
{
    evidence->evidence_id = tx_new_id(tx, "evi");
    evidence->created_at = tx_now_text(tx);
    ENSURE(evidence->evidence_id != NULL && evidence->created_at != NULL, ERR_LIMIT,
           "out of memory");
    TRY(evidence_insert(tx, evidence));
    TRY(object_event_add(tx, evidence->object));
    return effect_row(tx, TABLE_EVIDENCE, evidence->evidence_id);
}

static void evidence_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct evidence *)row = (struct evidence){.evidence_id = stmt_text(q, 0, arena),
                                                .object = stmt_text(q, 1, arena),
                                                .sha256 = stmt_text(q, 2, arena),
                                                .name = stmt_text(q, 3, arena),
                                                .media_type = stmt_text(q, 4, arena),
                                                .bytes_n = stmt_int(q, 5),
                                                .added_by = stmt_text(q, 6, arena),
                                                .principal = stmt_text(q, 7, arena),
                                                .created_at = stmt_text(q, 8, arena)};
}

struct err evidence_of(struct tx *tx, struct arena *arena, const char *object, int64_t limit,
                       struct evidence **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_WORK, EVIDENCE_OF);
    stmt_bind_text(q, 1, object);
    stmt_bind_int(q, 2, limit);
    TRY(rows_read(q, arena, sizeof **rows, evidence_read, &all, n));
    *rows = all;
    return OK;
}
