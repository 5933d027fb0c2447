/* bank_reconciliation: the statement of one account on one day, with every reconciling item, a page
 * at a time. The first page carries the figures; the pages behind a cursor only items. */
#include <inttypes.h>
#include <string.h>

#include "engine/tools/cursor.h"
#include "engine/tools/reconciliation.h"

struct bank_reconciliation {
    const char *entity_id, *account_id, *currency, *date, *cursor;
    int64_t limit;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct bank_reconciliation, entity_id, .required = true, .max = 64,
              .help = "the entity"),
    JSON_TEXT(struct bank_reconciliation, account_id, .required = true, .max = 64,
              .help = "the account of its chart"),
    JSON_DATE(struct bank_reconciliation, date, .required = true,
              .help = "as of the end of this day; entries behind it are not seen"),
    JSON_TEXT(struct bank_reconciliation, currency, .max = 3,
              .help = "ISO 4217; only needed when the account holds several"),
    JSON_INT(struct bank_reconciliation, limit, .min = 1, .max = 500, .def = 100,
             .help = "items a page"),
    JSON_TEXT(struct bank_reconciliation, cursor, .min = -1, .max = 400,
              .help = "next_cursor of the page before"),
};

struct told {
    const char *entity_id, *account_id, *account_name, *date, *currency, *unexplained, *unlisted;
    const struct json *bank, *books, *sections, *why_not, *statement_breaks, *items;
    bool reconciled;
    const char *next_cursor;
};

static const struct json_field result[] = {
    JSON_TEXT(struct told, entity_id),
    JSON_TEXT(struct told, account_id),
    JSON_TEXT(struct told, account_name),
    JSON_TEXT(struct told, date),
    JSON_TEXT(struct told, currency),
    JSON_ANY(struct told, bank, .holds = JSON_TYPE_OBJECT,
             .help = "{basis: statement | carried | movement, balance (or movement), adjusted, "
                     "from_balance, from_date, moved}"),
    JSON_ANY(struct told, books, .holds = JSON_TYPE_OBJECT,
             .help = "the same; basis: ledger | movement"),
    JSON_ANY(struct told, sections, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "array of {section, title, adjusts, count, effect}"),
    JSON_TEXT(struct told, unexplained,
              .help = "adjusted bank less adjusted books; absent while a balance is not known"),
    JSON_TEXT(struct told, unlisted,
              .help = "what settled entries differ by and no item tells; 0 in a sound book"),
    JSON_BOOL(struct told, reconciled,
              .help = "nothing unexplained, a statement that covers the day, none broken"),
    JSON_ANY(struct told, why_not, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_TEXT,
             .help = "array of sentences; empty when reconciled"),
    JSON_ANY(struct told, statement_breaks, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "array of {fault: BROKEN | GAP, statement_id, from, to, expected, found}"),
    JSON_ANY(struct told, items, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array of {section, entry_id, date, age_days, amount, effect, counterparty, "
                     "reference, memo, state, match_id, last_leg, exception_id, class, "
                     "exception_state}"),
    JSON_TEXT(struct told, next_cursor, .help = "absent on the last page"),
};

/* ---- items ---- */

struct page {
    struct call *c;
    struct reconciliation *r;
    bool first; /* carries the figures */
    struct json *items;
};

static void put(struct call *c, struct json *o, const char *key, const char *text)
{
    if (!text_empty(text))
        json_put_text(c->arena, o, key, text);
}

static struct json *item_begin(struct page *p, enum bankrec_section section, struct date date,
                               int64_t amount, int64_t effect)
{
    struct call *c = p->c;
    struct json *o = json_object_new(c->arena);
    char day[DATE_TEXT_MAX];
    date_print(date, day);
    json_put_text(c->arena, o, "section", bankrec_section_name(section));
    json_put_text(c->arena, o, "date", day);
    json_put_int(c->arena, o, "age_days", (int64_t)p->r->of.day.days - date.days);
    json_put_text(c->arena, o, "amount", reconciliation_money(c, p->r, amount));
    json_put_text(c->arena, o, "effect", reconciliation_money(c, p->r, effect));
    json_push(c->arena, p->items, o);
    return o;
}

static const char *state_of(const struct reconciling_item *item)
{
    switch (item->stand) {
    case RECONCILING_PROPOSED:
        return "proposed";
    case RECONCILING_LATER:
        return "settled_later";
    case RECONCILING_OPEN:
        break;
    }
    return item->class_ == NULL ? "unmatched" : "exception";
}

static struct err item_print(struct page *p, const struct reconciling_item *item)
{
    struct call *c = p->c;
    const struct entry *e = &item->entry;
    const bool bank = e->side == SIDE_BANK;
    const enum bankrec_section section = bankrec_section_of(
        bank, item->minor, item->class_, item->stand == RECONCILING_PROPOSED && !item->straddles);
    int64_t effect;
    TRY(bankrec_effect(section, bank, item->minor, &effect));
    struct json *o = item_begin(p, section, e->date, item->minor, effect);
    json_put_text(c->arena, o, "entry_id", e->entry_id);
    json_put_text(c->arena, o, "side", side_name(e->side));
    put(c, o, "counterparty", e->counterparty);
    put(c, o, "reference", e->reference);
    put(c, o, "memo", e->memo);
    json_put_text(c->arena, o, "state", state_of(item));
    put(c, o, "match_id", item->match_id);
    put(c, o, "exception_id", item->exception_id);
    put(c, o, "class", item->class_);
    put(c, o, "exception_state", item->exception_state);
    if (item->minor != e->amount.minor)
        json_put_text(c->arena, o, "entry_amount", reconciliation_money(c, p->r, e->amount.minor));
    if (item->straddles) {
        char day[DATE_TEXT_MAX];
        date_print(item->later, day);
        json_put_text(c->arena, o, "last_leg", day);
    }
    return arena_check(c->arena);
}

static struct err difference_print(struct page *p, const struct reconciling_difference *d)
{
    struct json *o = item_begin(p, BANKREC_DIFFERENCE, d->date, d->minor, d->minor);
    json_put_text(p->c->arena, o, "match_id", d->match_id);
    json_put_text(p->c->arena, o, "match_type", d->match_type);
    put(p->c, o, "counterparty", d->counterparty);
    json_put_text(p->c->arena, o, "state", "settled_with_difference");
    return arena_check(p->c->arena);
}

/* ---- pages: the books' items, the bank's, then differences ---- */

/* "b2026-03-31 match entry" or "d match"; "" begins. */
static struct err position_parse(struct call *c, const char *text, struct reconciling_after *after,
                                 const char **match)
{
    char day[DATE_TEXT_MAX] = "";
    const size_t len = strlen(text);
    *after = (struct reconciling_after){.entry_id = "", .match_id = ""};
    *match = NULL;
    if (len == 0)
        return OK;
    if (text[0] == 'd') {
        *match = arena_strdup(c->arena, text + 1);
        return arena_check(c->arena);
    }
    const char *space = strchr(text, ' ');
    bool good = (text[0] == 'b' || text[0] == 'g') && space != NULL && space - text >= 11;
    if (good)
        memcpy(day, text + 1, 10);
    good = good && date_parse(day, &after->date).kind == ERR_NONE;
    if (!good)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list");
    after->bank = text[0] == 'b';
    after->match_id = arena_dup(c->arena, text + 11, (size_t)(space - text) - 11);
    after->entry_id = arena_strdup(c->arena, space + 1);
    return arena_check(c->arena);
}

static const char *position_print(struct call *c, const struct reconciling_item *last)
{
    char day[DATE_TEXT_MAX];
    date_print(last->entry.date, day);
    return arena_fmt(c->arena, "%c%s%s %s", last->entry.side == SIDE_BANK ? 'b' : 'g', day,
                     last->match_id == NULL ? "" : last->match_id, last->entry.entry_id);
}

/* At most `room`; *next is where the next page goes on, NULL when nothing is left. */
static struct err differences_page(struct page *p, const char *behind, int64_t room,
                                   const char **next)
{
    const char *last = NULL;
    *next = NULL;
    for (size_t i = 0; i < p->r->differences_n; i++) {
        const struct reconciling_difference *d = &p->r->differences[i];
        if (behind != NULL && strcmp(d->match_id, behind) <= 0)
            continue;
        if (room-- <= 0) {
            *next = arena_fmt(p->c->arena, "d%s", last == NULL ? "" : last);
            return arena_check(p->c->arena);
        }
        TRY(difference_print(p, d));
        last = d->match_id;
    }
    return OK;
}

static struct err items_page(struct page *p, struct tx *tx, const char *position, int64_t limit,
                             const char **next)
{
    struct reconciling_after after;
    struct reconciling_item *items;
    const char *match;
    size_t n = 0;
    TRY(position_parse(p->c, position, &after, &match));
    if (match == NULL)
        TRY(reconciling_items(tx, p->c->arena, &p->r->of, &after, limit + 1, &items, &n));
    for (size_t i = 0; i < n && i < (size_t)limit; i++)
        TRY(item_print(p, &items[i]));
    if (n > (size_t)limit) {
        *next = position_print(p->c, &items[limit - 1]);
        return arena_check(p->c->arena);
    }
    if (!p->first)
        TRY(reconciliation_figures(p->c, tx, p->r));
    return differences_page(p, match, limit - (int64_t)n, next);
}

static struct err read(struct call *c, struct tx *tx)
{
    const struct bank_reconciliation *args = c->args;
    struct reconciliation r;
    struct page p = {.c = c, .r = &r, .items = json_array_new(c->arena)};
    const char *position, *next;
    struct date day;
    TRY(date_parse(args->date, &day));
    TRY(cursor_parse(c->arena, args->cursor, &position));
    TRY(reconciliation_find(c, tx, args->entity_id, args->account_id, args->currency, day, &r));
    p.first = position[0] == '\0';
    c->result = json_object_new(c->arena);
    if (p.first) {
        TRY(reconciliation_figures(c, tx, &r));
        TRY(reconciliation_print(c, &r, &c->result));
    }
    TRY(items_page(&p, tx, position, args->limit, &next));
    json_put(c->arena, c->result, "items", p.items);
    if (next != NULL)
        json_put_text(c->arena, c->result, "next_cursor", cursor_print(c->arena, next));
    return arena_check(c->arena);
}

const struct tool tool_bank_reconciliation = {
    .name = "bank_reconciliation",
    .title = "Bank reconciliation statement",
    .summary = "Draws an account's bank reconciliation statement as of a day: balance per bank and "
               "per books, every reconciling item, and what stays unexplained.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct bank_reconciliation),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read,
};
