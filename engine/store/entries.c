/* Entries: insert, load, what is still to be matched, and how one stands. */
#include "engine/store/entries.h"

#include <string.h>

#include "engine/store/entry_row.h"
#include "engine/store/parts.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum {
    ENTRY_INSERT,
    ENTRY_LOAD,
    ENTRY_UNMATCHED_OF,
    ENTRY_JOURNAL,
    ENTRY_CHART,
    ENTRY_STATE,
    ENTRY_VERSIONS,
    ENTRIES_SQL_N
};

const struct db_sql entries_sql[] = {
    [ENTRY_INSERT] = {"entry_insert",
                      "INSERT INTO entries (entry_id, version, side, source_id, file_id, row_no,"
                      " entity_id, account_id, date, value_date, amount_minor, currency,"
                      " counterparty, memo, reference, group_key, journal_id, contra_account,"
                      " contra, event_kind, reverses, raw_sha256, seq) VALUES (?1, ?2, ?3, ?4, ?5,"
                      " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,"
                      " ?21, ?22, ?23) ON CONFLICT (entry_id, version) DO NOTHING"},
    [ENTRY_LOAD] = {"entry_load", "SELECT " ENTRY_COLUMNS " FROM entries e WHERE e.entry_id = ?1"
                                  " ORDER BY e.version DESC LIMIT 1"},
    /* Sorting a million rows would hold them all. */
    [ENTRY_UNMATCHED_OF] = {"entry_unmatched_of",
                            "SELECT e.entry_id, e.version, e.side, e.date, e.amount_minor,"
                            " e.currency, e.counterparty, e.memo, e.reference, e.group_key,"
                            " e.reverses FROM entries e INDEXED BY entries_of"
                            " WHERE e.entity_id = ?1 AND e.account_id = ?2 AND NOT EXISTS"
                            " (SELECT 1 FROM live_legs l WHERE l.entry_id = e.entry_id)"
                            " AND NOT EXISTS (SELECT 1 FROM live_parts p"
                            " WHERE p.entry_id = e.entry_id) AND NOT EXISTS (SELECT 1"
                            " FROM exception_states z JOIN exceptions x"
                            " ON x.exception_id = z.exception_id WHERE z.entry_id = e.entry_id"
                            " AND z.settled = 1 AND" NO_LATER ") AND" LATEST
                            " ORDER BY e.side, e.rowid"},
    /* Left alone, the planner takes the account's index for its order and reads a whole entity. */
    [ENTRY_JOURNAL] = {"entry_journal", "SELECT DISTINCT account_id FROM entries"
                                        " INDEXED BY entries_journal"
                                        " WHERE entity_id = ?1 AND journal_id = ?2"
                                        " ORDER BY account_id"},
    [ENTRY_CHART] = {"entry_chart", "SELECT class FROM accounts"
                                    " WHERE entity_id = ?1 AND account_id = ?2"},
    [ENTRY_STATE] = {"entry_state", "SELECT" STATE ", l.match_id FROM entries e"
                                    " LEFT JOIN live_legs l ON l.entry_id = e.entry_id"
                                    " LEFT JOIN match_states s ON s.match_id = l.match_id"
                                    " WHERE e.entry_id = ?1 LIMIT 1"},
    [ENTRY_VERSIONS] = {"entry_versions", "SELECT " ENTRY_COLUMNS " FROM entries e"
                                          " WHERE e.entry_id = ?1 ORDER BY e.version"},
};
const size_t entries_sql_n = ENTRIES_SQL_N;

/* ---- names ---- */

static const char *const side_names[] = {"bank", "gl", "subledger"};
static const char *const contra_names[] = {"journal", "account", "none"};
static const char *const state_names[] = {"unmatched", "proposed", "confirmed", "exception"};

static bool name_find(const char *const *names, size_t n, const char *name, unsigned *index)
{
    for (unsigned i = 0; i < n; i++) {
        if (text_eq(names[i], name)) {
            *index = i;
            return true;
        }
    }
    return false;
}

const char *side_name(enum side side)
{
    return side_names[side];
}

bool side_find(const char *name, enum side *side)
{
    unsigned i;
    if (!name_find(side_names, sizeof side_names / sizeof side_names[0], name, &i))
        return false;
    *side = (enum side)i;
    return true;
}

const char *contra_name(enum contra contra)
{
    return contra_names[contra];
}

bool contra_find(const char *name, enum contra *contra)
{
    unsigned i;
    if (!name_find(contra_names, sizeof contra_names / sizeof contra_names[0], name, &i))
        return false;
    *contra = (enum contra)i;
    return true;
}

const char *entry_state_name(enum entry_state state)
{
    return state < ENTRY_STATES ? state_names[state] : "unknown";
}

/* ---- comparing ---- */

static const char *value_difference(const struct entry *a, const struct entry *b)
{
    if (a->side != b->side)
        return "side";
    if (!text_eq(a->entity_id, b->entity_id) || !text_eq(a->account_id, b->account_id))
        return "account";
    if (a->date.days != b->date.days)
        return "date";
    if (a->has_value_date != b->has_value_date ||
        (a->has_value_date && a->value_date.days != b->value_date.days))
        return "value date";
    if (!money_same_currency(a->amount, b->amount))
        return "currency";
    return a->amount.minor == b->amount.minor ? NULL : "amount";
}

static const char *text_difference(const struct entry *a, const struct entry *b)
{
    const struct {
        const char *a, *b, *name;
    } texts[] = {
        {a->counterparty, b->counterparty, "counterparty"},
        {a->memo, b->memo, "memo"},
        {a->reference, b->reference, "reference"},
        {a->group_key, b->group_key, "group key"},
        {a->journal_id, b->journal_id, "journal id"},
        {a->contra_account, b->contra_account, "contra account"},
        {a->event_kind, b->event_kind, "event kind"},
        {a->reverses, b->reverses, "reversed entry"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!text_eq(texts[i].a, texts[i].b))
            return texts[i].name;
    }
    return a->contra == b->contra ? NULL : "contra";
}

bool entry_same(const struct entry *a, const struct entry *b, const char **differs)
{
    const char *name = value_difference(a, b);
    if (name == NULL)
        name = text_difference(a, b);
    if (differs != NULL)
        *differs = name;
    return name == NULL;
}

/* ---- writing ---- */

struct err entry_insert_new(struct tx *tx, const struct entry *e, bool *added)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRIES, ENTRY_INSERT);
    char date[DATE_TEXT_MAX], value_date[DATE_TEXT_MAX];
    date_print(e->date, date);
    if (e->has_value_date)
        date_print(e->value_date, value_date);
    stmt_bind_text(q, 1, e->entry_id);
    stmt_bind_int(q, 2, e->version);
    stmt_bind_text(q, 3, side_name(e->side));
    stmt_bind_text(q, 4, e->source_id);
    stmt_bind_text(q, 5, e->file_id);
    stmt_bind_int(q, 6, e->row_no);
    stmt_bind_text(q, 7, e->entity_id);
    stmt_bind_text(q, 8, e->account_id);
    stmt_bind_text(q, 9, date);
    stmt_bind_text(q, 10, e->has_value_date ? value_date : NULL);
    stmt_bind_int(q, 11, e->amount.minor);
    stmt_bind_text(q, 12, e->amount.cur);
    stmt_bind_text(q, 13, e->counterparty);
    stmt_bind_text(q, 14, e->memo);
    stmt_bind_text(q, 15, e->reference);
    stmt_bind_text(q, 16, e->group_key);
    stmt_bind_text(q, 17, e->journal_id);
    stmt_bind_text(q, 18, e->contra_account);
    stmt_bind_text(q, 19, contra_name(e->contra));
    stmt_bind_text(q, 20, e->event_kind);
    stmt_bind_text(q, 21, e->reverses);
    stmt_bind_text(q, 22, e->raw_sha256);
    stmt_bind_int(q, 23, tx_seq(tx));
    TRY(stmt_run(q));
    *added = db_changes(tx->db) == 1;
    return *added ? entry_unsettled(tx, e) : OK;
}

struct err entry_insert(struct tx *tx, const struct entry *entry)
{
    bool added;
    TRY(entry_insert_new(tx, entry, &added));
    ENSURE(added, ERR_CONFLICT, "the book has this version of the entry");
    return OK;
}

/* ---- reading ---- */

void entry_read(struct stmt *q, struct arena *arena, void *row)
{
    struct entry *e = row;
    const char *date = stmt_text(q, 8, arena), *value_date = stmt_text(q, 9, arena);
    *e = (struct entry){
        .entry_id = stmt_text(q, 0, arena),
        .version = stmt_int(q, 1),
        .source_id = stmt_text(q, 3, arena),
        .file_id = stmt_text(q, 4, arena),
        .row_no = stmt_int(q, 5),
        .entity_id = stmt_text(q, 6, arena),
        .account_id = stmt_text(q, 7, arena),
        .has_value_date = value_date != NULL,
        .counterparty = stmt_text(q, 12, arena),
        .memo = stmt_text(q, 13, arena),
        .reference = stmt_text(q, 14, arena),
        .group_key = stmt_text(q, 15, arena),
        .journal_id = stmt_text(q, 16, arena),
        .contra_account = stmt_text(q, 17, arena),
        .event_kind = stmt_text(q, 19, arena),
        .reverses = stmt_text(q, 20, arena),
        .raw_sha256 = stmt_text(q, 21, arena),
    };
    bool read = side_find(stmt_text(q, 2, arena), &e->side) &&
                contra_find(stmt_text(q, 18, arena), &e->contra) &&
                date_parse(date, &e->date).kind == ERR_NONE &&
                (value_date == NULL || date_parse(value_date, &e->value_date).kind == ERR_NONE);
    if (!read || money_make(stmt_int(q, 10), stmt_text(q, 11, arena), &e->amount).kind != ERR_NONE)
        e->amount = (struct money){.minor = 0};
}

struct err entries_sound(const struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (entries[i].amount.cur[0] == '\0')
            return err_at(ERR_STORE, entries[i].entry_id, "the entry's row cannot be read back");
    }
    return OK;
}

struct err entry_load(struct tx *tx, struct arena *arena, const char *entry_id, struct entry *entry)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRIES, ENTRY_LOAD);
    bool row;
    stmt_bind_text(q, 1, entry_id);
    TRY(stmt_step(q, &row));
    if (!row)
        return err_fmt(arena, ERR_MISSING, entry_id, "there is no entry \"%s\"", entry_id);
    entry_read(q, arena, entry);
    TRY(arena_check(arena));
    return entries_sound(entry, 1);
}

struct err entry_versions(struct tx *tx, struct arena *arena, const char *entry_id,
                          struct entry **entries, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRIES, ENTRY_VERSIONS);
    void *all;
    stmt_bind_text(q, 1, entry_id);
    TRY(rows_read(q, arena, sizeof **entries, entry_read, &all, n));
    *entries = all;
    return entries_sound(*entries, *n);
}

struct err entries_load(struct tx *tx, struct arena *arena, const char *const *ids, size_t n,
                        struct entry **entries)
{
    struct entry *all = ARENA_ARRAY(arena, n, struct entry);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory for entries");
    for (size_t i = 0; i < n; i++)
        TRY(entry_load(tx, arena, ids[i], &all[i]));
    *entries = all;
    return OK;
}

static bool date_peek(struct str text, struct date *date)
{
    char copy[DATE_TEXT_MAX] = "";
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.at == NULL ? "" : text.at, text.len);
    return date_parse(copy, date).kind == ERR_NONE;
}

static struct err open_peek(struct stmt *q, struct open_entry *e)
{
    struct str cur = stmt_peek(q, 5);
    char side[16] = "", currency[4] = "";
    struct str name = stmt_peek(q, 2);
    if (name.len < sizeof side)
        memcpy(side, name.at == NULL ? "" : name.at, name.len);
    if (cur.len < sizeof currency)
        memcpy(currency, cur.at == NULL ? "" : cur.at, cur.len);
    *e = (struct open_entry){.entry_id = stmt_peek(q, 0),
                             .version = stmt_int(q, 1),
                             .counterparty = stmt_peek(q, 6),
                             .memo = stmt_peek(q, 7),
                             .reference = stmt_peek(q, 8),
                             .group_key = stmt_peek(q, 9),
                             .reverses = stmt_peek(q, 10)};
    ENSURE(e->entry_id.len > 0 && side_find(side, &e->side) &&
               date_peek(stmt_peek(q, 3), &e->date) &&
               money_make(stmt_int(q, 4), currency, &e->amount).kind == ERR_NONE,
           ERR_STORE, "an entry's row cannot be read back");
    return OK;
}

struct err entries_unmatched(struct tx *tx, const char *entity_id, const char *account_id,
                             open_entry_fn fn, void *arg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRIES, ENTRY_UNMATCHED_OF);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    for (;;) {
        struct open_entry e;
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(open_peek(q, &e));
        TRY(fn(arg, &e));
    }
}

/* ---- the accounts of a match ---- */

struct account_set {
    struct tx *tx;
    struct arena *arena;
    struct ask_account *at;
    const char **entities; /* of at[i]; one account id may stand in several charts */
    size_t n, cap;
};

static struct err set_room(struct account_set *set)
{
    if (set->n < set->cap)
        return OK;
    size_t cap = set->cap == 0 ? 8 : set->cap * 2;
    struct ask_account *at = ARENA_ARRAY(set->arena, cap, struct ask_account);
    const char **entities = ARENA_ARRAY(set->arena, cap, const char *);
    ENSURE(at != NULL && entities != NULL, ERR_LIMIT, "out of memory for accounts");
    if (set->n > 0) {
        memcpy(at, set->at, set->n * sizeof *at);
        memcpy(entities, set->entities, set->n * sizeof *entities);
    }
    set->at = at;
    set->entities = entities;
    set->cap = cap;
    return OK;
}

static struct err chart_look(struct account_set *set, const char *entity, struct ask_account *a)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(set->tx->db, SQL_ENTRIES, ENTRY_CHART);
    stmt_bind_text(q, 1, entity);
    stmt_bind_text(q, 2, a->id);
    TRY(stmt_step(q, &a->known));
    if (a->known)
        a->class_ = stmt_text(q, 0, set->arena);
    return OK;
}

/* `id` NULL: the contra side that nobody names. An account that is somebody's contra side is not
 * only the one being reconciled. */
static struct err set_add(struct account_set *set, const char *entity, const char *id,
                          bool reconciled)
{
    for (size_t i = 0; i < set->n; i++) {
        if (text_eq(set->at[i].id, id) && (id == NULL || text_eq(set->entities[i], entity))) {
            set->at[i].reconciled = set->at[i].reconciled && reconciled;
            return OK;
        }
    }
    TRY(set_room(set));
    struct ask_account *a = &set->at[set->n];
    *a = (struct ask_account){.id = id, .reconciled = reconciled};
    if (id != NULL)
        TRY(chart_look(set, entity, a));
    set->entities[set->n++] = entity;
    return OK;
}

static struct err add_journal(struct account_set *set, const struct entry *leg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(set->tx->db, SQL_ENTRIES, ENTRY_JOURNAL);
    size_t others = 0;
    bool row = false;
    stmt_bind_text(q, 1, leg->entity_id);
    stmt_bind_text(q, 2, leg->journal_id);
    if (leg->journal_id != NULL)
        TRY(stmt_step(q, &row));
    while (row) {
        if (!str_is(stmt_peek(q, 0), leg->account_id)) {
            TRY(set_add(set, leg->entity_id, stmt_text(q, 0, set->arena), false));
            others++;
        }
        TRY(stmt_step(q, &row));
    }
    return others > 0 ? OK : set_add(set, leg->entity_id, NULL, false);
}

static struct err add_contra(struct account_set *set, const struct entry *leg)
{
    switch (leg->contra) {
    case CONTRA_NONE:
        return OK;
    case CONTRA_JOURNAL:
        return add_journal(set, leg);
    case CONTRA_ACCOUNT:
        break;
    }
    if (text_eq(leg->contra_account, leg->account_id))
        return OK;
    return set_add(set, leg->entity_id, leg->contra_account, false);
}

struct err entries_accounts(struct tx *tx, struct arena *arena, const struct entry *legs, size_t n,
                            struct ask_account **accounts, size_t *accounts_n)
{
    struct account_set set = {.tx = tx, .arena = arena};
    for (size_t i = 0; i < n; i++)
        TRY(set_add(&set, legs[i].entity_id, legs[i].account_id, true));
    for (size_t i = 0; i < n; i++)
        TRY(add_contra(&set, &legs[i]));
    TRY(arena_check(arena));
    *accounts = set.at;
    *accounts_n = set.n;
    return OK;
}

struct err entries_events(struct arena *arena, const struct entry *legs, size_t n,
                          const char ***events, size_t *events_n)
{
    const char **all = ARENA_ARRAY(arena, n, const char *);
    size_t count = 0;
    ENSURE(all != NULL, ERR_LIMIT, "out of memory for event kinds");
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < count && !text_eq(all[at], legs[i].event_kind))
            at++;
        if (at == count && legs[i].event_kind != NULL)
            all[count++] = legs[i].event_kind;
    }
    *events = all;
    *events_n = count;
    return OK;
}

/* ---- states ---- */

struct err entry_state(struct tx *tx, struct arena *arena, const char *entry_id,
                       enum entry_state *state, const char **match_id)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRIES, ENTRY_STATE);
    bool row;
    stmt_bind_text(q, 1, entry_id);
    TRY(stmt_step(q, &row));
    if (!row)
        return err_fmt(arena, ERR_MISSING, entry_id, "there is no entry \"%s\"", entry_id);
    *state = (enum entry_state)stmt_int(q, 0);
    *match_id = stmt_text(q, 1, arena);
    return arena_check(arena);
}
