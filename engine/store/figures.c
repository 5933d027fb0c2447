/* Counting by day. */
#include "engine/store/figures.h"

#include <string.h>

#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { FIGURES_CAME, FIGURES_ENDED, FIGURES_DECIDED, FIGURES_AUTO };

const struct db_sql figures_sql[] = {
    [FIGURES_CAME] = {"figures_came",
                      "SELECT escalation_id, entity_id FROM escalations INDEXED BY escalations_came"
                      " WHERE escalation_id >= ?1 ORDER BY escalation_id"},
    [FIGURES_ENDED] = {"figures_ended",
                       "SELECT seq, entity_id, state, escalation_id FROM escalations"
                       " INDEXED BY escalations_ended WHERE (state = 'APPROVED'"
                       " OR state = 'REJECTED' OR state = 'WITHDRAWN' OR state = 'EXPIRED'"
                       " OR state = 'STALE') AND seq >= ?1 ORDER BY seq DESC"},
    [FIGURES_DECIDED] = {"figures_decided",
                         "SELECT s.seq, s.state, m.entity_id FROM match_states s"
                         " INDEXED BY match_states_people"
                         " CROSS JOIN matches m ON m.match_id = s.match_id"
                         " WHERE s.actor >= 'human:' AND s.actor < 'human;' AND s.seq >= ?1"
                         " ORDER BY s.seq"},
    [FIGURES_AUTO] = {"figures_auto",
                      "SELECT day, sum(count) FROM auto_confirmed INDEXED BY auto_confirmed_window"
                      " WHERE scope = 'entity' AND key = ?1 AND day >= ?2 GROUP BY day"
                      " ORDER BY day"},
};
const size_t figures_sql_n = sizeof figures_sql / sizeof figures_sql[0];

/* A short text of the row in `into`; NULL for none. */
static const char *peeked(struct stmt *q, int col, char *into, size_t size)
{
    const struct str text = stmt_peek(q, col);
    if (text.len == 0 || text.len >= size)
        return NULL;
    memcpy(into, text.at, text.len);
    into[text.len] = '\0';
    return into;
}

enum { ID_MAX = 65 };

struct err figures_came(struct tx *tx, const char *from, came_fn fn, void *arg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FIGURES, FIGURES_CAME);
    stmt_bind_text(q, 1, from);
    for (;;) {
        char id[ID_MAX], entity[ID_MAX];
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(fn(arg, peeked(q, 0, id, sizeof id), peeked(q, 1, entity, sizeof entity)));
    }
}

static enum escalation_state state_of(const char *name)
{
    for (unsigned s = ESCALATION_PENDING; s <= ESCALATION_STALE; s++) {
        if (text_eq(name, escalation_state_name((enum escalation_state)s)))
            return (enum escalation_state)s;
    }
    return ESCALATION_NONE;
}

struct err figures_ended(struct tx *tx, int64_t from_seq, ended_fn fn, void *arg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FIGURES, FIGURES_ENDED);
    stmt_bind_int(q, 1, from_seq);
    for (;;) {
        char entity[ID_MAX], state[ID_MAX], id[ID_MAX];
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        const struct ended ended = {.seq = stmt_int(q, 0),
                                    .entity_id = peeked(q, 1, entity, sizeof entity),
                                    .state = state_of(peeked(q, 2, state, sizeof state)),
                                    .escalation_id = peeked(q, 3, id, sizeof id)};
        TRY(fn(arg, &ended));
    }
}

struct err figures_decided(struct tx *tx, int64_t from_seq, decided_fn fn, void *arg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FIGURES, FIGURES_DECIDED);
    stmt_bind_int(q, 1, from_seq);
    for (;;) {
        char name[ID_MAX], entity[ID_MAX];
        enum match_state state;
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        const char *text = peeked(q, 1, name, sizeof name);
        ENSURE(text != NULL && match_state_find(text, &state), ERR_STORE,
               "a match has a state that is none");
        TRY(fn(arg, stmt_int(q, 0), state, peeked(q, 2, entity, sizeof entity)));
    }
}

static void day_read(struct stmt *q, struct arena *arena, void *row)
{
    struct day_count *d = row;
    const char *day = stmt_text(q, 0, arena);
    d->count = stmt_int(q, 1);
    if (day == NULL || date_parse(day, &d->day).kind != ERR_NONE)
        d->count = 0; /* the book's own days parse; verify says so where one does not */
}

struct err figures_auto(struct tx *tx, struct arena *arena, const char *entity_id, struct date from,
                        struct day_count **days, size_t *n)
{
    char text[DATE_TEXT_MAX];
    void *rows;
    date_print(from, text);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FIGURES, FIGURES_AUTO);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, text);
    TRY(rows_read(q, arena, sizeof **days, day_read, &rows, n));
    *days = rows;
    return OK;
}
