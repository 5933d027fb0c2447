/* Pages of matches. */
#include "engine/store/match_pages.h"

#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { PAGE_ALL, PAGE_PROPOSED, PAGE_PROPOSED_MANY, PAGE_ENDED, ACCOUNT_NEXT, UNSETTLED_MANY };

/* So many open entries of an account make its proposals dense. */
#define MANY "5000"

#define WITHIN(id) " AND " id " < ?3 AND " id " >= ?4"

const struct db_sql match_pages_sql[] = {
    [PAGE_ALL] = {"match_page_all", "SELECT match_id FROM matches INDEXED BY matches_of"
                                    " WHERE entity_id = ?1 AND account_id = ?2" WITHIN(
                                        "match_id") " ORDER BY match_id DESC LIMIT ?5"},
    /* What is proposed holds entries that are not settled yet, whole or in part. */
    [PAGE_PROPOSED] =
        {"match_page_proposed",
         "SELECT l.match_id FROM unsettled u CROSS JOIN live_legs l ON l.entry_id = u.entry_id"
         " WHERE u.entity_id = ?1 AND u.account_id = ?2" WITHIN(
             "l.match_id") " AND NOT EXISTS (SELECT 1 FROM match_states s WHERE s.match_id = "
                           "l.match_id)"
                           " UNION SELECT p.match_id FROM live_parts p INDEXED BY live_parts_in"
                           " WHERE p.entity_id = ?1" WITHIN(
                               "p.match_id") " AND NOT EXISTS (SELECT 1 FROM match_states s WHERE "
                                             "s.match_id = p.match_id)"
                                             " ORDER BY 1 DESC LIMIT ?5"},
    /* Of a book that was just begun most is proposed: it is met in order soon enough. */
    [PAGE_PROPOSED_MANY] =
        {"match_page_proposed_many",
         "SELECT m.match_id FROM matches m INDEXED BY matches_of WHERE m.entity_id = ?1"
         " AND m.account_id = ?2" WITHIN(
             "m.match_id") " AND NOT EXISTS (SELECT 1 FROM match_states s WHERE s.match_id = "
                           "m.match_id)"
                           " ORDER BY m.match_id DESC LIMIT ?5"},
    [UNSETTLED_MANY] = {"unsettled_many", "SELECT 1 FROM unsettled WHERE entity_id = ?1"
                                          " AND account_id = ?2 LIMIT 1 OFFSET " MANY},
    [PAGE_ENDED] = {"match_page_ended",
                    "SELECT m.match_id FROM rejected_compositions r"
                    " JOIN matches m ON m.match_id = r.match_id WHERE m.entity_id = ?1"
                    " AND m.account_id = ?2" WITHIN("m.match_id") " ORDER BY 1 DESC LIMIT ?5"},
    [ACCOUNT_NEXT] = {"match_account_next",
                      "SELECT min(account_id) FROM matches INDEXED BY matches_of"
                      " WHERE entity_id = ?1 AND account_id > ?2"},
};
const size_t match_pages_sql_n = sizeof match_pages_sql / sizeof match_pages_sql[0];

static struct err statement_of(struct tx *tx, const struct match_page *page, size_t *statement)
{
    bool many;
    *statement =
        page->state == MATCH_REJECTED || page->state == MATCH_REVERSED ? PAGE_ENDED : PAGE_ALL;
    if (page->state != MATCH_PROPOSED)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCH_PAGES, UNSETTLED_MANY);
    stmt_bind_text(q, 1, page->entity_id);
    stmt_bind_text(q, 2, page->account_id);
    TRY(stmt_step(q, &many));
    *statement = many ? PAGE_PROPOSED_MANY : PAGE_PROPOSED;
    return OK;
}

static void id_read(struct stmt *q, struct arena *arena, void *row)
{
    *(const char **)row = stmt_text(q, 0, arena);
}

struct err match_page_ids(struct tx *tx, struct arena *arena, const struct match_page *page,
                          const char ***ids, size_t *n)
{
    size_t statement;
    void *rows;
    TRY(statement_of(tx, page, &statement));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCH_PAGES, statement);
    stmt_bind_text(q, 1, page->entity_id);
    stmt_bind_text(q, 2, page->account_id);
    stmt_bind_text(q, 3, page->before);
    stmt_bind_text(q, 4, page->from);
    stmt_bind_int(q, 5, page->limit);
    TRY(rows_read(q, arena, sizeof **ids, id_read, &rows, n));
    *ids = rows;
    return OK;
}

static struct err account_next(struct tx *tx, struct arena *arena, const char *entity_id,
                               const char *after, const char **account)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCH_PAGES, ACCOUNT_NEXT);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, after);
    TRY(stmt_step(q, &row));
    *account = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

struct err match_accounts(struct tx *tx, struct arena *arena, const char *entity_id,
                          const char ***accounts, size_t *n)
{
    enum { ACCOUNTS_MAX = 1000 };
    const char *at = "";
    *accounts = ARENA_ARRAY(arena, ACCOUNTS_MAX, const char *);
    *n = 0;
    ENSURE(*accounts != NULL, ERR_LIMIT, "out of memory");
    for (;;) {
        TRY(account_next(tx, arena, entity_id, at, &at));
        if (at == NULL)
            return OK;
        ENSURE(*n < ACCOUNTS_MAX, ERR_LIMIT, "too many accounts at once: say which one");
        (*accounts)[(*n)++] = at;
    }
}
