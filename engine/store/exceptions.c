/* Exceptions and their states. */
#include "engine/store/exceptions.h"

#include "common/base/id.h"
#include "common/base/str.h"
#include "engine/store/exception_row.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"
#include "engine/store/work.h"

enum {
    EXCEPTION_LATEST,
    EXCEPTION_INSERT,
    EXCEPTION_LOAD,
    EXCEPTION_OF_ENTRY,
    EXCEPTIONS_LIST,
    EXCEPTIONS_COUNT,
    EXCEPTIONS_STATES,
    EXCEPTIONS_AGES,
    EXCEPTIONS_DUE,
    STATE_PUT,
    FLAG_INSERT,
    DUE_ADD,
    DUE_DROP,
    ENTRY_SETTLED,
    SETTLED_ANY
};

#define STANDING " FROM exceptions e" JOIN_STATE " WHERE e.entity_id = ?1 AND" STANDS
#define ROW                                                                                        \
    "SELECT e.exception_id, e.entry_id, e.entity_id, e.account_id, e.class, e.detail, e.seq,"      \
    " coalesce(s.state, 'OPEN'), s.outcome, s.actor, coalesce(s.version, 1),"                      \
    " coalesce(s.settled, 0), NOT " LATER ", f.actor, f.principal_id, f.on_behalf_of,"             \
    " f.rationale, f.rationale_author, a.assignee"
#define ROW_JOINS                                                                                  \
    JOIN_STATE " LEFT JOIN exception_flags f ON f.exception_id = e.exception_id"                   \
               " LEFT JOIN assignments a ON a.object = 'exception:' || e.exception_id"

const struct db_sql exceptions_sql[] = {
    [EXCEPTION_LATEST] =
        {"exception_latest",
         "SELECT e.exception_id, e.class, e.seq, s.state, s.outcome, coalesce(s.seq, 0),"
         " EXISTS (SELECT 1 FROM exception_flags f WHERE f.exception_id = e.exception_id),"
         " (SELECT coalesce(max(seq), 0) FROM files),"
         " (SELECT coalesce(max(n.seq), 0) FROM entries n WHERE n.entry_id = e.entry_id)"
         " FROM exceptions e" JOIN_STATE " WHERE e.entry_id = ?1 ORDER BY e.seq DESC LIMIT 1"},
    [EXCEPTION_INSERT] = {"exception_insert",
                          "INSERT INTO exceptions (exception_id, entry_id, entity_id, account_id,"
                          " class, detail, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    [EXCEPTION_LOAD] = {"exception_load",
                        ROW " FROM exceptions e" ROW_JOINS " WHERE e.exception_id = ?1"},
    [EXCEPTION_OF_ENTRY] = {"exception_of_entry",
                            ROW " FROM exceptions e" ROW_JOINS
                                " WHERE e.entry_id = ?1 ORDER BY e.seq DESC LIMIT ?2"},
    [EXCEPTIONS_LIST] = {"exceptions_list",
                         ROW " FROM exceptions e" ROW_JOINS " WHERE e.entity_id = ?1"
                             " AND e.entry_id > ?2 AND" STANDS " ORDER BY e.entry_id LIMIT ?3"},
    [EXCEPTIONS_COUNT] = {"exceptions_count",
                          "SELECT e.class, count(*)" STANDING " GROUP BY e.class ORDER BY e.class"},
    [EXCEPTIONS_STATES] = {"exceptions_states",
                           "SELECT coalesce(s.state, 'OPEN'), count(*) FROM exceptions e" JOIN_STATE
                           " WHERE e.entity_id = ?1 AND" IN_NO_MATCH " AND NOT " LATER
                           " GROUP BY 1"},
    [EXCEPTIONS_AGES] = {"exceptions_ages",
                         "SELECT (SELECT (n.date < ?2) + (n.date < ?3) + (n.date < ?4)"
                         " + (n.date < ?5) FROM entries n WHERE n.entry_id = e.entry_id"
                         " ORDER BY n.version DESC LIMIT 1) AS age, count(*)" STANDING
                         " GROUP BY age"},
    [EXCEPTIONS_DUE] = {"exceptions_due", ROW " FROM exception_due d CROSS JOIN exceptions e"
                                              " ON e.exception_id = d.exception_id" ROW_JOINS
                                              " WHERE d.exception_id < ?1 AND" IN_NO_MATCH
                                              " ORDER BY d.exception_id LIMIT ?2"},
    [STATE_PUT] = {"exception_state_put",
                   "INSERT INTO exception_states (exception_id, entry_id, state, outcome, settled,"
                   " actor, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                   " ON CONFLICT (exception_id) DO UPDATE SET state = ?3, outcome = ?4,"
                   " settled = ?5, actor = ?6, version = ?7, seq = ?8 WHERE version = ?7 - 1"},
    [FLAG_INSERT] = {"exception_flag_insert",
                     "INSERT INTO exception_flags (exception_id, actor, principal_id, on_behalf_of,"
                     " rationale, rationale_author, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    [DUE_ADD] = {"exception_due_add",
                 "INSERT INTO exception_due (exception_id, entry_id) VALUES (?1, ?2)"},
    [DUE_DROP] = {"exception_due_drop", "DELETE FROM exception_due WHERE exception_id = ?1"},
    /* Nothing was said about it since. */
    [ENTRY_SETTLED] = {"entry_settled",
                       "SELECT 1 FROM exception_states s JOIN exceptions e"
                       " ON e.exception_id = s.exception_id"
                       " WHERE s.entry_id = ?1 AND s.settled = 1 AND NOT " LATER " LIMIT 1"},
    [SETTLED_ANY] = {"entries_settled_any",
                     "SELECT EXISTS (SELECT 1 FROM exception_states INDEXED BY"
                     " exception_states_settled WHERE entry_id >= '' AND settled = 1)"},
};
const size_t exceptions_sql_n = sizeof exceptions_sql / sizeof exceptions_sql[0];

/* ---- names ---- */

static const char *const state_names[EXCEPTION_STATES] = {"OPEN", "INVESTIGATING", "ESCALATED",
                                                          "RESOLVED", "WRITTEN_OFF"};
const char *const exception_age_names[EXCEPTION_AGES] = {"0-30", "31-60", "61-90", "91-120",
                                                         "121+"};

const char *exception_state_name(enum exception_state state)
{
    return state < EXCEPTION_STATES ? state_names[state] : "unknown";
}

bool exception_is_open(enum exception_state state)
{
    return state < EXCEPTION_RESOLVED;
}

enum exception_state exception_state_of(struct str name)
{
    unsigned i = 0;
    while (i < EXCEPTION_WRITTEN_OFF && !str_is(name, state_names[i]))
        i++;
    return (enum exception_state)i;
}

/* A person said that nothing more will come of the entry. */
static bool outcome_settles(enum exception_state state, const char *outcome)
{
    return state == EXCEPTION_WRITTEN_OFF ||
           (state == EXCEPTION_RESOLVED &&
            (text_eq(outcome, "duplicate_ignored") || text_eq(outcome, "matched_elsewhere")));
}

/* ---- what is listed already ---- */

static bool ended_stands(struct stmt *q, bool same_class)
{
    int64_t ended = stmt_int(q, 5), files = stmt_int(q, 7), entry = stmt_int(q, 8);
    if (str_is(stmt_peek(q, 4), "matched") || entry > stmt_int(q, 2))
        return false;
    return same_class || ended > files;
}

static bool open_stands(struct stmt *q, bool same_class)
{
    bool worked = !stmt_is_null(q, 3), flagged = stmt_int(q, 6) != 0;
    return worked || flagged || same_class || str_is(stmt_peek(q, 1), "DUPLICATE") ||
           stmt_int(q, 2) > stmt_int(q, 7);
}

/* *before is the latest so far, NULL when there is none; in tx->arena. */
static struct err latest_look(struct tx *tx, const struct exception_row *row, bool *stands,
                              const char **before)
{
    bool found;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_LATEST);
    stmt_bind_text(q, 1, row->entry_id);
    TRY(stmt_step(q, &found));
    *before = found ? stmt_text(q, 0, tx->arena) : NULL;
    *stands = false;
    if (!found)
        return OK;
    bool same_class = str_is(stmt_peek(q, 1), row->class_);
    bool open = stmt_is_null(q, 3) || exception_is_open(exception_state_of(stmt_peek(q, 3)));
    *stands = open ? open_stands(q, same_class) : ended_stands(q, same_class);
    return OK;
}

struct err exception_stands(struct tx *tx, const struct exception_row *row, bool *stands)
{
    const char *before;
    return latest_look(tx, row, stands, &before);
}

/* ---- writing ---- */

static struct err due_run(struct tx *tx, size_t statement, const char *exception_id,
                          const char *entry_id)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, statement);
    stmt_bind_text(q, 1, exception_id);
    if (entry_id != NULL)
        stmt_bind_text(q, 2, entry_id);
    return stmt_run(q);
}

static struct err row_insert(struct tx *tx, const struct exception_row *row, const char *before)
{
    if (before != NULL)
        TRY(due_run(tx, DUE_DROP, before, NULL));
    TRY(due_run(tx, DUE_ADD, row->exception_id, row->entry_id));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_INSERT);
    stmt_bind_text(q, 1, row->exception_id);
    stmt_bind_text(q, 2, row->entry_id);
    stmt_bind_text(q, 3, row->entity_id);
    stmt_bind_text(q, 4, row->account_id);
    stmt_bind_text(q, 5, row->class_);
    stmt_bind_text(q, 6, row->detail);
    stmt_bind_int(q, 7, tx_seq(tx));
    return stmt_run(q);
}

struct err exception_insert(struct tx *tx, const struct exception_row *row, bool *added)
{
    struct exception_row new = *row;
    const char *before;
    bool stands;
    TRY(latest_look(tx, row, &stands, &before));
    *added = !stands;
    if (stands)
        return OK;
    new.exception_id = tx_new_id(tx, "exc");
    ENSURE(new.exception_id != NULL, ERR_LIMIT, "out of memory");
    return row_insert(tx, &new, before);
}

static struct err flag_insert(struct tx *tx, const struct exception_row *row)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, FLAG_INSERT);
    stmt_bind_text(q, 1, row->exception_id);
    stmt_bind_text(q, 2, row->flag.actor);
    stmt_bind_text(q, 3, row->flag.principal);
    stmt_bind_text(q, 4, row->flag.on_behalf_of);
    stmt_bind_text(q, 5, row->flag.rationale);
    stmt_bind_text(q, 6, row->flag.rationale_author);
    stmt_bind_int(q, 7, tx_seq(tx));
    return stmt_run(q);
}

struct err exception_flag(struct tx *tx, struct exception_row *row)
{
    const char *before;
    bool stands;
    TRY(latest_look(tx, row, &stands, &before));
    row->exception_id = tx_new_id(tx, "exc");
    ENSURE(row->exception_id != NULL, ERR_LIMIT, "out of memory");
    row->version = 1;
    row->seq = tx_seq(tx);
    row->state = EXCEPTION_OPEN;
    row->latest = true;
    TRY(row_insert(tx, row, before));
    TRY(flag_insert(tx, row));
    TRY(object_event_add(tx, object_key(tx->arena, OBJECT_EXCEPTION, row->exception_id)));
    TRY(effect_row(tx, TABLE_EXCEPTIONS, row->exception_id));
    return effect_row(tx, TABLE_EXCEPTION_FLAGS, row->exception_id);
}

static struct err state_put(struct tx *tx, const struct exception_row *x, enum exception_state to,
                            const char *outcome, const char *actor)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, STATE_PUT);
    stmt_bind_text(q, 1, x->exception_id);
    stmt_bind_text(q, 2, x->entry_id);
    stmt_bind_text(q, 3, exception_state_name(to));
    stmt_bind_text(q, 4, outcome);
    stmt_bind_bool(q, 5, outcome_settles(to, outcome));
    stmt_bind_text(q, 6, actor);
    stmt_bind_int(q, 7, x->version + 1);
    stmt_bind_int(q, 8, tx_seq(tx));
    TRY(stmt_run(q));
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "the exception has moved on in the meantime");
    return OK;
}

struct err exception_move(struct tx *tx, struct exception_row *x, enum exception_state to,
                          const char *outcome, const char *actor)
{
    TRY(state_put(tx, x, to, outcome, actor));
    if (to != EXCEPTION_OPEN && to != EXCEPTION_INVESTIGATING)
        TRY(due_run(tx, DUE_DROP, x->exception_id, NULL));
    x->state = to;
    x->outcome = outcome;
    x->state_actor = actor;
    x->settled = outcome_settles(to, outcome);
    x->version++;
    TRY(object_event_add(tx, object_key(tx->arena, OBJECT_EXCEPTION, x->exception_id)));
    return effect_row(tx, TABLE_EXCEPTION_STATES, x->exception_id);
}

/* ---- reading ---- */

static void exception_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct exception_row *)row = (struct exception_row){
        .exception_id = stmt_text(q, 0, arena),
        .entry_id = stmt_text(q, 1, arena),
        .entity_id = stmt_text(q, 2, arena),
        .account_id = stmt_text(q, 3, arena),
        .class_ = stmt_text(q, 4, arena),
        .detail = stmt_text(q, 5, arena),
        .seq = stmt_int(q, 6),
        .state = exception_state_of(stmt_peek(q, 7)),
        .outcome = stmt_text(q, 8, arena),
        .state_actor = stmt_text(q, 9, arena),
        .version = stmt_int(q, 10),
        .settled = stmt_int(q, 11) != 0,
        .latest = stmt_int(q, 12) != 0,
        .flag = {.actor = stmt_text(q, 13, arena),
                 .principal = stmt_text(q, 14, arena),
                 .on_behalf_of = stmt_text(q, 15, arena),
                 .rationale = stmt_text(q, 16, arena),
                 .rationale_author = stmt_text(q, 17, arena)},
        .assignee = stmt_text(q, 18, arena),
    };
}

static struct err exceptions_read(struct stmt *q, struct arena *arena, struct exception_row **rows,
                                  size_t *n)
{
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, exception_read, &all, n));
    *rows = all;
    return OK;
}

struct err exception_load(struct tx *tx, struct arena *arena, const char *exception_id,
                          struct exception_row *x)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_LOAD);
    stmt_bind_text(q, 1, exception_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such exception");
    exception_read(q, arena, x);
    return arena_check(arena);
}

struct err exceptions_of_entry(struct tx *tx, struct arena *arena, const char *entry_id,
                               int64_t limit, struct exception_row **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_OF_ENTRY);
    stmt_bind_text(q, 1, entry_id);
    stmt_bind_int(q, 2, limit);
    return exceptions_read(q, arena, rows, n);
}

struct err exception_of_entry(struct tx *tx, struct arena *arena, const char *entry_id, bool *found,
                              struct exception_row *x)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_OF_ENTRY);
    stmt_bind_text(q, 1, entry_id);
    stmt_bind_int(q, 2, 1);
    TRY(stmt_step(q, found));
    if (*found)
        exception_read(q, arena, x);
    return arena_check(arena);
}

struct err entry_settled(struct tx *tx, const char *entry_id, bool *settled)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, ENTRY_SETTLED);
    stmt_bind_text(q, 1, entry_id);
    return stmt_step(q, settled);
}

struct err entries_settled_any(struct tx *tx, bool *any)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, SETTLED_ANY);
    TRY(stmt_step(q, &row));
    *any = row && stmt_int(q, 0) != 0;
    return OK;
}

struct err exceptions_list(struct tx *tx, struct arena *arena, const char *entity_id,
                           const char *after, int64_t limit, struct exception_row **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_LIST);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, after == NULL ? "" : after);
    stmt_bind_int(q, 3, limit);
    return exceptions_read(q, arena, rows, n);
}

struct err exceptions_due(struct tx *tx, struct arena *arena, int64_t before_us, int64_t limit,
                          struct exception_row **rows, size_t *n)
{
    static const unsigned char least[ID_RANDOM_LEN] = {0};
    char before[ID_TEXT_MAX];
    id_print("exc", before_us < 0 ? 0 : before_us / 1000, least, before);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_DUE);
    stmt_bind_text(q, 1, before);
    stmt_bind_int(q, 2, limit);
    return exceptions_read(q, arena, rows, n);
}

/* ---- counting ---- */

static void count_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct exception_count *)row =
        (struct exception_count){.class_ = stmt_text(q, 0, arena), .count = stmt_int(q, 1)};
}

struct err exceptions_count(struct tx *tx, struct arena *arena, const char *entity_id,
                            struct exception_count **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_COUNT);
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, arena, sizeof **rows, count_read, &all, n));
    *rows = all;
    return OK;
}

struct err exceptions_states(struct tx *tx, const char *entity_id, int64_t counts[EXCEPTION_STATES])
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_STATES);
    for (unsigned s = 0; s < EXCEPTION_STATES; s++)
        counts[s] = 0;
    stmt_bind_text(q, 1, entity_id);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        counts[exception_state_of(stmt_peek(q, 0))] = stmt_int(q, 1);
    }
}

struct err exceptions_ages(struct tx *tx, const char *entity_id, struct date today,
                           int64_t counts[EXCEPTION_AGES])
{
    char days[EXCEPTION_AGES - 1][DATE_TEXT_MAX];
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_AGES);
    stmt_bind_text(q, 1, entity_id);
    for (int i = 0; i < EXCEPTION_AGES; i++)
        counts[i] = 0;
    for (int i = 0; i < EXCEPTION_AGES - 1; i++) {
        date_print((struct date){.days = today.days - 30 * (i + 1)}, days[i]);
        stmt_bind_text(q, i + 2, days[i]);
    }
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        int64_t age = stmt_int(q, 0);
        ENSURE(age >= 0 && age < EXCEPTION_AGES, ERR_STORE, "an age that is none");
        counts[age] = stmt_int(q, 1);
    }
}
