/* list_matches: what was matched, or is proposed to be, newest first, with what it is of. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/id.h"
#include "engine/store/master.h"
#include "engine/store/match_pages.h"
#include "engine/tools/cursor.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/match_view.h"

#define IDS_MAX    300 /* of an account, for one page */
#define LOOK_MAX   500 /* matches that one call looks at */
#define LEGS_SHOWN 6

struct list_matches {
    const char *entity_id, *account_id, *from, *to, *q, *cursor;
    int state; /* index of states */
    int64_t limit;
};

static const char *const states[] = {"",         "PROPOSED_MATCH", "CONFIRMED",
                                     "REJECTED", "REVERSED",       NULL};
static const enum match_state state_of[] = {MATCH_NONE, MATCH_PROPOSED, MATCH_CONFIRMED,
                                            MATCH_REJECTED, MATCH_REVERSED};

static const struct json_field fields[] = {
    JSON_TEXT(struct list_matches, entity_id, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct list_matches, account_id, .max = 64, .help = "only of this account"),
    JSON_ENUM(struct list_matches, state, states, .help = "only in this state"),
    JSON_DATE(struct list_matches, from, .help = "proposed on this day or later, UTC"),
    JSON_DATE(struct list_matches, to, .help = "proposed before this day, UTC"),
    JSON_TEXT(struct list_matches, q, .max = 100,
              .help = "only with this in a leg's counterparty, memo, reference or id"),
    JSON_INT(struct list_matches, limit, .min = 1, .max = 200, .def = 50, .help = "matches a page"),
    JSON_TEXT(struct list_matches, cursor, .min = -1, .max = 200,
              .help = "next_cursor of the page before"),
};

struct matches_page {
    const struct json *matches;
    const char *next_cursor;
};

static const struct json_field result[] = {
    JSON_ANY(struct matches_page, matches, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array of matches, newest first: state, type, amount, score, proposer, the "
                     "first legs, and of what waits its escalation"),
    JSON_TEXT(struct matches_page, next_cursor,
              .help = "absent on the last page; a page may be short and not the last"),
};

/* ---- which ---- */

struct ids {
    const char **list;
    size_t n;
    const char *complete; /* no id above this one is missing; "" when none is at all */
};

struct looking {
    struct call *c;
    struct scope scope;
    struct match_page page;
    struct ids ids;
};

static struct err ids_add(struct looking *l, const char **more, size_t n)
{
    const char **both = ARENA_ARRAY(l->c->arena, l->ids.n + n + 1, const char *);
    ENSURE(both != NULL, ERR_LIMIT, "out of memory");
    if (l->ids.n > 0)
        memcpy(both, l->ids.list, l->ids.n * sizeof *both);
    if (n > 0)
        memcpy(both + l->ids.n, more, n * sizeof *both);
    l->ids.list = both;
    l->ids.n += n;
    if (n == IDS_MAX && strcmp(more[n - 1], l->ids.complete) > 0)
        l->ids.complete = more[n - 1];
    return OK;
}

static struct err account_add(struct looking *l, struct tx *tx, const char *entity,
                              const char *account)
{
    const char **ids;
    size_t n;
    l->page.entity_id = entity;
    l->page.account_id = account;
    TRY(match_page_ids(tx, l->c->arena, &l->page, &ids, &n));
    return ids_add(l, ids, n);
}

static struct err entity_add(struct looking *l, struct tx *tx, const char *entity)
{
    const struct list_matches *args = l->c->args;
    const char **accounts;
    size_t n;
    if (!scope_has(&l->scope, entity) ||
        (args->entity_id != NULL && !text_eq(args->entity_id, entity)))
        return OK;
    if (args->account_id != NULL)
        return account_add(l, tx, entity, args->account_id);
    TRY(match_accounts(tx, l->c->arena, entity, &accounts, &n));
    for (size_t i = 0; i < n; i++)
        TRY(account_add(l, tx, entity, accounts[i]));
    return OK;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

/* Ids begin with the time they were made at. */
static const char *id_of_day(struct arena *arena, const char *day, const char *otherwise)
{
    static const unsigned char first[ID_RANDOM_LEN];
    char id[ID_TEXT_MAX];
    struct date d;
    if (day == NULL || date_parse(day, &d).kind != ERR_NONE)
        return otherwise;
    const int64_t ms = date_begin_utc(d) / 1000;
    id_print("mat", ms < 0 ? 0 : ms, first, id);
    return arena_strdup(arena, id);
}

static struct err find(struct looking *l, struct tx *tx, const char *before)
{
    const struct list_matches *args = l->c->args;
    struct entity *entities;
    size_t n;
    const char *to = id_of_day(l->c->arena, args->to, "mat~");
    l->page =
        (struct match_page){.state = state_of[args->state],
                            .before = before[0] != '\0' && strcmp(before, to) < 0 ? before : to,
                            .from = id_of_day(l->c->arena, args->from, ""),
                            .limit = IDS_MAX};
    TRY(arena_check(l->c->arena));
    TRY(entities_list(tx, l->c->arena, &entities, &n));
    for (size_t i = 0; i < n; i++)
        TRY(entity_add(l, tx, entities[i].entity_id));
    if (l->ids.n > 0)
        qsort(l->ids.list, l->ids.n, sizeof *l->ids.list, newest_first);
    return OK;
}

/* ---- one ---- */

static bool says(const char *text, const char *word)
{
    return text != NULL && strcasestr(text, word) != NULL;
}

static bool leg_says(const struct entry *e, const char *word)
{
    return says(e->counterparty, word) || says(e->memo, word) || says(e->reference, word) ||
           says(e->entry_id, word);
}

static bool passes(const struct list_matches *args, const struct match *m, const struct entry *legs)
{
    bool yes = args->q == NULL || says(m->match_id, args->q);
    for (size_t i = 0; !yes && i < m->legs_n; i++)
        yes = leg_says(&legs[i], args->q);
    return yes;
}

static struct json *leg_print(struct call *c, const struct match *m, size_t i,
                              const struct entry *e)
{
    struct json *o = json_object_new(c->arena);
    struct money amount = m->amount;
    char text[MONEY_TEXT_MAX], day[DATE_TEXT_MAX];
    amount.minor = m->legs[i].amount_minor;
    money_print(amount, text);
    date_print(e->date, day);
    json_put_text(c->arena, o, "entry_id", e->entry_id);
    json_put_text(c->arena, o, "side", side_name(m->legs[i].side));
    json_put_text(c->arena, o, "date", day);
    json_put_text(c->arena, o, "amount", text);
    json_put_known(c->arena, o, "counterparty", e->counterparty);
    json_put_known(c->arena, o, "memo", e->memo);
    json_put_known(c->arena, o, "reference", e->reference);
    return o;
}

static struct err waiting_put(struct call *c, struct tx *tx, const struct match *m, struct json *o)
{
    struct escalation e;
    bool open = false;
    if (m->state == MATCH_PROPOSED)
        TRY(escalation_of_object(tx, c->arena, "confirm_match", m->match_id, &open, &e));
    if (!open)
        return OK;
    json_put_text(c->arena, o, "waits_as", e.escalation_id);
    json_put_text(c->arena, o, "reason", e.reason);
    json_put_text(c->arena, o, "clause", e.clause);
    return OK;
}

static struct err row_print(struct call *c, struct tx *tx, const struct match *m,
                            const struct entry *legs, struct json *list)
{
    struct json *o = json_object_new(c->arena), *shown = json_array_new(c->arena);
    char at[INSTANT_TEXT_MAX];
    int64_t ms;
    match_put(c->arena, m, o);
    if (id_time(m->match_id, &ms)) {
        instant_print(ms * 1000, at);
        json_put_text(c->arena, o, "proposed_at", at);
    }
    if (m->state_seq > 0)
        json_put_int(c->arena, o, "decided_seq", m->state_seq);
    for (size_t i = 0; i < m->legs_n && i < LEGS_SHOWN; i++)
        json_push(c->arena, shown, leg_print(c, m, i, &legs[i]));
    json_put(c->arena, o, "legs", shown);
    json_put_int(c->arena, o, "legs_n", (int64_t)m->legs_n);
    TRY(waiting_put(c, tx, m, o));
    json_push(c->arena, list, o);
    return arena_check(c->arena);
}

static struct err look_at(struct looking *l, struct tx *tx, const char *id, struct json *list)
{
    const struct list_matches *args = l->c->args;
    struct match m;
    bool seen;
    TRY(match_load(tx, l->c->arena, id, &m));
    if ((args->state != 0 && m.state != state_of[args->state]) ||
        (args->account_id != NULL && !text_eq(m.account_id, args->account_id)) ||
        (args->entity_id != NULL && !text_eq(m.entity_id, args->entity_id)))
        return OK;
    struct entry *legs = ARENA_ARRAY(l->c->arena, m.legs_n + 1, struct entry);
    ENSURE(legs != NULL, ERR_LIMIT, "out of memory");
    TRY(scope_has_match(&l->scope, l->c, tx, &m, &seen));
    if (!seen)
        return OK;
    for (size_t i = 0; i < m.legs_n; i++)
        TRY(entry_load(tx, l->c->arena, m.legs[i].entry_id, &legs[i]));
    return passes(args, &m, legs) ? row_print(l->c, tx, &m, legs, list) : OK;
}

/* Down to where some account's ids were cut, so that none is passed by. */
static struct err page_print(struct looking *l, struct tx *tx, struct matches_page *page)
{
    const struct list_matches *args = l->c->args;
    struct json *list = json_array_new(l->c->arena);
    const char *last = NULL;
    size_t i = 0, looked = 0;
    for (; i < l->ids.n && list->count < (size_t)args->limit && looked < LOOK_MAX; i++) {
        if (strcmp(l->ids.list[i], l->ids.complete) < 0)
            break;
        if (text_eq(last, l->ids.list[i]))
            continue; /* of two entities */
        last = l->ids.list[i];
        looked++;
        TRY(look_at(l, tx, last, list));
    }
    page->matches = list;
    if (last != NULL && (i < l->ids.n || l->ids.complete[0] != '\0'))
        page->next_cursor = cursor_print(l->c->arena, last);
    return OK;
}

static struct err read_page(struct call *c, struct tx *tx)
{
    const struct list_matches *args = c->args;
    struct looking l = {.c = c, .ids = {.complete = ""}};
    struct matches_page page = {0};
    const char *before;
    TRY(cursor_parse(c->arena, args->cursor, &before));
    TRY(scope_load(c, tx, &l.scope));
    TRY(find(&l, tx, before));
    TRY(page_print(&l, tx, &page));
    return json_unbind(c->arena, JSON_FIELDS(result), &page, &c->result);
}

const struct tool tool_list_matches = {
    .name = "list_matches",
    .title = "List matches",
    .summary = "Lists matches and proposals, newest first, with amounts and the first legs of "
               "each; what waits for a human names its escalation.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct list_matches),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_page,
};
