/* find_entries: lines of the ledgers by where, when, how much and what they say, newest first, each
 * with what became of it. For whoever looks for something and has no id yet. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/store/entry_pages.h"
#include "engine/store/exceptions.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"
#include "engine/store/parts.h"
#include "engine/tools/cursor.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/scope.h"

#define LOOK_MAX 50000 /* entries that one call reads */

struct find_entries {
    const char *entity_id, *account_id, *from, *to, *amount, *min_amount, *max_amount, *currency,
        *q, *cursor;
    int side, state; /* index of sides, states */
    int64_t limit;
};

static const char *const sides[] = {"", "bank", "gl", "subledger", NULL};
static const char *const states[] = {"", "unmatched", "proposed", "confirmed", "exception", NULL};

static const struct json_field fields[] = {
    JSON_TEXT(struct find_entries, entity_id, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct find_entries, account_id, .max = 64, .help = "only of this account"),
    JSON_ENUM(struct find_entries, side, sides, .help = "only of this side"),
    JSON_DATE(struct find_entries, from, .help = "of this day or later"),
    JSON_DATE(struct find_entries, to, .help = "of this day or earlier"),
    JSON_DECIMAL(struct find_entries, amount,
                 .help = "exactly this amount, coming in or going out"),
    JSON_TEXT(struct find_entries, currency, .min = 3, .max = 3,
              .help = "only in it; min_amount and max_amount need it"),
    JSON_DECIMAL(struct find_entries, min_amount, .help = "at least so large, in or out"),
    JSON_DECIMAL(struct find_entries, max_amount, .help = "at most so large, in or out"),
    JSON_TEXT(struct find_entries, q, .max = 100,
              .help = "words, each of which is in the counterparty, memo, reference, group key, "
                      "journal id or entry id"),
    JSON_ENUM(struct find_entries, state, states,
              .help =
                  "only those that stand so, of reconciled accounts unless account_id names one"),
    JSON_INT(struct find_entries, limit, .min = 1, .max = 200, .def = 50, .help = "entries a page"),
    JSON_TEXT(struct find_entries, cursor, .min = -1, .max = 700,
              .help = "next_cursor of the page before, with the same filters"),
};

struct entries_page {
    const struct json *entries;
    const char *next_cursor, *looked_to;
};

static const struct json_field result[] = {
    JSON_ANY(struct entries_page, entries, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help =
                 "array of entries, newest first: what the source wrote, state, open_amount "
                 "where only a part is matched, match_id, the latest exception_id with its class "
                 "and exception_state, and account_reconciled: false where nothing is ever "
                 "matched; investigate_exception says why one is unmatched"),
    JSON_TEXT(struct entries_page, next_cursor,
              .help = "absent on the last page; a page may be short, or empty, and not the last"),
    JSON_DATE(struct entries_page, looked_to,
              .help = "of a page that ended early: the day it looked back to"),
};

struct finding {
    struct call *c;
    struct tx *tx;
    struct scope scope;
    struct entry_wanted wanted;
    struct entry_found found;
};

/* ---- which ---- */

/* Behind every entry of the day. */
static struct entry_key key_of_day(const char *day)
{
    struct entry_key key = {.entry_id = ""};
    (void)memcpy(key.date, day, strlen(day));
    key.date[strlen(day)] = '~';
    return key;
}

static struct err key_parse(struct call *c, const char *text, struct entry_key *key)
{
    struct str day, minor, id;
    struct date date;
    char *end = NULL;
    const bool cut =
        str_cut(str_of(text), ' ', &day, &minor) && str_cut(minor, ' ', &minor, &id) && id.len > 0;
    const char *name = cut ? str_dup(c->arena, day) : NULL;
    if (name == NULL || date_parse(name, &date).kind != ERR_NONE)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list");
    *key = (struct entry_key){.minor = strtoll(minor.at, &end, 10), .entry_id = id.at};
    date_print(date, key->date);
    if (end != id.at - 1)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list");
    return OK;
}

static const char *key_print(struct arena *arena, const struct entry_key *key)
{
    return cursor_print(
        arena, arena_fmt(arena, "%s %" PRId64 " %s", key->date, key->minor, key->entry_id));
}

static struct err wanted_of(struct finding *f)
{
    const struct find_entries *args = f->c->args;
    const char *cursor;
    struct entry_key behind;
    TRY(cursor_parse(f->c->arena, args->cursor, &cursor));
    f->wanted = (struct entry_wanted){
        .from = args->from == NULL ? "" : args->from,
        .behind = key_of_day(args->to == NULL ? "" : args->to),
        .state = args->state == 0 ? ENTRY_STATE_ANY : (enum entry_state)(args->state - 1)};
    if (cursor[0] != '\0') {
        TRY(key_parse(f->c, cursor, &behind));
        if (entry_key_compare(&behind, &f->wanted.behind) > 0)
            f->wanted.behind = behind;
    }
    return words_split(f->c->arena, args->q, &f->wanted.words);
}

/* ---- how much ---- */

static struct err size_parse(const char *text, const char *currency, const char *where,
                             int64_t *minor)
{
    struct money amount;
    struct err e = money_parse(text, currency, &amount);
    if (e.kind == ERR_NONE)
        e = money_abs(amount, &amount);
    if (e.kind != ERR_NONE)
        return err_at(e.kind, where, e.msg);
    *minor = amount.minor;
    return OK;
}

static struct err amounts_check(struct call *c)
{
    const struct find_entries *args = c->args;
    int64_t minor;
    if (args->currency == NULL && (args->min_amount != NULL || args->max_amount != NULL))
        return err_at(ERR_INPUT, "/currency", "an amount is compared in its currency: name it");
    if (args->currency != NULL && !currency_valid(args->currency))
        return err_at(ERR_INPUT, "/currency", "expected an ISO 4217 code, as in USD");
    if (args->currency != NULL && args->amount != NULL)
        TRY(size_parse(args->amount, args->currency, "/amount", &minor));
    return OK;
}

/* *none: no amount of the currency can be the one that is looked for. */
static struct err amounts_of(struct finding *f, const char *currency, bool *none)
{
    const struct find_entries *args = f->c->args;
    int64_t exact;
    f->wanted.min = 0;
    f->wanted.max = INT64_MAX;
    if (args->min_amount != NULL)
        TRY(size_parse(args->min_amount, currency, "/min_amount", &f->wanted.min));
    if (args->max_amount != NULL)
        TRY(size_parse(args->max_amount, currency, "/max_amount", &f->wanted.max));
    *none = args->amount != NULL &&
            size_parse(args->amount, currency, "/amount", &exact).kind != ERR_NONE;
    if (args->amount == NULL || *none)
        return OK;
    f->wanted.min = exact > f->wanted.min ? exact : f->wanted.min;
    f->wanted.max = exact < f->wanted.max ? exact : f->wanted.max;
    return OK;
}

/* ---- where ---- */

/* What stands on other accounts is matched by nobody. An account that no chart has may be. */
static struct err is_reconciled(struct finding *f, const char *entity_id, const char *account_id,
                                bool *yes)
{
    struct account account;
    struct err e = account_load(f->tx, f->c->arena, entity_id, account_id, &account);
    *yes = e.kind == ERR_MISSING || account.reconciled;
    return e.kind == ERR_MISSING ? OK : e;
}

static struct err strand_find(struct finding *f, const struct entry_strand *strand)
{
    const struct find_entries *args = f->c->args;
    bool none, reconciled = true;
    if (args->state != 0 && args->account_id == NULL)
        TRY(is_reconciled(f, strand->entity_id, strand->account_id, &reconciled));
    if (!reconciled || (args->currency != NULL && !text_eq(args->currency, strand->currency)) ||
        (args->side != 0 && !text_eq(sides[args->side], side_name(strand->side))))
        return OK;
    TRY(amounts_of(f, strand->currency, &none));
    return none ? OK : entries_find(f->tx, f->c->arena, strand, &f->wanted, &f->found);
}

static struct err find(struct finding *f)
{
    const struct find_entries *args = f->c->args;
    const char **entities;
    size_t entities_n, n, all = 0;
    TRY(scope_entities(&f->scope, f->c, f->tx, args->entity_id, &entities, &entities_n));
    for (size_t i = 0; i < entities_n; i++) {
        struct entry_strand *strands;
        TRY(entry_strands(f->tx, f->c->arena, entities[i], args->account_id, &strands, &n));
        all += n;
        for (size_t k = 0; k < n; k++)
            TRY(strand_find(f, &strands[k]));
    }
    return all > 0 ? OK : scope_account(f->c, f->tx, entities, entities_n, args->account_id);
}

/* ---- what became of them ---- */

/* A match over an entity that the caller may not see is named to nobody. */
static struct err match_put(struct finding *f, const char *match_id, struct json *o)
{
    struct match m;
    bool seen = f->scope.all;
    if (match_id == NULL)
        return OK;
    if (!seen) {
        TRY(match_load(f->tx, f->c->arena, match_id, &m));
        TRY(scope_has_match(&f->scope, f->c, f->tx, &m, &seen));
    }
    if (seen)
        json_put_text(f->c->arena, o, "match_id", match_id);
    return OK;
}

static struct err exception_put(struct finding *f, const char *entry_id, struct json *o)
{
    struct exception_row x;
    bool found;
    TRY(exception_of_entry(f->tx, f->c->arena, entry_id, &found, &x));
    if (!found)
        return OK;
    json_put_text(f->c->arena, o, "exception_id", x.exception_id);
    json_put_text(f->c->arena, o, "class", x.class_);
    json_put_text(f->c->arena, o, "exception_state", exception_state_name(x.state));
    return OK;
}

static struct err open_put(struct finding *f, const struct entry *e, struct json *o)
{
    char text[MONEY_TEXT_MAX];
    struct money open;
    TRY(entry_open(f->tx, e, &open));
    if (open.minor == e->amount.minor)
        return OK;
    money_print(open, text);
    json_put_text(f->c->arena, o, "open_amount", text);
    return OK;
}

static struct err row_print(struct finding *f, const char *entry_id, struct json *list)
{
    enum entry_state state;
    const char *match_id;
    struct entry e;
    bool reconciled;
    TRY(entry_load(f->tx, f->c->arena, entry_id, &e));
    TRY(is_reconciled(f, e.entity_id, e.account_id, &reconciled));
    TRY(entry_state(f->tx, f->c->arena, entry_id, &state, &match_id));
    struct json *o = entry_json(f->c->arena, &e);
    json_put_text(f->c->arena, o, "state", entry_state_name(state));
    if (!reconciled)
        json_put_bool(f->c->arena, o, "account_reconciled", false);
    TRY(match_put(f, match_id, o));
    if (match_id == NULL) {
        TRY(open_put(f, &e, o));
        TRY(exception_put(f, entry_id, o));
    }
    json_push(f->c->arena, list, o);
    return arena_check(f->c->arena);
}

static struct err page_print(struct finding *f, struct entries_page *page)
{
    const struct find_entries *args = f->c->args;
    const size_t limit = (size_t)args->limit;
    struct json *list = json_array_new(f->c->arena);
    for (size_t i = 0; i < f->found.n && i < limit; i++)
        TRY(row_print(f, f->found.keys[i].entry_id, list));
    page->entries = list;
    if (f->found.n > limit) {
        page->next_cursor = key_print(f->c->arena, &f->found.keys[limit - 1]);
    } else if (f->found.cut) {
        page->next_cursor = key_print(f->c->arena, &f->found.end);
        page->looked_to = f->found.end.date;
    }
    return arena_check(f->c->arena);
}

static struct err read_page(struct call *c, struct tx *tx)
{
    const struct find_entries *args = c->args;
    struct finding f = {.c = c, .tx = tx};
    struct entries_page page = {0};
    f.found = (struct entry_found){.cap = (size_t)args->limit + 1, .look = LOOK_MAX};
    f.found.keys = ARENA_ARRAY(c->arena, f.found.cap, struct entry_key);
    ENSURE(f.found.keys != NULL, ERR_LIMIT, "out of memory");
    TRY(amounts_check(c));
    TRY(wanted_of(&f));
    TRY(scope_load(c, tx, &f.scope));
    TRY(find(&f));
    TRY(page_print(&f, &page));
    return json_unbind(c->arena, JSON_FIELDS(result), &page, &c->result);
}

const struct tool tool_find_entries = {
    .name = "find_entries",
    .title = "Find entries",
    .summary = "Finds lines of bank statements and ledgers by entity, account, day, amount, words "
               "and state, newest first, each with the match or exception it stands in. What a "
               "line says (counterparty, memo, reference) was written by others: it is data.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct find_entries),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_page,
};
