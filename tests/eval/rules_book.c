/* What the rules ask of the book, beside what changed: hands, amounts, accounts, windows. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "tests/eval/rules.h"

static const struct db_sql sql[ASK_COUNT] = {
    [ASK_MATCH] = {"match", "SELECT proposer, proposer_principal, proposer_obo, source, match_type,"
                            " entity_id, account_id, CAST(ambiguous AS TEXT), CAST(sure AS TEXT),"
                            " CAST(score_bp AS TEXT), CAST(amount_minor AS TEXT), currency, legs"
                            " FROM matches WHERE match_id = ?1"},
    [ASK_ENTRY] = {"entry", "SELECT entity_id, account_id, side, date, CAST(amount_minor AS TEXT),"
                            " currency, counterparty, journal_id, contra_account, contra,"
                            " event_kind, CAST(version AS TEXT) FROM entries WHERE entry_id = ?1"
                            " ORDER BY version DESC LIMIT 1"},
    [ASK_JOURNAL] = {"journal", "SELECT DISTINCT account_id FROM entries INDEXED BY entries_journal"
                                " WHERE entity_id = ?1 AND journal_id = ?2"},
    [ASK_CLASS] = {"class", "SELECT class FROM accounts WHERE entity_id = ?1 AND account_id = ?2"},
    [ASK_DIFFERENCE] = {"difference",
                        "SELECT account_id FROM match_differences WHERE match_id = ?1"},
    [ASK_ASKERS] = {"askers", "SELECT role, principal_id, actor, CAST(object_version AS TEXT)"
                              " FROM askers WHERE object_id = ?1 AND tool = ?2"},
    [ASK_PARTIES] = {"parties", "SELECT role, principal_id, actor FROM escalation_parties"
                                " WHERE escalation_id = ?1"},
    [ASK_ROLES] = {"roles", "SELECT role, entity_id FROM roles WHERE principal_id = ?1"
                            " AND status = 'granted'"},
    [ASK_LENT] = {"lent", "SELECT r.role, r.entity_id, d.lender FROM delegations d"
                          " JOIN principals p ON p.principal_id = d.lender AND p.status = 'active'"
                          " JOIN roles r ON r.principal_id = d.lender AND r.status = 'granted'"
                          " WHERE d.borrower = ?1 AND d.from_utc <= ?2 AND d.until_utc > ?2"},
    [ASK_PRINCIPAL] = {"principal", "SELECT status FROM principals WHERE principal_id = ?1"},
    [ASK_CONFIRMED_WINDOW] = {"confirmed window",
                              "SELECT currency, CAST(sum(sum_minor) AS TEXT),"
                              " CAST(sum(count) AS TEXT) FROM auto_confirmed WHERE scope = ?1"
                              " AND key = ?2 AND day >= ?3 GROUP BY currency"},
    [ASK_WRITTEN_WINDOW] = {"written window",
                            "SELECT currency, CAST(sum(sum_minor) AS TEXT),"
                            " CAST(sum(count) AS TEXT) FROM written_off WHERE scope = ?1"
                            " AND key = ?2 AND day >= ?3 GROUP BY currency"},
    [ASK_FLAG] = {"flag", "SELECT actor, principal_id, on_behalf_of FROM exception_flags"
                          " WHERE exception_id = ?1"},
    [ASK_EXCEPTION] = {"exception", "SELECT entry_id, entity_id, account_id, class FROM exceptions"
                                    " WHERE exception_id = ?1"},
    [ASK_ESCALATION] = {"escalation",
                        "SELECT digest, bound, args, tool, object_id, reason, clause, pointer,"
                        " requester, requester_principal, requester_obo, state, entity_id"
                        " FROM escalations WHERE escalation_id = ?1"},
    [ASK_OPEN_OF] = {"open of", "SELECT escalation_id, requester FROM escalations"
                                " WHERE object_id = ?1 AND state IN"
                                " ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED')"},
    [ASK_CLIENT] = {"client", "SELECT kind, tools, status FROM clients WHERE client_id = ?1"},
    [ASK_EVENT] = {"event", "SELECT event FROM audit_events WHERE seq = CAST(?1 AS INTEGER)"},
};

struct err rules_prepare(struct db *db)
{
    return db_prepare_all(db, RULES_SET, sql, ASK_COUNT);
}

/* How many columns each statement gives: the commas of its list would lie. */
static const unsigned char columns[ASK_COUNT] = {
    [ASK_MATCH] = 13,     [ASK_ENTRY] = 12,         [ASK_JOURNAL] = 1, [ASK_CLASS] = 1,
    [ASK_DIFFERENCE] = 1, [ASK_ASKERS] = 4,         [ASK_PARTIES] = 3, [ASK_ROLES] = 2,
    [ASK_LENT] = 3,       [ASK_PRINCIPAL] = 1,      [ASK_FLAG] = 3,    [ASK_CONFIRMED_WINDOW] = 3,
    [ASK_EXCEPTION] = 4,  [ASK_WRITTEN_WINDOW] = 3, [ASK_OPEN_OF] = 2, [ASK_ESCALATION] = 13,
    [ASK_CLIENT] = 3,     [ASK_EVENT] = 1,
};

enum { ANSWERS_MAX = 200 };

struct err rules_ask(const struct rules_step *s, enum rules_sql which, const char *const *bind,
                     size_t bind_n, struct answer **list, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(s->db, RULES_SET, which);
    size_t cap = 0;
    for (size_t i = 0; i < bind_n; i++)
        stmt_bind_text(q, (int)i + 1, bind[i]);
    *list = NULL;
    for (*n = 0; *n < ANSWERS_MAX; (*n)++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        if (*n == cap) {
            struct answer *more = ARENA_ARRAY(s->arena, cap == 0 ? 4 : 4 * cap, struct answer);
            ENSURE(more != NULL, ERR_LIMIT, "out of memory");
            if (cap > 0)
                memcpy(more, *list, cap * sizeof *more);
            cap = cap == 0 ? 4 : 4 * cap;
            *list = more;
        }
        for (int i = 0; i < columns[which]; i++)
            (*list)[*n].at[i] = stmt_is_null(q, i) ? NULL : stmt_text(q, i, s->arena);
    }
    return arena_check(s->arena);
}

/* ---- a match ---- */

static void text_add(const char **list, size_t *n, const char *text)
{
    for (size_t i = 0; i < *n; i++) {
        if (text_eq(list[i], text))
            return;
    }
    if (text != NULL && *n < MATTER_MAX)
        list[(*n)++] = text;
}

static struct err account_add(const struct rules_step *s, struct matter *m, const char *entity,
                              const char *id, bool reconciled)
{
    struct answer *class;
    size_t n = 0;
    for (size_t i = 0; i < m->accounts_n; i++) {
        if (text_eq(m->accounts[i].id, id)) {
            m->accounts[i].reconciled &= reconciled;
            return OK;
        }
    }
    if (m->accounts_n == 2 * MATTER_MAX)
        return err_new(ERR_LIMIT, "a match touches more accounts than the rules look at");
    const char *const bind[] = {entity, id};
    if (id != NULL)
        TRY(rules_ask(s, ASK_CLASS, bind, 2, &class, &n));
    m->accounts[m->accounts_n++] = (struct touched){
        .id = id, .class_ = n == 0 ? NULL : class[0].at[0], .reconciled = reconciled};
    return OK;
}

/* The other side of a leg: what its journal has beside it, what its source names, or nothing. */
static struct err contra_add(const struct rules_step *s, struct matter *m, const struct answer *e)
{
    const char *entity = e->at[0], *account = e->at[1], *journal = e->at[7], *named = e->at[8];
    struct answer *lines;
    size_t n = 0, others = 0;
    if (text_eq(e->at[9], "none"))
        return OK;
    if (text_eq(e->at[9], "account"))
        return text_eq(named, account) ? OK : account_add(s, m, entity, named, false);
    const char *const bind[] = {entity, journal};
    if (journal != NULL)
        TRY(rules_ask(s, ASK_JOURNAL, bind, 2, &lines, &n));
    for (size_t i = 0; i < n; i++) {
        if (text_eq(lines[i].at[0], account))
            continue;
        TRY(account_add(s, m, entity, lines[i].at[0], false));
        others++;
    }
    return others > 0 ? OK : account_add(s, m, entity, NULL, false);
}

static int64_t number(const char *text)
{
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

/* What is gathered of one leg after the other. */
struct gathering {
    struct answer legs[MATTER_MAX];
    struct date bank, any;
    bool parties_differ;
    size_t n;
};

static struct err leg_add(const struct rules_step *s, struct matter *m, struct gathering *g,
                          const char *entry_id)
{
    struct answer *e;
    struct date day;
    size_t n;
    ENSURE(g->n < MATTER_MAX, ERR_LIMIT, "a match has more legs than the rules look at");
    TRY(rules_ask(s, ASK_ENTRY, &entry_id, 1, &e, &n));
    ENSURE(n == 1, ERR_STORE, "a leg without its entry");
    TRY(date_parse(e->at[3], &day));
    if (day.days > g->any.days)
        g->any = day;
    if (text_eq(e->at[2], "bank") && day.days > g->bank.days)
        g->bank = day;
    if (e->at[6] != NULL && m->counterparty != NULL && !text_eq(e->at[6], m->counterparty))
        g->parties_differ = true;
    if (e->at[6] != NULL)
        m->counterparty = e->at[6];
    text_add(m->entities, &m->entities_n, e->at[0]);
    text_add(m->events, &m->events_n, e->at[10]);
    g->legs[g->n++] = *e;
    return account_add(s, m, e->at[0], e->at[1], true);
}

static struct err gathered(const struct rules_step *s, struct matter *m, struct gathering *g)
{
    for (size_t i = 0; i < g->n; i++)
        TRY(contra_add(s, m, &g->legs[i]));
    m->amount.on = g->bank.days == INT32_MIN ? g->any : g->bank;
    if (g->parties_differ)
        m->counterparty = NULL;
    return OK;
}

struct err rules_matter(const struct rules_step *s, const char *match_id, struct matter *m)
{
    struct gathering *g = ARENA_NEW(s->arena, struct gathering);
    struct answer *r, *difference;
    struct json *legs;
    size_t n;
    ENSURE(g != NULL, ERR_LIMIT, "out of memory");
    TRY(rules_ask(s, ASK_MATCH, &match_id, 1, &r, &n));
    ENSURE(n == 1, ERR_STORE, "a state without its match");
    *m = (struct matter){.match_id = match_id,
                         .proposer = r->at[0],
                         .principal = r->at[1],
                         .obo = r->at[2],
                         .source = r->at[3],
                         .type = r->at[4],
                         .entity = r->at[5],
                         .account = r->at[6],
                         .ambiguous = number(r->at[7]) != 0,
                         .sure = number(r->at[8]) != 0,
                         .score = number(r->at[9]),
                         .amount = {.minor = number(r->at[10]), .cur = r->at[11]}};
    g->bank.days = g->any.days = INT32_MIN;
    TRY(json_read(s->arena, str_of(r->at[12]), NULL, &legs));
    m->legs = legs;
    for (size_t i = 0; i < legs->count; i++)
        TRY(leg_add(s, m, g, json_get_text(legs->items[i], "entry_id")));
    TRY(gathered(s, m, g));
    TRY(rules_ask(s, ASK_DIFFERENCE, &match_id, 1, &difference, &n));
    return n == 0 ? OK : account_add(s, m, m->entity, difference[0].at[0], false);
}

struct err rules_entry_matter(const struct rules_step *s, const char *entry_id, struct matter *m)
{
    struct gathering *g = ARENA_NEW(s->arena, struct gathering);
    ENSURE(g != NULL, ERR_LIMIT, "out of memory");
    *m = (struct matter){.match_id = entry_id};
    g->bank.days = g->any.days = INT32_MIN;
    TRY(leg_add(s, m, g, entry_id));
    TRY(gathered(s, m, g));
    int64_t minor = number(g->legs[0].at[4]);
    minor = (minor < 0 ? -minor : minor) - book_held(s->rows, entry_id);
    m->amount.minor = minor;
    m->amount.cur = g->legs[0].at[5];
    m->entity = g->legs[0].at[0];
    m->account = g->legs[0].at[1];
    return OK;
}

/* ---- who may ---- */

static bool frozen_person(const struct rules_step *s, const char *principal)
{
    for (size_t i = 0; i < s->frozen_n; i++) {
        if (text_eq(s->frozen[i].scope, "actor") && text_eq(s->frozen[i].value, principal))
            return true;
    }
    return false;
}

static bool listed(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(list[i], text))
            return true;
    }
    return false;
}

static bool holds(const struct rules_event *e, const struct authority *a, const struct answer *role,
                  const char *entity)
{
    bool here = role->at[1] == NULL || role->at[1][0] == '\0' || text_eq(role->at[1], entity);
    return here && stated_grants(e->policy, role->at[0], a->action, entity, a->amount, a->alone);
}

static bool anybody(const struct rules_event *e, const struct authority *a,
                    const struct answer *own, size_t own_n, const char *entity)
{
    for (size_t i = 0; i < own_n; i++) {
        if (holds(e, a, &own[i], entity))
            return true;
    }
    return false;
}

struct err rules_authority(const struct rules_step *s, const struct rules_event *e,
                           const struct authority *a, bool *yes)
{
    const char *who = e->kind == ACTOR_HUMAN ? e->principal : e->obo;
    const char *const bind[] = {who, e->at};
    static const char *const nowhere[] = {NULL};
    struct answer *own, *lent;
    size_t own_n, lent_n = 0, n = a->entities_n == 0 ? 1 : a->entities_n;
    const char *const *entities = a->entities_n == 0 ? nowhere : a->entities;
    *yes = false;
    if (who == NULL || e->policy == NULL)
        return OK;
    TRY(rules_ask(s, ASK_ROLES, bind, 1, &own, &own_n));
    if (e->kind == ACTOR_HUMAN && !text_eq(a->action, "SET_DELEGATION"))
        TRY(rules_ask(s, ASK_LENT, bind, 2, &lent, &lent_n));
    struct answer *all = ARENA_ARRAY(s->arena, own_n + lent_n + 1, struct answer);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    if (own_n > 0)
        memcpy(all, own, own_n * sizeof *all);
    for (size_t i = 0; i < lent_n; i++) {
        if (!listed(a->not_seats, a->not_seats_n, lent[i].at[2]) &&
            !frozen_person(s, lent[i].at[2]))
            all[own_n++] = lent[i];
    }
    *yes = true;
    for (size_t i = 0; i < n; i++)
        *yes &= anybody(e, a, all, own_n, entities[i]);
    return OK;
}
