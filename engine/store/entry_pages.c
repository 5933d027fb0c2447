/* Pages of entries. */
#include "engine/store/entry_pages.h"

#include <string.h>

#include "engine/store/entry_row.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { STRAND_NEXT, FIND_KEYS, FIND_TEXTS, FIND_STATES, FIND_UNSETTLED, UNSETTLED_DENSE };

/* So many entries of an account that may be open are too many to be put in order for a page. */
#define DENSE "5000"
/* Rows of a strand that are looked at though the call has looked at all that it may. */
#define LOOK_LEAST 1000

#define WITHIN                                                                                     \
    " AND e.date >= ?5 AND (e.date, e.amount_minor, e.entry_id) < (?6, ?7, ?8)"                    \
    " AND (e.amount_minor BETWEEN ?9 AND ?10 OR e.amount_minor BETWEEN -?10 AND -?9)"              \
    " AND" LATEST " ORDER BY e.date DESC, e.amount_minor DESC, e.entry_id DESC"
#define OF_STRAND " e.entity_id = ?1 AND e.account_id = ?2 AND e.currency = ?3 AND e.side = ?4"
#define PLACE     "SELECT e.date, e.amount_minor, e.entry_id,"
#define TEXTS     " e.counterparty, e.memo, e.reference, e.group_key, e.journal_id,"
#define HELD                                                                                       \
    " LEFT JOIN live_legs l ON l.entry_id = e.entry_id"                                            \
    " LEFT JOIN match_states s ON s.match_id = l.match_id"

const struct db_sql entry_pages_sql[] = {
    [STRAND_NEXT] = {"entry_strand_next",
                     "SELECT account_id, currency, side FROM entries INDEXED BY entries_dated"
                     " WHERE entity_id = ?1 AND (account_id, currency, side) > (?2, ?3, ?4)"
                     " ORDER BY account_id, currency, side LIMIT 1"},
    /* From the index alone. */
    [FIND_KEYS] = {"entry_find_keys", PLACE " NULL, NULL, NULL, NULL, NULL, 0 FROM entries e"
                                            " INDEXED BY entries_dated WHERE" OF_STRAND WITHIN},
    [FIND_TEXTS] = {"entry_find_texts", PLACE TEXTS " 0 FROM entries e INDEXED BY entries_dated"
                                                    " WHERE" OF_STRAND WITHIN},
    [FIND_STATES] = {"entry_find_states", PLACE TEXTS STATE
                     " FROM entries e INDEXED BY entries_dated" HELD " WHERE" OF_STRAND WITHIN},
    /* Few, and in another order. */
    [FIND_UNSETTLED] = {"entry_find_unsettled", PLACE TEXTS STATE
                        " FROM unsettled u CROSS JOIN entries e ON e.entry_id = u.entry_id" HELD
                        " WHERE u.entity_id = ?1 AND u.account_id = ?2 AND +e.entity_id = ?1"
                        " AND +e.account_id = ?2 AND +e.currency = ?3 AND +e.side = ?4" WITHIN},
    [UNSETTLED_DENSE] = {"unsettled_dense", "SELECT 1 FROM unsettled WHERE entity_id = ?1"
                                            " AND account_id = ?2 LIMIT 1 OFFSET " DENSE},
};
const size_t entry_pages_sql_n = sizeof entry_pages_sql / sizeof entry_pages_sql[0];

/* ---- strands ---- */

/* Behind each side's name and before any other's: a seek to the very values of a row would step
 * over all of its strand. */
static const char *const behind_side[] = {"bank~", "gl~", "subledger~"};

static struct err strand_next(struct tx *tx, struct arena *arena, struct entry_strand *strand,
                              bool *more)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRY_PAGES, STRAND_NEXT);
    stmt_bind_text(q, 1, strand->entity_id);
    stmt_bind_text(q, 2, strand->account_id);
    stmt_bind_text(q, 3, strand->currency);
    stmt_bind_text(q, 4, strand->currency[0] == '\0' ? "" : behind_side[strand->side]);
    TRY(stmt_step(q, more));
    if (!*more)
        return OK;
    const char *account = stmt_text(q, 0, arena), *side = stmt_text(q, 2, arena);
    const struct str currency = stmt_peek(q, 1);
    TRY(arena_check(arena));
    ENSURE(currency.len < sizeof strand->currency && side_find(side, &strand->side), ERR_STORE,
           "an entry's row cannot be read back");
    memcpy(strand->currency, currency.at, currency.len + 1);
    strand->account_id = account;
    return OK;
}

struct err entry_strands(struct tx *tx, struct arena *arena, const char *entity_id,
                         const char *account_id, struct entry_strand **strands, size_t *n)
{
    struct entry_strand at = {.entity_id = entity_id,
                              .account_id = account_id == NULL ? "" : account_id};
    size_t cap = 0;
    *n = 0;
    *strands = NULL;
    for (;;) {
        bool more;
        TRY(strand_next(tx, arena, &at, &more));
        if (!more || (account_id != NULL && !text_eq(at.account_id, account_id)))
            return OK;
        struct entry_strand *all = arena_grow(arena, *strands, *n, &cap, sizeof at);
        ENSURE(all != NULL, ERR_LIMIT, "out of memory for accounts");
        *strands = all;
        (*strands)[(*n)++] = at;
    }
}

/* ---- the page ---- */

int entry_key_compare(const struct entry_key *a, const struct entry_key *b)
{
    const int day = strcmp(b->date, a->date);
    if (day != 0)
        return day;
    if (a->minor != b->minor)
        return a->minor > b->minor ? -1 : 1;
    return strcmp(b->entry_id, a->entry_id);
}

static struct err key_peek(struct stmt *q, struct entry_key *key)
{
    const struct str date = stmt_peek(q, 0), id = stmt_peek(q, 2);
    ENSURE(date.len > 0 && date.len < sizeof key->date && id.len > 0, ERR_STORE,
           "an entry's row cannot be read back");
    *key = (struct entry_key){.minor = stmt_int(q, 1), .entry_id = id.at};
    memcpy(key->date, date.at, date.len);
    return OK;
}

/* Nothing that comes in this order belongs on the page any more. */
static bool is_behind(const struct entry_found *found, const struct entry_key *key)
{
    return (found->cut && entry_key_compare(key, &found->end) > 0) ||
           (found->n == found->cap && entry_key_compare(key, &found->keys[found->n - 1]) >= 0);
}

static struct err key_add(struct arena *arena, const struct entry_key *key,
                          struct entry_found *found)
{
    size_t at = found->n;
    while (at > 0 && entry_key_compare(key, &found->keys[at - 1]) < 0)
        at--;
    if (found->n < found->cap)
        found->n++;
    memmove(&found->keys[at + 1], &found->keys[at], (found->n - 1 - at) * sizeof *key);
    found->keys[at] = *key;
    found->keys[at].entry_id = arena_strdup(arena, key->entry_id);
    return arena_check(arena);
}

static struct err cut_at(struct arena *arena, const struct entry_key *key,
                         struct entry_found *found)
{
    found->cut = true;
    found->end = *key;
    found->end.entry_id = arena_strdup(arena, key->entry_id);
    while (found->n > 0 && entry_key_compare(&found->keys[found->n - 1], key) > 0)
        found->n--;
    return arena_check(arena);
}

/* ---- one strand ---- */

static bool is_wanted(struct stmt *q, const struct entry_wanted *wanted)
{
    struct str texts[6];
    if (wanted->state != ENTRY_STATE_ANY && stmt_int(q, 8) != (int64_t)wanted->state)
        return false;
    for (int i = 0; i < 6; i++)
        texts[i] = stmt_peek(q, 2 + i);
    return words_in(&wanted->words, texts, 6);
}

static struct err walk(struct stmt *q, struct arena *arena, const struct entry_wanted *wanted,
                       struct entry_found *found)
{
    size_t left = found->look < LOOK_LEAST ? LOOK_LEAST : found->look;
    for (;;) {
        struct entry_key key;
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(key_peek(q, &key));
        if (is_behind(found, &key))
            return OK;
        if (is_wanted(q, wanted))
            TRY(key_add(arena, &key, found));
        found->look -= found->look > 0;
        if (--left == 0)
            return cut_at(arena, &key, found);
    }
}

static struct err statement_of(struct tx *tx, const struct entry_strand *strand,
                               const struct entry_wanted *wanted, size_t *statement)
{
    bool dense;
    *statement = wanted->words.n > 0 ? FIND_TEXTS : FIND_KEYS;
    if (wanted->state == ENTRY_STATE_ANY)
        return OK;
    *statement = FIND_STATES;
    if (wanted->state == ENTRY_CONFIRMED)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRY_PAGES, UNSETTLED_DENSE);
    stmt_bind_text(q, 1, strand->entity_id);
    stmt_bind_text(q, 2, strand->account_id);
    TRY(stmt_step(q, &dense));
    *statement = dense ? FIND_STATES : FIND_UNSETTLED;
    return OK;
}

struct err entries_find(struct tx *tx, struct arena *arena, const struct entry_strand *strand,
                        const struct entry_wanted *wanted, struct entry_found *found)
{
    size_t statement;
    TRY(statement_of(tx, strand, wanted, &statement));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRY_PAGES, statement);
    stmt_bind_text(q, 1, strand->entity_id);
    stmt_bind_text(q, 2, strand->account_id);
    stmt_bind_text(q, 3, strand->currency);
    stmt_bind_text(q, 4, side_name(strand->side));
    stmt_bind_text(q, 5, wanted->from);
    stmt_bind_text(q, 6, wanted->behind.date);
    stmt_bind_int(q, 7, wanted->behind.minor);
    stmt_bind_text(q, 8, wanted->behind.entry_id);
    stmt_bind_int(q, 9, wanted->min);
    stmt_bind_int(q, 10, wanted->max);
    return walk(q, arena, wanted, found);
}
